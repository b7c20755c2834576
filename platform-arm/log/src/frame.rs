//! One frame while its parts come.

/// The longest frame, in bytes before it is encoded. Texts of the platform are cut before they are as long.
pub(crate) const FRAME_BYTES: usize = 1024;

/// A frame as `defmt` writes it: the number of its text, the time, the values.
pub(crate) struct Frame {
    bytes: [u8; FRAME_BYTES],
    len: usize,
    is_too_long: bool,
}

impl Frame {
    /// A frame without parts.
    pub(crate) const EMPTY: Self = Self { bytes: [0; FRAME_BYTES], len: 0, is_too_long: false };

    /// Begins another.
    pub(crate) fn clear(&mut self) {
        (self.len, self.is_too_long) = (0, false);
    }

    /// Appends a part.
    pub(crate) fn push(&mut self, part: &[u8]) {
        match self.bytes.get_mut(self.len..self.len + part.len()) {
            Some(place) => {
                place.copy_from_slice(part);
                self.len += part.len();
            }
            None => self.is_too_long = true,
        }
    }

    /// The whole frame, unless it was too long.
    pub(crate) fn whole(&self) -> Option<&[u8]> {
        (!self.is_too_long).then_some(&self.bytes[..self.len])
    }

    /// The number of its text, which is its kind.
    pub(crate) fn kind(&self) -> Option<u16> {
        self.bytes[..self.len].first_chunk().map(|number| u16::from_le_bytes(*number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_is_its_parts_or_nothing() {
        let mut frame = Frame::EMPTY;
        assert_eq!(frame.kind(), None);
        frame.push(&[1, 2]);
        frame.push(&[3]);
        assert_eq!((frame.kind(), frame.whole()), (Some(0x0201), Some(&[1, 2, 3][..])));
        frame.push(&[0; FRAME_BYTES]);
        assert_eq!(frame.whole(), None);
        frame.clear();
        assert_eq!(frame.whole(), Some(&[][..]));
    }
}
