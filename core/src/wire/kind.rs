//! Which protocol a datagram of a shared port belongs to.

/// What a datagram is, told by its first two bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketKind {
    /// RFC 8489.
    Stun,
    /// RFC 6347.
    Dtls,
    /// RFC 3550, protected or not.
    Rtp,
    /// RFC 3550 section 6, protected or not.
    Rtcp,
    /// Nothing that Parlor speaks: ZRTP, TURN channels, QUIC, or noise.
    Unknown,
}

/// Tells a datagram by its first byte (RFC 7983 section 7), and RTCP from RTP by its second (RFC 5761 section 4).
pub fn packet_kind(datagram: &[u8]) -> PacketKind {
    match datagram {
        [0..=3, ..] => PacketKind::Stun,
        [20..=63, ..] => PacketKind::Dtls,
        [128..=191, 192..=223, ..] => PacketKind::Rtcp,
        [128..=191, _, ..] => PacketKind::Rtp,
        _ => PacketKind::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_byte_tells_the_protocol() {
        for (first, kind) in [
            (0, PacketKind::Stun),
            (3, PacketKind::Stun),
            (4, PacketKind::Unknown),
            (19, PacketKind::Unknown),
            (20, PacketKind::Dtls),
            (63, PacketKind::Dtls),
            (64, PacketKind::Unknown),
            (127, PacketKind::Unknown),
            (128, PacketKind::Rtp),
            (191, PacketKind::Rtp),
            (192, PacketKind::Unknown),
            (255, PacketKind::Unknown),
        ] {
            assert_eq!(packet_kind(&[first, 0]), kind, "{first}");
        }
    }

    #[test]
    fn the_second_byte_tells_rtcp_from_rtp() {
        for (second, kind) in [
            (96, PacketKind::Rtp),
            (191, PacketKind::Rtp),
            (192, PacketKind::Rtcp),
            (200, PacketKind::Rtcp),
            (223, PacketKind::Rtcp),
            (224, PacketKind::Rtp),
        ] {
            assert_eq!(packet_kind(&[0x80, second]), kind, "{second}");
        }
    }

    #[test]
    fn nothing_is_nothing() {
        assert_eq!(packet_kind(&[]), PacketKind::Unknown);
        assert_eq!(packet_kind(&[0x80]), PacketKind::Unknown);
    }
}
