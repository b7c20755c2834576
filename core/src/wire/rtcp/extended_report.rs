//! Extended reports (RFC 3611), and of these what tells a receiver its round trip: its own clock, and how long ago that
//! was heard.

use super::{u32_at, write as write_packet};
use crate::wire::bytes::{u8_at, u16_at};

/// An extended report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtendedReport<'a> {
    /// Who reports.
    pub ssrc: u32,
    blocks: &'a [u8],
}

/// What a receiver is told about its clock (RFC 3611 section 4.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockHeard {
    /// Whose clock.
    pub ssrc: u32,
    /// The middle 32 bits of what it said.
    pub ntp_middle: u32,
    /// How long ago, in 1/65536 s.
    pub delay: u32,
}

/// Writes a report of `own_ssrc` about clocks that it heard. Returns the length, `None` if `buffer` is too short.
pub fn write(buffer: &mut [u8], own_ssrc: u32, heard: &[ClockHeard]) -> Option<usize> {
    write_packet(buffer, EXTENDED_REPORT, 0, |writer| {
        writer.u32(own_ssrc)?;
        writer.bytes(&[CLOCK_HEARD, 0])?;
        writer.u16(u16::try_from(heard.len() * 3).ok()?)?;
        heard.iter().try_for_each(|clock| {
            writer.u32(clock.ssrc)?;
            writer.u32(clock.ntp_middle)?;
            writer.u32(clock.delay)
        })
    })
}

impl<'a> ExtendedReport<'a> {
    pub(super) fn new(body: &'a [u8]) -> Option<Self> {
        Some(Self { ssrc: u32_at(body, 0)?, blocks: body.get(4..)? })
    }

    /// The clock of who reports, as NTP writes it, if it tells it (section 4.4).
    pub fn receiver_clock(&self) -> Option<u64> {
        let mut rest = self.blocks;
        // Each step takes four bytes or more.
        while let (Some(kind), Some(words)) = (u8_at(rest, 0), u16_at(rest, 2)) {
            let (content, behind) = rest.get(4..)?.split_at_checked(4 * usize::from(words))?;
            if kind == RECEIVER_CLOCK {
                return Some(u64::from(u32_at(content, 0)?) << 32 | u64::from(u32_at(content, 4)?));
            }
            rest = behind;
        }
        None
    }
}

pub(super) const EXTENDED_REPORT: u8 = 207;

const RECEIVER_CLOCK: u8 = 4;
const CLOCK_HEARD: u8 = 5;
