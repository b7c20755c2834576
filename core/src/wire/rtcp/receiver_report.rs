//! Receiver reports, and the report blocks that sender reports carry as well.

use super::{Block, RECEIVER_REPORT, Writer, u32_at, write as write_packet};

/// A receiver report (RFC 3550 section 6.4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiverReport<'a> {
    /// Who reports.
    pub ssrc: u32,
    /// What it says about each of its sources.
    pub blocks: ReportBlocks<'a>,
}

/// How one source is received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReportBlock {
    /// The source.
    pub ssrc: u32,
    /// Lost since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Lost since the beginning; 24 bits, negative if there were duplicates.
    pub cumulative_lost: i32,
    /// The highest sequence number received, with the count of wraps above it.
    pub highest_sequence: u32,
    /// The variance of arrival, in ticks of the timestamp.
    pub jitter: u32,
    /// The middle 32 bits of the last sender report's NTP time; 0 if there was none.
    pub last_sender_report: u32,
    /// Since that report arrived, in 1/65536 s.
    pub delay_since_last: u32,
}

/// At most 31 report blocks, read one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportBlocks<'a>(&'a [u8]);

/// The most report blocks of one packet.
pub const MAX_BLOCKS: usize = 31;

const BLOCK_BYTES: usize = 24;

/// Writes a receiver report. Returns its length; `None` if `buffer` is too short or the blocks are more than
/// [`MAX_BLOCKS`].
pub fn write(buffer: &mut [u8], ssrc: u32, blocks: &[ReportBlock]) -> Option<usize> {
    write_packet(buffer, RECEIVER_REPORT, count(blocks)?, |writer| {
        writer.u32(ssrc)?;
        write_blocks(writer, blocks)
    })
}

impl<'a> ReceiverReport<'a> {
    pub(super) fn new(block: Block<'a>) -> Option<Self> {
        Some(Self { ssrc: u32_at(block.body, 0)?, blocks: ReportBlocks::new(block.body.get(4..)?, block.count)? })
    }
}

impl<'a> ReportBlocks<'a> {
    /// The first `count` blocks of `bytes`; a profile's extension may follow them.
    pub(super) fn new(bytes: &'a [u8], count: u8) -> Option<Self> {
        bytes.get(..BLOCK_BYTES * usize::from(count)).map(Self)
    }
}

impl Iterator for ReportBlocks<'_> {
    type Item = ReportBlock;

    fn next(&mut self) -> Option<ReportBlock> {
        let (block, rest) = self.0.split_at_checked(BLOCK_BYTES)?;
        self.0 = rest;
        let lost = u32_at(block, 4)?;
        Some(ReportBlock {
            ssrc: u32_at(block, 0)?,
            fraction_lost: (lost >> 24) as u8,
            cumulative_lost: (lost << 8) as i32 >> 8,
            highest_sequence: u32_at(block, 8)?,
            jitter: u32_at(block, 12)?,
            last_sender_report: u32_at(block, 16)?,
            delay_since_last: u32_at(block, 20)?,
        })
    }
}

pub(super) fn count(blocks: &[ReportBlock]) -> Option<u8> {
    (blocks.len() <= MAX_BLOCKS).then_some(blocks.len() as u8)
}

pub(super) fn write_blocks(writer: &mut Writer<'_>, blocks: &[ReportBlock]) -> Option<()> {
    for block in blocks {
        writer.u32(block.ssrc)?;
        writer.u8(block.fraction_lost)?;
        writer.u24(block.cumulative_lost.clamp(-0x80_0000, 0x7f_ffff) as u32)?;
        writer.u32(block.highest_sequence)?;
        writer.u32(block.jitter)?;
        writer.u32(block.last_sender_report)?;
        writer.u32(block.delay_since_last)?;
    }
    Some(())
}
