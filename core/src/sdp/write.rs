//! What answers and offers have in common.

use core::fmt::{self, Write};
use core::net::{IpAddr, Ipv4Addr};

use super::extension::uri;
use super::format::RED_RTPMAP;
use super::{Direction, LocalTransport, SCTP_PORT};
use crate::media::Feedback;
use crate::wire::{Extension, ExtensionMap};

/// A word that cannot break out of its place in a line: what does not belong in a token is written as `_`.
pub(super) struct Token<'a>(pub(super) &'a str);

impl fmt::Display for Token<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars().take(TOKEN_CHARACTERS) {
            let keeps = character.is_ascii_alphanumeric() || "-_.+~@".contains(character);
            formatter.write_char(if keeps { character } else { '_' })?;
        }
        Ok(())
    }
}

/// The longest word that is written (RFC 8830 section 2 allows 64 for an msid).
const TOKEN_CHARACTERS: usize = 56;

/// The address that stands in `c=` lines: that of the first candidate.
fn address(local: &LocalTransport<'_>) -> IpAddr {
    local.candidates.first().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |candidate| candidate.ip())
}

/// `IP4 192.0.2.1`.
struct Network(IpAddr);

impl fmt::Display for Network {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let family = if self.0.is_ipv4() { "IP4" } else { "IP6" };
        write!(formatter, "{family} {}", self.0)
    }
}

/// Everything before the first m-line; `bundled` are the mids of the m-lines that are not rejected.
pub(super) fn session<'m>(
    out: &mut dyn Write,
    local: &LocalTransport<'_>,
    bundled: impl Iterator<Item = &'m str>,
    allow_mixed: bool,
) -> fmt::Result {
    let network = Network(address(local));
    write!(out, "v=0\r\no=- {} {} IN {network}\r\ns=-\r\nt=0 0\r\n", local.session_id, local.version)?;
    out.write_str("a=group:BUNDLE")?;
    for mid in bundled {
        write!(out, " {mid}")?;
    }
    out.write_str("\r\na=ice-lite\r\na=ice-options:trickle\r\na=fingerprint:sha-256 ")?;
    for (index, byte) in local.fingerprint.sha256.iter().enumerate() {
        write!(out, "{}{byte:02X}", if index == 0 { "" } else { ":" })?;
    }
    out.write_str("\r\n")?;
    if allow_mixed {
        out.write_str("a=extmap-allow-mixed\r\n")?;
    }
    out.write_str("a=msid-semantic: WMS *\r\n")
}

/// The lines that follow an m-line that is not rejected.
pub(super) fn head(
    out: &mut dyn Write,
    local: &LocalTransport<'_>,
    direction: Direction,
    mid: &str,
    setup: &str,
) -> fmt::Result {
    write!(out, "c=IN {}\r\na={}\r\n", Network(address(local)), direction.name())?;
    if !mid.is_empty() {
        write!(out, "a=mid:{mid}\r\n")?;
    }
    let credentials = local.credentials;
    write!(out, "a=ice-ufrag:{}\r\na=ice-pwd:{}\r\n", credentials.ufrag, credentials.password)?;
    write!(out, "a=setup:{setup}\r\n")
}

/// Our end of data channels (RFC 8841 section 6).
pub(super) fn data_transport(out: &mut dyn Write, local: &LocalTransport<'_>) -> fmt::Result {
    write!(out, "a=sctp-port:{SCTP_PORT}\r\na=max-message-size:{}\r\n", local.most_message_bytes)
}

/// An m-line that is rejected, with what must follow it.
pub(super) fn rejected(out: &mut dyn Write, kind: &str, protocol: &str, format: &str, mid: &str) -> fmt::Result {
    write!(out, "m={kind} 0 {protocol} {format}\r\nc=IN IP4 0.0.0.0\r\na=inactive\r\n")?;
    if !mid.is_empty() {
        write!(out, "a=mid:{mid}\r\n")?;
    }
    Ok(())
}

/// Host candidates (RFC 8839 section 5.1), of which the first is the most wanted. Nothing if they come by
/// themselves.
pub(super) fn candidates(out: &mut dyn Write, local: &LocalTransport<'_>) -> fmt::Result {
    for (index, candidate) in local.candidates.iter().take(CANDIDATES).enumerate() {
        let priority = candidate_priority(index);
        let (number, address, port) = (index + 1, candidate.ip(), candidate.port());
        write!(out, "a=candidate:{number} 1 udp {priority} {address} {port} typ host\r\n")?;
    }
    if local.candidates.is_empty() { Ok(()) } else { out.write_str("a=end-of-candidates\r\n") }
}

/// The priority of the host candidate with so many before it (RFC 8445 section 5.1.2.1).
pub fn candidate_priority(index: usize) -> u32 {
    (126 << 24) | ((0xffff - (index as u32 & 0xffff)) << 8) | 255
}

/// The most candidates that are written.
const CANDIDATES: usize = 16;

/// `a=extmap` lines, by id.
pub(super) fn extensions(out: &mut dyn Write, map: &ExtensionMap) -> fmt::Result {
    let mut last = 0;
    while let Some((id, extension)) = next_extension(map, last) {
        write!(out, "a=extmap:{id} {}\r\n", uri(extension))?;
        last = id;
    }
    Ok(())
}

/// The extension with the lowest id above `last`. Ids differ, so this ends after [`Extension::COUNT`] steps.
fn next_extension(map: &ExtensionMap, last: u8) -> Option<(u8, Extension)> {
    let all = Extension::ALL.into_iter().filter_map(|extension| Some((map.id(extension)?, extension)));
    all.filter(|(id, _)| *id > last).min_by_key(|(id, _)| *id)
}

/// What the payload type `red` of redundant audio means: one earlier payload, which a writer may make more.
pub(super) fn redundancy(out: &mut dyn Write, red: u8, payload_type: u8) -> fmt::Result {
    write!(out, "a=rtpmap:{red} {RED_RTPMAP}\r\na=fmtp:{red} {payload_type}/{payload_type}\r\n")
}

/// `a=rtcp-fb` lines of one payload type.
pub(super) fn feedback(out: &mut dyn Write, payload_type: u8, feedback: &Feedback) -> fmt::Result {
    for (agreed, text) in [
        (feedback.fir, "ccm fir"),
        (feedback.nack, "nack"),
        (feedback.pli, "nack pli"),
        (feedback.remb, "goog-remb"),
        (feedback.transport_cc, "transport-cc"),
    ] {
        if agreed {
            write!(out, "a=rtcp-fb:{payload_type} {text}\r\n")?;
        }
    }
    Ok(())
}
