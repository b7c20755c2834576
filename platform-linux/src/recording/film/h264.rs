//! Frames of H.264 out of RTP payloads (RFC 6184): single units, STAP-A and FU-A; and what their parameter sets tell
//! (ITU-T H.264 section 7.3.2.1).

use super::bits::{Bits, unescaped};
use super::crop::{self, Crop};
use super::parameters::Parameters;
use super::units::{Units, units};

/// Adds a packet's units to a frame; says whether the frame needs no other, as far as these tell.
pub(super) fn push(payload: &[u8], units: &mut Units, frame: &mut Vec<u8>) -> Option<bool> {
    let header = *payload.first()?;
    match header & TYPE {
        1..=23 => units.push(payload, frame).map(|()| header & TYPE == IDR),
        STAP_A => {
            let mut is_key = false;
            units.push_all(&payload[1..], frame, |unit| is_key |= unit[0] & TYPE == IDR)?;
            Some(is_key)
        }
        FU_A => {
            let fragment = *payload.get(1)?;
            let ends = (fragment & 0x80 != 0, fragment & 0x40 != 0);
            units.fragment((&[header & !TYPE | fragment & TYPE], &payload[2..]), ends, frame)?;
            Some(fragment & TYPE == IDR)
        }
        _ => None,
    }
}

/// What a keyframe tells, if it has its parameter sets.
pub(super) fn parameters(frame: &[u8]) -> Option<Parameters> {
    let of = |kind: u8| units(frame).find(|unit| unit.first().is_some_and(|header| header & TYPE == kind));
    let (sequence, picture) = (of(SPS)?, of(PPS)?);
    let (width, height, sampling) = size(&unescaped(sequence.get(1..)?))?;
    let [_, profile, constraints, level, ..] = *sequence else { return None };
    // AVCDecoderConfigurationRecord (ISO/IEC 14496-15 section 5.3.3.1): lengths have four bytes.
    let mut private = vec![1, profile, constraints, level, 0xff, 0xe1];
    private.extend((sequence.len() as u16).to_be_bytes());
    private.extend_from_slice(sequence);
    private.push(1);
    private.extend((picture.len() as u16).to_be_bytes());
    private.extend_from_slice(picture);
    if [100, 110, 122, 144].contains(&profile) {
        private.extend([0xfc | sampling.chroma, 0xf8 | sampling.luma_bits, 0xf8 | sampling.chroma_bits, 0]);
    }
    Parameters::of(width, height, private)
}

/// What a sequence parameter set says of samples: the format of chroma, and how many bits there are beyond eight.
struct Sampling {
    chroma: u8,
    luma_bits: u8,
    chroma_bits: u8,
}

/// Width, height and sampling that a sequence parameter set tells, which is given without its header.
fn size(set: &[u8]) -> Option<(u32, u32, Sampling)> {
    let profile = *set.first()?;
    let mut bits = Bits::new(set.get(3..)?);
    bits.exp_golomb()?;
    let mut sampling = Sampling { chroma: 1, luma_bits: 0, chroma_bits: 0 };
    let mut has_planes = false;
    if [100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135].contains(&profile) {
        sampling.chroma = bits.exp_golomb().filter(|format| *format <= 3)? as u8;
        if sampling.chroma == 3 {
            has_planes = bits.flag()?;
        }
        sampling.luma_bits = bits.exp_golomb().filter(|more| *more <= 6)? as u8;
        sampling.chroma_bits = bits.exp_golomb().filter(|more| *more <= 6)? as u8;
        bits.skip(1)?;
        if bits.flag()? {
            skip_scaling(&mut bits, if sampling.chroma == 3 { 12 } else { 8 })?;
        }
    }
    bits.exp_golomb()?;
    skip_order(&mut bits)?;
    bits.exp_golomb()?;
    bits.skip(1)?;
    let (wide, high) = (bits.exp_golomb()?.checked_add(1)?, bits.exp_golomb()?.checked_add(1)?);
    let fields = if bits.flag()? { 1 } else { 2 };
    if fields == 2 {
        bits.skip(1)?;
    }
    bits.skip(1)?;
    let (step_x, step_y) = crop::step(sampling.chroma, has_planes);
    let coded = (wide.checked_mul(16)?, high.checked_mul(16 * fields)?);
    let (width, height) = Crop::read(&mut bits)?.leaves(coded, (step_x, step_y * fields))?;
    Some((width, height, sampling))
}

/// Leaves out scaling lists (section 7.3.2.1.1.1).
fn skip_scaling(bits: &mut Bits<'_>, lists: usize) -> Option<()> {
    for list in 0..lists {
        if !bits.flag()? {
            continue;
        }
        let (mut last, mut next) = (8, 8);
        for _ in 0..if list < 6 { 16 } else { 64 } {
            if next != 0 {
                next = (last + bits.signed_exp_golomb()?).rem_euclid(256);
            }
            last = if next == 0 { last } else { next };
        }
    }
    Some(())
}

/// Leaves out how the order of pictures is told.
fn skip_order(bits: &mut Bits<'_>) -> Option<()> {
    match bits.exp_golomb()? {
        0 => drop(bits.exp_golomb()?),
        1 => {
            bits.skip(1)?;
            bits.signed_exp_golomb()?;
            bits.signed_exp_golomb()?;
            for _ in 0..bits.exp_golomb().filter(|count| *count <= 255)? {
                bits.signed_exp_golomb()?;
            }
        }
        _ => {}
    }
    Some(())
}

const TYPE: u8 = 0x1f;
const IDR: u8 = 5;
const SPS: u8 = 7;
const PPS: u8 = 8;
const STAP_A: u8 = 24;
const FU_A: u8 = 28;

#[cfg(test)]
mod tests {
    use super::*;

    /// Constrained baseline, 640 x 360, as OpenH264 and x264 write it.
    const SETS: [&[u8]; 2] = [
        &[0x67, 0x42, 0xc0, 0x1e, 0xda, 0x02, 0x80, 0xbf, 0xe5, 0xc0, 0x44, 0x00, 0x00, 0x03, 0x00, 0x04, 0x00],
        &[0x68, 0xce, 0x0f, 0xc8],
    ];

    #[test]
    fn single_aggregated_and_fragmented_units_become_one_frame() {
        let (mut units, mut frame) = (Units::default(), Vec::new());
        let [sps, pps] = SETS;
        let aggregate = [&[0x78, 0, sps.len() as u8][..], sps, &[0, pps.len() as u8], pps].concat();
        assert_eq!(push(&aggregate, &mut units, &mut frame), Some(false));
        assert_eq!(push(&[0x7c, 0x85, 1, 2], &mut units, &mut frame), Some(true));
        assert!(!units.is_whole());
        assert_eq!(push(&[0x06, 1], &mut units, &mut frame), None, "another unit in the middle of one");
        assert_eq!(push(&[0x7c, 0x05, 3], &mut units, &mut frame), Some(true));
        assert_eq!(push(&[0x7c, 0x45, 4], &mut units, &mut frame), Some(true));
        assert_eq!(push(&[0x65, 9], &mut units, &mut frame), Some(true));
        let found: Vec<_> = super::units(&frame).collect();
        assert_eq!(found, [sps, pps, &[0x65, 1, 2, 3, 4], &[0x65, 9]]);
        let Parameters { width, height, private, .. } = parameters(&frame).unwrap();
        assert_eq!((width, height), (640, 360));
        assert_eq!(private[..8], [1, 0x42, 0xc0, 0x1e, 0xff, 0xe1, 0, 17]);
    }

    #[test]
    fn a_high_profile_tells_its_sampling_and_what_is_cut_off() {
        // 642 x 362, as x264 writes it.
        let sps = [
            0x67, 0x64, 0, 0x1e, 0xac, 0xd9, 0x80, 0xa4, 0x2f, 0xe2, 0x24, 0xc0, 0x44, 0, 0, 0x03, 0, 0x04, 0, 0, 0x03,
            0, 0xc8, 0x3c, 0x58, 0xb6, 0x68,
        ];
        let (mut units, mut frame) = (Units::default(), Vec::new());
        push(&sps, &mut units, &mut frame).unwrap();
        assert_eq!(parameters(&frame), None, "without the picture's");
        push(&[0x68, 0xe9, 0x78, 0xf2, 0xc8, 0xb0], &mut units, &mut frame).unwrap();
        let Parameters { width, height, private } = parameters(&frame).unwrap();
        assert_eq!((width, height), (642, 362));
        assert!(private.ends_with(&[0xc8, 0xb0, 0xfd, 0xf8, 0xf8, 0]), "{private:x?}");
    }

    #[test]
    fn what_is_cut_or_out_of_place_is_refused() {
        for payload in
            [&[][..], &[0x78], &[0x78, 0, 5, 0x67], &[0x78, 0, 1, 0x67, 0], &[0x7c], &[0x7c, 0x05, 1], &[0x7d, 1]]
        {
            assert_eq!(push(payload, &mut Units::default(), &mut Vec::new()), None, "{payload:x?}");
        }
    }
}
