//! Writes the offer to a subscriber.

use core::fmt::{self, Write};

use super::format::rtpmap;
use super::write::{self, Token};
use super::{Direction, LocalTransport, SECTIONS, section_mid};
use crate::media::{Feedback, Mid};
use crate::wire::{Codec, ExtensionMap, Kind};

/// One m-line that we offer to a subscriber. Its place in the list never changes, and [`super::section_mid`] of that
/// place is its mid.
#[derive(Clone, Copy, Debug)]
pub struct OfferedSection<'a> {
    /// Whether something flows.
    pub state: OfferedState,
    /// Sound or picture; `None` for data channels.
    pub media: Option<OfferedMedia<'a>>,
}

/// Whether something flows on an offered m-line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfferedState {
    /// We send.
    Sending,
    /// Its source is gone; the m-line waits for another of its kind.
    Inactive,
    /// Port 0.
    Removed,
}

/// The media of an offered m-line.
#[derive(Clone, Copy, Debug)]
pub struct OfferedMedia<'a> {
    /// Its format.
    pub codec: Codec,
    /// The payload type of that format; [`super::offered_payload_types`] chooses it.
    pub payload_type: u8,
    /// The payload type of its retransmissions.
    pub rtx_payload_type: Option<u8>,
    /// The payload type of redundant audio (RFC 2198) in that format, where it is offered.
    pub red_payload_type: Option<u8>,
    /// Whether lost audio may be asked for again.
    pub audio_nack: bool,
    /// The format's parameters, those of the publisher; may be empty.
    pub parameters: &'a str,
    /// Header extensions; [`super::offered_extensions`] chooses them.
    pub extensions: ExtensionMap,
    /// The SSRC that we chose.
    pub ssrc: u32,
    /// The SSRC of its retransmissions.
    pub rtx_ssrc: Option<u32>,
    /// The name of the MediaStream, the same for all m-lines of one publisher, so that a player keeps them in step.
    pub stream_name: &'a str,
}

impl OfferedSection<'_> {
    /// What it carries, as it is written.
    fn kind_text(&self) -> &'static str {
        match self.media.map(|media| media.codec.kind()) {
            Some(Kind::Audio) => "audio",
            Some(Kind::Video) => "video",
            None => "application",
        }
    }
}

/// What we ask a subscriber to send back about a codec; about sound `audio_nack` more.
pub(super) fn offered_feedback(codec: Codec, audio_nack: bool) -> Feedback {
    let is_video = codec.kind() == Kind::Video;
    Feedback { nack: is_video || audio_nack, pli: is_video, fir: is_video, remb: is_video, transport_cc: true }
}

/// Writes an offer of `sections`, of which the first [`SECTIONS`] count.
pub fn write_offer(out: &mut dyn Write, sections: &[OfferedSection<'_>], local: &LocalTransport<'_>) -> fmt::Result {
    let sections = &sections[..sections.len().min(SECTIONS)];
    let mut mids: heapless::Vec<Mid, SECTIONS> = heapless::Vec::new();
    for (index, _) in sections.iter().enumerate().filter(|(_, section)| section.state != OfferedState::Removed) {
        // There are at most SECTIONS.
        let _ = mids.push(section_mid(index));
    }
    write::session(out, local, mids.iter().map(Mid::as_str), true)?;
    for (index, section) in sections.iter().enumerate() {
        write_section(out, section, &section_mid(index), local)?;
        if section.state != OfferedState::Removed {
            write::candidates(out, local)?;
        }
    }
    Ok(())
}

fn write_section(
    out: &mut dyn Write,
    section: &OfferedSection<'_>,
    mid: &str,
    local: &LocalTransport<'_>,
) -> fmt::Result {
    let direction = match section.state {
        OfferedState::Sending => Direction::SendOnly,
        OfferedState::Inactive => Direction::Inactive,
        OfferedState::Removed => {
            let (protocol, format) = match section.media {
                Some(_) => (RTP, "0"),
                None => (SCTP, "webrtc-datachannel"),
            };
            return write::rejected(out, section.kind_text(), protocol, format, mid);
        }
    };
    let Some(media) = &section.media else {
        write!(out, "m=application 9 {SCTP} webrtc-datachannel\r\n")?;
        write::head(out, local, direction, mid, "actpass")?;
        return write::data_transport(out, local);
    };
    write!(out, "m={} 9 {RTP} {}", section.kind_text(), media.payload_type)?;
    for other in [media.rtx_payload_type, media.red_payload_type].into_iter().flatten() {
        write!(out, " {other}")?;
    }
    out.write_str("\r\n")?;
    write::head(out, local, direction, mid, "actpass")?;
    out.write_str("a=rtcp-mux\r\na=rtcp-rsize\r\n")?;
    // So that a receiver knows how long what it asks for again will take (RFC 3611 section 5.1).
    if direction.sends() {
        out.write_str("a=rtcp-xr:rcvr-rtt=all\r\n")?;
    }
    formats(out, media)?;
    if direction.sends() { sources(out, media, mid) } else { Ok(()) }
}

/// The protocol of sound and pictures (RFC 5764 section 8).
const RTP: &str = "UDP/TLS/RTP/SAVPF";

/// The protocol of data channels (RFC 8841 section 4.1).
const SCTP: &str = "UDP/DTLS/SCTP";

/// What the payload types and extension ids mean.
fn formats(out: &mut dyn Write, media: &OfferedMedia<'_>) -> fmt::Result {
    let payload_type = media.payload_type;
    write!(out, "a=rtpmap:{payload_type} {}\r\n", rtpmap(media.codec))?;
    write::feedback(out, payload_type, &offered_feedback(media.codec, media.audio_nack))?;
    if !media.parameters.is_empty() {
        write!(out, "a=fmtp:{payload_type} {}\r\n", media.parameters)?;
    }
    write::extensions(out, &media.extensions)?;
    if let Some(red) = media.red_payload_type {
        write::redundancy(out, red, payload_type)?;
    }
    match media.rtx_payload_type {
        Some(rtx) => write!(out, "a=rtpmap:{rtx} rtx/90000\r\na=fmtp:{rtx} apt={payload_type}\r\n"),
        None => Ok(()),
    }
}

/// What we send: the SSRCs (RFC 5576) and the names of stream and track (RFC 8830).
fn sources(out: &mut dyn Write, media: &OfferedMedia<'_>, mid: &str) -> fmt::Result {
    let name = Token(media.stream_name);
    write!(out, "a=msid:{name} {name}{mid}\r\n")?;
    let rtx_ssrc = media.rtx_ssrc.filter(|_| media.rtx_payload_type.is_some());
    if let Some(rtx_ssrc) = rtx_ssrc {
        write!(out, "a=ssrc-group:FID {} {rtx_ssrc}\r\n", media.ssrc)?;
    }
    for ssrc in [Some(media.ssrc), rtx_ssrc].into_iter().flatten() {
        write!(out, "a=ssrc:{ssrc} cname:{name}\r\n")?;
    }
    Ok(())
}
