//! Copies of packets for who wants them outside the media half: an administrator who looks at a link, or whoever
//! listens to a stream's sound. They are taken where packets are not protected, and read where nobody waits for it.

use crate::id::{CaptureId, RelayId, StreamId};
use crate::limits::DATAGRAM_BYTES;
use crate::wire::rtp;

/// Whom copies are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TapReader {
    /// Who captures the packets of a link.
    Capture(CaptureId),
    /// Who records what a relay brings.
    Recording(RelayId),
    /// Who listens to the sound of a stream.
    Sound(StreamId),
}

/// What is copied of packets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tap {
    /// Whom for.
    pub reader: TapReader,
    /// How much of each packet.
    pub extent: TapExtent,
}

/// How much is copied of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TapExtent {
    /// All of it.
    Whole,
    /// At most so many bytes.
    Bytes(u16),
    /// RTP without its payload, and RTCP whole.
    Headers,
}

/// Which way a packet goes, and what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketWay {
    /// RTP that the peer sent.
    RtpIn,
    /// RTP that we send.
    RtpOut,
    /// RTCP that the peer sent.
    RtcpIn,
    /// RTCP that we send.
    RtcpOut,
}

impl PacketWay {
    /// Whether the peer sent it.
    pub const fn is_incoming(self) -> bool {
        matches!(self, Self::RtpIn | Self::RtcpIn)
    }

    /// Whether it is RTCP.
    pub const fn is_rtcp(self) -> bool {
        matches!(self, Self::RtcpIn | Self::RtcpOut)
    }
}

/// The copy of a packet, without its protection.
#[derive(Clone)]
pub struct CopiedPacket {
    /// Whom it is for.
    pub reader: TapReader,
    /// Which way it goes.
    pub way: PacketWay,
    /// How long the packet is, in bytes.
    pub packet_bytes: u16,
    copied_bytes: u16,
    bytes: [u8; DATAGRAM_BYTES],
}

impl Tap {
    /// A copy of `packet`, as much as is wanted of it.
    pub fn copy(self, way: PacketWay, packet: &[u8]) -> CopiedPacket {
        let most = match self.extent {
            TapExtent::Bytes(bytes) => usize::from(bytes),
            TapExtent::Headers if !way.is_rtcp() => rtp::View::protected(packet).map_or(0, |view| view.header_len()),
            TapExtent::Whole | TapExtent::Headers => DATAGRAM_BYTES,
        };
        let copied = &packet[..packet.len().min(most).min(DATAGRAM_BYTES)];
        let mut bytes = [0; DATAGRAM_BYTES];
        bytes[..copied.len()].copy_from_slice(copied);
        let (packet_bytes, copied_bytes) = (packet.len() as u16, copied.len() as u16);
        CopiedPacket { reader: self.reader, way, packet_bytes, copied_bytes, bytes }
    }
}

impl CopiedPacket {
    /// What was copied of it.
    pub fn copied(&self) -> &[u8] {
        &self.bytes[..usize::from(self.copied_bytes)]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_copied_than_is_wanted() {
        let packet = [7; DATAGRAM_BYTES + 9];
        let all = packet.len();
        for (extent, len, copied) in [
            (TapExtent::Whole, 30, 30),
            (TapExtent::Bytes(12), 30, 12),
            (TapExtent::Bytes(40), 30, 30),
            (TapExtent::Whole, all, DATAGRAM_BYTES),
            (TapExtent::Bytes(u16::MAX), all, DATAGRAM_BYTES),
        ] {
            let copy = tap(extent).copy(PacketWay::RtpIn, &packet[..len]);
            assert_eq!((copy.copied(), usize::from(copy.packet_bytes)), (&packet[..copied], len));
        }
    }

    #[test]
    fn headers_are_copied_without_what_is_said_and_reports_whole() {
        let mut packet = [7; 60];
        // One contributing source, and an extension of two words.
        (packet[0], packet[18], packet[19]) = (0x91, 0, 2);
        for (way, copied) in [(PacketWay::RtpIn, 28), (PacketWay::RtpOut, 28), (PacketWay::RtcpIn, 60)] {
            let copy = tap(TapExtent::Headers).copy(way, &packet);
            assert_eq!((copy.copied(), copy.packet_bytes), (&packet[..copied], 60), "{way:?}");
        }
        packet[0] = 0;
        assert!(tap(TapExtent::Headers).copy(PacketWay::RtpIn, &packet).copied().is_empty(), "no RTP");
    }

    fn tap(extent: TapExtent) -> Tap {
        Tap { reader: TapReader::Capture(CaptureId::new(1, 2)), extent }
    }
}
