//! Events for management systems: the JSON that Janus' event handlers send.

use core::net::{IpAddr, SocketAddr};

use serde::Serialize;
use serde::ser::SerializeMap;

use super::Outlet;
use super::forwarder_info::ForwarderInfo;
use super::handle::Handle;
use super::info::ServerInfo;
use super::media_info::{PublishedStreams, SubscribedStreams};
use super::origin::{Contact, Transport};
use super::post::{Jsep, PLUGIN_NAME, Post};
use super::reply::Shown;
use super::state::State;
use crate::id::{ConnectionId, HandleId, SessionId};
use crate::room::Name;

/// What an event is about, by Janus' numbers, which are bits of a mask.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Topic {
    /// Sessions.
    Session = 1,
    /// Handles.
    Handle = 2,
    /// What somebody else wants told.
    External = 4,
    /// Descriptions.
    Jsep = 8,
    /// PeerConnections.
    Webrtc = 16,
    /// Media.
    Media = 32,
    /// What the plugin does.
    Plugin = 64,
    /// Connections of clients.
    Transport = 128,
    /// The server.
    Core = 256,
}

/// All topics under the names that Janus' configuration has for them.
pub const TOPICS: [(&str, Topic); 9] = [
    ("sessions", Topic::Session),
    ("handles", Topic::Handle),
    ("external", Topic::External),
    ("jsep", Topic::Jsep),
    ("webrtc", Topic::Webrtc),
    ("media", Topic::Media),
    ("plugins", Topic::Plugin),
    ("transports", Topic::Transport),
    ("core", Topic::Core),
];

/// How a management system is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventBackendKind {
    /// By POST.
    Http,
    /// By a broker.
    Mqtt,
    /// By WebSocket.
    WebSocket,
}

/// What became of the events for a management system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct EventCounts {
    /// Events that wait for it.
    pub waiting: u64,
    /// Events that it will never hear of.
    pub lost: u64,
}

/// What is the same in all events of a turn.
#[derive(Clone, Copy)]
pub(crate) struct Emitter<'t> {
    /// The topics that somebody wants.
    pub(crate) mask: u16,
    /// The server's name.
    pub(crate) name: &'t str,
    /// Microseconds of Unix time.
    pub(crate) time_us: u64,
}

/// Whom an event is about.
#[derive(Clone, Copy)]
pub(crate) enum Subject {
    /// Nobody in particular.
    Nobody,
    /// A session.
    Session(SessionId),
    /// A handle.
    Handle(HandleId),
}

#[derive(Serialize)]
struct Envelope<'a, E: Serialize> {
    emitter: &'a str,
    #[serde(rename = "type")]
    topic: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    subtype: Option<u8>,
    timestamp: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    handle_id: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    opaque_id: Option<&'a str>,
    event: E,
}

impl<O: Outlet> Post<'_, O> {
    /// Tells management systems, if one wants to know.
    pub(crate) fn notify_event(
        &mut self,
        state: &State<'_>,
        (topic, subtype): (Topic, u8),
        subject: Subject,
        event: &impl Serialize,
    ) {
        let topic = topic as u16;
        if self.emitter.mask & topic == 0 {
            return;
        }
        let (session, handle) = match subject {
            Subject::Nobody => (None, None),
            Subject::Session(session) => (Some(session), None),
            Subject::Handle(handle) => {
                let handle = state.handles.get(handle);
                (handle.map(|handle| handle.session), handle)
            }
        };
        let message = Envelope {
            emitter: self.emitter.name,
            topic,
            subtype: (subtype > 0).then_some(subtype),
            timestamp: self.emitter.time_us,
            session_id: session.and_then(|session| state.sessions.get(session)).map(|session| session.number),
            handle_id: handle.map(|handle| handle.number),
            opaque_id: handle.and_then(|handle| handle.opaque_id.as_deref()),
            event,
        };
        // One that is larger than the buffer is left out: no client waits for it.
        if let Ok(len) = serde_json_core::to_slice(&message, self.buffer) {
            self.out.event(topic, &self.buffer[..len]);
        }
    }

    /// The plugin tells about `subject`.
    pub(crate) fn notify_plugin(&mut self, state: &State<'_>, subject: Subject, data: &impl Serialize) {
        let event = PluginEvent { plugin: PLUGIN_NAME, data };
        self.notify_event(state, (Topic::Plugin, 0), subject, &event);
    }

    /// Something became of the PeerConnection of `handle`; the number says what, as Janus counts.
    pub(crate) fn notify_webrtc(&mut self, state: &State<'_>, handle: HandleId, subtype: u8, event: WebrtcEvent<'_>) {
        self.notify_event(state, (Topic::Webrtc, subtype), Subject::Handle(handle), &event);
    }

    /// A description came or went.
    pub(crate) fn notify_jsep(&mut self, state: &State<'_>, handle: HandleId, owner: &'static str, jsep: Jsep<'_>) {
        self.notify_event(state, (Topic::Jsep, 0), Subject::Handle(handle), &JsepEvent { owner, jsep });
    }
}

#[derive(Serialize)]
struct PluginEvent<D: Serialize> {
    plugin: &'static str,
    data: D,
}

/// A session began or ended.
#[derive(Serialize)]
pub(crate) struct SessionEvent {
    pub(crate) name: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) transport: Option<TransportName>,
}

/// A connection of a client.
#[derive(Serialize)]
pub(crate) struct TransportName {
    transport: &'static str,
    id: Shown<u32>,
}

impl TransportName {
    pub(crate) fn of(transport: Transport, connection: ConnectionId) -> Self {
        let id = u32::from(connection.index) << 16 | u32::from(connection.generation);
        Self { transport: transport.name(), id: Shown(id) }
    }
}

/// A client connected or went.
#[derive(Serialize)]
pub(crate) struct TransportEvent {
    transport: &'static str,
    id: Shown<u32>,
    data: TransportData,
}

impl TransportEvent {
    pub(crate) fn connected(contact: Contact, ip: Option<IpAddr>) -> Self {
        let admin_api = Some(contact.is_administrator);
        Self::of(contact, TransportData { event: "connected", admin_api, ip: ip.map(Shown) })
    }

    /// As Janus tells it, without what the other one said.
    pub(crate) fn disconnected(contact: Contact) -> Self {
        Self::of(contact, TransportData { event: "disconnected", admin_api: None, ip: None })
    }

    fn of(contact: Contact, data: TransportData) -> Self {
        let TransportName { transport, id } = TransportName::of(contact.transport, contact.connection);
        Self { transport, id, data }
    }
}

#[derive(Serialize)]
struct TransportData {
    event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    admin_api: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ip: Option<Shown<IpAddr>>,
}

/// A handle began or ended.
#[derive(Serialize)]
pub(crate) struct HandleEvent<'a> {
    name: &'static str,
    plugin: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    opaque_id: Option<&'a str>,
}

impl<'a> HandleEvent<'a> {
    pub(crate) fn new(name: &'static str, handle: Option<&'a Handle>) -> Self {
        Self { name, plugin: PLUGIN_NAME, opaque_id: handle.and_then(|handle| handle.opaque_id.as_deref()) }
    }
}

#[derive(Serialize)]
struct JsepEvent<'a> {
    owner: &'static str,
    jsep: Jsep<'a>,
}

/// What became of a PeerConnection; one of the members says it.
#[derive(Default, Serialize)]
pub(crate) struct WebrtcEvent<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ice: Option<&'static str>,
    #[serde(rename = "local-candidate", skip_serializing_if = "Option::is_none")]
    pub(crate) local_candidate: Option<Candidate<'a>>,
    #[serde(rename = "remote-candidate", skip_serializing_if = "Option::is_none")]
    pub(crate) remote_candidate: Option<Candidate<'a>>,
    #[serde(rename = "selected-pair", skip_serializing_if = "Option::is_none")]
    pub(crate) selected_pair: Option<Shown<SocketAddr>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) candidates: Option<SelectedCandidates<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dtls: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) connection: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reason: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stream_id: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) component_id: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) retransmissions: Option<u8>,
}

impl WebrtcEvent<'_> {
    /// An event about the one component of the one transport.
    pub(crate) fn new() -> Self {
        Self { stream_id: Some(1), component_id: Some(1), ..Self::default() }
    }
}

/// The candidates of the selected pair; the peer's is its own affair, for we are ICE-lite.
#[derive(Serialize)]
pub(crate) struct SelectedCandidates<'a> {
    pub(crate) local: Candidate<'a>,
}

/// A candidate.
#[derive(Clone, Copy)]
pub(crate) enum Candidate<'a> {
    /// Ours.
    Ours(SocketAddr),
    /// The peer's, learned from its checks (RFC 8445 section 7.3.1.3).
    Reflexive(SocketAddr),
    /// The peer's, as it was written.
    Text(&'a str),
}

impl Serialize for Candidate<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Text(text) => serializer.serialize_str(text),
            Self::Ours(address) => {
                let (ip, port) = (address.ip(), address.port());
                serializer.collect_str(&format_args!("1 1 udp 2130706431 {ip} {port} typ host"))
            }
            Self::Reflexive(address) => {
                let (ip, port) = (address.ip(), address.port());
                serializer.collect_str(&format_args!("2 1 udp 1862270975 {ip} {port} typ prflx"))
            }
        }
    }
}

/// Packets of an m-line arrive, or arrive no more.
#[derive(Serialize)]
pub(crate) struct ReceivingEvent<'a> {
    pub(crate) media: &'static str,
    pub(crate) mid: &'a str,
    pub(crate) receiving: bool,
}

/// Many packets of a PeerConnection were lost in a second.
#[derive(Serialize)]
pub(crate) struct SlowEvent {
    pub(crate) slow_link: &'static str,
    pub(crate) lost_lastsec: u32,
}

/// The server started.
#[derive(Serialize)]
pub(crate) struct Started<'a> {
    pub(crate) status: &'static str,
    pub(crate) info: ServerInfo<'a>,
}

/// The server was asked to end.
#[derive(Serialize)]
pub(crate) struct Shutdown {
    pub(crate) status: &'static str,
    pub(crate) signum: i32,
}

/// What the plugin tells about somebody in a room.
#[derive(Default, Serialize)]
pub(crate) struct RoomNotice<'a, 'm> {
    pub(crate) event: &'static str,
    pub(crate) room: Name,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) private_id: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) display: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bitrate: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) streams: Option<NotifiedStreams<'a, 'm>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) feed: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) mid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) publisher_id: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) stream_id: Option<u32>,
}

/// M-lines of either side.
pub(crate) enum NotifiedStreams<'a, 'm> {
    Published(PublishedStreams<'a, 'm>),
    Subscribed(SubscribedStreams<'a, 'm>),
}

impl Serialize for NotifiedStreams<'_, '_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Published(streams) => streams.serialize(serializer),
            Self::Subscribed(streams) => streams.serialize(serializer),
        }
    }
}

/// Somebody was muted, or may be heard again.
#[derive(Serialize)]
pub(crate) struct ModeratedNotice<'a> {
    pub(crate) videoroom: &'static str,
    pub(crate) room: Name,
    pub(crate) id: Name,
    pub(crate) mid: &'a str,
    pub(crate) moderation: &'static str,
}

/// A forwarder was made.
pub(crate) struct ForwarderNotice<'a> {
    pub(crate) info: &'a ForwarderInfo,
    pub(crate) room: Name,
    pub(crate) publisher_id: Name,
    pub(crate) codec: Option<&'static str>,
}

impl Serialize for ForwarderNotice<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.info.write(&mut map)?;
        map.serialize_entry("event", "rtp_forward")?;
        map.serialize_entry("room", &self.room)?;
        map.serialize_entry("publisher_id", &self.publisher_id)?;
        map.serialize_entry("media", self.info.kind())?;
        if let Some(codec) = self.codec {
            map.serialize_entry("codec", codec)?;
        }
        map.end()
    }
}
