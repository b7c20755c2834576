//! The VP8 payload descriptor (RFC 7741 section 4.2) and the first byte after it.

use super::PictureId;
use super::bytes::u8_at;

/// What a forwarder needs from a packet's payload. A frame ends with the marker bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The packet is its frame's first.
    pub is_frame_start: bool,
    /// The packet begins a frame that needs no other.
    pub is_keyframe_start: bool,
    /// No other frame needs this one.
    pub is_discardable: bool,
    /// The temporal layer, 0 to 3; 0 where none is told.
    pub temporal_id: u8,
    /// The frame needs no frame of its own layer: one may climb to the layer here.
    pub is_layer_sync: bool,
    /// The picture's number.
    pub picture_id: Option<PictureId>,
    /// The number of the last frame of the base layer.
    pub tl0_pic_idx: Option<Tl0PicIdx>,
    /// Bytes of the descriptor.
    pub descriptor_len: usize,
}

/// The running number of the base layer's frames, and where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tl0PicIdx {
    /// Its place in the payload: one byte.
    pub at: usize,
    /// The number.
    pub value: u8,
}

impl Facts {
    /// The facts of an RTP payload; `None` if the descriptor does not lie in it.
    pub fn new(payload: &[u8]) -> Option<Self> {
        let first = u8_at(payload, 0)?;
        let mut at = 1;
        let mut flags = 0;
        if first & 0x80 != 0 {
            flags = u8_at(payload, at)?;
            at += 1;
        }
        let mut picture_id = None;
        if flags & 0x80 != 0 {
            let number = PictureId::read(payload, at)?;
            at += number.byte_len();
            picture_id = Some(number);
        }
        let mut tl0_pic_idx = None;
        if flags & 0x40 != 0 {
            tl0_pic_idx = Some(Tl0PicIdx { at, value: u8_at(payload, at)? });
            at += 1;
        }
        let mut layer = 0;
        if flags & 0x30 != 0 {
            layer = if flags & 0x20 != 0 { u8_at(payload, at)? } else { 0 };
            at += 1;
        }
        let is_frame_start = first & 0x17 == 0x10;
        // The inverse key frame flag is the lowest bit of the frame (section 4.3).
        let is_intra = u8_at(payload, at)? & 1 == 0;
        Some(Self {
            is_frame_start,
            is_keyframe_start: is_frame_start && is_intra,
            is_discardable: first & 0x20 != 0,
            temporal_id: layer >> 6,
            is_layer_sync: layer & 0x20 != 0,
            picture_id,
            tl0_pic_idx,
            descriptor_len: at,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_keyframe_begins_where_a_partition_zero_begins_intra() {
        for (payload, frame, keyframe) in [
            ([0x10, 0x50], true, true),
            ([0x10, 0x51], true, false),
            ([0x00, 0x50], false, false),
            ([0x11, 0x50], false, false),
        ] {
            let facts = Facts::new(&payload).unwrap();
            assert_eq!((facts.is_frame_start, facts.is_keyframe_start), (frame, keyframe), "{payload:x?}");
            assert_eq!((facts.picture_id, facts.tl0_pic_idx, facts.descriptor_len), (None, None, 1));
        }
    }

    #[test]
    fn all_of_the_extended_descriptor_is_found() {
        let mut payload = [0xb0, 0xe0, 0x92, 0x34, 0x07, 0xa0, 0x01];
        let facts = Facts::new(&payload).unwrap();
        assert!(facts.is_discardable && facts.is_layer_sync);
        assert_eq!(facts.temporal_id, 2);
        assert_eq!(facts.picture_id, Some(PictureId { at: 2, is_long: true, value: 0x1234 }));
        assert_eq!(facts.tl0_pic_idx, Some(Tl0PicIdx { at: 4, value: 7 }));
        assert_eq!(facts.descriptor_len, 6);
        facts.picture_id.unwrap().write(&mut payload, 0xffff);
        assert_eq!(payload, [0xb0, 0xe0, 0xff, 0xff, 0x07, 0xa0, 0x01]);
    }

    #[test]
    fn a_short_picture_number_keeps_its_size() {
        let mut payload = [0x90, 0x80, 0x7f, 0x00];
        let number = Facts::new(&payload).unwrap().picture_id.unwrap();
        assert_eq!(number, PictureId { at: 2, is_long: false, value: 0x7f });
        number.write(&mut payload, 0x80);
        assert_eq!(payload, [0x90, 0x80, 0x00, 0x00]);
    }

    #[test]
    fn a_key_index_alone_tells_no_layer() {
        let facts = Facts::new(&[0x90, 0x10, 0xff, 0x00]).unwrap();
        assert_eq!((facts.temporal_id, facts.is_layer_sync, facts.descriptor_len), (0, false, 3));
    }

    #[test]
    fn a_descriptor_without_a_frame_is_refused() {
        let payload = [0xb0, 0xe0, 0x92, 0x34, 0x07, 0xa0, 0x01];
        for len in 0..payload.len() {
            assert_eq!(Facts::new(&payload[..len]), None, "{len}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(payload: Vec<u8>) {
            if let Some(facts) = Facts::new(&payload) {
                prop_assert!(facts.descriptor_len < payload.len());
            }
        }

        #[test]
        fn a_number_is_read_as_it_was_written(value: u16, is_long: bool) {
            let mut payload = [0x90, 0x80, if is_long { 0x80 } else { 0 }, 0, 0];
            let number = Facts::new(&payload).unwrap().picture_id.unwrap();
            number.write(&mut payload, value);
            let read = Facts::new(&payload).unwrap().picture_id.unwrap();
            prop_assert_eq!(read.value, value & if is_long { 0x7fff } else { 0x7f });
            prop_assert_eq!(read.is_long, is_long);
        }
    }
}
