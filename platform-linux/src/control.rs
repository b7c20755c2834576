//! The control half on Linux: everything on one thread that reaches [`Control`], and what it says to others.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::{Duration, Instant as Clock};

use parlor_core::control::{
    CaptureFailure, CapturePath, CaptureRequest, Contact, Control, Credentials, EventBackendKind, EventCounts, Origin,
    Outlet, RecordingRequest, Refusal, ShardLoad, TableUse, Transport,
};
use parlor_core::id::{CaptureId, ConnectionId, RelayId};
use parlor_core::link::{HandshakeCommand, HandshakeEvent, TapReader};
use parlor_core::media::{Command, Notice};
use parlor_core::room::{Name, RoomSettings};
use parlor_core::time::Instant;
use smol::Timer;
use smol::future::or;

use crate::addresses;
use crate::capture::{Captures, Copied};
use crate::config::LogLevel;
use crate::connections::Connections;
use crate::dtls::Handshakes;
use crate::events::Events;
use crate::log;
use crate::mailbox::Mailbox;
use crate::outgoing::Outgoing;
use crate::queue::{Receiver, Sender};
use crate::random::SystemSource;
use crate::recording::{Ended, Recordings};
use crate::rooms::PermanentRooms;
use crate::spectrum::Spectra;
use crate::watch::Watch;

/// How soon a shard's full queue is tried again.
const RETRY: Duration = Duration::from_millis(1);

/// How long the end waits for management systems to take what was told.
const LAST_EVENTS_WITHIN: Duration = Duration::from_millis(300);

/// How often the machine's addresses are looked at.
const ADDRESSES_PERIOD: Duration = Duration::from_secs(2);

/// The longest sleep between two looks at what is due: a request may have made something due earlier.
const LONGEST_SLEEP: Duration = Duration::from_millis(200);

/// The one owner of the control half. It lives on one thread; every call is short and never waits.
pub struct ControlTask {
    state: RefCell<State>,
    epoch: Clock,
    handshakes: Mailbox<HandshakeCommand>,
    /// Management systems.
    events: Events,
    captures: Captures,
    spectra: RefCell<Spectra>,
    recordings: Recordings,
    /// Clients that were given up because they did not read.
    slow_clients: Cell<u64>,
    watch: Rc<Watch>,
}

struct State {
    control: Control<'static, SystemSource>,
    connections: Connections,
    shards: Vec<Shard>,
    rooms: PermanentRooms,
}

/// What the control half has on the disk.
pub struct Files {
    /// Rooms that outlive a restart.
    pub rooms: PermanentRooms,
    /// Packets for administrators.
    pub captures: Captures,
    /// What publishers send.
    pub recordings: Recordings,
}

/// The way to one shard.
struct Shard {
    commands: Sender<Command>,
    /// Commands that found the queue full. No further request is read until they are gone, so this is bounded by what
    /// one request, one round of notices, and the end of all connections can ask for.
    overflow: VecDeque<Command>,
}

impl ControlTask {
    /// The owner of `control`, which reaches its shards by `commands`; at most `connections` clients come.
    pub fn new(
        control: Control<'static, SystemSource>,
        commands: Vec<Sender<Command>>,
        connections: u16,
        events: Events,
        files: Files,
        spectra: Spectra,
        watch: Rc<Watch>,
    ) -> Rc<Self> {
        let Files { rooms, captures, recordings } = files;
        let shards = commands.into_iter().map(|commands| Shard { commands, overflow: VecDeque::new() }).collect();
        let connections = Connections::new(connections);
        Rc::new(Self {
            state: RefCell::new(State { control, connections, shards, rooms }),
            epoch: Clock::now(),
            handshakes: Mailbox::default(),
            events,
            captures,
            spectra: RefCell::new(spectra),
            recordings,
            slow_clients: Cell::new(0),
            watch,
        })
    }

    /// A place for a client; nothing if all are taken.
    pub fn connect(self: &Rc<Self>, api: Api, transport: Transport, address: Option<IpAddr>) -> Option<Client> {
        let outgoing = Rc::new(Outgoing::default());
        let is_mailbox = transport == Transport::Http && api == Api::Clients;
        let id = self.state.borrow_mut().connections.open((api, transport), Rc::clone(&outgoing), is_mailbox)?;
        let contact = Contact { connection: id, transport, is_administrator: api == Api::Administrators };
        self.with(|control, now, out| control.opened(now, contact, address, out));
        Some(Client { contact, outgoing, task: Rc::clone(self) })
    }

    /// A client asks by HTTP for the events of the session that a segment of the path names: its number.
    pub fn poll(&self, segment: &str, credentials: Credentials<'_>) -> Result<u64, Refusal> {
        self.with(|control, now, _| control.poll(now, segment, credentials))
    }

    /// How many clients there are.
    pub fn clients(&self) -> usize {
        self.state.borrow().connections.len()
    }

    /// How many of them were given up because they did not read.
    pub fn slow_clients(&self) -> u64 {
        self.slow_clients.get()
    }

    /// How long this has been there.
    pub fn uptime(&self) -> Duration {
        self.epoch.elapsed()
    }

    /// The media threads, as they are seen from here.
    pub fn watch(&self) -> &Watch {
        &self.watch
    }

    /// Says how full each table is.
    pub fn tables(&self, mut each: impl FnMut(TableUse)) {
        self.with(|control, _, out| control.tables(out, &mut each));
    }

    /// Hands on what shard `index` tells, for ever.
    pub async fn listen(self: Rc<Self>, index: u8, mut notices: Receiver<Notice>) {
        loop {
            let notice = notices.recv().await;
            self.with(|control, now, out| control.notice(now, index, notice, out));
        }
    }

    /// Reads what shard `index` copies, for ever.
    pub async fn read_copies(self: Rc<Self>, index: u8, mut copies: Receiver<Copied>) {
        loop {
            let copied = copies.recv().await;
            match copied.reader() {
                TapReader::Capture(capture) if !self.captures.write(&copied) => self.end_capture(capture),
                // Recordings have a queue of their own.
                TapReader::Capture(_) | TapReader::Recording(_) => {}
                TapReader::Sound(stream) => {
                    let levels = self.spectra.borrow_mut().hear(index, stream, copied.bytes());
                    if let Some(levels) = levels {
                        self.with(|control, now, out| control.spectrum(now, (index, stream), &levels, out));
                    }
                }
            }
        }
    }

    fn end_capture(&self, capture: CaptureId) {
        self.with(|control, now, out| control.capture_ended(now, capture, out));
    }

    /// Hands on which recordings ended by themselves, for ever.
    pub async fn end_recordings(self: Rc<Self>, ends: smol::channel::Receiver<Ended>) {
        while let Ok((shard, relay, end)) = ends.recv().await {
            self.with(|control, now, out| control.recording_ended(now, (shard, relay), end, out));
        }
    }

    /// Runs the handshakes, for ever.
    pub async fn shake_hands(self: Rc<Self>, mut handshakes: Handshakes) {
        enum Step {
            Command(HandshakeCommand),
            Event(HandshakeEvent),
        }
        loop {
            let command = async { Step::Command(self.handshakes.next().await) };
            let step = or(command, async { Step::Event(handshakes.next_event().await) }).await;
            match step {
                Step::Command(command) => handshakes.command(command),
                Step::Event(event) => self.with(|control, now, out| control.handshake(now, event, out)),
            }
        }
    }

    /// Does what is due when it is due, for ever.
    pub async fn keep_time(self: Rc<Self>) {
        loop {
            if let Some(capture) = self.captures.due() {
                self.end_capture(capture);
            }
            let due = self.with(|control, now, out| control.tick(now, out));
            let sleep = Duration::from_micros(due.since_us(self.now())).clamp(RETRY, LONGEST_SLEEP);
            Timer::after(sleep).await;
        }
    }

    /// Looks for ever whether `names` choose other addresses than `offered`, which then are offered: routers and DHCP
    /// servers have their own time.
    pub async fn follow_addresses(self: Rc<Self>, names: Vec<String>, ignored: Vec<String>, mut offered: Vec<IpAddr>) {
        loop {
            Timer::after(ADDRESSES_PERIOD).await;
            if let Ok(found) = addresses::resolve(&names, &ignored)
                && found != offered
            {
                let list = found.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
                log::info("addresses", format_args!("offered from now on: {list}"));
                self.with(|control, _, _| control.set_addresses(&found));
                offered = found;
            }
        }
    }

    /// Tells management systems that the server starts.
    pub fn started(&self) {
        self.with(|control, now, out| control.started(now, out));
    }

    /// Tells management systems that the server ends by this signal, and waits a moment for them.
    pub async fn end(&self, signal: i32) {
        self.with(|control, now, out| control.ending(now, signal, out));
        self.events.settle(LAST_EVENTS_WITHIN).await;
        self.recordings.close();
    }

    /// Waits until no command waits for a place in a shard's queue.
    async fn ready(&self) {
        while !self.drained() {
            Timer::after(RETRY).await;
        }
    }

    fn drained(&self) -> bool {
        self.state.borrow_mut().shards.iter_mut().all(Shard::drain)
    }

    fn now(&self) -> Instant {
        Instant::from_us(self.epoch.elapsed().as_micros() as u64)
    }

    fn with<T>(&self, act: impl FnOnce(&mut Control<'static, SystemSource>, Instant, &mut World<'_>) -> T) -> T {
        let now = self.now();
        let State { control, connections, shards, rooms } = &mut *self.state.borrow_mut();
        let mut world = World {
            connections,
            shards,
            rooms,
            handshakes: &self.handshakes,
            events: &self.events,
            captures: &self.captures,
            recordings: &self.recordings,
            slow_clients: &self.slow_clients,
            watch: &self.watch,
        };
        act(control, now, &mut world)
    }
}

/// Whom an API is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    /// Janus' API.
    Clients,
    /// The admin API.
    Administrators,
}

/// A client's place. Dropping it tells the control half that the client is gone.
pub struct Client {
    contact: Contact,
    outgoing: Rc<Outgoing>,
    task: Rc<ControlTask>,
}

impl Client {
    /// Hands a request on. The answer comes by [`Self::outgoing`].
    pub async fn request(&self, text: &[u8]) {
        self.request_at(None, None, text).await;
    }

    /// Hands on a request whose path may name a session and a handle.
    pub async fn request_at(&self, session: Option<&str>, handle: Option<&str>, text: &[u8]) {
        self.task.ready().await;
        let Contact { connection, transport, is_administrator } = self.contact;
        let origin = Origin::new(connection, transport).at(session, handle);
        self.task.with(|control, now, out| match is_administrator {
            false => control.request(now, origin, text, out),
            true => control.administer(now, origin, text, out),
        });
    }

    /// What is said to this client.
    pub fn outgoing(&self) -> &Rc<Outgoing> {
        &self.outgoing
    }

    /// The session whose events wait here, if the request of this client made or claimed one.
    pub fn session(&self) -> Option<u64> {
        self.task.state.borrow().connections.place(self.contact.connection)?.session
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.task.state.borrow_mut().connections.close(self.contact.connection);
        self.task.with(|control, now, out| control.closed(now, self.contact, out));
    }
}

impl Shard {
    /// Hands on what waits; whether nothing waits any more.
    fn drain(&mut self) -> bool {
        while let Some(command) = self.overflow.pop_front() {
            if let Err(command) = self.commands.try_send(command) {
                self.overflow.push_front(command);
                return false;
            }
        }
        true
    }
}

/// Where the control half's words go.
struct World<'a> {
    connections: &'a mut Connections,
    shards: &'a mut [Shard],
    rooms: &'a mut PermanentRooms,
    handshakes: &'a Mailbox<HandshakeCommand>,
    events: &'a Events,
    captures: &'a Captures,
    recordings: &'a Recordings,
    slow_clients: &'a Cell<u64>,
    watch: &'a Watch,
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
        let Some(shard) = self.shards.get_mut(usize::from(shard)) else { return };
        // What waits already goes first: commands are applied in their order.
        shard.overflow.push_back(command);
        shard.drain();
    }

    fn handshake(&mut self, command: HandshakeCommand) {
        self.handshakes.push(command);
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
