//! What H.264 and H.265 cut off pictures, which they code in whole blocks (ITU-T H.264 section 7.4.2.1.1, H.265 section
//! 7.4.3.2.1).

use super::bits::Bits;

/// How many steps are cut off at the left, right, top and bottom.
pub(super) struct Crop([u32; 4]);

impl Crop {
    /// Reads what a sequence parameter set tells of it.
    pub(super) fn read(bits: &mut Bits<'_>) -> Option<Self> {
        let mut sides = [0; 4];
        if bits.flag()? {
            for side in &mut sides {
                *side = bits.exp_golomb()?;
            }
        }
        Some(Self(sides))
    }

    /// Width and height of what is left, where a step is so many samples across and down.
    pub(super) fn leaves(&self, (wide, high): (u32, u32), (step_x, step_y): (u32, u32)) -> Option<(u32, u32)> {
        let [left, right, top, bottom] = self.0;
        let cut = |length: u32, step: u32, one: u32, other: u32| {
            length.checked_sub(one.checked_add(other)?.checked_mul(step)?)
        };
        Some((cut(wide, step_x, left, right)?, cut(high, step_y, top, bottom)?))
    }
}

/// Samples of a step, across and down, by the format of chroma (`chroma_format_idc`).
pub(super) fn step(chroma: u8, has_planes: bool) -> (u32, u32) {
    match chroma {
        _ if has_planes => (1, 1),
        1 => (2, 2),
        2 => (2, 1),
        _ => (1, 1),
    }
}
