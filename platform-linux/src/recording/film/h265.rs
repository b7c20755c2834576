//! Frames of H.265 out of RTP payloads (RFC 7798): single units, AP and FU, without decoding order numbers; and what
//! their parameter sets tell (ITU-T H.265 section 7.3.2.2).

use super::bits::{Bits, unescaped};
use super::crop::{self, Crop};
use super::parameters::Parameters;
use super::units::{Units, units};

/// Adds a packet's units to a frame; says whether the frame needs no other, as far as these tell.
pub(super) fn push(payload: &[u8], units: &mut Units, frame: &mut Vec<u8>) -> Option<bool> {
    let [first, second, ..] = *payload else { return None };
    match kind(first) {
        AGGREGATE => {
            let mut is_key = false;
            units.push_all(&payload[2..], frame, |unit| is_key |= IRAP.contains(&kind(unit[0])))?;
            Some(is_key)
        }
        FRAGMENT => {
            let fragment = *payload.get(2)?;
            let header = [first & 0x81 | (fragment & 0x3f) << 1, second];
            let ends = (fragment & 0x80 != 0, fragment & 0x40 != 0);
            units.fragment((&header, &payload[3..]), ends, frame)?;
            Some(IRAP.contains(&(fragment & 0x3f)))
        }
        0..AGGREGATE => units.push(payload, frame).map(|()| IRAP.contains(&kind(first))),
        _ => None,
    }
}

/// What a keyframe tells, if it has its parameter sets.
pub(super) fn parameters(frame: &[u8]) -> Option<Parameters> {
    let of = |wanted: u8| units(frame).find(|unit| unit.first().is_some_and(|first| kind(*first) == wanted));
    let sets = [(VPS, of(VPS)?), (SPS, of(SPS)?), (PPS, of(PPS)?)];
    let set = unescaped(sets[1].1.get(2..)?);
    let Sequence { width, height, sub_layers, is_nested, chroma, luma_bits, chroma_bits } = Sequence::read(&set)?;
    // HEVCDecoderConfigurationRecord (ISO/IEC 14496-15 section 8.3.3.1): lengths have four bytes.
    let mut private = vec![1];
    private.extend_from_slice(set.get(1..13)?);
    private.extend([0xf0, 0, 0xfc, 0xfc | chroma, 0xf8 | luma_bits, 0xf8 | chroma_bits, 0, 0]);
    private.extend([sub_layers << 3 | u8::from(is_nested) << 2 | 3, sets.len() as u8]);
    for (kind, set) in sets {
        private.extend([0x80 | kind, 0, 1]);
        private.extend((set.len() as u16).to_be_bytes());
        private.extend_from_slice(set);
    }
    Parameters::of(width, height, private)
}

/// What a sequence parameter set tells.
struct Sequence {
    width: u32,
    height: u32,
    sub_layers: u8,
    is_nested: bool,
    chroma: u8,
    luma_bits: u8,
    chroma_bits: u8,
}

impl Sequence {
    /// Reads it without its header: 4 bits, then a byte's rest, then profile, tier and level from the second byte on.
    fn read(set: &[u8]) -> Option<Self> {
        let mut bits = Bits::new(set);
        bits.skip(4)?;
        let sub_layers = bits.take(3)?;
        let is_nested = bits.flag()?;
        bits.skip(96)?;
        let mut more = 0;
        for _ in 0..sub_layers {
            more += 88 * bits.take(1)? as usize + 8 * bits.take(1)? as usize;
        }
        if sub_layers > 0 {
            bits.skip(2 * (8 - sub_layers as usize))?;
        }
        bits.skip(more)?;
        bits.exp_golomb()?;
        let chroma = bits.exp_golomb().filter(|format| *format <= 3)? as u8;
        let has_planes = chroma == 3 && bits.flag()?;
        let coded = (bits.exp_golomb()?, bits.exp_golomb()?);
        let (width, height) = Crop::read(&mut bits)?.leaves(coded, crop::step(chroma, has_planes))?;
        let more_bits = |bits: &mut Bits<'_>| bits.exp_golomb().filter(|more| *more <= 7);
        Some(Self {
            width,
            height,
            sub_layers: sub_layers as u8 + 1,
            is_nested,
            chroma,
            luma_bits: more_bits(&mut bits)? as u8,
            chroma_bits: more_bits(&mut bits)? as u8,
        })
    }
}

/// The type in the first byte of a unit's header.
fn kind(first: u8) -> u8 {
    first >> 1 & 0x3f
}

/// Pictures that one can begin with.
const IRAP: std::ops::RangeInclusive<u8> = 16..=23;
const VPS: u8 = 32;
const SPS: u8 = 33;
const PPS: u8 = 34;
const AGGREGATE: u8 = 48;
const FRAGMENT: u8 = 49;

#[cfg(test)]
mod tests {
    use super::*;

    /// Main profile, 642 x 362, as x265 writes it.
    const SETS: [&[u8]; 3] = [
        &[
            0x40, 0x01, 0x0c, 0x01, 0xff, 0xff, 0x01, 0x60, 0, 0, 0x03, 0, 0x90, 0, 0, 0x03, 0, 0, 0x03, 0, 0x3f, 0x95,
            0x94, 0x09,
        ],
        &[
            0x42, 0x01, 0x01, 0x01, 0x60, 0, 0, 0x03, 0, 0x90, 0, 0, 0x03, 0, 0, 0x03, 0, 0x3f, 0xa0, 0x05, 0x22, 0x01,
            0x71, 0xc4, 0x49, 0x96, 0x56, 0x54, 0xa4, 0xc2, 0xf0, 0x16, 0x80, 0x80, 0, 0, 0x03, 0, 0x80, 0, 0, 0x0c,
            0x84,
        ],
        &[0x44, 0x01, 0xc0, 0x73, 0xc1, 0x89],
    ];

    #[test]
    fn single_aggregated_and_fragmented_units_become_one_frame() {
        let (mut units, mut frame) = (Units::default(), Vec::new());
        let [vps, sps, pps] = SETS;
        let aggregate = [&[0x60, 1, 0, vps.len() as u8][..], vps, &[0, sps.len() as u8], sps].concat();
        assert_eq!(push(&aggregate, &mut units, &mut frame), Some(false));
        assert_eq!(push(pps, &mut units, &mut frame), Some(false));
        assert_eq!(push(&[0x62, 1, 0x93, 0x80, 7], &mut units, &mut frame), Some(true));
        assert!(!units.is_whole());
        assert_eq!(push(&[0x62, 1, 0x53, 8], &mut units, &mut frame), Some(true));
        let found: Vec<_> = super::units(&frame).collect();
        assert_eq!(found, [vps, sps, pps, &[0x26, 1, 0x80, 7, 8]]);
        let Parameters { width, height, private } = parameters(&frame).unwrap();
        assert_eq!((width, height), (642, 362));
        let head = [1, 1, 0x60, 0, 0, 0, 0x90, 0, 0, 0, 0, 0, 0x3f, 0xf0, 0, 0xfc, 0xfd, 0xf8, 0xf8, 0, 0, 0x0f, 3];
        assert_eq!(private[..23], head);
        assert_eq!(private[23..28], [0xa0, 0, 1, 0, 24]);
    }

    #[test]
    fn what_is_cut_or_out_of_place_is_refused() {
        for payload in [&[0x40][..], &[0x60, 1], &[0x60, 1, 0, 5, 0x40], &[0x62, 1], &[0x62, 1, 0x13, 1], &[0x64, 1, 0]]
        {
            assert_eq!(push(payload, &mut Units::default(), &mut Vec::new()), None, "{payload:x?}");
        }
        let set = unescaped(&SETS[1][2..]);
        // What follows the depths is not looked at.
        assert!((0..23).all(|cut| Sequence::read(&set[..cut.min(18)]).is_none()));
    }
}
