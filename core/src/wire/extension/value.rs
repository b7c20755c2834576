//! Values of header extensions: read from an element's data, written as the data of one.

/// How loud a packet's sound is (RFC 6464 section 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AudioLevel {
    /// Whether the encoder takes it for speech.
    pub voice: bool,
    /// In dB below the loudest: 0 to 127, which is silence.
    pub level: u8,
}

impl AudioLevel {
    /// The value in `data`.
    pub fn read(data: &[u8]) -> Option<Self> {
        let byte = *data.first()?;
        Some(Self { voice: byte & 0x80 != 0, level: byte & 0x7f })
    }

    /// The value as data.
    pub fn write(self) -> [u8; 1] {
        [if self.voice { 0x80 } else { 0 } | self.level.min(127)]
    }
}

/// When a packet was sent: seconds in 2^-18, 24 bits, so that it wraps each 64 s (`abs-send-time` of WebRTC).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AbsoluteSendTime(
    /// Below 2^24.
    pub u32,
);

impl AbsoluteSendTime {
    /// The time `us` of the sender's clock.
    pub fn from_us(us: u64) -> Self {
        let (seconds, rest_us) = (us / 1_000_000, us % 1_000_000);
        let fraction = (rest_us << 18) / 1_000_000;
        Self((((seconds << 18) | fraction) & 0xff_ffff) as u32)
    }

    /// The time in microseconds, from 0 to 64 s.
    pub fn to_us(self) -> u64 {
        (u64::from(self.0 & 0xff_ffff) * 1_000_000) >> 18
    }

    /// The value in `data`.
    pub fn read(data: &[u8]) -> Option<Self> {
        let [a, b, c] = *data.first_chunk()?;
        Some(Self(u32::from_be_bytes([0, a, b, c])))
    }

    /// The value as data.
    pub fn write(self) -> [u8; 3] {
        let [_, a, b, c] = self.0.to_be_bytes();
        [a, b, c]
    }
}

/// A packet's number on its transport (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransportSequence(
    /// Wraps.
    pub u16,
);

impl TransportSequence {
    /// The value in `data`; what version 2 of the extension appends is passed over.
    pub fn read(data: &[u8]) -> Option<Self> {
        Some(Self(u16::from_be_bytes(*data.first_chunk()?)))
    }

    /// The value as data.
    pub fn write(self) -> [u8; 2] {
        self.0.to_be_bytes()
    }
}

/// How long a receiver may hold a frame back (`playout-delay` of WebRTC), in 10 ms, each below 4096.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlayoutDelay {
    /// At least.
    pub minimum_10ms: u16,
    /// At most.
    pub maximum_10ms: u16,
}

impl PlayoutDelay {
    /// The value in `data`.
    pub fn read(data: &[u8]) -> Option<Self> {
        let [a, b, c] = *data.first_chunk()?;
        let both = u32::from_be_bytes([0, a, b, c]);
        Some(Self { minimum_10ms: (both >> 12) as u16, maximum_10ms: (both & 0xfff) as u16 })
    }

    /// The value as data.
    pub fn write(self) -> [u8; 3] {
        let both = u32::from(self.minimum_10ms.min(0xfff)) << 12 | u32::from(self.maximum_10ms.min(0xfff));
        let [_, a, b, c] = both.to_be_bytes();
        [a, b, c]
    }
}

/// How a picture must be turned (3GPP TS 26.114 section 7.4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VideoOrientation {
    /// Whether the camera looks away from the user.
    pub back_camera: bool,
    /// Whether the picture is mirrored.
    pub flip: bool,
    /// Quarter turns, clockwise, that the receiver must make: 0 to 3.
    pub quarter_turns: u8,
}

impl VideoOrientation {
    /// The value in `data`.
    pub fn read(data: &[u8]) -> Option<Self> {
        let byte = *data.first()?;
        Some(Self { back_camera: byte & 8 != 0, flip: byte & 4 != 0, quarter_turns: byte & 3 })
    }

    /// The value as data.
    pub fn write(self) -> [u8; 1] {
        [u8::from(self.back_camera) << 3 | u8::from(self.flip) << 2 | (self.quarter_turns & 3)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_have_the_bytes_of_their_documents() {
        assert_eq!(AudioLevel::read(&[0x85]), Some(AudioLevel { voice: true, level: 5 }));
        assert_eq!(AudioLevel { voice: false, level: 200 }.write(), [127]);
        assert_eq!(AbsoluteSendTime::from_us(1_500_000).write(), [0x06, 0, 0]);
        assert_eq!(AbsoluteSendTime::from_us(64_000_000).write(), [0, 0, 0]);
        assert_eq!(AbsoluteSendTime::read(&[0x06, 0, 0]).unwrap().to_us(), 1_500_000);
        assert_eq!(TransportSequence::read(&[0x12, 0x34, 0, 1]), Some(TransportSequence(0x1234)));
        assert_eq!(PlayoutDelay::read(&[0x00, 0xa0, 0x64]), Some(PlayoutDelay { minimum_10ms: 10, maximum_10ms: 100 }));
        let turned = VideoOrientation { back_camera: true, flip: false, quarter_turns: 3 };
        assert_eq!(VideoOrientation::read(&[0x0b]), Some(turned));
    }

    #[test]
    fn short_data_is_no_value() {
        assert_eq!(AudioLevel::read(&[]), None);
        assert_eq!(AbsoluteSendTime::read(&[0; 2]), None);
        assert_eq!(TransportSequence::read(&[0]), None);
        assert_eq!(PlayoutDelay::read(&[0; 2]), None);
        assert_eq!(VideoOrientation::read(&[]), None);
    }

    proptest! {
        #[test]
        fn values_are_read_as_they_were_written(bytes: [u8; 3], number: u16) {
            prop_assert_eq!(AudioLevel::read(&bytes).unwrap().write(), [bytes[0]]);
            prop_assert_eq!(AbsoluteSendTime::read(&bytes).unwrap().write(), bytes);
            let sequence = TransportSequence(number);
            prop_assert_eq!(TransportSequence::read(&sequence.write()), Some(sequence));
            prop_assert_eq!(PlayoutDelay::read(&bytes).unwrap().write(), bytes);
            prop_assert_eq!(VideoOrientation::read(&bytes).unwrap().write(), [bytes[0] & 0x0f]);
        }

        #[test]
        fn a_send_time_is_right_to_four_microseconds_within_its_round(us in 0..u64::MAX / 2) {
            let told = AbsoluteSendTime::from_us(us).to_us();
            let off = (us % 64_000_000 + 64_000_000 - told) % 64_000_000;
            prop_assert!(off <= 4, "{off}");
        }
    }
}
