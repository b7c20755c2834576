//! What of a publisher's offer is taken.

use heapless::Vec;

use super::description::SECTIONS;
use super::format::{parameter, push_parameter, significant};
use super::{Description, Direction, Format, FormatParameters, MediaKind, Policy, Refusal, Section, encodings};
use crate::limits::ENCODINGS;
use crate::media::{EncodingParameters, Feedback};
use crate::wire::{Codec, Extension, ExtensionMap, Kind};

/// One m-line of a publisher's offer and what was agreed on about it. Its place in the list is its mindex.
#[derive(Clone, Debug)]
pub struct PublishedSection<'a> {
    /// The m-line as it was offered.
    pub offered: Section<'a>,
    /// Its `a=mid`; empty if the offer has none.
    pub mid: &'a str,
    /// What became of it.
    pub state: PublishedState,
    /// Its format, for sound and pictures that have one in common with the room.
    pub codec: Option<Codec>,
    /// The payload type of that format.
    pub payload_type: u8,
    /// The payload type of its retransmissions.
    pub rtx_payload_type: Option<u8>,
    /// The payload type of redundant audio (RFC 2198) in that format.
    pub red_payload_type: Option<u8>,
    /// The format's parameters that were agreed on; they are those that subscribers are offered.
    pub parameters: FormatParameters,
    /// Header extensions that were agreed on.
    pub extensions: ExtensionMap,
    /// Simulcast layers from the lowest to the highest, or the one encoding if its SSRC is told.
    pub encodings: Vec<EncodingParameters, ENCODINGS>,
    /// Feedback that was agreed on.
    pub feedback: Feedback,
}

/// What became of an offered m-line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublishedState {
    /// The publisher sends. Of data channels: agreed on.
    Active,
    /// Agreed on, but nothing flows: the offer does not send, or nothing is in common and the m-line must stay
    /// because it is the first one, which carries the transport.
    Inactive,
    /// Port 0.
    Rejected,
}

impl<'a> PublishedSection<'a> {
    /// What it carries.
    pub fn kind(&self) -> MediaKind {
        self.offered.kind
    }

    /// Whether it has several layers.
    pub fn is_simulcast(&self) -> bool {
        self.encodings.len() > 1
    }

    /// One of the format's parameters, such as `profile-level-id` or `profile-id`.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        parameter(&self.parameters, name)
    }

    /// Whether one of the format's parameters is 1, such as `useinbandfec`, `usedtx`, `stereo`.
    pub fn has_flag(&self, name: &str) -> bool {
        self.parameter(name) == Some("1")
    }

    /// Who sends, seen from us.
    pub fn direction(&self) -> Direction {
        match (self.state, self.kind()) {
            (PublishedState::Active, MediaKind::Application) => Direction::SendRecv,
            (PublishedState::Active, _) => Direction::RecvOnly,
            _ => Direction::Inactive,
        }
    }

    /// An m-line without anything in common.
    fn nothing(offered: Section<'a>, state: PublishedState) -> Self {
        Self {
            offered,
            mid: offered.mid().unwrap_or(""),
            state,
            codec: None,
            payload_type: 0,
            rtx_payload_type: None,
            red_payload_type: None,
            parameters: FormatParameters::new(),
            extensions: ExtensionMap::EMPTY,
            encodings: Vec::new(),
            feedback: Feedback::default(),
        }
    }
}

/// Decides about every m-line of `offer`, in its order.
pub fn negotiate<'a>(
    offer: &Description<'a>,
    policy: &Policy<'_>,
) -> Result<Vec<PublishedSection<'a>, SECTIONS>, Refusal> {
    let mut sections = Vec::new();
    let (mut has_carrier, mut has_data) = (false, false);
    for offered in offer.sections() {
        let is_open = !offered.is_rejected() && offered.kind != MediaKind::Other;
        let without = match is_open && !has_carrier {
            true => PublishedState::Inactive,
            false => PublishedState::Rejected,
        };
        has_carrier |= is_open;
        let section = match offered.kind {
            _ if !is_open => PublishedSection::nothing(offered, PublishedState::Rejected),
            MediaKind::Audio => media(offered, Kind::Audio, policy, without),
            MediaKind::Video => media(offered, Kind::Video, policy, without),
            // There is one association of SCTP for a transport (RFC 8841 section 9.1).
            _ if has_data => PublishedSection::nothing(offered, PublishedState::Rejected),
            _ => data(offered, policy, without),
        };
        has_data |= offered.kind == MediaKind::Application && section.state == PublishedState::Active;
        // The reader let no more than SECTIONS through.
        let _ = sections.push(section);
    }
    Ok(sections)
}

/// Decides about sound or pictures; `without` is what becomes of it if there is no format in common.
fn media<'a>(offered: Section<'a>, kind: Kind, policy: &Policy<'_>, without: PublishedState) -> PublishedSection<'a> {
    let Some((codec, format)) = choose(&offered, kind, policy) else {
        return PublishedSection::nothing(offered, without);
    };
    let sends = offered.direction().sends();
    let state = if sends { PublishedState::Active } else { PublishedState::Inactive };
    let payload_type = format.payload_type;
    let mut section = PublishedSection {
        codec: Some(codec),
        payload_type,
        parameters: match codec {
            Codec::Opus => opus_parameters(&format, policy),
            _ => significant(codec, format.parameters),
        },
        extensions: extensions(&offered, kind, policy),
        ..PublishedSection::nothing(offered, state)
    };
    if kind == Kind::Video {
        section.rtx_payload_type =
            offered.formats().find(|other| other.repairs(payload_type)).map(|rtx| rtx.payload_type);
        section.feedback = offered.feedback(payload_type);
        section.feedback.transport_cc &= policy.transport_wide_cc;
    }
    if codec == Codec::Opus && policy.audio_red {
        section.red_payload_type =
            offered.formats().find(|other| other.is_redundant_of(payload_type)).map(|red| red.payload_type);
    }
    if kind == Kind::Audio && policy.audio_nack {
        section.feedback.nack = offered.feedback(payload_type).nack;
    }
    if sends {
        section.encodings = encodings::read(&offered, policy.rid_order);
    }
    section
}

/// Decides about data channels.
fn data<'a>(offered: Section<'a>, policy: &Policy<'_>, without: PublishedState) -> PublishedSection<'a> {
    let is_known = offered.format_words().any(|word| word == "webrtc-datachannel");
    let state = if policy.data_channels && is_known { PublishedState::Active } else { without };
    PublishedSection::nothing(offered, state)
}

/// The best format: by the room's order of codecs, then by its preferred profile, then by the offer's order.
fn choose<'a>(offered: &Section<'a>, kind: Kind, policy: &Policy<'_>) -> Option<(Codec, Format<'a>)> {
    policy.codecs(kind).iter().find_map(|&codec| {
        let formats = || offered.formats().filter(move |format| format.codec() == Some(codec));
        let preferred = formats().find(|format| is_preferred(format, codec, policy));
        Some((codec, preferred.or_else(|| formats().next())?))
    })
}

/// Whether a format has the profile that the room prefers.
fn is_preferred(format: &Format<'_>, codec: Codec, policy: &Policy<'_>) -> bool {
    let (wanted, offered) = match codec {
        Codec::H264 => (policy.h264_profile, format.parameter("profile-level-id").unwrap_or("42000a")),
        Codec::Vp9 => (policy.vp9_profile, format.parameter("profile-id").unwrap_or("0")),
        _ => return true,
    };
    wanted.is_none_or(|wanted| wanted.eq_ignore_ascii_case(offered))
}

/// Of Opus: what both sides want (RFC 7587 section 7).
fn opus_parameters(format: &Format<'_>, policy: &Policy<'_>) -> FormatParameters {
    let is_set = |name| format.parameter(name) == Some("1");
    let mut text = FormatParameters::new();
    for (agreed, name) in [
        (policy.opus_fec && is_set("useinbandfec"), "useinbandfec"),
        (policy.opus_dtx && is_set("usedtx"), "usedtx"),
        (is_set("stereo") || is_set("sprop-stereo"), "stereo"),
    ] {
        if agreed {
            push_parameter(&mut text, name, "1");
        }
    }
    text
}

/// The header extensions that are agreed on; of one that is offered twice, or of two with one id, the first counts.
fn extensions(offered: &Section<'_>, kind: Kind, policy: &Policy<'_>) -> ExtensionMap {
    let mut map = ExtensionMap::EMPTY;
    for (id, direction, extension) in offered.extensions() {
        let is_new = map.id(extension).is_none() && map.extension(id).is_none();
        if is_new && direction.sends() && is_allowed(extension, kind, policy) {
            map.set(extension, id);
        }
    }
    map
}

/// Whether a publisher may use an extension. The time of sending is not asked of publishers: transport-wide numbers
/// serve the same end.
fn is_allowed(extension: Extension, kind: Kind, policy: &Policy<'_>) -> bool {
    match (kind, extension) {
        (_, Extension::Mid) => true,
        (Kind::Audio, Extension::AudioLevel) => policy.audio_level,
        (Kind::Video, Extension::Rid | Extension::RepairedRid) => true,
        (Kind::Video, Extension::VideoOrientation) => policy.video_orientation,
        (Kind::Video, Extension::PlayoutDelay) => policy.playout_delay,
        (Kind::Video, Extension::TransportSequence) => policy.transport_wide_cc,
        (Kind::Video, Extension::DependencyDescriptor) => policy.scalable_video,
        _ => false,
    }
}
