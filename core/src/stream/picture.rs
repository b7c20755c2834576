//! The facts of a payload, by its format.

use crate::wire::{Codec, av1, h264, h265, vp8, vp9};

/// What a video payload says, as far as its format tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// A keyframe begins here.
    pub keyframe: bool,
    /// Where the packet has a VP8 picture id of 15 bits; 0 where it has none.
    pub picture_id_at: u16,
    /// That picture id.
    pub picture_id: u16,
    /// Where the packet has a VP8 TL0PICIDX; 0 where it has none.
    pub tl0_at: u16,
    /// That TL0PICIDX.
    pub tl0_picture_index: u8,
}

impl Picture {
    /// Reads what `payload` says; `start` is where it begins in its packet. A payload that cannot be read says nothing
    /// and is forwarded all the same: it may be encrypted end to end.
    pub fn read(codec: Codec, payload: &[u8], start: usize) -> Self {
        let with = |keyframe| Self { keyframe, ..Self::default() };
        let read = match codec {
            Codec::Opus | Codec::MultiOpus | Codec::Pcma | Codec::Pcmu | Codec::G722 => None,
            Codec::Vp8 => vp8::Facts::new(payload).map(|facts| vp8_picture(&facts, start)),
            Codec::Vp9 => vp9::Facts::new(payload).map(|facts| with(facts.is_keyframe_start)),
            Codec::H264 => h264::Facts::new(payload).map(|facts| with(facts.is_keyframe_start)),
            Codec::H265 => h265::Facts::new(payload).map(|facts| with(facts.is_keyframe_start)),
            Codec::Av1 => av1::Facts::new(payload).map(|facts| with(facts.is_keyframe_start)),
        };
        read.unwrap_or_default()
    }
}

/// Only the long form of the picture id is rewritten: a short one leaves no room for the subscriber's count.
fn vp8_picture(facts: &vp8::Facts, start: usize) -> Picture {
    let long = facts.picture_id.filter(|id| id.is_long);
    Picture {
        keyframe: facts.is_keyframe_start,
        picture_id_at: long.map_or(0, |id| (start + id.at) as u16),
        picture_id: long.map_or(0, |id| id.value),
        tl0_at: facts.tl0_pic_idx.map_or(0, |index| (start + index.at) as u16),
        tl0_picture_index: facts.tl0_pic_idx.map_or(0, |index| index.value),
    }
}
