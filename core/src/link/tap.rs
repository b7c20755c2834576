//! Copies of packets for who wants them outside the media half: an administrator who looks at a link, or whoever
//! listens to a stream's sound. They are taken where packets are not protected, and read where nobody waits for it.

use crate::id::{CaptureId, RelayId, StreamId};
use crate::limits::DATAGRAM_BYTES;

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
    /// The most bytes of a packet that are copied; 0: all.
    pub most_bytes: u16,
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
        let most = if self.most_bytes == 0 { DATAGRAM_BYTES } else { usize::from(self.most_bytes).min(DATAGRAM_BYTES) };
        let copied = &packet[..packet.len().min(most)];
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
        let tap = |most_bytes| Tap { reader: TapReader::Capture(CaptureId::new(1, 2)), most_bytes };
        let packet = [7; DATAGRAM_BYTES + 9];
        for (most_bytes, len, copied) in [(0, 30, 30), (12, 30, 12), (40, 30, 30), (0, packet.len(), DATAGRAM_BYTES)] {
            let copy = tap(most_bytes).copy(PacketWay::RtpIn, &packet[..len]);
            assert_eq!((copy.copied(), usize::from(copy.packet_bytes)), (&packet[..copied], len));
        }
    }
}
