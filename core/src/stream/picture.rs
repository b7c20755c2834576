//! The facts of a payload, by its format.

use crate::wire::Codec;

/// What a video payload says, as far as its format tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// A keyframe begins here.
    pub keyframe: bool,
    /// Where the payload has a VP8 picture id of 15 bits; 0 where it has none.
    pub picture_id_at: u16,
    /// That picture id.
    pub picture_id: u16,
    /// Where the payload has a VP8 TL0PICIDX; 0 where it has none.
    pub tl0_at: u16,
    /// That TL0PICIDX.
    pub tl0_picture_index: u8,
    /// Its temporal layer.
    pub temporal_id: u8,
}

impl Picture {
    /// Reads what `payload` says; `start` is where it begins in its packet.
    pub fn read(_codec: Codec, _payload: &[u8], _start: usize) -> Self {
        Self::default()
    }
}
