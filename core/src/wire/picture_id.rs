//! The picture number that VP8 and VP9 payload descriptors share (RFC 7741 and RFC 9628, sections 4.2).

use super::bytes::{u8_at, u16_at};

/// A picture's number and where it stands, so that a rewriter can write another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PictureId {
    /// Where it begins in the payload.
    pub at: usize,
    /// Whether it has 15 bits; else 7.
    pub is_long: bool,
    /// The number.
    pub value: u16,
}

impl PictureId {
    /// The number at `at`; its first bit tells its size.
    pub(super) fn read(payload: &[u8], at: usize) -> Option<Self> {
        let first = u8_at(payload, at)?;
        let is_long = first & 0x80 != 0;
        let value = if is_long { u16_at(payload, at)? & 0x7fff } else { u16::from(first) };
        Some(Self { at, is_long, value })
    }

    /// Bytes that it takes.
    pub fn byte_len(&self) -> usize {
        if self.is_long { 2 } else { 1 }
    }

    /// Writes the low 15 or 7 bits of `value` in its place; nothing if `payload` is another, shorter one.
    pub fn write(&self, payload: &mut [u8], value: u16) {
        let bytes = if self.is_long { (0x8000 | value).to_be_bytes() } else { [value as u8 & 0x7f, 0] };
        if let Some(place) = payload.get_mut(self.at..self.at + self.byte_len()) {
            place.copy_from_slice(&bytes[..self.byte_len()]);
        }
    }
}
