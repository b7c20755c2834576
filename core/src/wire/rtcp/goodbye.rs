//! Sources that leave.

use super::{Block, GOODBYE, u32_at, write as write_packet};

/// A goodbye (RFC 3550 section 6.6): at most 31 sources. Its reason is not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Goodbye<'a>(&'a [u8]);

/// Writes a goodbye of `sources`. Returns its length; `None` if `buffer` is too short or they are more than 31.
pub fn write(buffer: &mut [u8], sources: &[u32]) -> Option<usize> {
    let count = u8::try_from(sources.len()).ok().filter(|count| *count <= 31)?;
    write_packet(buffer, GOODBYE, count, |writer| sources.iter().try_for_each(|ssrc| writer.u32(*ssrc)))
}

impl<'a> Goodbye<'a> {
    pub(super) fn new(block: Block<'a>) -> Option<Self> {
        block.body.get(..4 * usize::from(block.count)).map(Self)
    }

    /// Who leaves.
    pub fn sources(&self) -> impl Iterator<Item = u32> + use<'a> {
        self.0.chunks_exact(4).filter_map(|source| u32_at(source, 0))
    }
}
