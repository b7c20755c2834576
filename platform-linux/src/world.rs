//! Where the control half's words go on Linux.

use std::cell::{Cell, RefCell};
use std::net::SocketAddr;

use parlor_core::control::{
    CaptureFailure, CapturePath, CaptureRequest, ClusterState, EventBackendKind, EventCounts, IngressPort, Outlet,
    RecordingRequest, ShardLoad, Transport,
};
use parlor_core::id::{CaptureId, ConnectionId, LinkId, RelayId};
use parlor_core::link::{DataMessage, HandshakeCommand, OpenData};
use parlor_core::media::Command;
use parlor_core::room::{Name, RoomSettings};

use crate::capture::Captures;
use crate::cluster::Counts;
use crate::commands::Shard;
use crate::config::LogLevel;
use crate::connections::Connections;
use crate::control::{Api, PeerCommand, Wanted};
use crate::data::{DataChannels, DataForwarder};
use crate::events::Events;
use crate::log;
use crate::mailbox::Mailbox;
use crate::recording::Recordings;
use crate::rooms::PermanentRooms;
use crate::watch::Watch;

/// Where the control half's words go.
pub(crate) struct World<'a> {
    pub(crate) connections: &'a mut Connections,
    pub(crate) shards: &'a mut [Shard],
    pub(crate) rooms: &'a mut PermanentRooms,
    pub(crate) peers: &'a Mailbox<PeerCommand>,
    pub(crate) data: &'a RefCell<DataChannels>,
    pub(crate) forwarder: &'a RefCell<DataForwarder>,
    pub(crate) wanted: &'a Mailbox<Wanted>,
    pub(crate) events: &'a Events,
    pub(crate) captures: &'a Captures,
    pub(crate) recordings: &'a Recordings,
    pub(crate) slow_clients: &'a Cell<u64>,
    pub(crate) watch: &'a Watch,
    pub(crate) cluster: &'a Counts,
    /// Whether an administrator's secret was right, if one was looked at.
    pub(crate) secret: Option<bool>,
}

impl Outlet for World<'_> {
    fn text(&mut self, connection: ConnectionId, message: &[u8]) {
        let Some(outgoing) = self.connections.outgoing(connection) else { return };
        let Ok(message) = std::str::from_utf8(message) else {
            log::error("control", "a fault of ours: a message that is not UTF-8 was left out");
            return;
        };
        if outgoing.is_open() && !outgoing.push(message) {
            self.slow_clients.set(self.slow_clients.get() + 1);
            log::warn("client", "a client does not read what it is told and is given up");
        }
    }

    fn command(&mut self, shard: u8, command: Command) {
        if let Command::CloseLink { link } = command {
            // The task that owns DTLS tells the peer first: what comes for a link that is gone is not sent.
            return self.peers.push(PeerCommand::Close(shard, link));
        }
        let Some(shard) = self.shards.get_mut(usize::from(shard)) else { return };
        shard.tell(command);
    }

    fn handshake(&mut self, command: HandshakeCommand) {
        self.peers.push(PeerCommand::Handshake(command));
    }

    fn event(&mut self, topic: u16, message: &[u8]) {
        self.events.push(topic, message);
    }

    fn event_counts(&mut self, kind: EventBackendKind) -> Option<EventCounts> {
        self.events.counts(kind)
    }

    fn connections(&mut self, transport: Transport, are_administrators: bool) -> u32 {
        let api = if are_administrators { Api::Administrators } else { Api::Clients };
        self.connections.count((api, transport)) as u32
    }

    fn shard_load(&mut self, shard: u8) -> Option<ShardLoad> {
        self.watch.load(shard)
    }

    fn cluster(&mut self) -> Option<ClusterState> {
        self.cluster.state()
    }

    fn keep_room(&mut self, room: &RoomSettings) -> bool {
        let kept = self.rooms.keep(room);
        if let Err(error) = &kept {
            log::warn("rooms", format_args!("room {} cannot be kept: {error}", room.room));
        }
        kept.is_ok()
    }

    fn forget_room(&mut self, room: Name) -> bool {
        self.rooms.forget(room).unwrap_or_else(|error| {
            log::warn("rooms", format_args!("room {room} cannot be forgotten: {error}"));
            false
        })
    }

    fn admin_secret(&mut self, is_right: bool) {
        self.secret = Some(is_right);
    }

    fn drained(&mut self) {
        self.wanted.push(Wanted::End);
    }

    fn reload(&mut self, connection: ConnectionId, transaction: &str) {
        self.wanted.push(Wanted::Reload(connection, transaction.into()));
    }

    fn log_level(&mut self, level: u8) {
        log::set_level(LogLevel::from_janus(level));
    }

    fn log_line(&mut self, level: u8, line: &str) {
        log::line(LogLevel::from_janus(level), "admin", line);
    }

    fn start_capture(&mut self, request: &CaptureRequest<'_>) -> Result<CapturePath, CaptureFailure> {
        self.captures.start(request).map_err(|why| {
            log::warn("capture", &why);
            let mut failure = CaptureFailure::new();
            // What does not fit is left out; the log has it.
            why.chars().try_for_each(|letter| failure.push(letter)).unwrap_or_default();
            failure
        })
    }

    fn stop_capture(&mut self, capture: CaptureId) {
        self.captures.stop(capture);
    }

    fn start_recording(&mut self, request: &RecordingRequest<'_>) {
        self.recordings.begin(request);
    }

    fn stop_recording(&mut self, shard: u8, relay: RelayId) {
        self.recordings.end(shard, relay);
    }

    fn open_data(&mut self, data: &OpenData) {
        self.peers.push(PeerCommand::Data(*data));
    }

    fn send_data(&mut self, shard: u8, to: LinkId, message: &DataMessage<'_>) {
        self.data.borrow_mut().send(shard, to, message);
    }

    fn forward_data(&mut self, to: SocketAddr, payload: &[u8]) {
        self.forwarder.borrow_mut().send(to, payload);
    }

    fn record_data(&mut self, shard: u8, relay: RelayId, payload: &[u8]) {
        self.recordings.add_message(shard, relay, payload);
    }

    fn open_ingress(&mut self, shard: u8, link: LinkId, port: IngressPort) -> Option<u16> {
        self.shards.get_mut(usize::from(shard))?.ingress.open(link, port)
    }

    fn close_ingress(&mut self, shard: u8, link: LinkId) {
        if let Some(shard) = self.shards.get_mut(usize::from(shard)) {
            shard.ingress.close(link);
        }
    }

    fn session_began(&mut self, connection: ConnectionId, session: u64) {
        if let Some(place) = self.connections.mailbox(connection) {
            place.session = Some(session);
        }
    }

    fn session_ended(&mut self, connection: ConnectionId, session: u64) {
        if let Some(place) = self.connections.mailbox(connection).filter(|place| place.session == Some(session))
            && let Some(outgoing) = &place.outgoing
        {
            outgoing.end();
        }
    }
}
