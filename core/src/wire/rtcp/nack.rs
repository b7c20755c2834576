//! Requests to send lost packets again.

use super::{TRANSPORT_FEEDBACK, u16_at, u32_at, write as write_packet};

/// A generic NACK (RFC 4585 section 6.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Nack<'a> {
    /// Who asks.
    pub sender_ssrc: u32,
    /// Whose packets are lost.
    pub media_ssrc: u32,
    entries: &'a [u8],
}

/// What was written: a packet of `len` bytes that asks for the first `count` of the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Length of the packet.
    pub len: usize,
    /// Numbers taken.
    pub count: usize,
}

/// Writes a NACK of as many numbers of `lost` as `buffer` has room for; they are in the order of the stream. `None`
/// if there is nothing to ask for or no room for one.
pub fn write(buffer: &mut [u8], sender_ssrc: u32, media_ssrc: u32, lost: &[u16]) -> Option<Written> {
    let entries = (buffer.len().min(MAX_BYTES).checked_sub(HEADER_BYTES)?) / 4;
    let mut count = 0;
    let len = write_packet(buffer, TRANSPORT_FEEDBACK, FORMAT, |writer| {
        writer.u32(sender_ssrc)?;
        writer.u32(media_ssrc)?;
        for _ in 0..entries {
            let Some((first, mask, taken)) = entry(&lost[count..]) else { break };
            writer.u16(first)?;
            writer.u16(mask)?;
            count += taken;
        }
        Some(())
    })?;
    (count > 0).then_some(Written { len, count })
}

impl<'a> Nack<'a> {
    pub(super) fn new(body: &'a [u8]) -> Option<Self> {
        Some(Self { sender_ssrc: u32_at(body, 0)?, media_ssrc: u32_at(body, 4)?, entries: body.get(8..)? })
    }

    /// The lost numbers, in the order of the packet: at most 17 for each of its 32-bit words.
    pub fn lost(&self) -> impl Iterator<Item = u16> + use<'a> {
        self.entries.chunks_exact(4).flat_map(|entry| {
            let first = u16_at(entry, 0).unwrap_or(0);
            let mask = u16_at(entry, 2).unwrap_or(0);
            let followers = (0..16).filter(move |bit| mask >> bit & 1 == 1);
            core::iter::once(first).chain(followers.map(move |bit| first.wrapping_add(bit + 1)))
        })
    }
}

pub(super) const FORMAT: u8 = 1;

const HEADER_BYTES: usize = 12;
/// The longest packet that the length field can tell is longer than any datagram; this bounds the loop.
const MAX_BYTES: usize = crate::limits::DATAGRAM_BYTES;

/// The first number of `lost`, the mask of those within the 16 after it, and how many that takes.
fn entry(lost: &[u16]) -> Option<(u16, u16, usize)> {
    let first = *lost.first()?;
    let (mut mask, mut taken) = (0, 1);
    for number in &lost[1..] {
        match number.wrapping_sub(first) {
            0 => {}
            distance @ 1..=16 => mask |= 1 << (distance - 1),
            _ => break,
        }
        taken += 1;
    }
    Some((first, mask, taken))
}
