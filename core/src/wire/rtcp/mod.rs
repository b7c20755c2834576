//! RTCP packets (RFC 3550 section 6), one kind a file. Reading borrows; writing fills lent bytes, one packet a call,
//! so that a compound packet is written by calls one behind the other.

pub mod extended_report;
pub mod fir;
pub mod goodbye;
pub mod nack;
pub mod pli;
pub mod receiver_report;
pub mod remb;
pub mod sdes;
pub mod sender_report;
pub mod transport_feedback;

pub use extended_report::{ClockHeard, ExtendedReport};
pub use fir::Fir;
pub use goodbye::Goodbye;
pub use nack::Nack;
pub use pli::Pli;
pub use receiver_report::{ReceiverReport, ReportBlock, ReportBlocks};
pub use remb::Remb;
pub use sdes::SourceDescription;
pub use sender_report::{SenderInfo, SenderReport};
pub use transport_feedback::TransportFeedback;

use super::bytes::{Writer, u16_at, u32_at};

/// One packet of a compound packet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Packet<'a> {
    /// RFC 3550 section 6.4.1.
    SenderReport(SenderReport<'a>),
    /// RFC 3550 section 6.4.2.
    ReceiverReport(ReceiverReport<'a>),
    /// RFC 3550 section 6.5.
    SourceDescription(SourceDescription<'a>),
    /// RFC 3550 section 6.6.
    Goodbye(Goodbye<'a>),
    /// RFC 4585 section 6.2.1.
    Nack(Nack<'a>),
    /// RFC 4585 section 6.3.1.
    Pli(Pli),
    /// RFC 5104 section 4.3.1.
    Fir(Fir<'a>),
    /// draft-alvestrand-rmcat-remb-03 section 2.
    Remb(Remb<'a>),
    /// draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1.
    TransportFeedback(TransportFeedback<'a>),
    /// RFC 3611 section 3.
    ExtendedReport(ExtendedReport<'a>),
    /// Another kind, or content that does not fit its length.
    Unknown {
        /// The packet type.
        packet_type: u8,
        /// The five bits beside it: a count or a feedback message type.
        count: u8,
    },
}

/// The packets of a compound packet whose lengths add up to its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packets<'a> {
    rest: &'a [u8],
}

/// Reads a compound packet in clear, or the lone packets of RFC 5506. `None` unless the lengths and versions of all
/// its packets are right (RFC 3550 appendix A.2).
pub fn packets(bytes: &[u8]) -> Option<Packets<'_>> {
    let mut rest = bytes;
    while !rest.is_empty() {
        (_, rest) = Block::split(rest)?;
    }
    (!bytes.is_empty()).then_some(Packets { rest: bytes })
}

/// The sender of a compound packet: the source that its first packet names, also where it is still encrypted.
pub fn sender_ssrc(bytes: &[u8]) -> Option<u32> {
    u32_at(bytes, 4)
}

impl Packets<'_> {
    /// Whether the first packet is a report, as RFC 3550 section 6.1 asks; else it came reduced (RFC 5506).
    pub fn begin_with_report(&self) -> bool {
        matches!(self.rest.get(1), Some(&(SENDER_REPORT | RECEIVER_REPORT)))
    }
}

impl<'a> Iterator for Packets<'a> {
    type Item = Packet<'a>;

    fn next(&mut self) -> Option<Packet<'a>> {
        let (block, rest) = Block::split(self.rest)?;
        self.rest = rest;
        Some(block.packet())
    }
}

const SENDER_REPORT: u8 = 200;
const RECEIVER_REPORT: u8 = 201;
const SOURCE_DESCRIPTION: u8 = 202;
const GOODBYE: u8 = 203;
const TRANSPORT_FEEDBACK: u8 = 205;
const PAYLOAD_FEEDBACK: u8 = 206;

/// One packet, not yet understood: its header's fields and what follows, without padding.
#[derive(Clone, Copy)]
struct Block<'a> {
    packet_type: u8,
    count: u8,
    body: &'a [u8],
}

impl<'a> Block<'a> {
    /// The first packet of `bytes`, and the rest.
    fn split(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let [first, packet_type] = *bytes.first_chunk()?;
        let len = 4 + 4 * usize::from(u16_at(bytes, 2)?);
        let (packet, rest) = bytes.split_at_checked(len)?;
        let mut body = &packet[4..];
        if first & 0x20 != 0 {
            let padding = usize::from(*body.last()?);
            body = &body[..body.len().checked_sub(padding).filter(|_| padding > 0)?];
        }
        (first >> 6 == 2).then_some((Self { packet_type, count: first & 0x1f, body }, rest))
    }

    fn packet(self) -> Packet<'a> {
        let known = match (self.packet_type, self.count) {
            (SENDER_REPORT, _) => SenderReport::new(self).map(Packet::SenderReport),
            (RECEIVER_REPORT, _) => ReceiverReport::new(self).map(Packet::ReceiverReport),
            (SOURCE_DESCRIPTION, _) => SourceDescription::new(self).map(Packet::SourceDescription),
            (GOODBYE, _) => Goodbye::new(self).map(Packet::Goodbye),
            (TRANSPORT_FEEDBACK, nack::FORMAT) => Nack::new(self.body).map(Packet::Nack),
            (TRANSPORT_FEEDBACK, transport_feedback::FORMAT) => {
                TransportFeedback::new(self.body).map(Packet::TransportFeedback)
            }
            (PAYLOAD_FEEDBACK, pli::FORMAT) => Pli::new(self.body).map(Packet::Pli),
            (PAYLOAD_FEEDBACK, fir::FORMAT) => Fir::new(self.body).map(Packet::Fir),
            (PAYLOAD_FEEDBACK, remb::FORMAT) => Remb::new(self.body).map(Packet::Remb),
            (extended_report::EXTENDED_REPORT, _) => ExtendedReport::new(self.body).map(Packet::ExtendedReport),
            _ => None,
        };
        known.unwrap_or(Packet::Unknown { packet_type: self.packet_type, count: self.count })
    }
}

/// Writes one packet: its header, then what `body` appends, padded with zeros to 32 bits. Returns its length.
fn write(
    buffer: &mut [u8],
    packet_type: u8,
    count: u8,
    body: impl FnOnce(&mut Writer<'_>) -> Option<()>,
) -> Option<usize> {
    let mut writer = Writer::new(buffer);
    writer.bytes(&[0x80 | (count & 0x1f), packet_type, 0, 0])?;
    body(&mut writer)?;
    writer.pad()?;
    let words = u16::try_from(writer.len() / 4 - 1).ok()?;
    writer.written()[2..4].copy_from_slice(&words.to_be_bytes());
    Some(writer.len())
}

#[cfg(test)]
mod tests;
