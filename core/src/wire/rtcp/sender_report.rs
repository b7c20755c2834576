//! Sender reports.

use super::receiver_report::{count, write_blocks};
use super::{Block, ReportBlock, ReportBlocks, SENDER_REPORT, u32_at, write as write_packet};
use crate::wire::bytes::u64_at;

/// A sender report (RFC 3550 section 6.4.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderReport<'a> {
    /// Who sends and reports.
    pub ssrc: u32,
    /// About what it sends.
    pub info: SenderInfo,
    /// About what it receives.
    pub blocks: ReportBlocks<'a>,
}

/// What a source says about itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SenderInfo {
    /// The wall clock, in 2^-32 s since 1900.
    pub ntp: u64,
    /// The RTP timestamp of the same moment.
    pub timestamp: u32,
    /// Packets sent so far, wrapping.
    pub packets: u32,
    /// Payload bytes sent so far, wrapping.
    pub bytes: u32,
}

/// Writes a sender report. Returns its length; `None` if `buffer` is too short or the blocks are more than
/// [`super::receiver_report::MAX_BLOCKS`].
pub fn write(buffer: &mut [u8], ssrc: u32, info: &SenderInfo, blocks: &[ReportBlock]) -> Option<usize> {
    write_packet(buffer, SENDER_REPORT, count(blocks)?, |writer| {
        writer.u32(ssrc)?;
        writer.u64(info.ntp)?;
        writer.u32(info.timestamp)?;
        writer.u32(info.packets)?;
        writer.u32(info.bytes)?;
        write_blocks(writer, blocks)
    })
}

impl SenderInfo {
    /// The middle of the NTP time, as report blocks repeat it.
    pub fn middle_ntp(&self) -> u32 {
        (self.ntp >> 16) as u32
    }
}

impl<'a> SenderReport<'a> {
    pub(super) fn new(block: Block<'a>) -> Option<Self> {
        let body = block.body;
        let info = SenderInfo {
            ntp: u64_at(body, 4)?,
            timestamp: u32_at(body, 12)?,
            packets: u32_at(body, 16)?,
            bytes: u32_at(body, 20)?,
        };
        Some(Self { ssrc: u32_at(body, 0)?, info, blocks: ReportBlocks::new(body.get(24..)?, block.count)? })
    }
}
