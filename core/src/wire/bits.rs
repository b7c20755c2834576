//! Numbers of a few bits, the first the most significant.

/// Reads bits from their beginning; each step is `None` when none are left.
pub(super) struct BitReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> BitReader<'a> {
    /// A reader at the start of `bytes`.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// A number of `count` bits, at most 32.
    pub(super) fn bits(&mut self, count: u32) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            let byte = *self.bytes.get(self.at / 8)?;
            value = value << 1 | u32::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Some(value)
    }

    /// One bit.
    pub(super) fn flag(&mut self) -> Option<bool> {
        Some(self.bits(1)? == 1)
    }

    /// A number below `count` in as few bits as it needs (`ns(n)` of the AV1 specification, section 4.10.7).
    pub(super) fn below(&mut self, count: u32) -> Option<u32> {
        let width = u32::BITS - count.leading_zeros();
        let short = (1_u32 << width) - count;
        let value = self.bits(width.checked_sub(1)?)?;
        if value < short {
            return Some(value);
        }
        Some((value << 1 | self.bits(1)?) - short)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_read_in_their_order_and_end() {
        let mut reader = BitReader::new(&[0b1010_0111, 0x80]);
        assert_eq!((reader.flag(), reader.bits(4), reader.bits(4)), (Some(true), Some(4), Some(0b1111)));
        assert_eq!((reader.bits(7), reader.flag()), (Some(0), None));
    }

    #[test]
    fn a_number_below_five_has_two_or_three_bits() {
        for (byte, value) in [(0b0000_0000, 0), (0b0100_0000, 1), (0b1000_0000, 2), (0b1100_0000, 3), (0b1110_0000, 4)]
        {
            assert_eq!(BitReader::new(&[byte]).below(5), Some(value));
        }
        assert_eq!(BitReader::new(&[]).below(1), Some(0), "needs none");
        assert_eq!(BitReader::new(&[0xff]).below(0), None);
    }
}
