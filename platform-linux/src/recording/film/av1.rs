//! Temporal units of AV1 out of RTP payloads (RTP Payload Format for AV1, section 4), as Matroska has them: every OBU
//! says how long it is, and none delimits; and what their sequence header tells (AV1 bitstream specification, section
//! 5.5).

use parlor_core::wire::av1::leb128;

use super::bits::Bits;
use super::parameters::Parameters;

/// The OBU that goes on in the next packet.
#[derive(Default)]
pub(super) struct Fragment {
    bytes: Vec<u8>,
}

impl Fragment {
    /// A temporal unit begins.
    pub(super) fn begin(&mut self) {
        self.bytes.clear();
    }

    /// Whether all that began has ended.
    pub(super) fn is_whole(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Adds a packet's OBUs; says whether one of them begins a frame that needs no other.
    pub(super) fn push(&mut self, payload: &[u8], unit: &mut Vec<u8>) -> Option<bool> {
        let (header, mut rest) = payload.split_first()?;
        let (is_continuation, goes_on) = (header & 0x80 != 0, header & 0x40 != 0);
        let counted = usize::from(header >> 4 & 3);
        (!rest.is_empty() && is_continuation != self.is_whole()).then_some(())?;
        let (mut index, mut is_key) = (0, false);
        while !rest.is_empty() {
            index += 1;
            let element;
            if index == counted {
                (element, rest) = (rest, &[][..]);
            } else {
                let (len, after) = leb128(rest)?;
                (element, rest) = after.split_at_checked(len)?;
            }
            self.bytes.extend_from_slice(element);
            if !(rest.is_empty() && goes_on) {
                is_key |= finish(&self.bytes, unit)?;
                self.bytes.clear();
            }
        }
        (counted == 0 || index == counted).then_some(is_key)
    }

    /// How many bytes wait.
    pub(super) fn len(&self) -> usize {
        self.bytes.len()
    }
}

/// Adds a whole OBU with its length, if it has a place in a file; says whether it begins a keyframe.
fn finish(obu: &[u8], unit: &mut Vec<u8>) -> Option<bool> {
    let Some(header) = obu.first() else { return Some(false) };
    let header_len = if header & HAS_EXTENSION == 0 { 1 } else { 2 };
    let mut payload = obu.get(header_len..)?;
    if header & HAS_SIZE != 0 {
        let (len, after) = leb128(payload)?;
        payload = after.get(..len)?;
    }
    let kind = header >> 3 & 0x0f;
    if matches!(kind, TEMPORAL_DELIMITER | TILE_LIST | PADDING) {
        return Some(false);
    }
    unit.push(header | HAS_SIZE);
    unit.extend_from_slice(&obu[1..header_len]);
    push_leb128(payload.len(), unit);
    unit.extend_from_slice(payload);
    // Not shown from elsewhere, and a keyframe.
    let is_key = payload.first().is_some_and(|first| first >> 5 == 0);
    Some(matches!(kind, FRAME_HEADER | FRAME) && is_key)
}

/// What a keyframe tells, if it has its sequence header.
pub(super) fn parameters(unit: &[u8]) -> Option<Parameters> {
    let mut rest = unit;
    let (whole, payload) = loop {
        let (whole, payload, after) = split(rest)?;
        if whole[0] >> 3 & 0x0f == SEQUENCE_HEADER {
            break (whole, payload);
        }
        rest = after;
    };
    let sequence = Sequence::read(payload)?;
    let Sequence { width, height, profile, level, tier, color } = sequence;
    // AV1CodecConfigurationRecord (AV1 Codec ISO Media File Format Binding, section 2.3.3).
    let mut private = vec![0x81, profile << 5 | level, tier << 7 | color, 0];
    private.extend_from_slice(whole);
    Parameters::of(width, height, private)
}

/// The first OBU of a unit, what it holds, and what follows it.
fn split(unit: &[u8]) -> Option<(&[u8], &[u8], &[u8])> {
    let header_len = if unit.first()? & HAS_EXTENSION == 0 { 1 } else { 2 };
    let (len, after) = leb128(unit.get(header_len..)?)?;
    let begin = unit.len() - after.len();
    Some((unit.get(..begin + len)?, after.get(..len)?, after.get(len..)?))
}

/// What a sequence header tells.
struct Sequence {
    width: u32,
    height: u32,
    profile: u8,
    level: u8,
    tier: u8,
    /// Depth, and how chroma is sampled: the lower seven bits of the record's third byte.
    color: u8,
}

impl Sequence {
    fn read(header: &[u8]) -> Option<Self> {
        let mut bits = Bits::new(header);
        let profile = bits.take(3)?;
        bits.skip(1)?;
        let is_reduced = bits.flag()?;
        let (level, tier) = if is_reduced { (bits.take(5)?, 0) } else { operating_point(&mut bits)? };
        let (wide, high) = (bits.take(4)? + 1, bits.take(4)? + 1);
        let (width, height) = (bits.take(wide)? + 1, bits.take(high)? + 1);
        if !is_reduced && bits.flag()? {
            bits.skip(7)?;
        }
        bits.skip(3)?;
        if !is_reduced {
            skip_tools(&mut bits)?;
        }
        bits.skip(3)?;
        let color = color(&mut bits, profile)?;
        Some(Self { width, height, profile: profile as u8, level: level as u8, tier: tier as u8, color })
    }
}

/// Level and tier of the first operating point, all of which are read.
fn operating_point(bits: &mut Bits<'_>) -> Option<(u32, u32)> {
    let mut delay_bits = None;
    if bits.flag()? {
        bits.skip(64)?;
        if bits.flag()? {
            bits.exp_golomb()?;
        }
        if bits.flag()? {
            delay_bits = Some(bits.take(5)? as usize + 1);
            bits.skip(42)?;
        }
    }
    let tells_delay = bits.flag()?;
    let mut first = None;
    for _ in 0..=bits.take(5)? {
        bits.skip(12)?;
        let level = bits.take(5)?;
        let tier = if level > 7 { bits.take(1)? } else { 0 };
        if let Some(delay_bits) = delay_bits
            && bits.flag()?
        {
            bits.skip(2 * delay_bits + 1)?;
        }
        if tells_delay && bits.flag()? {
            bits.skip(4)?;
        }
        first.get_or_insert((level, tier));
    }
    first
}

/// Leaves out which tools are on.
fn skip_tools(bits: &mut Bits<'_>) -> Option<()> {
    bits.skip(4)?;
    let has_order = bits.flag()?;
    if has_order {
        bits.skip(2)?;
    }
    let forces_screen_content = bits.flag()? || bits.flag()?;
    if forces_screen_content && !bits.flag()? {
        bits.skip(1)?;
    }
    if has_order {
        bits.skip(3)?;
    }
    Some(())
}

fn color(bits: &mut Bits<'_>, profile: u32) -> Option<u8> {
    const SRGB: [u32; 3] = [1, 13, 0];
    let is_deep = bits.flag()?;
    let is_deepest = profile == 2 && is_deep && bits.flag()?;
    let is_grey = profile != 1 && bits.flag()?;
    let mut description = None;
    if bits.flag()? {
        description = Some([bits.take(8)?, bits.take(8)?, bits.take(8)?]);
    }
    let (mut halves_x, mut halves_y, mut position) = (true, true, 0);
    if description == Some(SRGB) && !is_grey {
        (halves_x, halves_y) = (false, false);
    } else {
        bits.skip(1)?;
        if !is_grey {
            (halves_x, halves_y) = match profile {
                0 => (true, true),
                1 => (false, false),
                _ if is_deepest => {
                    let halves_x = bits.flag()?;
                    (halves_x, halves_x && bits.flag()?)
                }
                _ => (true, false),
            };
            if halves_x && halves_y {
                position = bits.take(2)? as u8;
            }
        }
    }
    let flags = [is_deep, is_deepest, is_grey, halves_x, halves_y].iter().fold(0, |all, it| all << 1 | u8::from(*it));
    Some(flags << 2 | position)
}

fn push_leb128(mut value: usize, bytes: &mut Vec<u8>) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

const HAS_EXTENSION: u8 = 4;
const HAS_SIZE: u8 = 2;
const SEQUENCE_HEADER: u8 = 1;
const TEMPORAL_DELIMITER: u8 = 2;
const FRAME_HEADER: u8 = 3;
const FRAME: u8 = 6;
const TILE_LIST: u8 = 8;
const PADDING: u8 = 15;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn obus_become_whole_with_their_lengths_and_without_delimiters() {
        let (mut fragment, mut unit) = (Fragment::default(), Vec::new());
        // A delimiter, one with a length of its own, and the begin of a keyframe.
        let first = [0x70, 2, 0x12, 0, 4, 0x0e, 0x40, 1, 9, 0x30, 0x10, 1];
        assert_eq!(fragment.push(&first, &mut unit), Some(false));
        assert!(!fragment.is_whole());
        assert_eq!(fragment.push(&[0xd0, 2], &mut unit), Some(false));
        let last = [&[0x90][..], &[3; 200]].concat();
        assert_eq!(fragment.push(&last, &mut unit), Some(true));
        assert!(fragment.is_whole());
        let frame = [&[0x32, 0xcb, 1, 0x10, 1, 2][..], &[3; 200]].concat();
        assert_eq!(unit, [&[0x0e, 0x40, 1, 9][..], &frame].concat());
    }

    #[test]
    fn a_sequence_header_tells_the_size_and_how_it_is_coded() {
        // 642 x 362, as libaom writes it.
        let header = [0x0a, 0x0b, 0, 0, 0, 0x0c, 0xc5, 0x03, 0x69, 0x36, 0xbe, 0x40, 0x10];
        let unit = [&header[..], &[0x32, 1, 0x10]].concat();
        let Parameters { width, height, private } = parameters(&unit).unwrap();
        assert_eq!((width, height), (642, 362));
        assert_eq!(private, [&[0x81, 0x01, 0x0c, 0][..], &header].concat());
        assert_eq!(parameters(&unit[13..]), None, "without one");
    }

    #[test]
    fn what_is_cut_or_out_of_place_is_refused() {
        for payload in [&[][..], &[0x10], &[0x90, 1], &[0x00, 5, 0x30], &[0x20, 1, 0x30], &[0x10, 0x32, 5, 1]] {
            assert_eq!(Fragment::default().push(payload, &mut Vec::new()), None, "{payload:x?}");
        }
        let mut fragment = Fragment::default();
        fragment.push(&[0x50, 0x30, 1], &mut Vec::new()).unwrap();
        assert_eq!(fragment.push(&[0x10, 0x30, 1], &mut Vec::new()), None, "another while one goes on");
    }
}
