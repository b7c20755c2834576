//! The m-lines of another box's publisher as a request describes them: nobody offered them here.

use core::fmt::Write;

use heapless::{String, Vec};

use super::error::{Refusal, plugin, refuse};
use super::json::{Text, Value};
use super::parameter::{Parameter, Wanted, flag, mid_at, natural, optional, required, string};
use super::remote::extensions_between_boxes;
use crate::id::HandleId;
use crate::limits::ENCODINGS;
use crate::media::EncodingParameters;
use crate::room::publisher::DESCRIPTION_BYTES;
use crate::room::{CodecName, PUBLISHED, PublishedStream};
use crate::sdp::{FormatParameters, MediaKind};
use crate::stream::Mid;
use crate::wire::{Codec, Extension, ExtensionMap};

/// What an element of `streams` may hold.
pub(crate) const REMOTE_LINE: &[Parameter] = &[
    required("mindex", Wanted::Natural),
    required("mid", Wanted::Text),
    required("type", Wanted::Text),
    optional("disabled", Wanted::Bool),
    optional("codec", Wanted::Text),
    optional("description", Wanted::Text),
    optional("stereo", Wanted::Bool),
    optional("fec", Wanted::Bool),
    optional("dtx", Wanted::Bool),
    optional("h264-profile", Wanted::Text),
    optional("h264_profile", Wanted::Text),
    optional("vp9-profile", Wanted::Text),
    optional("vp9_profile", Wanted::Text),
    optional("simulcast", Wanted::Bool),
    optional("svc", Wanted::Bool),
    optional("audiolevel_ext_id", Wanted::Natural),
    optional("videoorient_ext_id", Wanted::Natural),
    optional("playoutdelay_ext_id", Wanted::Natural),
];

/// What of H.264 stands where nothing is said: constrained baseline, which all browsers take.
const H264_PROFILE: &str = "42e01f";

/// The longest profile, in bytes.
const PROFILE_BYTES: usize = 16;

/// The m-lines of a request.
pub(crate) type RemoteLines = Vec<RemoteLine, PUBLISHED>;

/// One m-line.
pub(crate) struct RemoteLine {
    /// Its place among the publisher's.
    pub(crate) number: usize,
    pub(crate) mid: Mid,
    pub(crate) kind: MediaKind,
    /// Nothing where nothing comes.
    pub(crate) codec: Option<Codec>,
    pub(crate) description: Option<String<DESCRIPTION_BYTES>>,
    pub(crate) parameters: FormatParameters,
    pub(crate) is_simulcast: bool,
    pub(crate) extensions: ExtensionMap,
}

/// The list `streams`, whose elements were checked, of somebody who has `known` m-lines: each is one of these, or the
/// next.
pub(crate) fn lines_of(body: Value<'_>, known: usize) -> Result<RemoteLines, Refusal> {
    let (mut lines, mut count) = (RemoteLines::new(), known);
    for element in body.get("streams").into_iter().flat_map(Value::elements) {
        let line = RemoteLine::read(element)?;
        let is_twice = lines.iter().any(|other| other.number == line.number);
        if line.number > count || is_twice {
            let number = line.number;
            return Err(refuse!(plugin::INVALID, "mindex", "Invalid element (mindex {number} instead of {count})"));
        }
        count = count.max(line.number + 1);
        lines.push(line).map_err(|_| Refusal::full("streams", PUBLISHED))?;
    }
    Ok(lines)
}

impl RemoteLine {
    fn read(element: Value<'_>) -> Result<Self, Refusal> {
        let number = natural(element, "mindex").and_then(|number| usize::try_from(number).ok()).unwrap_or(usize::MAX);
        if number >= PUBLISHED {
            return Err(refuse!(plugin::INVALID, "mindex", "Invalid element (mindex should be below {PUBLISHED})"));
        }
        let kind = element.get("type").and_then(Value::text);
        let is = |name| kind.is_some_and(|kind: Text<'_>| kind.is_any_case(name));
        let kind = match (is("audio"), is("video"), is("data")) {
            (true, ..) => MediaKind::Audio,
            (_, true, _) => MediaKind::Video,
            (.., true) => MediaKind::Application,
            _ => return Err(refuse!(plugin::INVALID, "type", "Invalid element (type should be audio, video or data)")),
        };
        let is_disabled = flag(element, "disabled").unwrap_or_default() || kind == MediaKind::Application;
        let codec = if is_disabled { None } else { Some(codec_of(element, kind)?) };
        Ok(Self {
            number,
            mid: mid_at(element, "mid")?.unwrap_or_default(),
            kind,
            codec,
            description: string(element, "description")?,
            parameters: parameters_of(element, codec)?,
            is_simulcast: flag(element, "simulcast").unwrap_or_default() && kind == MediaKind::Video,
            extensions: extensions_of(element, kind)?,
        })
    }

    /// As it is shown in the room.
    pub(crate) fn published(&self, handle: HandleId) -> PublishedStream {
        PublishedStream {
            handle,
            kind: self.kind,
            mid: self.mid.clone(),
            description: self.description.clone(),
            codec: self.codec,
            payload_type: self.payload_type(),
            parameters: self.parameters.clone(),
            extensions: self.extensions,
            is_disabled: self.codec.is_none(),
            is_simulcast: self.is_simulcast,
            is_sent: true,
            is_muted: false,
            traffic: Default::default(),
            told: Default::default(),
            is_talking: false,
        }
    }

    /// The layers that may come.
    pub(crate) fn encodings(&self) -> Vec<EncodingParameters, ENCODINGS> {
        let layers = if self.is_simulcast { ENCODINGS } else { 1 };
        (0..layers).map(|_| EncodingParameters::default()).collect()
    }

    /// Any will do: SSRCs say what a packet is of.
    pub(crate) fn payload_type(&self) -> u8 {
        if self.kind == MediaKind::Audio { 111 } else { 96 }
    }
}

fn codec_of(element: Value<'_>, kind: MediaKind) -> Result<Codec, Refusal> {
    let Some(text) = element.get("codec").and_then(Value::text) else {
        return Err(refuse!(plugin::MISSING, "codec", "Missing mandatory element (codec)"));
    };
    let wanted = if kind == MediaKind::Audio { crate::wire::Kind::Audio } else { crate::wire::Kind::Video };
    let name = text.string::<16>().and_then(|name| CodecName::parse(&name));
    match name {
        Some(CodecName::Known(codec)) if codec.kind() == wanted => Ok(codec),
        _ => Err(refuse!(plugin::INVALID, "codec", "Invalid element (unsupported codec '{}')", text.raw())),
    }
}

/// The format's parameters as an offer would say them.
fn parameters_of(element: Value<'_>, codec: Option<Codec>) -> Result<FormatParameters, Refusal> {
    let mut parameters = FormatParameters::new();
    let profile = |names: [&'static str; 2]| -> Result<Option<String<PROFILE_BYTES>>, Refusal> {
        let profile: Option<String<PROFILE_BYTES>> = match string(element, names[0])? {
            None => string(element, names[1])?,
            some => some,
        };
        let is_plain = |text: &String<PROFILE_BYTES>| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        match profile.as_ref().is_none_or(is_plain) {
            true => Ok(profile),
            false => Err(refuse!(plugin::INVALID, names[0], "Invalid element ({})", names[0])),
        }
    };
    // There is room for the longest of each.
    let _ = match codec {
        Some(Codec::Opus | Codec::MultiOpus) => {
            let flags = [("fec", "useinbandfec"), ("dtx", "usedtx"), ("stereo", "stereo")];
            flags.iter().filter(|(name, _)| flag(element, name).unwrap_or_default()).try_for_each(|(_, name)| {
                let separator = if parameters.is_empty() { "" } else { ";" };
                write!(parameters, "{separator}{name}=1")
            })
        }
        Some(Codec::H264) => {
            let profile = profile(["h264-profile", "h264_profile"])?;
            let profile = profile.as_deref().unwrap_or(H264_PROFILE);
            write!(parameters, "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id={profile}")
        }
        Some(Codec::Vp9) => match profile(["vp9-profile", "vp9_profile"])? {
            Some(profile) => write!(parameters, "profile-id={profile}"),
            None => Ok(()),
        },
        _ => Ok(()),
    };
    Ok(parameters)
}

/// The numbers of header extensions: those that boxes of ours use, but where the request says others.
fn extensions_of(element: Value<'_>, kind: MediaKind) -> Result<ExtensionMap, Refusal> {
    let mut extensions = extensions_between_boxes(kind);
    let told = [
        ("audiolevel_ext_id", Extension::AudioLevel),
        ("videoorient_ext_id", Extension::VideoOrientation),
        ("playoutdelay_ext_id", Extension::PlayoutDelay),
    ];
    for (name, extension) in told {
        let Some(number) = natural(element, name) else { continue };
        let wrong = || refuse!(plugin::INVALID, name, "Invalid element ({name} should be below 256)");
        let id = u8::try_from(number).map_err(|_| wrong())?;
        // What had that number has none: a number means one thing.
        if let Some(other) = extensions.extension(id) {
            extensions.set(other, 0);
        }
        extensions.set(extension, id);
    }
    Ok(extensions)
}
