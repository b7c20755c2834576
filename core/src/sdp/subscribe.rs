//! What we offer to a subscriber, and what its answer agrees to.

use core::fmt::Write;

use heapless::Vec;

use super::description::SECTIONS;
use super::offer::offered_feedback;
use super::{
    Cause, DataTransport, Description, MediaKind, OfferedMedia, OfferedSection, OfferedState, Policy, Refusal, Section,
};
use crate::media::{Feedback, Mid};
use crate::wire::{Codec, Extension, ExtensionMap, Kind};

/// What a subscriber's answer says about one m-line of ours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AnsweredSection {
    /// Whether we may send.
    pub accepted: bool,
    /// The payload type to send with.
    pub payload_type: u8,
    /// The payload type of retransmissions, where the subscriber takes them.
    pub rtx_payload_type: Option<u8>,
    /// The payload type of redundant audio, where the subscriber takes it.
    pub red_payload_type: Option<u8>,
    /// Header extensions that the subscriber takes.
    pub extensions: ExtensionMap,
    /// Feedback that the subscriber sends.
    pub feedback: Feedback,
    /// The subscriber's end of data channels, of an m-line that has them.
    pub data: Option<DataTransport>,
}

/// The mid of our m-line number `index`.
pub fn section_mid(index: usize) -> Mid {
    let mut mid = Mid::new();
    // Twenty digits at most, and a mid has room for 32.
    let _ = write!(mid, "{index}");
    mid
}

/// Payload types for one more format in a PeerConnection that already offers `taken` (codec, payload type, second
/// payload type, parameters): equal formats share theirs, different ones never do (RFC 9143 section 9.1). The second
/// one is for retransmissions of video, and for redundant Opus; other sound has none.
pub fn offered_payload_types<'a>(
    taken: impl IntoIterator<Item = (Codec, u8, Option<u8>, &'a str)>,
    codec: Codec,
    parameters: &str,
) -> (u8, Option<u8>) {
    let mut used = [false; 128];
    let mut equal = None;
    for (other, payload_type, second, other_parameters) in taken {
        if other == codec && other_parameters == parameters {
            equal = equal.filter(|(_, second): &(u8, Option<u8>)| second.is_some()).or(Some((payload_type, second)));
        }
        for number in [Some(payload_type), second].into_iter().flatten() {
            used[usize::from(number & 127)] = true;
        }
    }
    if let Some(equal) = equal {
        return equal;
    }
    let usual = usual_payload_type(codec);
    let is_free = |number: u8| !used[usize::from(number & 127)];
    if codec.kind() == Kind::Audio {
        let number = if is_free(usual) { Some(usual) } else { free_numbers().find(|number| is_free(*number)) };
        let number = number.unwrap_or(usual);
        let is_red = |red: &u8| *red != number && is_free(*red);
        let red = core::iter::once(RED_PAYLOAD_TYPE).chain(free_numbers()).find(is_red);
        return (number, red.filter(|_| codec == Codec::Opus));
    }
    let is_free_pair = |number: &u8| is_free(*number) && is_free(*number + 1);
    let number = core::iter::once(usual).chain(free_numbers()).find(is_free_pair).unwrap_or(usual);
    (number, Some(number + 1))
}

/// The number of redundant Opus that browsers are used to.
const RED_PAYLOAD_TYPE: u8 = 63;

/// Numbers for more formats than usual: the dynamic ones (RFC 3551 section 6), then those that are free under
/// rtcp-mux (RFC 5761 section 4).
fn free_numbers() -> impl Iterator<Item = u8> {
    (112..126).chain(35..63)
}

/// The number that clients of this API are used to.
const fn usual_payload_type(codec: Codec) -> u8 {
    match codec {
        Codec::Pcmu => 0,
        Codec::Pcma => 8,
        Codec::G722 => 9,
        Codec::Vp8 => 96,
        Codec::Av1 => 98,
        Codec::H265 => 100,
        Codec::Vp9 => 101,
        Codec::H264 => 107,
        Codec::Opus => 111,
        Codec::MultiOpus => 112,
    }
}

/// The header extensions that we offer for a stream whose publisher agreed on `published`; for an m-line without a
/// source that is [`ExtensionMap::EMPTY`]. An extension has one id in all m-lines (RFC 8285 section 6).
pub fn offered_extensions(codec: Codec, published: &ExtensionMap, policy: &Policy<'_>) -> ExtensionMap {
    let mut map = ExtensionMap::EMPTY.with(Extension::Mid, 4);
    let mut pass = |extension, id| {
        if published.id(extension).is_some() {
            map.set(extension, id);
        }
    };
    match codec.kind() {
        Kind::Audio => pass(Extension::AudioLevel, 1),
        Kind::Video => {
            pass(Extension::PlayoutDelay, 12);
            pass(Extension::VideoOrientation, 13);
            pass(Extension::DependencyDescriptor, 14);
            map.set(Extension::AbsoluteSendTime, 2);
            map.set(Extension::TransportSequence, if policy.transport_wide_cc { 3 } else { 0 });
        }
    }
    map
}

/// What `answer` agrees to about each of the `offered` m-lines, in their order.
pub fn read_answer(
    answer: &Description<'_>,
    offered: &[OfferedSection<'_>],
) -> Result<Vec<AnsweredSection, SECTIONS>, Refusal> {
    let not_an_answer = Refusal { line: 0, cause: Cause::NotAnAnswer };
    let mut answered = Vec::new();
    let mut sections = answer.sections();
    for (index, offered) in offered.iter().enumerate() {
        let section = sections.next().filter(|section| is_answer(section, offered, index)).ok_or(not_an_answer)?;
        answered.push(read_section(&section, offered)).map_err(|_| not_an_answer)?;
    }
    match sections.next() {
        None => Ok(answered),
        Some(_) => Err(not_an_answer),
    }
}

/// Whether an m-line answers ours: of the same kind, and with our mid if it says one.
fn is_answer(section: &Section<'_>, offered: &OfferedSection<'_>, index: usize) -> bool {
    let kind = match offered.media.map(|media| media.codec.kind()) {
        Some(Kind::Audio) => MediaKind::Audio,
        Some(Kind::Video) => MediaKind::Video,
        None => MediaKind::Application,
    };
    section.kind == kind && section.mid().is_none_or(|mid| mid == section_mid(index))
}

fn read_section(section: &Section<'_>, offered: &OfferedSection<'_>) -> AnsweredSection {
    // Data channels have no direction.
    let flows = offered.state == OfferedState::Sending && (offered.media.is_none() || section.direction().receives());
    if section.is_rejected() || !flows {
        return AnsweredSection::default();
    }
    match &offered.media {
        Some(media) => read_media(section, media),
        None => AnsweredSection { accepted: true, data: Some(section.data_transport()), ..AnsweredSection::default() },
    }
}

fn read_media(section: &Section<'_>, offered: &OfferedMedia<'_>) -> AnsweredSection {
    let formats = || section.formats().filter(|format| format.codec() == Some(offered.codec));
    let same = formats().find(|format| format.payload_type == offered.payload_type);
    let Some(format) = same.or_else(|| formats().next()) else {
        return AnsweredSection::default();
    };
    let payload_type = format.payload_type;
    let rtx = section.formats().find(|other| other.repairs(payload_type)).map(|rtx| rtx.payload_type);
    let red = section.formats().find(|other| other.is_redundant_of(payload_type)).map(|red| red.payload_type);
    AnsweredSection {
        accepted: true,
        payload_type,
        rtx_payload_type: rtx.filter(|_| offered.rtx_payload_type.is_some()),
        red_payload_type: red.filter(|_| offered.red_payload_type.is_some()),
        extensions: common_extensions(section, &offered.extensions),
        feedback: Feedback::common(section.feedback(payload_type), offered_feedback(offered.codec, offered.audio_nack)),
        data: None,
    }
}

/// The extensions of the answer that were offered, with the answer's ids: those that are offered (RFC 8285 section 6),
/// or where the answer is made of a player's own offer, that player's.
fn common_extensions(section: &Section<'_>, offered: &ExtensionMap) -> ExtensionMap {
    section
        .extensions()
        .filter(|(_, direction, extension)| direction.receives() && offered.id(*extension).is_some())
        .fold(ExtensionMap::EMPTY, |map, (id, _, extension)| map.with(extension, id))
}
