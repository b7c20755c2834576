//! Bits of a codec's headers, the highest first.

/// The rest of some bytes, bit by bit.
#[derive(Clone)]
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// The next `count` bits, at most 32, as a number.
    pub(super) fn take(&mut self, count: u32) -> Option<u32> {
        let mut value = 0;
        for _ in 0..count {
            let byte = self.bytes.get(self.at / 8)?;
            value = value << 1 | u32::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Some(value)
    }

    /// The next bit.
    pub(super) fn flag(&mut self) -> Option<bool> {
        self.take(1).map(|bit| bit == 1)
    }

    /// Leaves out `count` bits.
    pub(super) fn skip(&mut self, count: usize) -> Option<()> {
        self.at = self.at.checked_add(count).filter(|at| *at <= 8 * self.bytes.len())?;
        Some(())
    }

    /// A number in an Exp-Golomb code (ITU-T H.264 section 9.1), below 2^32 - 1. AV1's `uvlc` is the same.
    pub(super) fn exp_golomb(&mut self) -> Option<u32> {
        let mut zeros = 0;
        while !self.flag()? {
            zeros += 1;
            if zeros > 31 {
                return None;
            }
        }
        Some((1_u32 << zeros) - 1 + self.take(zeros)?)
    }

    /// The same with a sign.
    pub(super) fn signed_exp_golomb(&mut self) -> Option<i64> {
        let number = i64::from(self.exp_golomb()?);
        Some(if number % 2 == 1 { (number + 1) / 2 } else { -number / 2 })
    }
}

/// A unit of H.264 or H.265 without the bytes that only keep start codes out of it (ITU-T H.264 section 7.4.1).
pub(super) fn unescaped(unit: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(unit.len());
    let mut zeros = 0;
    for byte in unit {
        if zeros >= 2 && *byte == 3 {
            zeros = 0;
            continue;
        }
        zeros = if *byte == 0 { zeros + 1 } else { 0 };
        bytes.push(*byte);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_the_standard_writes_them() {
        // 1, 010, 011, 00100, 00101, then four bits.
        let mut bits = Bits::new(&[0b1010_0110, 0b0100_0010, 0b1101_1000]);
        let numbers: Vec<_> = (0..5).map(|_| bits.exp_golomb().unwrap()).collect();
        assert_eq!((numbers, bits.take(4)), (vec![0, 1, 2, 3, 4], Some(0b1011)));
        assert_eq!(Bits::new(&[0; 9]).exp_golomb(), None);
        assert_eq!(Bits::new(&[0b0100_1100]).signed_exp_golomb(), Some(1));
        assert_eq!(Bits::new(&[0b0110_1100]).signed_exp_golomb(), Some(-1));
        assert_eq!((bits.skip(3), bits.skip(1)), (Some(()), None));
    }

    #[test]
    fn what_keeps_start_codes_out_is_left_out() {
        assert_eq!(unescaped(&[1, 0, 0, 3, 1, 0, 0, 3, 0, 0, 3]), [1, 0, 0, 1, 0, 0, 0, 0]);
    }
}
