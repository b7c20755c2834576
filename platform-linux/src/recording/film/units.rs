//! The units that a frame of H.264 or H.265 is made of, as Matroska has them: each after its length in four bytes.

/// Bytes of a length.
const LENGTH_BYTES: usize = 4;

/// Units of one frame, on their way into it.
#[derive(Default)]
pub(super) struct Units {
    /// Where the unit begins that comes in fragments.
    fragmented: Option<usize>,
}

impl Units {
    /// A frame begins.
    pub(super) fn begin(&mut self) {
        self.fragmented = None;
    }

    /// Whether all that began has ended.
    pub(super) fn is_whole(&self) -> bool {
        self.fragmented.is_none()
    }

    /// Adds a whole unit.
    pub(super) fn push(&mut self, unit: &[u8], frame: &mut Vec<u8>) -> Option<()> {
        (self.is_whole() && !unit.is_empty()).then_some(())?;
        frame.extend((unit.len() as u32).to_be_bytes());
        frame.extend_from_slice(unit);
        Some(())
    }

    /// Adds the units of an aggregate, each after its length in two bytes. Tells `see` of each.
    pub(super) fn push_all(&mut self, mut units: &[u8], frame: &mut Vec<u8>, mut see: impl FnMut(&[u8])) -> Option<()> {
        (!units.is_empty()).then_some(())?;
        while let Some((length, rest)) = units.split_first_chunk() {
            let (unit, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
            self.push(unit, frame)?;
            see(unit);
            units = rest;
        }
        units.is_empty().then_some(())
    }

    /// Adds a fragment: the first begins a unit with this header.
    pub(super) fn fragment(
        &mut self,
        (header, fragment): (&[u8], &[u8]),
        (is_first, is_last): (bool, bool),
        frame: &mut Vec<u8>,
    ) -> Option<()> {
        if is_first {
            self.is_whole().then_some(())?;
            self.fragmented = Some(frame.len());
            frame.extend([0; LENGTH_BYTES]);
            frame.extend_from_slice(header);
        }
        let begin = self.fragmented?;
        frame.extend_from_slice(fragment);
        if is_last {
            self.fragmented = None;
            let len = (frame.len() - begin - LENGTH_BYTES) as u32;
            frame.get_mut(begin..begin + LENGTH_BYTES)?.copy_from_slice(&len.to_be_bytes());
        }
        Some(())
    }
}

/// The units of a whole frame.
pub(super) fn units(mut frame: &[u8]) -> impl Iterator<Item = &[u8]> {
    std::iter::from_fn(move || {
        let (length, rest) = frame.split_first_chunk()?;
        let unit;
        (unit, frame) = rest.split_at_checked(u32::from_be_bytes(*length) as usize)?;
        Some(unit)
    })
}
