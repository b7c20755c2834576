//! Frames of VP8 out of RTP payloads (RFC 7741), and what their header tells (RFC 6386 section 9.1).

use parlor_core::wire::vp8::Facts;

use super::parameters::Parameters;

/// Adds a packet's part of a frame; says whether the frame needs no other, where this is its first.
pub(super) fn push(payload: &[u8], is_first: bool, frame: &mut Vec<u8>) -> Option<bool> {
    let facts = Facts::new(payload)?;
    if is_first != facts.is_frame_start {
        return None;
    }
    frame.extend_from_slice(&payload[facts.descriptor_len..]);
    Some(facts.is_keyframe_start)
}

/// What a keyframe tells.
pub(super) fn parameters(frame: &[u8]) -> Option<Parameters> {
    let [_, _, _, 0x9d, 0x01, 0x2a, a, b, c, d, ..] = *frame else { return None };
    let side = |low, high| u32::from(u16::from_le_bytes([low, high]) & 0x3fff);
    Parameters::of(side(a, b), side(c, d), Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_what_stands_behind_the_descriptors() {
        let mut frame = Vec::new();
        let first = [0x90, 0x80, 5, 0x10, 2, 0, 0x9d, 1, 0x2a, 0x40, 0x41, 0xf0, 0];
        assert_eq!(push(&first, true, &mut frame), Some(true));
        assert_eq!(push(&[0x80, 0x80, 5, 7, 8], false, &mut frame), Some(false));
        assert_eq!(frame, [0x10, 2, 0, 0x9d, 1, 0x2a, 0x40, 0x41, 0xf0, 0, 7, 8]);
        let Parameters { width, height, .. } = parameters(&frame).unwrap();
        assert_eq!((width, height), (320, 240), "without what says how it is to be scaled");
        assert_eq!(push(&first, false, &mut frame), None, "a second beginning");
        assert_eq!(parameters(&frame[..9]), None);
    }
}
