//! The VP9 payload descriptor (RFC 9628 section 4.2).

use super::PictureId;
use super::bytes::{u8_at, u16_at};

/// What a forwarder needs from a packet's payload. "Frame" is one spatial layer's; a picture is all of them, and ends
/// with the marker bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The packet is its frame's first.
    pub is_frame_start: bool,
    /// The packet is its frame's last.
    pub is_frame_end: bool,
    /// The packet begins a picture that needs no other.
    pub is_keyframe_start: bool,
    /// The frame needs earlier pictures.
    pub is_inter_picture: bool,
    /// Pictures say what they need by differences of their numbers.
    pub is_flexible: bool,
    /// No higher spatial layer needs this frame, of this picture or of later ones.
    pub is_not_upper_reference: bool,
    /// The layer of the frame, where it is told.
    pub layer: Option<Layer>,
    /// The picture's number.
    pub picture_id: Option<PictureId>,
    /// The number of the last picture of the base temporal layer, and its place in the payload.
    pub tl0_pic_idx: Option<(usize, u8)>,
    /// How many spatial layers the stream has, where a scalability structure tells it: 1 to 8.
    pub spatial_layers: Option<u8>,
    /// Bytes of the descriptor.
    pub descriptor_len: usize,
}

/// A frame's place among the layers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layer {
    /// The temporal layer, 0 to 7.
    pub temporal_id: u8,
    /// The spatial layer, 0 to 7.
    pub spatial_id: u8,
    /// One may climb to this temporal layer here.
    pub is_switching_point: bool,
    /// The frame needs the spatial layer below.
    pub is_inter_layer: bool,
}

impl Facts {
    /// The facts of an RTP payload; `None` if the descriptor does not lie in it.
    pub fn new(payload: &[u8]) -> Option<Self> {
        let first = u8_at(payload, 0)?;
        let has = |bit: u8| first & bit != 0;
        let mut at = 1;
        let mut picture_id = None;
        if has(PICTURE_ID) {
            let number = PictureId::read(payload, at)?;
            at += number.byte_len();
            picture_id = Some(number);
        }
        let (mut layer, mut tl0_pic_idx) = (None, None);
        if has(LAYER) {
            layer = Some(Layer::new(u8_at(payload, at)?));
            at += 1;
            if !has(FLEXIBLE) {
                tl0_pic_idx = Some((at, u8_at(payload, at)?));
                at += 1;
            }
        }
        if has(FLEXIBLE) && has(INTER_PICTURE) {
            at += references_len(payload, at)?;
        }
        let mut spatial_layers = None;
        if has(STRUCTURE) {
            spatial_layers = Some((u8_at(payload, at)? >> 5) + 1);
            at += structure_len(payload, at)?;
        }
        let is_base = layer.is_none_or(|layer| layer.spatial_id == 0);
        (at < payload.len()).then_some(Self {
            is_frame_start: has(FRAME_START),
            is_frame_end: has(FRAME_END),
            is_keyframe_start: has(FRAME_START) && !has(INTER_PICTURE) && is_base,
            is_inter_picture: has(INTER_PICTURE),
            is_flexible: has(FLEXIBLE),
            is_not_upper_reference: has(NOT_UPPER_REFERENCE),
            layer,
            picture_id,
            tl0_pic_idx,
            spatial_layers,
            descriptor_len: at,
        })
    }
}

impl Layer {
    fn new(byte: u8) -> Self {
        Self {
            temporal_id: byte >> 5,
            spatial_id: byte >> 1 & 7,
            is_switching_point: byte & 0x10 != 0,
            is_inter_layer: byte & 1 != 0,
        }
    }
}

const PICTURE_ID: u8 = 0x80;
const INTER_PICTURE: u8 = 0x40;
const LAYER: u8 = 0x20;
const FLEXIBLE: u8 = 0x10;
const FRAME_START: u8 = 0x08;
const FRAME_END: u8 = 0x04;
const STRUCTURE: u8 = 0x02;
const NOT_UPPER_REFERENCE: u8 = 0x01;

/// A picture in flexible mode names at most three others.
const MAX_REFERENCES: usize = 3;

fn references_len(payload: &[u8], at: usize) -> Option<usize> {
    for index in 0..MAX_REFERENCES {
        if u8_at(payload, at + index)? & 1 == 0 {
            return Some(index + 1);
        }
    }
    None
}

/// Bytes of the scalability structure at `at` (section 4.2.1).
fn structure_len(payload: &[u8], at: usize) -> Option<usize> {
    let first = u8_at(payload, at)?;
    let mut end = at + 1;
    if first & 0x10 != 0 {
        end += 4 * (usize::from(first >> 5) + 1);
        u16_at(payload, end - 2)?;
    }
    if first & 0x08 != 0 {
        let pictures = u8_at(payload, end)?;
        end += 1;
        for _ in 0..pictures {
            end += 1 + usize::from(u8_at(payload, end)? >> 2 & 3);
        }
    }
    Some(end - at)
}

#[cfg(test)]
mod tests {
    use std::vec;
    use std::vec::Vec;

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_keyframe_begins_at_the_base_of_a_picture_that_needs_no_other() {
        for (payload, keyframe) in [
            (&[0x08, 0][..], true),
            (&[0x48, 0], false),
            (&[0x04, 0], false),
            (&[0x28, 0x00, 1, 0], true),
            (&[0x28, 0x02, 1, 0], false),
            (&[0x28, 0x20, 1, 0], true),
        ] {
            assert_eq!(Facts::new(payload).unwrap().is_keyframe_start, keyframe, "{payload:x?}");
        }
    }

    #[test]
    fn the_whole_descriptor_of_chrome_is_found() {
        // I, L, B, E, V: number 0x1234, layers, TL0PICIDX, a structure of two layers with sizes and one picture.
        let mut payload = vec![0xae, 0x92, 0x34, 0x53, 0x09, 0x38];
        payload.extend([1, 64, 0, 180, 2, 128, 1, 104]);
        payload.extend([0x02, 0x14, 0x01, 0x00, 0x42]);
        let facts = Facts::new(&payload).unwrap();
        assert!(facts.is_frame_start && facts.is_frame_end && !facts.is_inter_picture && !facts.is_flexible);
        assert_eq!(facts.picture_id, Some(PictureId { at: 1, is_long: true, value: 0x1234 }));
        let layer = Layer { temporal_id: 2, spatial_id: 1, is_switching_point: true, is_inter_layer: true };
        assert_eq!(facts.layer, Some(layer));
        assert_eq!((facts.tl0_pic_idx, facts.spatial_layers), (Some((4, 9)), Some(2)));
        assert_eq!(facts.descriptor_len, payload.len() - 1);
        for len in 0..payload.len() {
            assert_eq!(Facts::new(&payload[..len]), None, "{len}");
        }
    }

    #[test]
    fn flexible_mode_has_references_instead_of_the_base_number() {
        let facts = Facts::new(&[0xf8, 0x05, 0x00, 0x03, 0x05, 0x02, 0x42]).unwrap();
        assert_eq!((facts.tl0_pic_idx, facts.descriptor_len), (None, 6));
        assert_eq!(Facts::new(&[0xf8, 0x05, 0x00, 0x03, 0x05, 0x03, 0x42]), None, "more than three");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(payload: Vec<u8>) {
            if let Some(facts) = Facts::new(&payload) {
                prop_assert!(facts.descriptor_len < payload.len());
            }
        }
    }
}
