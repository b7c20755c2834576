//! Refusals and their numbers.

/// A request that was not done: Janus' number, the field, and a sentence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Janus' number: 403 to 490 of the core, 421 to 499 of the VideoRoom.
    pub code: u16,
    /// What was wrong with it.
    pub reason: &'static str,
    /// The offending field, or the table that is full.
    pub field: &'static str,
}
