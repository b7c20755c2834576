//! Whole pictures out of the packets of a video m-line. What lost a packet, or needs what did, is left out up to the
//! next keyframe: a decoder would show a broken picture, or end. (That keyframe is asked for by the media half.)

use std::time::Instant;

use parlor_core::wire::{self, Codec};

use super::parameters::Parameters;
use super::reorder::Packet;
use super::units::Units;
use super::{av1, h264, h265, vp8, vp9};

/// The longest picture.
pub(super) const PICTURE_BYTES: usize = 2 << 20;

/// A picture, or a packet of sound.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) at: Instant,
    pub(super) timestamp: u32,
    pub(super) is_key: bool,
    /// The one-byte value of the video orientation.
    pub(super) orientation: Option<u8>,
    pub(super) bytes: Vec<u8>,
}

/// A picture that grows.
pub(super) struct Pictures {
    format: Format,
    growing: Option<Frame>,
    /// Whether only a keyframe helps.
    waits: bool,
    /// Of which picture no more is taken.
    left_out: Option<u32>,
}

enum Format {
    Vp8,
    Vp9(vp9::Layers),
    H264(Units),
    H265(Units),
    Av1(av1::Fragment),
}

impl Pictures {
    /// Nothing for a codec of sound.
    pub(super) fn new(codec: Codec) -> Option<Self> {
        let format = match codec {
            Codec::Vp8 => Format::Vp8,
            Codec::Vp9 => Format::Vp9(vp9::Layers::default()),
            Codec::H264 => Format::H264(Units::default()),
            Codec::H265 => Format::H265(Units::default()),
            Codec::Av1 => Format::Av1(av1::Fragment::default()),
            _ => return None,
        };
        Some(Self { format, growing: None, waits: true, left_out: None })
    }

    /// Takes in the next packet, which follows the one before or comes after a loss. Adds the pictures that are whole
    /// now.
    pub(super) fn push(&mut self, packet: &Packet, follows: bool, pictures: &mut Vec<Frame>) {
        if !follows {
            self.give_up();
        }
        // Padding, which tells how much passes.
        if packet.payload.is_empty() || self.left_out == Some(packet.timestamp) {
            return;
        }
        if self.growing.as_ref().is_some_and(|growing| growing.timestamp != packet.timestamp) {
            pictures.extend(self.finish());
        }
        let is_first = self.growing.is_none();
        let mut growing = self.growing.take().unwrap_or_else(|| self.format.begin(packet));
        match self.format.push(&packet.payload, is_first, &mut growing.bytes) {
            Some(is_key) if growing.bytes.len() <= PICTURE_BYTES => {
                growing.is_key |= is_key;
                self.growing = Some(growing);
            }
            _ => {
                self.give_up();
                self.left_out = Some(packet.timestamp);
            }
        }
        if packet.marker {
            pictures.extend(self.finish());
        }
    }

    /// What a keyframe tells, if it tells enough.
    pub(super) fn parameters(&self, keyframe: &[u8]) -> Option<Parameters> {
        match &self.format {
            Format::Vp8 => vp8::parameters(keyframe),
            Format::Vp9(_) => vp9::parameters(keyframe),
            Format::H264(_) => h264::parameters(keyframe),
            Format::H265(_) => h265::parameters(keyframe),
            Format::Av1(_) => av1::parameters(keyframe),
        }
    }

    fn give_up(&mut self) {
        (self.growing, self.waits, self.left_out) = (None, true, None);
    }

    fn finish(&mut self) -> Option<Frame> {
        let mut picture = self.growing.take()?;
        let is_whole = self.format.finish(&mut picture.bytes) && !picture.bytes.is_empty();
        self.waits = !is_whole || self.waits && !picture.is_key;
        (!self.waits).then_some(picture)
    }
}

impl Format {
    fn begin(&mut self, packet: &Packet) -> Frame {
        match self {
            Self::Vp8 | Self::Vp9(_) => {}
            Self::H264(units) | Self::H265(units) => units.begin(),
            Self::Av1(fragment) => fragment.begin(),
        }
        let Packet { at, timestamp, orientation, .. } = *packet;
        Frame { at, timestamp, is_key: false, orientation, bytes: Vec::new() }
    }

    /// Adds a packet's part; says whether the picture needs no other, as far as this tells. Nothing if it has no place.
    fn push(&mut self, payload: &[u8], is_first: bool, picture: &mut Vec<u8>) -> Option<bool> {
        if is_first && !self.begins(payload)? {
            return None;
        }
        match self {
            Self::Vp8 => vp8::push(payload, is_first, picture),
            Self::Vp9(layers) => layers.push(payload, is_first, picture),
            Self::H264(units) => h264::push(payload, units, picture),
            Self::H265(units) => h265::push(payload, units, picture),
            Self::Av1(fragment) => {
                let pushed = fragment.push(payload, picture);
                pushed.filter(|_| fragment.len() <= PICTURE_BYTES)
            }
        }
    }

    /// Whether a payload may be a picture's first.
    fn begins(&self, payload: &[u8]) -> Option<bool> {
        Some(match self {
            Self::Vp8 => wire::vp8::Facts::new(payload)?.is_frame_start,
            Self::Vp9(_) => wire::vp9::Facts::new(payload)?.is_frame_start,
            Self::H264(_) => wire::h264::Facts::new(payload)?.is_frame_start,
            Self::H265(_) => wire::h265::Facts::new(payload)?.is_frame_start,
            Self::Av1(_) => wire::av1::Facts::new(payload)?.is_frame_start,
        })
    }

    /// Whether the picture is whole.
    fn finish(&mut self, picture: &mut Vec<u8>) -> bool {
        match self {
            Self::Vp8 => true,
            Self::Vp9(layers) => {
                layers.finish(picture);
                true
            }
            Self::H264(units) | Self::H265(units) => units.is_whole(),
            Self::Av1(fragment) => fragment.is_whole(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pictures of two packets, and what becomes of them when the packets at some places are lost.
    fn left(lost: &[usize]) -> Vec<(u32, bool)> {
        let mut pictures = Pictures::new(Codec::Vp8).unwrap();
        let (mut whole, mut follows) = (Vec::new(), true);
        for index in 0..12 {
            if lost.contains(&index) {
                follows = false;
                continue;
            }
            let (number, is_first) = (index as u32 / 2, index % 2 == 0);
            let is_key = number.is_multiple_of(3);
            let packet = Packet {
                at: Instant::now(),
                sequence: index as u16,
                timestamp: number,
                marker: !is_first,
                orientation: None,
                payload: vec![if is_first { 0x10 } else { 0 }, u8::from(!is_key), 7],
            };
            pictures.push(&packet, follows, &mut whole);
            follows = true;
        }
        whole.into_iter().map(|picture| (picture.timestamp, picture.is_key)).collect()
    }

    #[test]
    fn after_a_loss_the_next_keyframe_is_waited_for() {
        let all = [(0, true), (1, false), (2, false), (3, true), (4, false), (5, false)];
        assert_eq!(left(&[]), all);
        assert_eq!(left(&[2]), [all[0], all[3], all[4], all[5]]);
        assert_eq!(left(&[3]), [all[0], all[3], all[4], all[5]]);
        assert_eq!(left(&[4, 5]), [all[0], all[1], all[3], all[4], all[5]]);
        assert_eq!(left(&[1]), all[3..]);
        assert_eq!(left(&[0, 1, 6]), []);
    }

    #[test]
    fn a_picture_whose_last_packet_has_no_mark_ends_where_the_next_begins() {
        let mut pictures = Pictures::new(Codec::H264).unwrap();
        let mut whole = Vec::new();
        for (sequence, timestamp, unit) in
            [(0, 7, [0x65, 0x88]), (1, 7, [0x65, 2]), (2, 8, [0x41, 0x9a]), (3, 9, [0x41, 0x9a])]
        {
            let (at, payload) = (Instant::now(), unit.to_vec());
            let packet = Packet { at, sequence, timestamp, marker: false, orientation: None, payload };
            pictures.push(&packet, true, &mut whole);
        }
        let told: Vec<_> = whole.iter().map(|it| (it.timestamp, it.is_key, it.bytes.len())).collect();
        assert_eq!(told, [(7, true, 12), (8, false, 6)]);
    }

    #[test]
    fn a_picture_that_is_too_long_is_left_out() {
        let mut pictures = Pictures::new(Codec::H264).unwrap();
        let mut whole = Vec::new();
        let count = (PICTURE_BYTES / 1000 + 1) as u16;
        for sequence in 0..=count {
            let marker = sequence == count;
            let (at, payload) = (Instant::now(), vec![0xe5; 1000]);
            pictures.push(&Packet { at, sequence, timestamp: 1, marker, orientation: None, payload }, true, &mut whole);
        }
        assert_eq!(whole, []);
    }
}
