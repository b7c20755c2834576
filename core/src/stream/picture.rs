//! The facts of a payload, by its format.

use crate::wire::extension::{Indications, LayerIds};
use crate::wire::{Codec, PictureId, av1, h264, h265, vp8, vp9};

/// What a video payload says, as far as its format tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Picture {
    /// A keyframe begins here.
    pub keyframe: bool,
    /// Where its frame stands among the layers.
    pub layers: Layers,
    /// The number of the picture (VP8 and VP9), where it has one.
    pub number: Option<PictureNumber>,
    /// Where that number stands.
    pub number_at: u16,
    /// Where the packet has a TL0PICIDX; 0 where it has none.
    pub tl0_at: u16,
    /// That TL0PICIDX.
    pub tl0_picture_index: u8,
}

/// Where a frame stands among the layers of its encoding.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Layers {
    /// Nothing is told: all that comes is sent.
    #[default]
    Unknown,
    /// Temporal layers of VP8, whose pictures have numbers.
    Temporal {
        /// The layer, 0 to 3.
        id: u8,
        /// Whether the frame needs only the base layer, so that one may climb to its layer here.
        is_sync: bool,
    },
    /// Spatial and temporal layers of VP9, whose pictures have numbers.
    Spatial(SpatialFrame),
    /// Layers of any format, as the dependency descriptor tells them.
    Targets(TargetFrame),
}

/// A frame as the dependency descriptor tells it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TargetFrame {
    /// Its number, wrapping.
    pub number: u16,
    /// Whether a new structure comes with it, as with each keyframe.
    pub begins_sequence: bool,
    /// Whether the packet is the frame's last.
    pub ends: bool,
    /// Its layer.
    pub layers: LayerIds,
    /// What it is to each decode target.
    pub indications: Indications,
}

/// A frame of VP9: one spatial layer of a picture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SpatialFrame {
    /// The spatial layer, 0 to 7.
    pub spatial: u8,
    /// The temporal layer, 0 to 7.
    pub temporal: u8,
    /// Whether it needs earlier pictures.
    pub needs_pictures: bool,
    /// Whether higher temporal layers may begin behind it.
    pub is_switching_point: bool,
    /// Whether the packet is the frame's last.
    pub ends: bool,
    /// Whether higher spatial layers need it, of this picture or of later ones.
    pub serves_higher: bool,
}

/// The number of a picture, which wraps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureNumber {
    /// The number.
    pub value: u16,
    /// How many bits it has.
    pub bits: u8,
}

impl PictureNumber {
    fn of(id: PictureId) -> Self {
        Self { value: id.value, bits: if id.is_long { 15 } else { 7 } }
    }

    /// The long number that it stands for: the one nearest to `reference`.
    pub fn extend(self, reference: u64) -> u64 {
        let shift = 16 - u32::from(self.bits.min(16));
        let distance = (self.value.wrapping_sub(reference as u16) << shift) as i16 >> shift;
        reference.wrapping_add_signed(i64::from(distance))
    }
}

impl Picture {
    /// Reads what `payload` says; `start` is where it begins in its packet. A payload that cannot be read says nothing
    /// and is forwarded all the same: it may be encrypted end to end.
    pub fn read(codec: Codec, payload: &[u8], start: usize) -> Self {
        let with = |keyframe| Self { keyframe, ..Self::default() };
        let read = match codec {
            Codec::Opus | Codec::MultiOpus | Codec::Pcma | Codec::Pcmu | Codec::G722 => None,
            Codec::Vp8 => vp8::Facts::new(payload).map(|facts| vp8_picture(&facts, start)),
            Codec::Vp9 => vp9::Facts::new(payload).map(|facts| vp9_picture(&facts, start)),
            Codec::H264 => h264::Facts::new(payload).map(|facts| with(facts.is_keyframe_start)),
            Codec::H265 => h265::Facts::new(payload).map(|facts| with(facts.is_keyframe_start)),
            Codec::Av1 => av1::Facts::new(payload).map(|facts| with(facts.is_keyframe_start)),
        };
        read.unwrap_or_default()
    }

    /// Writes other numbers into `payload`, which begins at `start` of its packet.
    pub fn renumber(&self, payload: &mut [u8], start: u16, number: u16, tl0_picture_index: u8) {
        let at = |position: u16| usize::from(position.saturating_sub(start));
        if let Some(own) = self.number {
            let at = at(self.number_at);
            PictureId { at, is_long: own.bits > 7, value: own.value }.write(payload, number);
        }
        if self.tl0_at != 0
            && let Some(byte) = payload.get_mut(at(self.tl0_at))
        {
            *byte = tl0_picture_index;
        }
    }
}

fn vp8_picture(facts: &vp8::Facts, start: usize) -> Picture {
    // Layers without numbers cannot be taken out unseen.
    let has_layers = facts.picture_id.is_some() && facts.tl0_pic_idx.is_some();
    let layers = match has_layers {
        true => Layers::Temporal { id: facts.temporal_id, is_sync: facts.is_layer_sync },
        false => Layers::Unknown,
    };
    Picture {
        keyframe: facts.is_keyframe_start,
        layers,
        number: facts.picture_id.map(PictureNumber::of),
        number_at: facts.picture_id.map_or(0, |id| (start + id.at) as u16),
        tl0_at: facts.tl0_pic_idx.map_or(0, |index| (start + index.at) as u16),
        tl0_picture_index: facts.tl0_pic_idx.map_or(0, |index| index.value),
    }
}

fn vp9_picture(facts: &vp9::Facts, start: usize) -> Picture {
    let layers = facts.layer.filter(|_| facts.picture_id.is_some()).map_or(Layers::Unknown, |layer| {
        Layers::Spatial(SpatialFrame {
            spatial: layer.spatial_id,
            temporal: layer.temporal_id,
            needs_pictures: facts.is_inter_picture,
            is_switching_point: layer.is_switching_point,
            ends: facts.is_frame_end,
            serves_higher: !facts.is_not_upper_reference,
        })
    });
    Picture {
        keyframe: facts.is_keyframe_start,
        layers,
        number: facts.picture_id.map(PictureNumber::of),
        number_at: facts.picture_id.map_or(0, |id| (start + id.at) as u16),
        tl0_at: facts.tl0_pic_idx.map_or(0, |(at, _)| (start + at) as u16),
        tl0_picture_index: facts.tl0_pic_idx.map_or(0, |(_, index)| index),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_number_is_found_again_near_its_reference(reference in 1_u64 << 20..1 << 40, distance in -60_i64..60) {
            let number = reference.wrapping_add_signed(distance);
            for bits in [7, 15, 16] {
                let short = PictureNumber { value: (number & ((1 << bits) - 1)) as u16, bits };
                prop_assert_eq!(short.extend(reference), number);
            }
        }
    }
}
