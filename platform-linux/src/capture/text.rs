//! What the program text2pcap reads: `text2pcap -D -t "%H:%M:%S.%f" -u 5004,7000 FILE OTHER` makes a pcap file of it.

use std::fmt::Write;
use std::time::{SystemTime, UNIX_EPOCH};

use parlor_core::link::CopiedPacket;

/// The line of a packet that was copied at `at`: its way, the time of day in UTC, its bytes, and what it is.
pub(super) fn record(at: SystemTime, packet: &CopiedPacket) -> String {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    let (seconds, us) = (since.as_secs() % 86_400, since.subsec_micros());
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    let way = if packet.way.is_incoming() { 'I' } else { 'O' };
    let mut line = format!("{way} {hours:02}:{minutes:02}:{seconds:02}.{us:06}\n000000");
    for byte in packet.copied() {
        // Writing to a text cannot fail.
        let _ = write!(line, " {byte:02x}");
    }
    let kind = if packet.way.is_rtcp() { "RTCP" } else { "RTP" };
    let _ = writeln!(line, "\n# {kind}, {} bytes", packet.packet_bytes);
    line
}
