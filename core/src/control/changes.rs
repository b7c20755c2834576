//! What a publisher wants changed, as `join`, `publish` and `configure` say it.

use heapless::{String, Vec};

use super::error::{Refusal, plugin, refuse};
use super::json::Value;
use super::parameter::{
    PLUGIN, Parameter, Wanted, check_elements, flag, mid_at, natural_u32, optional, required, string,
};
use crate::room::publisher::{DESCRIPTION_BYTES, RECORDING_NAME_BYTES};
use crate::room::{CodecName, DISPLAY_BYTES, METADATA_BYTES, Metadata, PUBLISHED};
use crate::stream::Mid;

/// No codec has a longer name.
const CODEC_BYTES: usize = 16;

/// What `publish` and `configure` may hold.
pub(crate) const CONFIGURE: &[Parameter] = &[
    optional("display", Wanted::Text),
    optional("metadata", Wanted::Object),
    optional("audio", Wanted::Bool),
    optional("video", Wanted::Bool),
    optional("data", Wanted::Bool),
    optional("audiocodec", Wanted::Text),
    optional("videocodec", Wanted::Text),
    optional("bitrate", Wanted::Natural),
    optional("follow_need", Wanted::Bool),
    optional("keyframe", Wanted::Bool),
    optional("notify_recording", Wanted::Bool),
    optional("record", Wanted::Bool),
    optional("filename", Wanted::Text),
    optional("secret", Wanted::Text),
    optional("audio_active_packets", Wanted::Natural),
    optional("descriptions", Wanted::Array),
    optional("update", Wanted::Bool),
    optional("restart", Wanted::Bool),
];

/// What an element of `streams` may hold.
pub(crate) const CONFIGURED_STREAM: &[Parameter] = &[
    optional("mid", Wanted::Text),
    optional("send", Wanted::Bool),
    optional("min_delay", Wanted::Integer),
    optional("max_delay", Wanted::Integer),
];

/// What an element of `descriptions` must hold.
pub(crate) const DESCRIPTION: &[Parameter] = &[required("mid", Wanted::Text), required("description", Wanted::Text)];

/// What a publisher wants changed, decoded.
#[derive(Clone, Debug, Default)]
pub(crate) struct Changes {
    pub(crate) display: Option<String<DISPLAY_BYTES>>,
    pub(crate) metadata: Option<Metadata>,
    pub(crate) audio: Option<bool>,
    pub(crate) video: Option<bool>,
    pub(crate) data: Option<bool>,
    pub(crate) audio_codec: Option<Option<CodecName>>,
    pub(crate) video_codec: Option<Option<CodecName>>,
    pub(crate) bitrate_bps: Option<u32>,
    pub(crate) follows_need: Option<bool>,
    pub(crate) wants_keyframe: bool,
    pub(crate) hears_recordings: Option<bool>,
    pub(crate) record: Option<bool>,
    pub(crate) recording_name: Option<String<RECORDING_NAME_BYTES>>,
    pub(crate) speech_packets: Option<u32>,
    pub(crate) speech_level: Option<u32>,
    pub(crate) streams: Vec<StreamChange, PUBLISHED>,
    pub(crate) descriptions: Vec<(Mid, String<DESCRIPTION_BYTES>), PUBLISHED>,
}

/// What a publisher wants changed about one m-line.
#[derive(Clone, Debug)]
pub(crate) struct StreamChange {
    pub(crate) mid: Mid,
    pub(crate) is_sent: Option<bool>,
    pub(crate) wants_keyframe: bool,
}

impl Changes {
    /// Decodes `body`, whose members were checked.
    pub(crate) fn read(body: Value<'_>) -> Result<Self, Refusal> {
        check_elements(body, "descriptions", PLUGIN, DESCRIPTION)?;
        check_elements(body, "streams", PLUGIN, CONFIGURED_STREAM)?;
        let codec = |name| {
            let text = body.get(name).and_then(Value::text)?;
            Some(text.string::<CODEC_BYTES>().and_then(|name| CodecName::parse(&name)))
        };
        let mut changes = Self {
            display: string(body, "display")?,
            metadata: metadata_of(body)?,
            audio: flag(body, "audio"),
            video: flag(body, "video"),
            data: flag(body, "data"),
            audio_codec: codec("audiocodec"),
            video_codec: codec("videocodec"),
            bitrate_bps: natural_u32(body, "bitrate"),
            follows_need: flag(body, "follow_need"),
            wants_keyframe: flag(body, "keyframe").unwrap_or_default(),
            hears_recordings: flag(body, "notify_recording"),
            record: flag(body, "record"),
            recording_name: string(body, "filename")?,
            speech_packets: natural_u32(body, "audio_active_packets").filter(|packets| *packets > 0),
            speech_level: natural_u32(body, "audio_level_average").filter(|level| (1..=127).contains(level)),
            ..Self::default()
        };
        for element in body.get("streams").into_iter().flat_map(Value::elements) {
            let Some(mid) = mid_at(element, "mid")? else { continue };
            let wants_keyframe = flag(element, "keyframe").unwrap_or_default();
            let change = StreamChange { mid, is_sent: flag(element, "send"), wants_keyframe };
            changes.streams.push(change).map_err(|_| Refusal::full("streams", PUBLISHED))?;
        }
        for element in body.get("descriptions").into_iter().flat_map(Value::elements) {
            // Nothing is called by a mid that is too long.
            let Ok(Some(mid)) = mid_at(element, "mid") else { continue };
            let pair = (mid, string(element, "description")?.unwrap_or_default());
            changes.descriptions.push(pair).map_err(|_| Refusal::full("descriptions", PUBLISHED))?;
        }
        Ok(changes)
    }

    /// What they call the m-line `mid`, if they say it.
    pub(crate) fn description(&self, mid: &str) -> Option<String<DESCRIPTION_BYTES>> {
        self.descriptions.iter().find(|(known, _)| known == mid).map(|(_, description)| description.clone())
    }
}

/// The JSON object `metadata`, if it is there.
pub(crate) fn metadata_of(body: Value<'_>) -> Result<Option<Metadata>, Refusal> {
    let Some(metadata) = body.get("metadata") else { return Ok(None) };
    let too_long = || {
        refuse!(plugin::INVALID, "metadata", "Invalid element (metadata should have at most {METADATA_BYTES} bytes)")
    };
    metadata.raw().ok_or_else(too_long).map(Some)
}
