//! Ancillary data (`cmsg(3)`) by the kernel's own layout: a header of length, level and type, its data, all padded to
//! the size of a pointer.

use std::mem::size_of;

/// Bytes of ancillary data that a message carries at most: an address and a segment size, with room to spare.
const BYTES: usize = 96;

const LENGTH: usize = size_of::<usize>();
const HEADER: usize = LENGTH + 2 * size_of::<i32>();

/// The ancillary data of one message.
#[derive(Clone, Copy)]
#[repr(C, align(8))]
pub(super) struct Ancillary {
    bytes: [u8; BYTES],
    len: usize,
}

impl Ancillary {
    /// Nothing, with room for [`Self::CAPACITY`] bytes.
    pub(super) const EMPTY: Self = Self { bytes: [0; BYTES], len: 0 };

    /// Bytes that fit.
    pub(super) const CAPACITY: usize = BYTES;

    /// Appends one item; one that does not fit is a fault of ours, and is left out.
    pub(super) fn push(&mut self, level: i32, kind: i32, data: &[u8]) {
        let length = HEADER + data.len();
        let padded = length.next_multiple_of(LENGTH);
        let Some(room) = self.bytes.get_mut(self.len..self.len + padded) else {
            debug_assert!(false, "ancillary data of {length} bytes does not fit");
            return;
        };
        room[..LENGTH].copy_from_slice(&length.to_ne_bytes());
        room[LENGTH..LENGTH + 4].copy_from_slice(&level.to_ne_bytes());
        room[LENGTH + 4..HEADER].copy_from_slice(&kind.to_ne_bytes());
        room[HEADER..length].copy_from_slice(data);
        room[length..].fill(0);
        self.len += padded;
    }

    /// How many bytes count.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Says how many bytes the kernel wrote.
    pub(super) fn set_len(&mut self, len: usize) {
        self.len = len.min(BYTES);
    }

    /// For the kernel to read, or to write up to [`Self::CAPACITY`].
    pub(super) fn as_mut_ptr(&mut self) -> *mut u8 {
        self.bytes.as_mut_ptr()
    }

    /// Level, type and data of each item.
    pub(super) fn items(&self) -> impl Iterator<Item = (i32, i32, &[u8])> {
        let mut rest = &self.bytes[..self.len];
        std::iter::from_fn(move || {
            let (header, _) = rest.split_at_checked(HEADER)?;
            let length = usize::from_ne_bytes(header[..LENGTH].try_into().ok()?);
            let level = i32::from_ne_bytes(header[LENGTH..LENGTH + 4].try_into().ok()?);
            let kind = i32::from_ne_bytes(header[LENGTH + 4..].try_into().ok()?);
            let data = rest.get(HEADER..length)?;
            rest = rest.get(length.next_multiple_of(LENGTH)..).unwrap_or(&[]);
            Some((level, kind, data))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_pushed_is_read_again() {
        let mut ancillary = Ancillary::EMPTY;
        ancillary.push(1, 2, &[3; 20]);
        ancillary.push(4, 5, &[6; 2]);
        let items: Vec<_> = ancillary.items().collect();
        assert_eq!(items, [(1, 2, &[3; 20][..]), (4, 5, &[6; 2][..])]);
    }

    #[test]
    fn a_length_that_lies_ends_the_reading() {
        for length in [0_usize, 3, HEADER - 1, BYTES + 1, usize::MAX] {
            let mut ancillary = Ancillary::EMPTY;
            ancillary.push(1, 2, &[3; 4]);
            ancillary.bytes[..LENGTH].copy_from_slice(&length.to_ne_bytes());
            assert_eq!(ancillary.items().count(), 0, "{length}");
        }
    }
}
