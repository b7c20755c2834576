//! Requests for a picture that needs no other.

use super::{PAYLOAD_FEEDBACK, u32_at, write as write_packet};

/// A picture loss indication (RFC 4585 section 6.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pli {
    /// Who asks.
    pub sender_ssrc: u32,
    /// Whose picture is lost.
    pub media_ssrc: u32,
}

/// Writes a picture loss indication. Returns its length, `None` if `buffer` is too short.
pub fn write(buffer: &mut [u8], sender_ssrc: u32, media_ssrc: u32) -> Option<usize> {
    write_packet(buffer, PAYLOAD_FEEDBACK, FORMAT, |writer| {
        writer.u32(sender_ssrc)?;
        writer.u32(media_ssrc)
    })
}

impl Pli {
    pub(super) fn new(body: &[u8]) -> Option<Self> {
        Some(Self { sender_ssrc: u32_at(body, 0)?, media_ssrc: u32_at(body, 4)? })
    }
}

pub(super) const FORMAT: u8 = 1;
