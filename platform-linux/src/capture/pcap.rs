//! The file format of libpcap (draft-ietf-opsawg-pcap): each packet behind an IPv4 and a UDP header that we make up,
//! for what is copied had neither any more.

use std::time::{SystemTime, UNIX_EPOCH};

use parlor_core::link::CopiedPacket;

/// Ahead of all records: times in microseconds, version 2.4, records of at most 65535 bytes that begin with an IP
/// header.
pub(super) const FILE_HEADER: [u8; 24] =
    [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 101, 0, 0, 0];

/// Us and the peer.
const PARLOR: ([u8; 4], u16) = ([10, 0, 0, 1], 7000);
const PEER: ([u8; 4], u16) = ([10, 0, 0, 2], 5004);

const IP_BYTES: u16 = 20;
const UDP_BYTES: u16 = 8;

/// The record of a packet that was copied at `at`.
pub(super) fn record(at: SystemTime, packet: &CopiedPacket) -> Vec<u8> {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let headers = usize::from(IP_BYTES + UDP_BYTES);
    let (copied, whole) = (packet.copied(), usize::from(packet.packet_bytes));
    let mut record = Vec::with_capacity(16 + headers + copied.len());
    for word in
        [since.as_secs() as u32, since.subsec_micros(), (headers + copied.len()) as u32, (headers + whole) as u32]
    {
        record.extend(word.to_le_bytes());
    }
    let ((source, source_port), (target, target_port)) =
        if packet.way.is_incoming() { (PEER, PARLOR) } else { (PARLOR, PEER) };
    record.extend(ip_header(source, target, packet.packet_bytes));
    for half in [source_port, target_port, UDP_BYTES.saturating_add(packet.packet_bytes), NO_CHECKSUM] {
        record.extend(half.to_be_bytes());
    }
    record.extend(copied);
    record
}

/// UDP over IPv4 may go without one (RFC 768).
const NO_CHECKSUM: u16 = 0;

/// RFC 791 section 3.1: no options, no fragments, UDP.
fn ip_header(source: [u8; 4], target: [u8; 4], payload_bytes: u16) -> [u8; 20] {
    let len = (IP_BYTES + UDP_BYTES).saturating_add(payload_bytes).to_be_bytes();
    let mut header = [0x45, 0, len[0], len[1], 0, 0, 0x40, 0, 64, 17, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    header[12..16].copy_from_slice(&source);
    header[16..20].copy_from_slice(&target);
    let sum = header.chunks_exact(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum::<u32>();
    let folded = (sum & 0xffff) + (sum >> 16);
    let checksum = !((folded & 0xffff) + (folded >> 16)) as u16;
    header[10..12].copy_from_slice(&checksum.to_be_bytes());
    header
}
