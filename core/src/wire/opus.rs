//! Opus payloads: how long a packet sounds (RFC 6716 section 3.1, RFC 7587 section 4).

use super::bytes::u8_at;

/// What a forwarder needs from a packet's payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// How long it sounds, in ticks of 1/48000 s: at most 5760.
    pub duration: u32,
    /// Whether it has two channels.
    pub is_stereo: bool,
    /// Whether it only says that there is nothing to hear (discontinuous transmission).
    pub is_silence: bool,
}

impl Facts {
    /// The facts of an RTP payload; `None` if it is empty or longer than a packet may sound.
    pub fn new(payload: &[u8]) -> Option<Self> {
        let first = u8_at(payload, 0)?;
        let frames = match first & 3 {
            0 => 1,
            1 | 2 => 2,
            _ => u32::from(u8_at(payload, 1)? & 0x3f),
        };
        let duration = frame_duration(first >> 3) * frames;
        (1..=MAX_DURATION).contains(&duration).then_some(Self {
            duration,
            is_stereo: first & 4 != 0,
            is_silence: payload.len() <= SILENCE_BYTES,
        })
    }
}

/// 120 ms.
const MAX_DURATION: u32 = 5760;

/// An encoder that hears nothing sends packets of one or two bytes (RFC 6716 section 2.1.9).
const SILENCE_BYTES: usize = 2;

/// The ticks of one frame in each of the 32 configurations.
fn frame_duration(configuration: u8) -> u32 {
    let step = configuration & 3;
    match configuration {
        0..12 => [480, 960, 1920, 2880][usize::from(step)],
        12..16 => [480, 960][usize::from(step & 1)],
        _ => 120 << step,
    }
}

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_first_byte_tells_the_duration() {
        for (first, duration) in [(0x00, 480), (0x18, 2880), (0x60, 480), (0x68, 960), (0x80, 120), (0x78, 960)] {
            assert_eq!(Facts::new(&[first, 0, 0]).unwrap().duration, duration, "{first:#x}");
        }
        assert_eq!(Facts::new(&[0xfc, 1, 2]), Some(Facts { duration: 960, is_stereo: true, is_silence: false }));
        assert_eq!(Facts::new(&[0xf9, 1, 2]).unwrap().duration, 1920, "two frames");
        assert_eq!(Facts::new(&[0xfb, 3, 2]).unwrap().duration, 2880, "three frames");
    }

    #[test]
    fn a_packet_of_one_byte_is_silence() {
        assert!(Facts::new(&[0xf8]).unwrap().is_silence);
        assert!(!Facts::new(&[0xf8, 0xff, 0xfe]).unwrap().is_silence);
    }

    #[test]
    fn what_sounds_too_long_or_not_at_all_is_refused() {
        assert_eq!(Facts::new(&[]), None);
        assert_eq!(Facts::new(&[0x03]), None);
        assert_eq!(Facts::new(&[0x03, 0]), None);
        assert_eq!(Facts::new(&[0x1b, 3]), None, "three frames of 60 ms");
        assert_eq!(Facts::new(&[0x1b, 63]), None, "63 frames of 60 ms");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(payload: Vec<u8>) {
            if let Some(facts) = Facts::new(&payload) {
                prop_assert!(facts.duration <= MAX_DURATION);
            }
        }
    }
}
