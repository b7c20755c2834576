//! One m-line and what follows it.

use super::attribute::{Attribute, Attributes};
use super::extension;
use super::format::Format;
use crate::media::Feedback;
use crate::wire::Extension;

/// The most formats of an m-line that are looked at; later ones are the least wanted.
pub const FORMATS: usize = 64;

/// A view of one m-line with its attributes. Nothing is copied: what is asked for is looked up in the text.
#[derive(Clone, Copy, Debug)]
pub struct Section<'a> {
    /// The lines after `m=`.
    body: &'a str,
    /// What it carries.
    pub kind: MediaKind,
    /// What it carries, as it is written.
    pub(super) kind_text: &'a str,
    /// The port.
    pub port: u16,
    /// The protocol, such as `UDP/TLS/RTP/SAVPF`.
    pub protocol: &'a str,
    /// The formats, separated by spaces.
    formats: &'a str,
}

/// The port of SCTP that everybody uses (RFC 8841 section 5): it means nothing over DTLS.
pub const SCTP_PORT: u16 = 5000;

/// The longest message that a peer takes which says nothing about it (RFC 8841 section 6.1).
const MESSAGE_BYTES: u32 = 65_536;

/// What a peer says about its data channels (RFC 8841 sections 5 and 6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataTransport {
    /// The port of SCTP.
    pub port: u16,
    /// The longest message that it takes, in bytes.
    pub most_message_bytes: u32,
}

/// What an m-line carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaKind {
    /// Sound.
    Audio,
    /// Pictures.
    Video,
    /// Data channels (RFC 8841).
    Application,
    /// What Parlor does not know: rejected.
    Other,
}

/// Who sends (RFC 8866 section 6.7).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Direction {
    /// Both; also where nothing is said.
    #[default]
    SendRecv,
    /// The writer of the description.
    SendOnly,
    /// Its reader.
    RecvOnly,
    /// Nobody.
    Inactive,
}

impl Direction {
    /// Whether the writer of the description sends.
    pub const fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Whether the writer of the description receives.
    pub const fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }

    /// The direction that has this name.
    fn named(name: &str) -> Option<Self> {
        [Self::SendRecv, Self::SendOnly, Self::RecvOnly, Self::Inactive]
            .into_iter()
            .find(|direction| direction.name() == name)
    }

    /// The name of the attribute.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }
}

impl<'a> Section<'a> {
    /// Reads `m=audio 9 UDP/TLS/RTP/SAVPF 111 0` and the lines that follow it.
    pub(super) fn new(text: &'a str) -> Option<Self> {
        let (line, body) = text.split_once('\n').unwrap_or((text, ""));
        let mut words = line.strip_prefix("m=")?.trim_end().splitn(4, ' ');
        let kind_text = words.next().filter(|kind| !kind.is_empty())?;
        let port = words.next()?;
        let port = port.split_once('/').map_or(port, |(port, _count)| port).parse().ok()?;
        let protocol = words.next().filter(|protocol| !protocol.is_empty())?;
        let formats = words.next()?;
        let kind = match kind_text {
            "audio" => MediaKind::Audio,
            "video" => MediaKind::Video,
            "application" => MediaKind::Application,
            _ => MediaKind::Other,
        };
        Some(Self { body, kind, kind_text, port, protocol, formats })
    }

    /// Its attributes.
    pub fn attributes(&self) -> impl Iterator<Item = Attribute<'a>> + use<'a> {
        Attributes::new(self.body)
    }

    /// The values of all attributes `name`.
    pub fn values<'n>(&self, name: &'n str) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        self.attributes().filter(move |attribute| attribute.name == name).map(|attribute| attribute.value)
    }

    /// The value of the first attribute `name`.
    pub fn attribute(&self, name: &str) -> Option<&'a str> {
        self.values(name).next()
    }

    /// Whether port 0 rejects it; with `a=bundle-only` port 0 means something else (RFC 9143 section 6).
    pub fn is_rejected(&self) -> bool {
        self.port == 0 && self.attribute("bundle-only").is_none()
    }

    /// Its `a=mid`.
    pub fn mid(&self) -> Option<&'a str> {
        self.attribute("mid")
    }

    /// Who sends.
    pub fn direction(&self) -> Direction {
        self.attributes().find_map(|attribute| Direction::named(attribute.name)).unwrap_or_default()
    }

    /// The formats as they are written: payload types, or `webrtc-datachannel`.
    pub fn format_words(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.formats.split_ascii_whitespace().take(FORMATS)
    }

    /// Its formats in the order of preference.
    pub fn formats(&self) -> impl Iterator<Item = Format<'a>> + use<'a> {
        let section = *self;
        section.format_words().filter_map(move |word| section.format(word.parse().ok()?))
    }

    /// What is said about a payload type.
    fn format(&self, payload_type: u8) -> Option<Format<'a>> {
        let line = |name| {
            self.attributes()
                .filter(move |attribute| attribute.name == name)
                .find_map(|attribute| attribute.payload().filter(|(number, _)| *number == Some(payload_type)))
                .map(|(_, value)| value)
        };
        Format::new(payload_type, line("rtpmap"), line("fmtp").unwrap_or(""))
    }

    /// What feedback `a=rtcp-fb` tells for a payload type (RFC 4585 section 4.2).
    pub fn feedback(&self, payload_type: u8) -> Feedback {
        let mut feedback = Feedback::default();
        for attribute in self.attributes().filter(|attribute| attribute.name == "rtcp-fb") {
            match attribute.payload() {
                Some((number, value)) if number.is_none_or(|number| number == payload_type) => match value {
                    "nack" => feedback.nack = true,
                    "nack pli" => feedback.pli = true,
                    "ccm fir" => feedback.fir = true,
                    "goog-remb" => feedback.remb = true,
                    "transport-cc" => feedback.transport_cc = true,
                    _ => {}
                },
                _ => {}
            }
        }
        feedback
    }

    /// The header extensions that Parlor knows, with their ids and the direction in which the writer wants them
    /// (RFC 8285 section 5).
    pub fn extensions(&self) -> impl Iterator<Item = (u8, Direction, Extension)> + use<'a> {
        self.values("extmap").filter_map(|value| {
            let mut words = value.split_ascii_whitespace();
            let number = words.next()?;
            let (id, direction) = number.split_once('/').unwrap_or((number, ""));
            let id = id.parse().ok().filter(|id| *id > 0)?;
            Some((id, Direction::named(direction).unwrap_or_default(), extension::named(words.next()?)?))
        })
    }

    /// The peer's end of data channels.
    pub fn data_transport(&self) -> DataTransport {
        let number = |name| self.attribute(name).and_then(|value| value.trim().parse().ok());
        let port = number("sctp-port").and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0);
        let most_message_bytes = match number("max-message-size") {
            Some(0) => u32::MAX,
            Some(bytes) => bytes,
            None => MESSAGE_BYTES,
        };
        DataTransport { port: port.unwrap_or(SCTP_PORT), most_message_bytes }
    }

    /// The SSRCs that `a=ssrc` tells, in their order; a source is told once for each of its attributes.
    pub fn ssrcs(&self) -> impl Iterator<Item = u32> + use<'a> {
        self.values("ssrc").filter_map(|value| value.split_ascii_whitespace().next()?.parse().ok())
    }

    /// The groups of SSRCs that have `semantics` (RFC 5576 section 4.2).
    pub fn ssrc_groups<'n>(
        &self,
        semantics: &'n str,
    ) -> impl Iterator<Item = impl Iterator<Item = u32> + use<'a>> + use<'a, 'n> {
        self.values("ssrc-group").filter_map(move |value| {
            let (word, ssrcs) = value.split_once(' ')?;
            (word == semantics).then(|| ssrcs.split_ascii_whitespace().filter_map(|ssrc| ssrc.parse().ok()))
        })
    }

    /// The rids that the writer sends, the most wanted first (RFC 8853 section 5.1): those of `a=simulcast`, of each
    /// list of alternatives the first; without that line those of `a=rid`.
    pub fn rids(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let list = self.attribute("simulcast").map(|value| {
            let mut words = value.split_ascii_whitespace();
            // An older draft wrote `send rid=h;m;l`.
            words
                .find(|word| *word == "send")
                .and_then(|_| words.next())
                .map_or("", |list| list.trim_start_matches("rid="))
        });
        let listed = list.unwrap_or("").split(';').filter_map(|choice| {
            let rid = choice.split(',').next()?.trim_start_matches('~');
            (!rid.is_empty()).then_some(rid)
        });
        let single = self.values("rid").filter_map(|value| {
            let mut words = value.split_ascii_whitespace();
            let rid = words.next()?;
            (words.next()? == "send").then_some(rid)
        });
        listed.chain(single.filter(move |_| list.is_none()))
    }
}
