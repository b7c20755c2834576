//! The control half on Linux: everything on one thread that reaches [`Control`], and what it says to others.

use std::cell::{Cell, RefCell};
use std::net::IpAddr;
use std::rc::Rc;
use std::time::{Duration, Instant as Clock};

use parlor_core::control::{self, Contact, Control, Credentials, Origin, Refusal, RoomsLeft, TableUse, Transport};
use parlor_core::id::{CaptureId, ConnectionId, LinkId};
use parlor_core::link::{HandshakeCommand, OpenData, TapReader};
use parlor_core::media::{Command, Notice};
use parlor_core::room::{Name, RoomSettings};
use parlor_core::time::Instant;
use smol::Timer;
use smol::future::or;

use crate::addresses;
use crate::capture::{Captures, Copied};
use crate::cluster::Counts;
use crate::commands::Shard;
use crate::connections::Connections;
use crate::data::{self, DataChannels, DataForwarder};
use crate::dtls::{self, Handshakes};
use crate::events::Events;
use crate::guesses::Guesses;
use crate::ingress::IngressOpener;
use crate::log;
use crate::mailbox::Mailbox;
use crate::outgoing::Outgoing;
use crate::queue::{Receiver, Sender};
use crate::random::SystemSource;
use crate::recording::{Ended, Recordings};
use crate::reload::Reloaded;
use crate::rooms::PermanentRooms;
use crate::spectrum::Spectra;
use crate::watch::Watch;
use crate::world::World;

/// How soon a shard's full queue is tried again.
const RETRY: Duration = Duration::from_millis(1);

/// How long the end waits for management systems to take what was told.
const LAST_EVENTS_WITHIN: Duration = Duration::from_millis(300);

/// How often the machine's addresses are looked at.
const ADDRESSES_PERIOD: Duration = Duration::from_secs(1);

/// Messages that pass before packets have their turn.
const DATA_EVENTS_A_TURN: usize = 32;

/// The longest sleep between two looks at what is due: a request may have made something due earlier.
const LONGEST_SLEEP: Duration = Duration::from_millis(200);

/// The one owner of the control half. It lives on one thread; every call is short and never waits.
pub struct ControlTask {
    state: RefCell<State>,
    epoch: Clock,
    peers: Mailbox<PeerCommand>,
    data: RefCell<DataChannels>,
    forwarder: RefCell<DataForwarder>,
    /// What administrators and drains want of the process.
    wanted: Mailbox<Wanted>,
    /// Management systems.
    events: Events,
    captures: Captures,
    spectra: RefCell<Spectra>,
    recordings: Recordings,
    /// Clients that were given up because they did not read.
    slow_clients: Cell<u64>,
    guesses: Guesses,
    watch: Rc<Watch>,
    cluster: Counts,
}

struct State {
    control: Control<'static, SystemSource>,
    connections: Connections,
    shards: Vec<Shard>,
    rooms: PermanentRooms,
}

/// What the control half wants of the task that owns DTLS and data channels.
pub(crate) enum PeerCommand {
    Handshake(HandshakeCommand),
    Data(OpenData),
    /// To have a shard close a link, whose peer was told.
    Close(u8, LinkId),
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

impl ControlTask {
    /// The owner of `control`, which reaches its shards by `commands`; at most `connections` clients come.
    pub fn new(
        control: Control<'static, SystemSource>,
        commands: Vec<(Sender<Command>, IngressOpener)>,
        connections: u16,
        events: Events,
        files: Files,
        (spectra, data, forwarder): (Spectra, DataChannels, DataForwarder),
        watch: Rc<Watch>,
    ) -> Rc<Self> {
        let Files { rooms, captures, recordings } = files;
        let shards = commands.into_iter().map(|(commands, ingress)| Shard::new(commands, ingress)).collect();
        let connections = Connections::new(connections);
        Rc::new(Self {
            state: RefCell::new(State { control, connections, shards, rooms }),
            epoch: Clock::now(),
            peers: Mailbox::default(),
            data: RefCell::new(data),
            forwarder: RefCell::new(forwarder),
            wanted: Mailbox::default(),
            events,
            captures,
            spectra: RefCell::new(spectra),
            recordings,
            slow_clients: Cell::new(0),
            guesses: Guesses::default(),
            watch,
            cluster: Counts::default(),
        })
    }

    /// A place for a client; nothing if all are taken.
    pub fn connect(self: &Rc<Self>, api: Api, transport: Transport, address: Option<IpAddr>) -> Option<Client> {
        let outgoing = Rc::new(Outgoing::default());
        let is_mailbox = transport == Transport::Http && api == Api::Clients;
        let id = self.state.borrow_mut().connections.open((api, transport), Rc::clone(&outgoing), is_mailbox)?;
        let contact = Contact { connection: id, transport, is_administrator: api == Api::Administrators };
        self.with(|control, now, out| control.opened(now, contact, address, out));
        Some(Client { contact, address, outgoing, task: Rc::clone(self) })
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

    /// What the cluster is and did.
    pub fn cluster(&self) -> &Counts {
        &self.cluster
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

    /// Runs the handshakes and the data channels, for ever.
    pub async fn run_peers(self: Rc<Self>, mut handshakes: Handshakes) {
        enum Step {
            Command(PeerCommand),
            Event(dtls::Event),
            Due,
        }
        let mut due = None;
        loop {
            let command = async { Step::Command(self.peers.next().await) };
            let event = async { Step::Event(handshakes.next_event().await) };
            let timer = async {
                due.map_or_else(Timer::never, Timer::at).await;
                Step::Due
            };
            match or(command, or(event, timer)).await {
                Step::Command(command) => self.command_peer(command, &mut handshakes),
                Step::Event(dtls::Event::Handshake(event)) => {
                    self.with(|control, now, out| control.handshake(now, event, out));
                }
                Step::Event(dtls::Event::Data { shard, link, packet }) => {
                    self.data.borrow_mut().input(shard, link, packet);
                }
                Step::Due => {}
            }
            let heard = (0..DATA_EVENTS_A_TURN).map_while(|_| self.hear_data()).count();
            due = self.data.borrow_mut().run(&mut handshakes);
            if heard == DATA_EVENTS_A_TURN {
                due = Some(Clock::now());
            }
        }
    }

    fn command_peer(&self, command: PeerCommand, handshakes: &mut Handshakes) {
        match command {
            PeerCommand::Handshake(command) => {
                if let HandshakeCommand::Close { link, shard } = command {
                    self.data.borrow_mut().close(shard, link);
                }
                handshakes.command(command);
            }
            PeerCommand::Data(data) => self.data.borrow_mut().open(&data, handshakes),
            PeerCommand::Close(shard, link) => {
                if let Some(shard) = self.state.borrow_mut().shards.get_mut(usize::from(shard)) {
                    shard.tell(Command::CloseLink { link });
                }
            }
        }
    }

    /// Hands on what the data channels tell next, if they do.
    fn hear_data(&self) -> Option<()> {
        let event = self.data.borrow_mut().next_event()?;
        match event {
            data::Event::Message(arrived) => {
                self.with(|control, now, out| control.data(now, arrived.shard, &arrived.message(), out));
            }
            data::Event::Lost { shard, link, lost } => {
                self.with(|control, now, out| control.data_lost(now, (shard, link), lost, out));
            }
        }
        Some(())
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

    /// The next thing that is wanted of the process.
    pub async fn wanted(&self) -> Wanted {
        self.wanted.next().await
    }

    /// Takes nobody new, and wants the end when nobody is left.
    pub fn drain(&self) {
        self.with(|control, now, out| control.drain(now, out));
    }

    /// Why nobody new may come, if so.
    pub fn closed_to_new(&self) -> Option<&'static str> {
        self.state.borrow().control.closed_to_new()
    }

    /// Takes other settings, as [`Control::reconfigure`].
    pub fn reconfigure(&self, settings: control::Settings, rooms: control::Rooms<'_>) -> Result<RoomsLeft, Refusal> {
        self.with(|control, now, out| control.reconfigure(now, settings, rooms, out))
    }

    /// What rooms the state directory keeps.
    pub fn kept_rooms(&self) -> Vec<RoomSettings> {
        self.state.borrow().rooms.rooms().to_vec()
    }

    /// These are the rooms of the configuration from now on.
    pub fn set_configured_rooms(&self, names: Vec<Name>) {
        self.state.borrow_mut().rooms.set_configured(names);
    }

    /// Tells an administrator what came of a reload.
    pub fn tell_reload(&self, asked: (ConnectionId, &str), outcome: Result<Reloaded, String>) {
        fn names(list: &[String]) -> Vec<&str> {
            list.iter().map(String::as_str).collect()
        }
        self.with(|control, now, out| match &outcome {
            Ok(Reloaded { changed, restart }) => {
                control.tell_reload(now, asked, Ok((&names(changed), &names(restart))), out);
            }
            Err(why) => control.tell_reload(now, asked, Err(why), out),
        });
    }

    /// Waits until no command waits for a place in a shard's queue.
    pub(crate) async fn ready(&self) {
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

    /// Acts on the control half.
    pub(crate) fn with<T>(
        &self,
        act: impl FnOnce(&mut Control<'static, SystemSource>, Instant, &mut World<'_>) -> T,
    ) -> T {
        let now = self.now();
        let State { control, connections, shards, rooms } = &mut *self.state.borrow_mut();
        let mut world = World {
            connections,
            shards,
            rooms,
            peers: &self.peers,
            data: &self.data,
            forwarder: &self.forwarder,
            wanted: &self.wanted,
            events: &self.events,
            captures: &self.captures,
            recordings: &self.recordings,
            slow_clients: &self.slow_clients,
            watch: &self.watch,
            cluster: &self.cluster,
            secret: None,
        };
        act(control, now, &mut world)
    }
}

/// What the process is asked for from inside.
pub enum Wanted {
    /// To end: a drain is over.
    End,
    /// To read the configuration again, and to answer this administrator's request.
    Reload(ConnectionId, String),
}

/// What somebody is told who showed many wrong secrets.
const TOO_MANY_GUESSES: &str =
    r#"{"janus":"error","error":{"code":403,"reason":"Too many wrong secrets: wait a minute"}}"#;

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
    /// Where it is, unless it is on this machine.
    address: Option<IpAddr>,
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
        if !is_administrator {
            return self.task.with(|control, now, out| control.request(now, origin, text, out));
        }
        let (guesses, now) = (&self.task.guesses, Clock::now());
        if self.address.is_some_and(|address| !guesses.admits(address, now)) {
            log::warn("admin", "somebody who guesses secrets has to wait");
            self.outgoing.push(TOO_MANY_GUESSES);
            return;
        }
        let secret = self.task.with(|control, now, out| {
            control.administer(now, origin, text, out);
            out.secret
        });
        if let Some((address, is_right)) = self.address.zip(secret) {
            guesses.note(address, !is_right, now);
        }
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
