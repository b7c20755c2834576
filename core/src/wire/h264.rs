//! H.264 payloads (RFC 6184 section 5): single units, STAP-A and FU-A, the ones of `packetization-mode` 0 and 1.

use super::bytes::{u8_at, u16_at};

/// What a forwarder needs from a packet's payload. A frame ends with the marker bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The packet may be its frame's first: it begins a parameter set, a delimiter, or a picture's first slice. Of
    /// several such packets with one timestamp the first is.
    pub is_frame_start: bool,
    /// The packet begins a frame that needs no other: it has an SPS, or the first slice of an IDR picture.
    pub is_keyframe_start: bool,
    /// The packet has nothing but slices that no other frame needs. (Other units say nothing about their frame.)
    pub is_discardable: bool,
    /// The packet carries a sequence parameter set.
    pub has_sps: bool,
}

impl Facts {
    /// The facts of an RTP payload; `None` if it is empty, cut, or of a form that WebRTC does not use.
    pub fn new(payload: &[u8]) -> Option<Self> {
        let header = u8_at(payload, 0)?;
        let mut facts = Self { is_discardable: true, ..Self::default() };
        match header & TYPE {
            1..=23 => facts.unit(header, u8_at(payload, 1)),
            STAP_A => {
                let mut at = 1;
                while at < payload.len() {
                    let len = usize::from(u16_at(payload, at)?);
                    let unit = payload.get(at + 2..at + 2 + len)?;
                    facts.unit(*unit.first()?, u8_at(unit, 1));
                    at += 2 + len;
                }
                (at > 1).then_some(())?;
            }
            FU_A => {
                let fragment = u8_at(payload, 1)?;
                let is_first = fragment & 0x80 != 0;
                let header = header & !TYPE | fragment & TYPE;
                facts.unit(header, if is_first { u8_at(payload, 2) } else { Some(0) });
                if !is_first {
                    facts = Self { is_discardable: facts.is_discardable, ..Self::default() };
                }
            }
            _ => return None,
        }
        Some(facts)
    }

    /// Takes in a unit that begins in this packet, of which the second byte is `next`.
    fn unit(&mut self, header: u8, next: Option<u8>) {
        // `first_mb_in_slice` is 0 where its Exp-Golomb code, which opens the slice header, is the single bit 1.
        let is_first_slice = next.is_some_and(|byte| byte & 0x80 != 0);
        let kind = header & TYPE;
        self.is_discardable &= header & REFERENCE == 0 && (SLICE..=IDR).contains(&kind);
        match kind {
            SLICE | PARTITION_A => self.is_frame_start |= is_first_slice,
            IDR => {
                self.is_frame_start |= is_first_slice;
                self.is_keyframe_start |= is_first_slice;
            }
            SPS => {
                self.is_frame_start = true;
                self.is_keyframe_start = true;
                self.has_sps = true;
            }
            SEI | PPS | DELIMITER => self.is_frame_start = true,
            _ => {}
        }
    }
}

const TYPE: u8 = 0x1f;
const REFERENCE: u8 = 0x60;
const SLICE: u8 = 1;
const PARTITION_A: u8 = 2;
const IDR: u8 = 5;
const SEI: u8 = 6;
const SPS: u8 = 7;
const PPS: u8 = 8;
const DELIMITER: u8 = 9;
const STAP_A: u8 = 24;
const FU_A: u8 = 28;

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;
    use proptest::prelude::*;

    fn facts(payload: &[u8]) -> (bool, bool, bool) {
        let facts = Facts::new(payload).unwrap();
        (facts.is_frame_start, facts.is_keyframe_start, facts.is_discardable)
    }

    #[test]
    fn single_units_are_told_by_their_type() {
        assert_eq!(facts(&[0x67, 0x42]), (true, true, false), "SPS");
        assert_eq!(facts(&[0x68, 0xce]), (true, false, false), "PPS");
        assert_eq!(facts(&[0x65, 0x88]), (true, true, false), "IDR");
        assert_eq!(facts(&[0x65, 0x48]), (false, false, false), "a later slice of an IDR picture");
        assert_eq!(facts(&[0x41, 0x9a]), (true, false, false), "a slice that is needed");
        assert_eq!(facts(&[0x01, 0x9a]), (true, false, true), "a slice that is not");
        assert_eq!(facts(&[0x06, 0x05]), (true, false, false), "SEI, of whatever frame");
    }

    #[test]
    fn a_keyframe_is_found_inside_an_aggregate() {
        assert_eq!(facts(&[0x78, 0, 2, 0x67, 0x42, 0, 2, 0x68, 0xce]), (true, true, false));
        assert_eq!(facts(&[0x78, 0, 2, 0x06, 5, 0, 2, 0x65, 0x88]), (true, true, false));
        assert_eq!(facts(&[0x18, 0, 2, 0x06, 5, 0, 2, 0x01, 0x9a]), (true, false, false));
        assert_eq!(facts(&[0x18, 0, 2, 0x01, 0x9a, 0, 2, 0x01, 0x5a]), (true, false, true));
        assert_eq!(facts(&[0x78, 0, 2, 0x06, 5, 0, 2, 0x41, 0x9a]), (true, false, false));
        assert!(Facts::new(&[0x78, 0, 2, 0x67, 0x42, 0, 2, 0x68]).is_none());
        assert!(Facts::new(&[0x78, 0, 0]).is_none());
        assert!(Facts::new(&[0x78]).is_none());
    }

    #[test]
    fn a_fragmented_keyframe_begins_with_its_first_fragment() {
        assert_eq!(facts(&[0x7c, 0x85, 0x88]), (true, true, false));
        assert_eq!(facts(&[0x7c, 0x05, 0x88]), (false, false, false));
        assert_eq!(facts(&[0x7c, 0x45, 0x88]), (false, false, false));
        assert_eq!(facts(&[0x5c, 0x81, 0x9a]), (true, false, false));
        assert_eq!(facts(&[0x1c, 0x01, 0x9a]), (false, false, true));
        assert_eq!(facts(&[0x7c, 0x07, 0x9a]), (false, false, false), "the rest of a long SPS");
    }

    #[test]
    fn what_webrtc_does_not_use_is_refused() {
        for payload in [&[][..], &[0x00, 1], &[0x7c], &[0x7d, 0x85], &[0x79, 0, 0], &[0x7e, 0], &[0x7f, 0]] {
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
