//! What the plugin says: replies and events, as they are written.

use serde::ser::{Serialize, Serializer};

use super::error::Refusal;
use super::handle::Handle;
use super::json;
use super::media_info::talking;
use super::state::State;
use crate::id::RoomId;
use crate::room::{CodecList, CodecName, Name, Publisher, RecordFormat, Room};
use crate::wire::Codec;

/// A refusal of the plugin.
#[derive(serde::Serialize)]
pub(crate) struct ErrorData<'a> {
    videoroom: &'static str,
    error_code: u16,
    error: &'a str,
}

impl<'a> ErrorData<'a> {
    pub(crate) fn of(refusal: &'a Refusal) -> Self {
        Self { videoroom: "event", error_code: refusal.code, error: &refusal.reason }
    }
}

/// A list that is written while it is walked.
pub(crate) struct Each<I>(pub(crate) I);

impl<I: Iterator + Clone> Serialize for Each<I>
where
    I::Item: Serialize,
{
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.clone())
    }
}

/// Text made while it is written.
#[derive(Clone)]
pub(crate) struct Shown<T>(pub(crate) T);

impl<T: core::fmt::Display> Serialize for Shown<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// JSON that was proved when it came, written again as what it means.
#[derive(Clone, Copy)]
pub(crate) struct Raw<'a>(pub(crate) &'a str);

impl Serialize for Raw<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match json::parse(self.0.as_bytes()) {
            Ok(value) => value.serialize(serializer),
            Err(_) => serializer.serialize_unit(),
        }
    }
}

/// A room in a list.
#[derive(serde::Serialize)]
pub(crate) struct RoomInfo<'a> {
    room: Name,
    description: &'a str,
    pin_required: bool,
    is_private: bool,
    /// Janus counts it with a sign.
    max_publishers: i32,
    bitrate: u32,
    #[serde(skip_serializing_if = "is_false")]
    bitrate_cap: bool,
    fir_freq: u16,
    require_pvtid: bool,
    require_e2ee: bool,
    dummy_publisher: bool,
    notify_joining: bool,
    audiocodec: Shown<&'a CodecList>,
    videocodec: Shown<&'a CodecList>,
    #[serde(skip_serializing_if = "is_false")]
    opus_fec: bool,
    #[serde(skip_serializing_if = "is_false")]
    opus_dtx: bool,
    #[serde(skip_serializing_if = "is_false")]
    video_svc: bool,
    record: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    record_format: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rec_dir: Option<&'a str>,
    lock_record: bool,
    num_participants: usize,
    audiolevel_ext: bool,
    audiolevel_event: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    audio_active_packets: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audio_level_average: Option<u32>,
    #[serde(skip_serializing_if = "is_false")]
    dominant_speaker_event: bool,
    #[serde(skip_serializing_if = "is_false")]
    audio_spectrum_event: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    audio_loudest: Option<u8>,
    #[serde(skip_serializing_if = "is_false")]
    audio_red: bool,
    #[serde(skip_serializing_if = "is_false")]
    audio_nack: bool,
    videoorient_ext: bool,
    playoutdelay_ext: bool,
    transport_wide_cc_ext: bool,
}

fn is_false(flag: &bool) -> bool {
    !flag
}

impl<'a> RoomInfo<'a> {
    pub(crate) fn of(state: &State<'_>, id: RoomId, room: &'a Room) -> Self {
        let settings = &room.settings;
        Self {
            room: settings.room,
            description: settings.description.as_deref().unwrap_or_default(),
            pin_required: settings.pin.is_some(),
            is_private: settings.is_private,
            max_publishers: settings.publishers as i32,
            bitrate: settings.bitrate,
            bitrate_cap: settings.bitrate_cap,
            fir_freq: settings.fir_freq,
            require_pvtid: settings.require_pvtid,
            require_e2ee: settings.require_e2ee,
            dummy_publisher: settings.dummy_publisher,
            notify_joining: settings.notify_joining,
            audiocodec: Shown(&settings.audiocodec),
            videocodec: Shown(&settings.videocodec),
            opus_fec: settings.opus_fec,
            // Unlike FEC, DTX is told only where Opus is spoken.
            opus_dtx: settings.opus_dtx && settings.audiocodec.contains(CodecName::Known(Codec::Opus)),
            video_svc: room.is_scalable(),
            record: settings.record,
            record_format: settings.record_format.map(RecordFormat::name),
            rec_dir: settings.rec_dir.as_deref(),
            lock_record: settings.lock_record,
            num_participants: state.publishers(id).count(),
            audiolevel_ext: settings.audiolevel_ext,
            audiolevel_event: settings.audiolevel_event,
            audio_active_packets: settings.audiolevel_event.then_some(settings.audio_active_packets),
            audio_level_average: settings.audiolevel_event.then_some(settings.audio_level_average),
            dominant_speaker_event: settings.dominant_speaker_event,
            audio_red: settings.audio_red,
            audio_nack: settings.audio_nack,
            audio_spectrum_event: settings.audio_spectrum_event,
            audio_loudest: Some(settings.audio_loudest).filter(|count| *count > 0),
            videoorient_ext: settings.videoorient_ext,
            playoutdelay_ext: settings.playoutdelay_ext,
            transport_wide_cc_ext: settings.transport_wide_cc_ext,
        }
    }
}

/// Somebody in `listparticipants`.
#[derive(serde::Serialize)]
pub(crate) struct ParticipantInfo<'a> {
    id: Name,
    #[serde(skip_serializing_if = "Option::is_none")]
    display: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Raw<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dummy: Option<bool>,
    publisher: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    talking: Option<bool>,
}

impl<'a> ParticipantInfo<'a> {
    pub(crate) fn of(state: &State<'_>, handle: &Handle, publisher: &'a Publisher) -> Self {
        Self {
            id: publisher.name,
            display: publisher.display.as_deref(),
            metadata: publisher.metadata.as_deref().map(Raw),
            dummy: handle.is_dummy().then_some(true),
            publisher: handle.is_up(),
            talking: if handle.is_up() { talking(state, handle, publisher) } else { None },
        }
    }
}

/// Somebody in `attendees` and `joining`.
#[derive(serde::Serialize)]
pub(crate) struct Attendee<'a> {
    id: Name,
    #[serde(skip_serializing_if = "Option::is_none")]
    display: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Raw<'a>>,
}

impl<'a> Attendee<'a> {
    pub(crate) fn of(publisher: &'a Publisher) -> Self {
        Self {
            id: publisher.name,
            display: publisher.display.as_deref(),
            metadata: publisher.metadata.as_deref().map(Raw),
        }
    }
}

/// A room was made, changed, or unmade.
#[derive(serde::Serialize)]
pub(crate) struct RoomChanged {
    pub(crate) videoroom: &'static str,
    pub(crate) room: Name,
    pub(crate) permanent: bool,
}

/// A room was destroyed: to those in it.
#[derive(serde::Serialize)]
pub(crate) struct RoomDestroyed {
    pub(crate) videoroom: &'static str,
    pub(crate) room: Name,
}

/// Whether a room exists.
#[derive(serde::Serialize)]
pub(crate) struct RoomExists {
    pub(crate) videoroom: &'static str,
    pub(crate) room: Name,
    pub(crate) exists: bool,
}

/// All rooms.
#[derive(serde::Serialize)]
pub(crate) struct RoomList<L: Serialize> {
    pub(crate) videoroom: &'static str,
    pub(crate) list: L,
}

/// Everybody in a room.
#[derive(serde::Serialize)]
pub(crate) struct ParticipantList<L: Serialize> {
    pub(crate) videoroom: &'static str,
    pub(crate) room: Name,
    pub(crate) participants: L,
}

/// The tokens that may join.
#[derive(serde::Serialize)]
pub(crate) struct AllowedList<'a> {
    pub(crate) videoroom: &'static str,
    pub(crate) room: Name,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) allowed: Option<&'a [crate::room::access::Token]>,
}

/// Something was done and there is nothing to say about it.
#[derive(serde::Serialize)]
pub(crate) struct Success {
    pub(crate) videoroom: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) record: Option<bool>,
}

/// What befell somebody, to the others or to themselves. One of the members says what.
#[derive(Default, serde::Serialize)]
pub(crate) struct RoomEvent<'a> {
    pub(crate) videoroom: EventWord,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) room: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) display: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) metadata: Option<Raw<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) moderation: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) joining: Option<Attendee<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) leaving: Option<Whom>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) unpublished: Option<Whom>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) kicked: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) recording: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) data: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) messages: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) started: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) paused: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) left: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) configured: Option<&'static str>,
}

/// The word that marks an event.
#[derive(serde::Serialize)]
pub(crate) struct EventWord(&'static str);

impl Default for EventWord {
    fn default() -> Self {
        Self("event")
    }
}

/// Whom an event is about: "ok" to themselves, their name to others.
#[derive(Clone, Copy)]
pub(crate) enum Whom {
    You,
    Other(Name),
}

impl Serialize for Whom {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::You => serializer.serialize_str("ok"),
            Self::Other(name) => name.serialize(serializer),
        }
    }
}
