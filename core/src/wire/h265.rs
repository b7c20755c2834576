//! H.265 payloads (RFC 7798 section 4.4): single units, AP and FU, without decoding order numbers.

use super::bytes::{u8_at, u16_at};

/// What a forwarder needs from a packet's payload. A frame ends with the marker bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The packet may be its frame's first: it begins a parameter set, a delimiter, or a picture's first slice. Of
    /// several such packets with one timestamp the first is.
    pub is_frame_start: bool,
    /// The packet begins a frame that needs no other: it has a VPS, an SPS, or the first slice of an IRAP picture.
    pub is_keyframe_start: bool,
    /// The temporal layer, 0 to 6.
    pub temporal_id: u8,
}

impl Facts {
    /// The facts of an RTP payload; `None` if it is empty, cut, or of a form that WebRTC does not use.
    pub fn new(payload: &[u8]) -> Option<Self> {
        let header = u16_at(payload, 0)?;
        let mut facts = Self { temporal_id: (header as u8 & 7).checked_sub(1)?, ..Self::default() };
        match kind(header) {
            AGGREGATE => {
                let mut at = 2;
                while at < payload.len() {
                    let len = usize::from(u16_at(payload, at)?);
                    let unit = payload.get(at + 2..at + 2 + len)?;
                    facts.unit(kind(u16_at(unit, 0)?), u8_at(unit, 2));
                    at += 2 + len;
                }
                (at > 2).then_some(())?;
            }
            FRAGMENT => {
                let fragment = u8_at(payload, 2)?;
                if fragment & 0x80 != 0 {
                    facts.unit(fragment & 0x3f, u8_at(payload, 3));
                }
            }
            0..AGGREGATE => facts.unit(kind(header), u8_at(payload, 2)),
            _ => return None,
        }
        Some(facts)
    }

    /// Takes in a unit that begins in this packet; `next` is the byte after its header.
    fn unit(&mut self, kind: u8, next: Option<u8>) {
        let is_first_slice = next.is_some_and(|byte| byte & 0x80 != 0);
        match kind {
            IRAP_FIRST..=IRAP_LAST => {
                self.is_frame_start |= is_first_slice;
                self.is_keyframe_start |= is_first_slice;
            }
            0..PARAMETERS_OF_VIDEO => self.is_frame_start |= is_first_slice,
            PARAMETERS_OF_VIDEO | PARAMETERS_OF_SEQUENCE => {
                self.is_frame_start = true;
                self.is_keyframe_start = true;
            }
            PARAMETERS_OF_PICTURE | DELIMITER | PREFIX_SEI => self.is_frame_start = true,
            _ => {}
        }
    }
}

const IRAP_FIRST: u8 = 16;
const IRAP_LAST: u8 = 23;
const PARAMETERS_OF_VIDEO: u8 = 32;
const PARAMETERS_OF_SEQUENCE: u8 = 33;
const PARAMETERS_OF_PICTURE: u8 = 34;
const DELIMITER: u8 = 35;
const PREFIX_SEI: u8 = 39;
const AGGREGATE: u8 = 48;
const FRAGMENT: u8 = 49;

/// The type in a unit's header.
fn kind(header: u16) -> u8 {
    (header >> 9) as u8 & 0x3f
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;
    use proptest::prelude::*;

    fn facts(payload: &[u8]) -> (bool, bool, u8) {
        let facts = Facts::new(payload).unwrap();
        (facts.is_frame_start, facts.is_keyframe_start, facts.temporal_id)
    }

    #[test]
    fn single_units_are_told_by_their_type() {
        assert_eq!(facts(&[0x40, 1, 0]), (true, true, 0), "VPS");
        assert_eq!(facts(&[0x42, 1, 0]), (true, true, 0), "SPS");
        assert_eq!(facts(&[0x44, 1, 0]), (true, false, 0), "PPS");
        assert_eq!(facts(&[0x26, 1, 0x80]), (true, true, 0), "IDR_W_RADL");
        assert_eq!(facts(&[0x2a, 1, 0x80]), (true, true, 0), "CRA");
        assert_eq!(facts(&[0x26, 1, 0x00]), (false, false, 0), "a later slice");
        assert_eq!(facts(&[0x02, 3, 0x80]), (true, false, 2), "TRAIL_R of the third layer");
    }

    #[test]
    fn a_keyframe_is_found_inside_aggregates_and_fragments() {
        assert_eq!(facts(&[0x60, 1, 0, 3, 0x40, 1, 0, 0, 3, 0x42, 1, 0]), (true, true, 0));
        assert_eq!(facts(&[0x60, 1, 0, 3, 0x4e, 1, 0, 0, 3, 0x26, 1, 0x80]), (true, true, 0));
        assert_eq!(facts(&[0x60, 1, 0, 3, 0x4e, 1, 0, 0, 3, 0x02, 1, 0x80]), (true, false, 0));
        assert_eq!(facts(&[0x62, 1, 0x93, 0x80]), (true, true, 0));
        assert_eq!(facts(&[0x62, 1, 0x13, 0x80]), (false, false, 0));
        assert_eq!(facts(&[0x62, 2, 0x81, 0x80]), (true, false, 1));
    }

    #[test]
    fn what_is_cut_or_unknown_is_refused() {
        for payload in [
            &[0x40][..],
            &[0x40, 0, 0],
            &[0x60, 1],
            &[0x60, 1, 0, 3, 0x40, 1],
            &[0x60, 1, 0, 1, 0x40],
            &[0x62, 1],
            &[0x64, 1, 0],
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
