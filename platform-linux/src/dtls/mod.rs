//! DTLS for SRTP keys (RFC 5764) and data channels (RFC 8261): one task owns all connections, for the life of their
//! links.

mod client_hello;
mod early;
mod engine;
mod records;
#[cfg(test)]
mod tests;
mod webrtc;
mod wire;

use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use parlor_core::id::LinkId;
use parlor_core::limits::DATAGRAM_BYTES;
use parlor_core::link::{Fingerprint, HandshakeCommand, HandshakeEvent, HandshakeFailure, Role, SrtpProfile};
use parlor_core::media::DtlsDatagram;
use smol::Timer;

use self::client_hello::{ClientHello, Reading};
use self::early::Early;
use self::engine::{Engine, Output};
use self::webrtc::Factory;
use crate::identity::Identity;
use crate::queue::{Receiver, Sender};

/// Handshakes that run at a time; others wait. It bounds what a storm of joins takes.
const RUNNING: usize = 64;

/// From the address that ICE validated to the keys.
const DEADLINE: Duration = Duration::from_secs(20);

/// Datagrams taken from a shard before the engines have their turn.
const DATAGRAMS_A_TURN: usize = 64;

/// Places in a shard's queue that application data leaves to handshakes.
const RESERVED_DATAGRAMS: usize = 32;

/// The two queues between a shard and the task that owns DTLS.
pub struct DtlsQueues {
    /// From peers.
    pub incoming: Receiver<DtlsDatagram>,
    /// To peers.
    pub outgoing: Sender<DtlsDatagram>,
}

/// All DTLS connections of the process.
pub struct Handshakes {
    factory: Factory,
    preference: [SrtpProfile; 2],
    deadline: Duration,
    queues: Vec<DtlsQueues>,
    connections: HashMap<Name, Connection>,
    capacity: usize,
    early: Early,
    /// Whose engine is not idle.
    running: Vec<Name>,
    /// Who has a deadline before them, the earliest first.
    handshaking: VecDeque<Name>,
    timer: Option<(Instant, Timer)>,
    events: VecDeque<Event>,
    dropped_datagrams: u64,
}

/// A link of a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Name {
    /// The shard.
    pub shard: u8,
    /// Its link.
    pub link: LinkId,
}

/// What the connections have to tell.
pub enum Event {
    /// For the control half.
    Handshake(HandshakeEvent),
    /// Application data.
    Data {
        /// Whose shard.
        shard: u8,
        /// Whose.
        link: LinkId,
        /// A packet of SCTP, if the peer speaks what it said.
        packet: Vec<u8>,
    },
}

struct Connection {
    role: Role,
    fingerprint: Fingerprint,
    /// Whether application data shall pass.
    carries: bool,
    deadline: Option<Instant>,
    phase: Phase,
}

enum Phase {
    /// The link has no validated address yet, or too many handshakes run.
    Waiting,
    /// A client's hello is being read.
    Hello(ClientHello),
    /// The handshake runs.
    Handshake(Box<dyn Engine>),
    /// The keys are out.
    Established(Box<dyn Engine>),
}

impl Handshakes {
    /// No connection yet. As server the first profile of `preference` that the client offers is taken; as client all of
    /// them are offered in this order. `queues` are those of shard 0, 1, ...; there are at most `capacity` connections.
    pub fn new(
        identity: &Identity,
        preference: [SrtpProfile; 2],
        queues: Vec<DtlsQueues>,
        capacity: usize,
    ) -> Result<Self, String> {
        Ok(Self {
            factory: Factory::new(identity)?,
            preference,
            deadline: DEADLINE,
            queues,
            connections: HashMap::with_capacity(capacity),
            capacity,
            early: Early::default(),
            running: Vec::with_capacity(capacity),
            handshaking: VecDeque::with_capacity(capacity),
            timer: None,
            events: VecDeque::new(),
            dropped_datagrams: 0,
        })
    }

    /// Datagrams of links that nobody opened, and datagrams that found a shard's queue full.
    pub fn dropped_datagrams(&self) -> u64 {
        self.dropped_datagrams
    }

    /// Does what the control half asks; what comes of it is told by [`Self::next_event`].
    pub fn command(&mut self, command: HandshakeCommand) {
        match command {
            HandshakeCommand::Open { link, shard, role, fingerprint } => {
                self.open(Name { shard, link }, role, fingerprint);
            }
            HandshakeCommand::Start { link, shard } => self.start(Name { shard, link }),
            HandshakeCommand::Close { link, shard } => self.close(Name { shard, link }),
        }
    }

    /// Runs all connections until there is something to tell. Dropping the future loses nothing, but nothing moves
    /// unless it is polled.
    pub async fn next_event(&mut self) -> Event {
        poll_fn(|context| self.poll_event(context)).await
    }

    /// Application data of this link shall pass; it comes by [`Self::next_event`].
    pub fn carry(&mut self, name: Name) {
        let Some(connection) = self.connections.get_mut(&name) else { return };
        connection.carries = true;
        if let Phase::Handshake(engine) | Phase::Established(engine) = &mut connection.phase {
            engine.carry();
            if !self.running.contains(&name) {
                self.running.push(name);
            }
        }
    }

    /// Whether another datagram of application data finds room on its way to the peers of `shard`. Some room is left
    /// for handshakes.
    pub fn has_room(&self, shard: u8) -> bool {
        self.queues.get(usize::from(shard)).is_some_and(|queues| queues.outgoing.vacancies() > RESERVED_DATAGRAMS)
    }

    /// Sends application data; false if the connection cannot yet.
    pub fn write(&mut self, name: Name, data: &[u8]) -> bool {
        let Some(connection) = self.connections.get_mut(&name) else { return false };
        let Phase::Established(engine) = &mut connection.phase else { return false };
        let Some(datagram) = engine.seal(data) else { return false };
        self.send(name, &datagram);
        true
    }

    fn open(&mut self, name: Name, role: Role, fingerprint: Fingerprint) {
        if self.connections.len() >= self.capacity || usize::from(name.shard) >= self.queues.len() {
            self.events.push_back(failed(name, HandshakeFailure::Full));
            return;
        }
        let connection = Connection { role, fingerprint, carries: false, deadline: None, phase: Phase::Waiting };
        self.connections.insert(name, connection);
        for datagram in self.early.take(name) {
            self.input(name, &datagram);
        }
    }

    fn start(&mut self, name: Name) {
        let Some(connection) = self.connections.get_mut(&name) else { return };
        if connection.deadline.is_none() && !matches!(connection.phase, Phase::Established(_)) {
            connection.deadline = Some(Instant::now() + self.deadline);
            self.handshaking.push_back(name);
        }
        if connection.role == Role::Client && matches!(connection.phase, Phase::Waiting) && self.running.len() < RUNNING
        {
            let mut engine = self.factory.start(Role::Client, &self.preference, connection.fingerprint);
            if connection.carries {
                engine.carry();
            }
            connection.phase = Phase::Handshake(engine);
            self.running.push(name);
        }
    }

    fn close(&mut self, name: Name) {
        self.early.take(name);
        let Some(connection) = self.connections.remove(&name) else { return };
        self.running.retain(|running| *running != name);
        self.handshaking.retain(|handshaking| *handshaking != name);
        if let Phase::Established(mut engine) = connection.phase
            && let Some(datagram) = engine.close_notify()
        {
            self.send(name, &datagram);
        }
    }

    fn poll_event(&mut self, context: &mut Context<'_>) -> Poll<Event> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Poll::Ready(event);
            }
            let more = self.take_datagrams(context);
            self.expire();
            self.run(context);
            self.start_waiting();
            if self.events.is_empty() && !more && self.poll_timer(context).is_pending() {
                return Poll::Pending;
            }
        }
    }

    /// Gives what the shards have to the engines; true if there may be more.
    fn take_datagrams(&mut self, context: &mut Context<'_>) -> bool {
        let mut more = false;
        for shard in 0..self.queues.len() {
            let mut turn = 0;
            while turn < DATAGRAMS_A_TURN && self.queues[shard].incoming.poll_ready(context).is_ready() {
                let Some(datagram) = self.queues[shard].incoming.try_recv() else { break };
                self.input(Name { shard: shard as u8, link: datagram.link }, datagram.payload());
                turn += 1;
            }
            more |= turn == DATAGRAMS_A_TURN;
        }
        more
    }

    fn input(&mut self, name: Name, datagram: &[u8]) {
        if !self.connections.contains_key(&name) {
            self.dropped_datagrams += u64::from(!self.early.keep(name, datagram));
            return;
        }
        // The shard gives DTLS from validated addresses alone, so the first datagram is as good as its notice.
        self.start(name);
        let Some(connection) = self.connections.get_mut(&name) else { return };
        match &mut connection.phase {
            Phase::Handshake(engine) | Phase::Established(engine) => {
                engine.input(datagram);
                if !self.running.contains(&name) {
                    self.running.push(name);
                }
            }
            Phase::Waiting if connection.role == Role::Server && self.running.len() < RUNNING => {
                connection.phase = Phase::Hello(ClientHello::default());
                self.read_hello(name, datagram);
            }
            Phase::Hello(_) => self.read_hello(name, datagram),
            // It will come again.
            Phase::Waiting => self.dropped_datagrams += 1,
        }
    }

    /// Begins a server's handshake when its ClientHello is whole.
    fn read_hello(&mut self, name: Name, datagram: &[u8]) {
        let Some(connection) = self.connections.get_mut(&name) else { return };
        let Phase::Hello(hello) = &mut connection.phase else { return };
        match hello.push(datagram, &self.preference) {
            Reading::Incomplete => {}
            Reading::Complete(None) => self.fail(name, HandshakeFailure::Protocol),
            Reading::Complete(Some(profile)) => {
                let datagrams = std::mem::take(hello).into_datagrams();
                let mut engine = self.factory.start(Role::Server, &[profile], connection.fingerprint);
                if connection.carries {
                    engine.carry();
                }
                for datagram in datagrams {
                    engine.input(&datagram);
                }
                connection.phase = Phase::Handshake(engine);
                self.running.push(name);
            }
        }
    }

    /// Runs every engine that is not idle.
    fn run(&mut self, context: &mut Context<'_>) {
        let mut running = std::mem::take(&mut self.running);
        running.retain(|name| self.run_one(*name, context));
        self.running = running;
    }

    /// Runs one engine; false if it need not be run again until it has input.
    fn run_one(&mut self, name: Name, context: &mut Context<'_>) -> bool {
        loop {
            let Some(connection) = self.connections.get_mut(&name) else { return false };
            let (Phase::Handshake(engine) | Phase::Established(engine)) = &mut connection.phase else { return false };
            match engine.poll_output(context) {
                Poll::Pending => return !engine.is_idle(),
                Poll::Ready(Output::Datagram(datagram)) => self.send(name, &datagram),
                Poll::Ready(Output::Secured(keys)) => {
                    connection.deadline = None;
                    let Phase::Handshake(engine) = std::mem::replace(&mut connection.phase, Phase::Waiting) else {
                        return false;
                    };
                    connection.phase = Phase::Established(engine);
                    self.handshaking.retain(|handshaking| *handshaking != name);
                    let secured = HandshakeEvent::Secured { link: name.link, shard: name.shard, keys };
                    self.events.push_back(Event::Handshake(secured));
                }
                Poll::Ready(Output::Data(packet)) => {
                    self.events.push_back(Event::Data { shard: name.shard, link: name.link, packet });
                }
                Poll::Ready(Output::Failed(reason)) => {
                    self.fail(name, reason);
                    return false;
                }
                Poll::Ready(Output::Closed) => {
                    self.connections.remove(&name);
                    let closed = HandshakeEvent::Closed { link: name.link, shard: name.shard };
                    self.events.push_back(Event::Handshake(closed));
                    return false;
                }
            }
        }
    }

    /// Starts clients that had to wait for others.
    fn start_waiting(&mut self) {
        for index in 0..self.handshaking.len() {
            if self.running.len() >= RUNNING {
                return;
            }
            self.start(self.handshaking[index]);
        }
    }

    /// Ends the handshakes whose time is over.
    fn expire(&mut self) {
        let now = Instant::now();
        while let Some(name) = self.handshaking.front().copied() {
            let deadline = self.connections.get(&name).and_then(|connection| connection.deadline);
            if deadline.is_some_and(|deadline| deadline > now) {
                return;
            }
            self.fail(name, HandshakeFailure::Deadline);
        }
    }

    /// Is ready when the earliest deadline has passed.
    fn poll_timer(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(deadline) = self.handshaking.front().and_then(|name| self.connections.get(name)?.deadline) else {
            self.timer = None;
            return Poll::Pending;
        };
        if self.timer.as_ref().is_none_or(|(at, _)| *at != deadline) {
            self.timer = Some((deadline, Timer::at(deadline)));
        }
        let Some((_, timer)) = &mut self.timer else { return Poll::Pending };
        Pin::new(timer).poll(context).map(|_| ())
    }

    /// Forgets a connection that came to nothing, and tells it.
    fn fail(&mut self, name: Name, reason: HandshakeFailure) {
        self.handshaking.retain(|handshaking| *handshaking != name);
        self.running.retain(|running| *running != name);
        if self.connections.remove(&name).is_some() {
            self.events.push_back(failed(name, reason));
        }
    }

    fn send(&mut self, name: Name, datagram: &[u8]) {
        debug_assert!(datagram.len() <= DATAGRAM_BYTES);
        let sent = self.queues.get_mut(usize::from(name.shard)).is_some_and(|queues| {
            DtlsDatagram::new(name.link, datagram).is_some_and(|datagram| queues.outgoing.try_send(datagram).is_ok())
        });
        self.dropped_datagrams += u64::from(!sent);
    }
}

fn failed(name: Name, reason: HandshakeFailure) -> Event {
    Event::Handshake(HandshakeEvent::Failed { link: name.link, shard: name.shard, reason })
}
