//! Commands to send a picture that needs no other.

use super::{PAYLOAD_FEEDBACK, u32_at, write as write_packet};
use crate::wire::bytes::u8_at;

/// A full intra request (RFC 5104 section 4.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fir<'a> {
    /// Who asks.
    pub sender_ssrc: u32,
    entries: &'a [u8],
}

/// Asks one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The source.
    pub ssrc: u32,
    /// Counts the commands to it; a repetition keeps its number.
    pub number: u8,
}

/// Writes a full intra request. Returns its length, `None` if `buffer` is too short.
pub fn write(buffer: &mut [u8], sender_ssrc: u32, entries: &[Entry]) -> Option<usize> {
    write_packet(buffer, PAYLOAD_FEEDBACK, FORMAT, |writer| {
        writer.u32(sender_ssrc)?;
        writer.u32(0)?;
        for entry in entries {
            writer.u32(entry.ssrc)?;
            writer.bytes(&[entry.number, 0, 0, 0])?;
        }
        Some(())
    })
}

impl<'a> Fir<'a> {
    pub(super) fn new(body: &'a [u8]) -> Option<Self> {
        Some(Self { sender_ssrc: u32_at(body, 0)?, entries: body.get(8..)? })
    }

    /// Who is asked.
    pub fn entries(&self) -> impl Iterator<Item = Entry> + use<'a> {
        self.entries
            .chunks_exact(8)
            .filter_map(|entry| Some(Entry { ssrc: u32_at(entry, 0)?, number: u8_at(entry, 4)? }))
    }
}

pub(super) const FORMAT: u8 = 4;
