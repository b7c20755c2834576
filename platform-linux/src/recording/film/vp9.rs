//! Pictures of VP9 out of RTP payloads (RFC 9628), and what their header tells (VP9 bitstream specification, section
//! 6.2). One that has several spatial layers is a superframe (Annex B).

use parlor_core::wire::vp9::Facts;

use super::bits::Bits;
use super::parameters::Parameters;

/// The most frames of a superframe.
const LAYERS: usize = 8;

/// Where the frames of a picture begin.
#[derive(Default)]
pub(super) struct Layers {
    begins: Vec<usize>,
}

impl Layers {
    /// Adds a packet's part of a picture; says whether the picture needs no other, where this is its first.
    pub(super) fn push(&mut self, payload: &[u8], is_first: bool, picture: &mut Vec<u8>) -> Option<bool> {
        let facts = Facts::new(payload)?;
        if is_first {
            self.begins.clear();
        }
        if facts.is_frame_start {
            (self.begins.len() < LAYERS).then(|| self.begins.push(picture.len()))?;
        }
        let is_begun = !self.begins.is_empty();
        is_begun.then(|| picture.extend_from_slice(&payload[facts.descriptor_len..]))?;
        Some(facts.is_keyframe_start)
    }

    /// Makes a picture of several frames one that decoders take at once.
    pub(super) fn finish(&self, picture: &mut Vec<u8>) {
        if self.begins.len() < 2 {
            return;
        }
        let ends = self.begins.iter().skip(1).copied().chain([picture.len()]);
        let sizes: Vec<u32> = self.begins.iter().zip(ends).map(|(begin, end)| (end - begin) as u32).collect();
        let marker = 0b1100_0000 | (SIZE_BYTES - 1) << 3 | (sizes.len() as u8 - 1);
        picture.push(marker);
        sizes.iter().for_each(|size| picture.extend(size.to_le_bytes()));
        picture.push(marker);
    }
}

/// Bytes that tell how long a frame is.
const SIZE_BYTES: u8 = 4;

/// What a keyframe tells.
pub(super) fn parameters(frame: &[u8]) -> Option<Parameters> {
    let mut bits = Bits::new(frame);
    const FRAME_MARKER: u32 = 2;
    const SYNC_CODE: u32 = 0x49_83_42;
    const RGB: u32 = 7;
    (bits.take(2)? == FRAME_MARKER).then_some(())?;
    let profile = bits.take(1)? | bits.take(1)? << 1;
    if profile == 3 {
        bits.skip(1)?;
    }
    let (shows_other, is_inter) = (bits.flag()?, bits.flag()?);
    bits.skip(2)?;
    (!shows_other && !is_inter && bits.take(24)? == SYNC_CODE).then_some(())?;
    if profile >= 2 {
        bits.skip(1)?;
    }
    let tells_sampling = profile & 1 == 1;
    match (bits.take(3)? == RGB, tells_sampling) {
        (false, false) => bits.skip(1)?,
        (false, true) => bits.skip(4)?,
        (true, false) => {}
        (true, true) => bits.skip(1)?,
    }
    let (width, height) = (bits.take(16)? + 1, bits.take(16)? + 1);
    Parameters::of(width, height, Vec::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEYFRAME: [u8; 10] = [0x82, 0x49, 0x83, 0x42, 0x00, 0x13, 0xf0, 0x0e, 0xf6, 0x00];

    #[test]
    fn a_picture_of_one_layer_is_what_stands_behind_the_descriptors() {
        let (mut layers, mut picture) = (Layers::default(), Vec::new());
        let first = [&[0x88, 5][..], &KEYFRAME].concat();
        assert_eq!(layers.push(&first, true, &mut picture), Some(true));
        assert_eq!(layers.push(&[0x84, 5, 9], false, &mut picture), Some(false));
        layers.finish(&mut picture);
        assert_eq!(picture, [&KEYFRAME[..], &[9]].concat());
        let Parameters { width, height, .. } = parameters(&picture).unwrap();
        assert_eq!((width, height), (320, 240));
        assert_eq!(parameters(&KEYFRAME[..8]), None);
        assert_eq!(layers.push(&[0x84, 5, 9], true, &mut picture), None, "the middle of a frame");
    }

    #[test]
    fn a_picture_of_layers_says_where_each_ends() {
        let (mut layers, mut picture) = (Layers::default(), Vec::new());
        for (descriptor, len) in [([0x28_u8, 0x00, 0x01], 3), ([0x28, 0x02, 0x01], 300)] {
            let payload = [&descriptor[..], &vec![7; len]].concat();
            layers.push(&payload, picture.is_empty(), &mut picture).unwrap();
        }
        layers.finish(&mut picture);
        assert_eq!(picture[303..], [0xd9, 3, 0, 0, 0, 44, 1, 0, 0, 0xd9]);
    }

    #[test]
    fn no_more_layers_are_taken_than_there_can_be() {
        let (mut layers, mut picture) = (Layers::default(), Vec::new());
        let pushed = (0..9).map(|index| layers.push(&[0x08, 1], index == 0, &mut picture).is_some());
        assert!(pushed.eq((0..9).map(|index| index < 8)));
    }
}
