//! Source descriptions: of their items, the canonical name.

use super::{Block, SOURCE_DESCRIPTION, u32_at, write as write_packet};

/// A source description (RFC 3550 section 6.5): at most 31 chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceDescription<'a> {
    count: u8,
    chunks: &'a [u8],
}

/// Writes a description of one source: its canonical name. Returns the length; `None` if `buffer` is too short or
/// the name longer than 255 bytes.
pub fn write(buffer: &mut [u8], ssrc: u32, cname: &[u8]) -> Option<usize> {
    write_packet(buffer, SOURCE_DESCRIPTION, 1, |writer| {
        writer.u32(ssrc)?;
        writer.u8(CNAME)?;
        writer.u8(u8::try_from(cname.len()).ok()?)?;
        writer.bytes(cname)?;
        writer.u8(END)
    })
}

impl<'a> SourceDescription<'a> {
    pub(super) fn new(block: Block<'a>) -> Option<Self> {
        let all = Self { count: block.count, chunks: block.body };
        (all.chunks().count() == usize::from(block.count)).then_some(all)
    }

    /// Each described source with its canonical name, where it gives one.
    pub fn chunks(&self) -> impl Iterator<Item = (u32, Option<&'a [u8]>)> + use<'a> {
        let mut rest = self.chunks;
        (0..self.count).map_while(move |_| {
            let ssrc = u32_at(rest, 0)?;
            let (cname, len) = items(rest.get(4..)?)?;
            rest = rest.get(4 + len..)?;
            Some((ssrc, cname))
        })
    }
}

const END: u8 = 0;
const CNAME: u8 = 1;

/// The canonical name among a chunk's items, and the length of the items with their end and its padding.
fn items(bytes: &[u8]) -> Option<(Option<&[u8]>, usize)> {
    let (mut at, mut cname) = (0, None);
    loop {
        let kind = *bytes.get(at)?;
        if kind == END {
            return Some((cname, (at + 1).next_multiple_of(4)));
        }
        let len = usize::from(*bytes.get(at + 1)?);
        let text = bytes.get(at + 2..at + 2 + len)?;
        if kind == CNAME {
            cname = Some(text);
        }
        at += 2 + len;
    }
}
