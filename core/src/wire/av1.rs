//! AV1 payloads (RTP Payload Format for AV1, sections 4.3 to 4.5): the aggregation header and the OBUs behind it.

use super::bytes::u8_at;

/// What a forwarder needs from a packet's payload. A temporal unit ends with the marker bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The first OBU began in an earlier packet.
    pub is_continuation: bool,
    /// The last OBU goes on in the next packet.
    pub is_unfinished: bool,
    /// The packet may be its frame's first: the first OBU begins here and is none that stands behind a frame's header.
    pub is_frame_start: bool,
    /// The packet begins a coded video sequence and has its header.
    pub is_keyframe_start: bool,
    /// The packet has a sequence header.
    pub has_sequence_header: bool,
    /// The layer of the first OBU that tells one. A continuation may tell none.
    pub layer: Option<Layer>,
}

/// A frame's place among the layers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Layer {
    /// The temporal layer, 0 to 7.
    pub temporal_id: u8,
    /// The spatial layer, 0 to 3.
    pub spatial_id: u8,
}

impl Facts {
    /// The facts of an RTP payload; `None` if an OBU does not lie in it.
    pub fn new(payload: &[u8]) -> Option<Self> {
        let header = u8_at(payload, 0)?;
        let mut facts =
            Self { is_continuation: header & 0x80 != 0, is_unfinished: header & 0x40 != 0, ..Self::default() };
        let counted = usize::from(header >> 4 & 3);
        let mut rest = payload.get(1..).filter(|rest| !rest.is_empty())?;
        let mut index = 0;
        while !rest.is_empty() {
            index += 1;
            let element;
            if index == counted {
                (element, rest) = (rest, &[][..]);
            } else {
                let (len, after) = leb128(rest)?;
                (element, rest) = after.split_at_checked(len)?;
            }
            if index > 1 || !facts.is_continuation {
                facts.obu(element, index == 1);
            }
        }
        facts.is_keyframe_start = header & 0x08 != 0 && facts.is_frame_start && facts.has_sequence_header;
        (counted == 0 || index == counted).then_some(facts)
    }

    /// Takes in an OBU that begins in this packet.
    fn obu(&mut self, obu: &[u8], is_first: bool) {
        let Some(header) = u8_at(obu, 0) else { return };
        let kind = header >> 3 & 0x0f;
        self.has_sequence_header |= kind == SEQUENCE_HEADER;
        if is_first {
            self.is_frame_start =
                matches!(kind, SEQUENCE_HEADER | TEMPORAL_DELIMITER | FRAME_HEADER | METADATA | FRAME);
        }
        if header & 0x04 != 0
            && kind != SEQUENCE_HEADER
            && let Some(extension) = u8_at(obu, 1)
        {
            self.layer.get_or_insert(Layer { temporal_id: extension >> 5, spatial_id: extension >> 3 & 3 });
        }
    }
}

const SEQUENCE_HEADER: u8 = 1;
const TEMPORAL_DELIMITER: u8 = 2;
const FRAME_HEADER: u8 = 3;
const METADATA: u8 = 5;
const FRAME: u8 = 6;

/// A length of at most 32 bits in groups of seven, the lowest first, and what follows it (AV1, section 4.10.5).
pub fn leb128(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let mut value = 0_u64;
    for (index, byte) in bytes.iter().take(5).enumerate() {
        value |= u64::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return Some((usize::try_from(value).ok()?, &bytes[index + 1..]));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_keyframe_begins_a_sequence_and_has_its_header() {
        // N, W = 2: a sequence header of two bytes, then a frame that goes on.
        let facts = Facts::new(&[0x68, 2, 0x08, 0xaa, 0x30, 1, 2]).unwrap();
        assert!(facts.is_frame_start && facts.is_keyframe_start && facts.has_sequence_header && facts.is_unfinished);
        let again = Facts::new(&[0x60, 2, 0x08, 0xaa, 0x30, 1, 2]).unwrap();
        assert!(again.is_frame_start && !again.is_keyframe_start, "a header may be repeated");
        let without = Facts::new(&[0x18, 0x30, 1, 2]).unwrap();
        assert!(without.is_frame_start && !without.is_keyframe_start);
    }

    #[test]
    fn a_continuation_begins_nothing() {
        let facts = Facts::new(&[0x90, 0x08, 0xaa]).unwrap();
        assert_eq!(facts, Facts { is_continuation: true, ..Facts::default() });
        let facts = Facts::new(&[0xa0, 1, 0x08, 0x34, 0x30, 1]).unwrap();
        assert_eq!(facts.layer, Some(Layer { temporal_id: 1, spatial_id: 2 }), "of the OBU that begins here");
        assert!(!facts.is_frame_start);
    }

    #[test]
    fn layers_are_told_by_the_extension() {
        let facts = Facts::new(&[0x00, 2, 0x14, 0x48, 3, 0x34, 0x68, 9]).unwrap();
        assert_eq!(facts.layer, Some(Layer { temporal_id: 2, spatial_id: 1 }));
        assert_eq!(Facts::new(&[0x10, 0x30, 0x48]).unwrap().layer, None);
    }

    #[test]
    fn tiles_begin_no_frame() {
        assert!(!Facts::new(&[0x10, 0x20, 1]).unwrap().is_frame_start);
        assert!(Facts::new(&[0x10, 0x18, 1]).unwrap().is_frame_start);
    }

    #[test]
    fn a_packet_may_be_full_of_empty_elements() {
        assert!(Facts::new(&[0; 1500]).is_some_and(|facts| !facts.is_frame_start));
    }

    #[test]
    fn lengths_that_do_not_add_up_are_refused() {
        for payload in [
            &[][..],
            &[0x10],
            &[0x00, 5, 0x30],
            &[0x30, 1, 0x30],
            &[0x20, 1, 0x30],
            &[0x00, 0x80],
            &[0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
        ] {
            assert_eq!(Facts::new(payload), None, "{payload:x?}");
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(payload: Vec<u8>) {
            if let Some(facts) = Facts::new(&payload) {
                prop_assert!(facts.is_frame_start || !facts.is_keyframe_start);
            }
        }
    }
}
