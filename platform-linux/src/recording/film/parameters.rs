//! What a file says of a video track before its first picture.

/// The longest description of a codec: parameter sets, a sequence header.
pub(super) const PRIVATE_BYTES: usize = 1024;

/// The longest side of a picture.
const SIDE: u32 = 16_384;

/// What a file must say of a video track.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Parameters {
    pub(super) width: u32,
    pub(super) height: u32,
    /// What a decoder must know first.
    pub(super) private: Vec<u8>,
}

impl Parameters {
    /// Nothing for a size that no picture has, or a description that is too long.
    pub(super) fn of(width: u32, height: u32, private: Vec<u8>) -> Option<Self> {
        let is_size = |side| (1..=SIDE).contains(&side);
        let is_right = is_size(width) && is_size(height) && private.len() <= PRIVATE_BYTES;
        is_right.then_some(Self { width, height, private })
    }
}
