//! `handle_info`: everything about one handle.

use serde::Serialize;

use super::super::Outlet;
use super::super::capture::CaptureFormat;
use super::super::envelope::Envelope;
use super::super::handle::{Handle, Role};
use super::super::media_info::{SubscribedStreams, codec_name, kind_name};
use super::super::parameter::flag;
use super::super::post::PLUGIN_NAME;
use super::super::state::State;
use super::super::turn::Turn;
use super::webrtc_info::Webrtc;
use crate::id::{HandleId, StreamId};
use crate::random::Random;
use crate::room::{Name, PublishedStream, Publisher, StreamPlace, Subscriber};
use crate::wire::Extension;

impl<R: Random, O: Outlet> Turn<'_, '_, R, O> {
    /// Answers `handle_info`.
    pub(super) fn tell_handle(&mut self, envelope: &Envelope<'_>, id: HandleId) {
        let state = &*self.state;
        let Some(handle) = state.handles.get(id) else { return };
        let Some(session) = state.sessions.get(handle.session) else { return };
        let is_plugin_only = flag(envelope.body, "plugin_only").unwrap_or_default();
        let capture = state.capture(id).filter(|_| !is_plugin_only);
        let file = |format| capture.filter(|capture| capture.format == format).map(|capture| capture.path.as_str());
        let (pcap_file, text_file) = (file(CaptureFormat::Pcap), file(CaptureFormat::Text));
        let answer = Answer {
            janus: "success",
            session_id: envelope.session_number,
            transaction: &envelope.transaction,
            handle_id: handle.number,
            info: Info {
                session_id: session.number,
                session_last_activity: session.heard.us,
                session_timeout: session.timeout_s.unwrap_or(state.options.session_timeout_s),
                session_transport: session.transport.name(),
                handle_id: handle.number,
                loop_running: true,
                created: handle.created.us,
                current_time: self.now.us,
                plugin: PLUGIN_NAME,
                plugin_specific: Part::of(state, handle),
                flags: (!is_plugin_only).then(|| Flags::of(handle)),
                sdps: (!is_plugin_only)
                    .then_some(Descriptions { profile: handle.peer.as_ref().map(|_| "UDP/TLS/RTP/SAVPF") }),
                queued_packets: (!is_plugin_only).then_some(0),
                dump_to_pcap: pcap_file.map(|_| true),
                pcap_file,
                dump_to_text2pcap: text_file.map(|_| true),
                text_file,
                webrtc: if is_plugin_only { None } else { Webrtc::of(state, handle, self.settings) },
            },
        };
        self.post.send(envelope.origin.connection, &answer);
    }
}

#[derive(Serialize)]
struct Answer<'a, 'm> {
    janus: &'static str,
    session_id: Option<i64>,
    transaction: &'a str,
    handle_id: u64,
    info: Info<'a, 'm>,
}

/// A handle as the core of Janus tells it. Times are in microseconds since the start.
#[derive(Serialize)]
struct Info<'a, 'm> {
    session_id: u64,
    session_last_activity: u64,
    session_timeout: u32,
    session_transport: &'static str,
    handle_id: u64,
    #[serde(rename = "loop-running")]
    loop_running: bool,
    created: u64,
    current_time: u64,
    plugin: &'static str,
    plugin_specific: Part<'a, 'm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flags: Option<Flags>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sdps: Option<Descriptions>,
    #[serde(rename = "queued-packets", skip_serializing_if = "Option::is_none")]
    queued_packets: Option<u32>,
    #[serde(rename = "dump-to-pcap", skip_serializing_if = "Option::is_none")]
    dump_to_pcap: Option<bool>,
    #[serde(rename = "pcap-file", skip_serializing_if = "Option::is_none")]
    pcap_file: Option<&'a str>,
    #[serde(rename = "dump-to-text2pcap", skip_serializing_if = "Option::is_none")]
    dump_to_text2pcap: Option<bool>,
    #[serde(rename = "text2pcap-file", skip_serializing_if = "Option::is_none")]
    text_file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    webrtc: Option<Webrtc<'a, 'm>>,
}

/// The part that a handle plays, as the VideoRoom tells it (`query_session`).
#[derive(Default, Serialize)]
struct Part<'a, 'm> {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<&'a Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    private_id: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    display: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    bitrate: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    answered: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pending_offer: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pending_restart: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    paused: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    streams: Option<Streams<'a, 'm>>,
    hangingup: u8,
    destroyed: u8,
}

impl<'a, 'm> Part<'a, 'm> {
    fn of(state: &'a State<'m>, handle: &'a Handle) -> Self {
        match &handle.role {
            Role::Idle => Self::default(),
            Role::Publisher(publisher) => Self::of_publisher(state, handle, publisher),
            Role::Subscriber(subscriber) => Self::of_subscriber(state, handle, subscriber),
        }
    }

    fn of_publisher(state: &'a State<'m>, handle: &'a Handle, publisher: &'a Publisher) -> Self {
        let shard = handle.peer.as_ref().map_or(0, |peer| peer.shard);
        Self {
            kind: Some("publisher"),
            room: publisher.room.map(|_| &publisher.room_name),
            id: Some(&publisher.name),
            private_id: Some(publisher.private_number),
            display: publisher.display.as_deref(),
            bitrate: Some(publisher.bitrate_bps),
            streams: Some(Streams::Published(Published { state, shard, streams: &publisher.streams })),
            ..Self::default()
        }
    }

    fn of_subscriber(state: &'a State<'m>, handle: &'a Handle, subscriber: &'a Subscriber) -> Self {
        let peer = handle.peer.as_ref();
        Self {
            kind: Some("subscriber"),
            room: Some(&subscriber.room_name),
            private_id: Some(subscriber.private_number.unwrap_or_default()),
            answered: Some(peer.is_some_and(|peer| peer.remote.is_some()) && !subscriber.awaits_answer),
            pending_offer: Some(subscriber.is_stale),
            pending_restart: Some(peer.is_some_and(|peer| peer.is_restarting)),
            // To Janus a subscriber who has not started yet is paused.
            paused: Some(subscriber.is_paused || peer.is_none_or(|peer| peer.remote.is_none())),
            streams: Some(Streams::Subscribed(SubscribedStreams::of(state, subscriber))),
            ..Self::default()
        }
    }
}

/// The m-lines of a handle.
#[derive(Serialize)]
#[serde(untagged)]
enum Streams<'a, 'm> {
    Published(Published<'a, 'm>),
    Subscribed(SubscribedStreams<'a, 'm>),
}

/// The m-lines of a publisher, with how many watch each.
struct Published<'a, 'm> {
    state: &'a State<'m>,
    shard: u8,
    streams: &'a [StreamId],
}

impl Serialize for Published<'_, '_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self { state, shard, streams } = *self;
        let streams = streams.iter().enumerate();
        serializer.collect_seq(streams.filter_map(|(index, id)| {
            let stream = state.stream(shard, *id)?;
            let watchers = state.watchers_of(StreamPlace { shard, stream: *id });
            Some(StreamInfo::of(index, stream, watchers))
        }))
    }
}

#[derive(Serialize)]
struct StreamInfo<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    mindex: usize,
    mid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    codec: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    simulcast: Option<bool>,
    #[serde(rename = "audio-level-dBov", skip_serializing_if = "Option::is_none")]
    audio_level: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    talking: Option<bool>,
    subscribers: usize,
}

impl<'a> StreamInfo<'a> {
    fn of(index: usize, stream: &'a PublishedStream, subscribers: usize) -> Self {
        let has_level = stream.extensions.id(Extension::AudioLevel).is_some();
        Self {
            kind: kind_name(stream.kind),
            mindex: index,
            mid: &stream.mid,
            disabled: stream.is_disabled.then_some(true),
            description: stream.description.as_deref(),
            codec: stream.codec.map(codec_name),
            simulcast: stream.is_simulcast.then_some(true),
            audio_level: has_level.then_some(0),
            talking: has_level.then_some(stream.is_talking),
            subscribers,
        }
    }
}

/// How far the PeerConnection is. Flags of what does not exist here are never set.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Flags {
    got_offer: bool,
    got_answer: bool,
    negotiated: bool,
    processing_offer: bool,
    starting: bool,
    ice_restart: bool,
    ready: bool,
    stopped: bool,
    alert: bool,
    trickle: bool,
    all_trickles: bool,
    resend_trickles: bool,
    trickle_synced: bool,
    data_channels: bool,
    has_audio: bool,
    has_video: bool,
    new_datachan_sdp: bool,
    rfc4588_rtx: bool,
    cleaning: bool,
    e2ee: bool,
}

impl Flags {
    fn of(handle: &Handle) -> Self {
        let peer = handle.peer.as_ref();
        let is_negotiated = peer.is_some_and(|peer| peer.remote.is_some());
        Self {
            got_offer: peer.is_some(),
            got_answer: is_negotiated,
            negotiated: is_negotiated,
            processing_offer: false,
            starting: is_negotiated && !handle.is_up(),
            ice_restart: peer.is_some_and(|peer| peer.is_restarting),
            ready: handle.is_up(),
            stopped: false,
            alert: false,
            trickle: peer.is_some(),
            all_trickles: false,
            resend_trickles: false,
            trickle_synced: false,
            data_channels: false,
            has_audio: false,
            has_video: false,
            new_datachan_sdp: false,
            rfc4588_rtx: handle.subscriber().map_or(peer.is_some(), |subscriber| subscriber.has_retransmission),
            cleaning: false,
            e2ee: handle.publisher().is_some_and(|publisher| publisher.is_end_to_end),
        }
    }
}

/// Descriptions are not kept after they were read.
#[derive(Serialize)]
struct Descriptions {
    #[serde(skip_serializing_if = "Option::is_none")]
    profile: Option<&'static str>,
}
