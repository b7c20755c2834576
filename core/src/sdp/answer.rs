//! Writes the answer to a publisher.

use core::fmt::{self, Write};

use super::format::rtpmap;
use super::{Description, LocalTransport, MediaKind, PublishedSection, PublishedState, Section, write};
use crate::link::Role;

/// Writes the answer to `offer` that says what [`super::negotiate`] decided about it. Candidates are told in every
/// m-line, though all share a transport: some clients keep only the last ones that they read.
pub fn write_answer(
    out: &mut dyn Write,
    offer: &Description<'_>,
    sections: &[PublishedSection<'_>],
    local: &LocalTransport<'_>,
    role: Role,
) -> fmt::Result {
    let is_open = |section: &&PublishedSection<'_>| section.state != PublishedState::Rejected;
    let bundled = sections.iter().filter(is_open).map(|section| section.mid).filter(|mid| !mid.is_empty());
    write::session(out, local, bundled, offer.attribute("extmap-allow-mixed").is_some())?;
    for section in sections {
        let offered = &section.offered;
        if section.state == PublishedState::Rejected {
            let format = if offered.kind == MediaKind::Application { "webrtc-datachannel" } else { "0" };
            write::rejected(out, offered.kind_text, offered.protocol, format, section.mid)?;
            continue;
        }
        let setup = if role == Role::Client { "active" } else { "passive" };
        match offered.kind {
            MediaKind::Application => data(out, section, local, setup)?,
            _ => media(out, section, local, setup)?,
        }
        write::candidates(out, local)?;
    }
    Ok(())
}

/// An m-line of data channels (RFC 8841 section 5.1).
fn data(out: &mut dyn Write, section: &PublishedSection<'_>, local: &LocalTransport<'_>, setup: &str) -> fmt::Result {
    write!(out, "m=application 9 {} webrtc-datachannel\r\n", section.offered.protocol)?;
    write::head(out, local, section.direction(), section.mid, setup)?;
    write::data_transport(out, local)
}

/// An m-line of sound or pictures.
fn media(out: &mut dyn Write, section: &PublishedSection<'_>, local: &LocalTransport<'_>, setup: &str) -> fmt::Result {
    let offered = &section.offered;
    let payload_type = section.payload_type;
    write!(out, "m={} 9 {}", offered.kind_text, offered.protocol)?;
    // A sender takes what stands first: redundant audio where that was agreed on.
    if let Some(red) = section.red_payload_type {
        write!(out, " {red}")?;
    }
    write!(out, " {payload_type}")?;
    if let Some(rtx) = section.rtx_payload_type {
        write!(out, " {rtx}")?;
    }
    out.write_str("\r\n")?;
    write::head(out, local, section.direction(), section.mid, setup)?;
    out.write_str("a=rtcp-mux\r\n")?;
    if offered.attribute("rtcp-rsize").is_some() {
        out.write_str("a=rtcp-rsize\r\n")?;
    }
    let Some(codec) = section.codec else { return Ok(()) };
    write!(out, "a=rtpmap:{payload_type} {}\r\n", rtpmap(codec))?;
    write::feedback(out, payload_type, &section.feedback)?;
    if !section.parameters.is_empty() {
        write!(out, "a=fmtp:{payload_type} {}\r\n", section.parameters)?;
    }
    write::extensions(out, &section.extensions)?;
    if let Some(red) = section.red_payload_type {
        write::redundancy(out, red, payload_type)?;
    }
    if let Some(rtx) = section.rtx_payload_type {
        write!(out, "a=rtpmap:{rtx} rtx/90000\r\na=fmtp:{rtx} apt={payload_type}\r\n")?;
    }
    simulcast(out, section, offered)
}

/// The rids that were taken, in the order of the offer (RFC 8853 section 5.3).
fn simulcast(out: &mut dyn Write, section: &PublishedSection<'_>, offered: &Section<'_>) -> fmt::Result {
    let is_taken = |rid: &&str| section.encodings.iter().any(|encoding| encoding.rid.as_deref() == Some(*rid));
    if !offered.rids().any(|rid| is_taken(&rid)) {
        return Ok(());
    }
    for rid in offered.rids().take(section.encodings.len()).filter(is_taken) {
        write!(out, "a=rid:{rid} recv\r\n")?;
    }
    out.write_str("a=simulcast:recv ")?;
    for (index, rid) in offered.rids().take(section.encodings.len()).filter(is_taken).enumerate() {
        write!(out, "{}{rid}", if index == 0 { "" } else { ";" })?;
    }
    out.write_str("\r\n")
}
