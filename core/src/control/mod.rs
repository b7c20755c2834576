//! Janus' words: sessions, handles, requests, replies, events. Janus' vocabulary lives here and nowhere else.
//!
//! ```text
//! text ─▶ json (proved view) ─▶ envelope (session, handle) ─▶ videoroom (which request, which part)
//!           ─▶ rooms, people, join, publish, watch, subscribe (decode whole, then act) ─▶ post (reply, events)
//! notice, handshake ─▶ peer ─▶ post, commands
//! ```

mod access;
mod admin;
mod audience;
mod bandwidth;
mod capture;
mod cascade;
mod changes;
mod cluster;
mod data;
mod drain;
mod dummy;
mod dynamic_rooms;
mod envelope;
pub mod error;
mod flow;
mod forward;
mod forwarder_info;
mod handle;
mod info;
mod ingress;
mod join;
mod jsep;
mod json;
mod media_info;
pub mod memory;
mod notify;
mod offers;
mod options;
mod origin;
mod parameter;
mod peer;
mod peer_events;
mod people;
mod post;
mod publish;
mod reconfigure;
mod recorded;
mod recording;
mod relays;
mod remote;
mod remote_info;
mod remote_line;
mod remote_publisher;
mod reply;
mod rooms;
mod select;
mod session;
pub mod settings;
mod shard;
mod shedding;
mod state;
mod statistics;
pub mod storage;
mod subscribe;
mod tables;
mod trickle;
mod turn;
mod videoroom;
mod watch;

#[cfg(test)]
mod tests;

use core::net::{IpAddr, SocketAddr};

use heapless::Vec;

use crate::id::{CaptureId, ConnectionId, LinkId, RelayId, StreamId};
use crate::link::{DataMessage, HandshakeCommand, HandshakeEvent, OpenData};
use crate::media::{Command, Notice, Totals};
use crate::random::Random;
use crate::room::{Name, RoomSettings};
use crate::store::Table;
use crate::time::Instant;

pub use access::Credentials;
pub use capture::{CaptureFailure, CaptureFormat, CapturePath, CaptureRequest};
pub use cluster::{ClusterState, OwnPublisher, WayOut};
pub use error::Refusal;
use error::{core_error, refuse};
pub use ingress::IngressPort;
pub use memory::{Lender, Memory, lengths, memory};
pub use notify::{EventBackendKind, EventCounts, TOPICS, Topic};
pub use origin::{Contact, Origin, Transport};
pub use reconfigure::{Rooms, RoomsLeft};
pub use recording::{Film, RecordingEnd, RecordingRequest};
pub use settings::Settings;
pub use shedding::{Shedding, Thresholds};
pub use storage::Storage;
pub use tables::TableUse;

use notify::{Emitter, Shutdown, Started, Subject, TransportEvent};

use info::server_info;
use options::Options;
use post::Post;
use shard::Shard;
use state::State;
use turn::Turn;

/// Where the control half's words go. Nothing is read back from it but whether a room is kept.
pub trait Outlet {
    /// Sends one JSON message to a client.
    fn text(&mut self, connection: ConnectionId, message: &[u8]);

    /// Tells a shard.
    fn command(&mut self, shard: u8, command: Command);

    /// Tells the task that owns DTLS.
    fn handshake(&mut self, command: HandshakeCommand);

    /// Hands an event of this topic to management systems.
    fn event(&mut self, _topic: u16, _message: &[u8]) {}

    /// What became of the events for management systems of this kind, if there is one.
    fn event_counts(&mut self, _kind: EventBackendKind) -> Option<EventCounts> {
        None
    }

    /// How many clients, or administrators, are connected by `transport`.
    fn connections(&mut self, _transport: Transport, _are_administrators: bool) -> u32 {
        0
    }

    /// What a shard did and how busy it is, if that is known.
    fn shard_load(&mut self, _shard: u8) -> Option<ShardLoad> {
        None
    }

    /// How the cluster is, if there is one.
    fn cluster(&mut self) -> Option<ClusterState> {
        None
    }

    /// Keeps `room` as it is now, so that it is there after a restart; false if it cannot be kept.
    fn keep_room(&mut self, _room: &RoomSettings) -> bool {
        false
    }

    /// Keeps `room` no longer; false if it will be there after a restart nevertheless.
    fn forget_room(&mut self, _room: Name) -> bool {
        false
    }

    /// An administrator's secret was looked at.
    fn admin_secret(&mut self, _is_right: bool) {}

    /// A drain has nothing left to wait for: the platform may end.
    fn drained(&mut self) {}

    /// An administrator wants the configuration read again. What comes of it is told by [`Control::tell_reload`].
    fn reload(&mut self, _connection: ConnectionId, _transaction: &str) {}

    /// An administrator wants other lines in the log: those of Janus' levels up to `level`, from 0 to 7.
    fn log_level(&mut self, _level: u8) {}

    /// An administrator wants a line in the log, of one of Janus' levels.
    fn log_line(&mut self, _level: u8, _line: &str) {}

    /// An administrator wants packets in a file. Where it is, or a sentence why not.
    fn start_capture(&mut self, _request: &CaptureRequest<'_>) -> Result<CapturePath, CaptureFailure> {
        Err("packets are not captured here".try_into().unwrap_or_default())
    }

    /// An administrator has enough of them, or their handle is gone.
    fn stop_capture(&mut self, _capture: CaptureId) {}

    /// What a relay of this shard brings goes into a file from now on. If that cannot be, the platform says so by
    /// [`Control::recording_ended`].
    fn start_recording(&mut self, _request: &RecordingRequest<'_>) {}

    /// That is enough.
    fn stop_recording(&mut self, _shard: u8, _relay: RelayId) {}

    /// A link carries data channels from now on, if it does not yet.
    fn open_data(&mut self, _data: &OpenData) {}

    /// Sends a message on the data channels of a link of this shard. What does not reach the peer the platform tells by
    /// [`Control::data_lost`].
    fn send_data(&mut self, _shard: u8, _to: LinkId, _message: &DataMessage<'_>) {}

    /// Sends what a message says to an address, as one datagram.
    fn forward_data(&mut self, _to: SocketAddr, _payload: &[u8]) {}

    /// What a message says goes into the file of this relay.
    fn record_data(&mut self, _shard: u8, _relay: RelayId, _payload: &[u8]) {}

    /// Opens a socket for what another box, or another shard, sends to this link: its port. Nothing where there can be
    /// none.
    fn open_ingress(&mut self, _shard: u8, _link: LinkId, _port: IngressPort) -> Option<u16> {
        None
    }

    /// That socket is of no more use.
    fn close_ingress(&mut self, _shard: u8, _link: LinkId) {}

    /// A session began, or was claimed: its events go to this connection.
    fn session_began(&mut self, _connection: ConnectionId, _session: u64) {}

    /// A session ended, or was claimed by another: its events go to this connection no more.
    fn session_ended(&mut self, _connection: ConnectionId, _session: u64) {}
}

/// What a shard did since its start, and how busy it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct ShardLoad {
    /// What its media half counted.
    pub totals: Totals,
    /// Bytes of datagrams that arrived.
    pub received_bytes: u64,
    /// Bytes of datagrams that were sent.
    pub sent_bytes: u64,
    /// The part of the last seconds that its thread was not asleep.
    pub busy_percent: u8,
}

/// How many bands a spectrum has.
pub const SPECTRUM_BANDS: usize = 16;

/// The longest that [`Control::tick`] lets wait, in milliseconds.
const TICK_MS: u64 = 1000;

/// The control half: one owner, no clock, no socket, no heap.
pub struct Control<'m, R: Random> {
    settings: Settings,
    random: R,
    state: State<'m>,
    message: &'m mut [u8],
    remote: &'m mut [u8],
    local: &'m mut [u8],
}

impl<'m, R: Random> Control<'m, R> {
    /// A control half in `memory`, without rooms.
    pub fn new(memory: Memory<'m>, settings: Settings, random: R) -> Self {
        let state = State {
            options: Options::new(&settings),
            sessions: Table::new(memory.sessions),
            handles: Table::new(memory.handles),
            rooms: Table::new(memory.rooms),
            tokens: Table::new(memory.tokens),
            captures: Vec::new(),
            shards: memory.shards.into_iter().map(Shard::new).collect(),
        };
        Self { settings, random, state, message: memory.message, remote: memory.remote, local: memory.local }
    }

    /// Adds a room of the configuration.
    pub fn add_room(&mut self, room: RoomSettings) -> Result<(), Refusal> {
        let mut nobody = Nobody;
        let (mut turn, _) = self.turn(Instant::default(), &mut nobody);
        turn.add_room(room).map(|_| ())
    }

    /// Offers these addresses from now on, the best first; what was offered before stays as it was.
    pub fn set_addresses(&mut self, addresses: &[IpAddr]) {
        self.settings.addresses = addresses.iter().copied().take(settings::ADDRESSES).collect();
    }

    /// A client connected from `address`.
    pub fn opened(&mut self, now: Instant, contact: Contact, address: Option<IpAddr>, out: &mut impl Outlet) {
        self.tell_contact(now, contact, &TransportEvent::connected(contact, address), out);
    }

    fn tell_contact(&mut self, now: Instant, contact: Contact, event: &TransportEvent, out: &mut impl Outlet) {
        // Over HTTP there is one for each request, which says nothing about a client.
        if contact.transport != Transport::Http {
            let Turn { mut post, state, .. } = self.turn(now, out).0;
            post.notify_event(state, (Topic::Transport, 0), Subject::Nobody, event);
        }
    }

    /// The server starts.
    pub fn started(&mut self, now: Instant, out: &mut impl Outlet) {
        let Turn { mut post, state, settings, .. } = self.turn(now, out).0;
        let event = Started { status: "started", info: server_info(settings, &state.options, "") };
        post.notify_event(state, (Topic::Core, 1), Subject::Nobody, &event);
    }

    /// Nobody new comes from now on, and [`Outlet::drained`] says when the last one left or the settings' time is over.
    pub fn drain(&mut self, now: Instant, out: &mut impl Outlet) {
        let wait_s = self.settings.drain_s;
        self.turn(now, out).0.set_drain(Some(wait_s));
    }

    /// Why nobody new may come, if so.
    pub fn closed_to_new(&self) -> Option<&'static str> {
        let is_shed = |shard: &Shard<'_>| shard.load.shedding >= Shedding::Joins;
        match self.state.options.drain {
            Some(_) => Some("draining"),
            None => self.state.shards.iter().all(is_shed).then_some("too busy"),
        }
    }

    /// The server was asked to end by the signal with this number.
    pub fn ending(&mut self, now: Instant, signal: i32, out: &mut impl Outlet) {
        let Turn { mut post, state, .. } = self.turn(now, out).0;
        let event = Shutdown { status: "shutdown", signum: signal };
        post.notify_event(state, (Topic::Core, 2), Subject::Nobody, &event);
    }

    /// One JSON message of a client.
    pub fn request(&mut self, now: Instant, origin: impl Into<Origin>, text: &[u8], out: &mut impl Outlet) {
        let (mut turn, remote) = self.turn(now, out);
        turn.request(origin.into(), text, remote);
        turn.end_empty_rooms();
    }

    /// One JSON message of an administrator.
    pub fn administer(&mut self, now: Instant, origin: impl Into<Origin>, text: &[u8], out: &mut impl Outlet) {
        let (mut turn, _) = self.turn(now, out);
        turn.administer(origin.into(), text);
        turn.end_empty_rooms();
    }

    /// A client asks for the events of the session that a path's segment names, which is a sign of life (the long poll
    /// of Janus' HTTP transport). Its number, if there is one.
    pub fn poll(&mut self, now: Instant, segment: &str, credentials: Credentials<'_>) -> Result<u64, Refusal> {
        self.turn(now, &mut Nobody).0.admit(credentials)?;
        let number = origin::number(segment);
        let session = self.state.session(number).and_then(|session| self.state.sessions.get_mut(session));
        let missing = || refuse!(core_error::NO_SESSION, "session_id", "No such session {number}");
        session.ok_or_else(missing)?.heard = now;
        Ok(number)
    }

    /// A client is gone: its sessions end, or wait to be claimed where the settings say so.
    pub fn closed(&mut self, now: Instant, contact: Contact, out: &mut impl Outlet) {
        let connection = contact.connection;
        for (_, session) in self.state.sessions.iter_mut() {
            if session.connection == Some(connection) {
                session.connection = None;
                session.heard = now;
            }
        }
        self.tell_contact(now, contact, &TransportEvent::disconnected(contact), out);
        self.end_sessions(now, out);
    }

    /// A shard's notice.
    pub fn notice(&mut self, now: Instant, shard: u8, notice: Notice, out: &mut impl Outlet) {
        let (mut turn, _) = self.turn(now, out);
        let is_end = matches!(notice, Notice::Closed { .. });
        turn.notice(shard, notice);
        if is_end {
            turn.end_empty_rooms();
        }
    }

    /// How loud each band of a speaker's sound was in the last tenth of a second, in dB to the overload point.
    pub fn spectrum(
        &mut self,
        now: Instant,
        (shard, stream): (u8, StreamId),
        bands: &[i8; SPECTRUM_BANDS],
        out: &mut impl Outlet,
    ) {
        self.turn(now, out).0.spectrum_changed(shard, stream, bands);
    }

    /// A file takes no more packets.
    pub fn capture_ended(&mut self, now: Instant, capture: CaptureId, out: &mut impl Outlet) {
        self.turn(now, out).0.capture_ended(capture);
    }

    /// A file takes no more of what a relay of this shard brings, or could not be made.
    pub fn recording_ended(
        &mut self,
        now: Instant,
        (shard, relay): (u8, RelayId),
        end: RecordingEnd,
        out: &mut impl Outlet,
    ) {
        self.turn(now, out).0.recording_ended(shard, relay, end);
    }

    /// Somebody sent a message on a data channel to this shard.
    pub fn data(&mut self, now: Instant, shard: u8, message: &DataMessage<'_>, out: &mut impl Outlet) {
        self.turn(now, out).0.data_arrived(shard, message);
    }

    /// So many messages did not reach the peer of a link of this shard.
    pub fn data_lost(&mut self, now: Instant, (shard, link): (u8, LinkId), lost: u32, out: &mut impl Outlet) {
        self.turn(now, out).0.data_lost(shard, link, lost);
    }

    /// News from DTLS.
    pub fn handshake(&mut self, now: Instant, event: HandshakeEvent, out: &mut impl Outlet) {
        let (mut turn, _) = self.turn(now, out);
        turn.handshake(event);
        turn.end_empty_rooms();
    }

    /// Does what is due (session timeouts) and says when to call again at the latest.
    pub fn tick(&mut self, now: Instant, out: &mut impl Outlet) -> Instant {
        self.end_sessions(now, out);
        let (mut turn, _) = self.turn(now, out);
        turn.look_at_load();
        turn.let_go_of_cascades();
        turn.end_drain();
        now.after_ms(TICK_MS)
    }

    /// Ends the sessions whose time is over.
    fn end_sessions(&mut self, now: Instant, out: &mut impl Outlet) {
        let (timeout_s, reclaim_s) = (self.state.options.session_timeout_s, self.settings.reclaim_session_timeout_s);
        let (mut turn, _) = self.turn(now, out);
        for index in 0..turn.state.sessions.capacity() as u16 {
            let session = turn.state.sessions.at(index);
            let is_due =
                session.and_then(|session| session.deadline(timeout_s, reclaim_s)).is_some_and(|due| due <= now);
            if let Some(id) = turn.state.sessions.id_at(index).filter(|_| is_due) {
                say!(debug, "a session ended: its time was over");
                turn.post.notify_session(turn.state, id.into(), "timeout");
                if turn.state.sessions.at(index).is_some_and(|session| session.connection.is_some()) {
                    turn.notify_ended(id.into(), "timeout");
                }
                turn.destroy_session(id.into());
            }
        }
        turn.end_empty_rooms();
    }

    fn turn<'t, O: Outlet>(&'t mut self, now: Instant, out: &'t mut O) -> (Turn<'t, 'm, R, O>, &'t mut [u8]) {
        let emitter = Emitter {
            mask: self.settings.events,
            name: &self.settings.server_name,
            time_us: self.settings.unix_time_at_start_us + now.us,
        };
        let turn = Turn {
            now,
            settings: &self.settings,
            state: &mut self.state,
            random: &mut self.random,
            post: Post { buffer: self.message, out, emitter },
            local: self.local,
        };
        (turn, self.remote)
    }
}

/// An outlet of what nobody hears.
struct Nobody;

impl Outlet for Nobody {
    fn text(&mut self, _: ConnectionId, _: &[u8]) {}

    fn command(&mut self, _: u8, _: Command) {}

    fn handshake(&mut self, _: HandshakeCommand) {}
}
