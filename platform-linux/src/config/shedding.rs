//! `[shedding]`

/// How much load is too much, in percent; 0: nothing ever is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shedding {
    /// How busy a media thread may be before nobody new comes into its rooms.
    pub refuse_busy: u8,
    /// How busy it may be before its pictures are sent in their lowest layers.
    pub lowest_busy: u8,
    /// How full a table may be before nobody new comes.
    pub refuse_full: u8,
}

impl Default for Shedding {
    fn default() -> Self {
        Self { refuse_busy: 90, lowest_busy: 97, refuse_full: 98 }
    }
}
