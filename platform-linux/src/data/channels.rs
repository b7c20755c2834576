//! All peers with data channels.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use parlor_core::id::LinkId;
use parlor_core::limits::Limits;
use parlor_core::link::{DataMessage, OpenData};

use super::association::{Channel, Outgoing, PATIENCE, Peer};
use super::{Arrived, Event};
use crate::dtls::{Handshakes, Name};

/// How often a peer's losses are told.
const TOLD_EVERY: Duration = Duration::from_secs(1);

/// How soon a shard's full queue, or a connection that is not established, is tried again.
const RETRY: Duration = Duration::from_millis(1);
const RETRY_UNESTABLISHED: Duration = Duration::from_millis(100);

/// Packets that go to one peer before others have their turn.
const PACKETS_A_TURN: usize = 32;

/// Where messages come from: a channel of a link.
type Origin = (Name, u16);

/// All peers with data channels, for the life of their links.
pub struct DataChannels {
    limits: Limits,
    peers: HashMap<Name, Entry>,
    /// Who may have sent messages that are not read yet.
    senders: VecDeque<Name>,
    /// To whom packets may have to go.
    receivers: VecDeque<Name>,
}

struct Entry {
    peer: Peer<Origin>,
    /// Since when more waits than half of what may.
    behind_since: Option<Instant>,
    lost: u32,
    told: Option<Instant>,
}

impl Entry {
    /// Whether senders wait for it.
    fn is_waited_for(&self, now: Instant) -> bool {
        self.behind_since.is_some_and(|since| now.saturating_duration_since(since) < PATIENCE)
    }
}

impl DataChannels {
    /// None yet.
    pub fn new(limits: &Limits) -> Self {
        Self { limits: *limits, peers: HashMap::new(), senders: VecDeque::new(), receivers: VecDeque::new() }
    }

    /// A link carries data channels from now on; nothing happens if it does.
    pub fn open(&mut self, data: &OpenData, handshakes: &mut Handshakes) {
        let name = Name { shard: data.shard, link: data.link };
        if self.peers.contains_key(&name) {
            return;
        }
        let peer = Peer::new(data, &self.limits);
        self.peers.insert(name, Entry { peer, behind_since: None, lost: 0, told: None });
        handshakes.carry(name);
        self.receivers.push_back(name);
    }

    /// The link is gone.
    pub fn close(&mut self, shard: u8, link: LinkId) {
        let name = Name { shard, link };
        if self.peers.remove(&name).is_some() {
            self.end_channels(|origin| origin.0 == name);
        }
    }

    /// A packet from a peer.
    pub fn input(&mut self, shard: u8, link: LinkId, packet: Vec<u8>) {
        let name = Name { shard, link };
        let Some(entry) = self.peers.get_mut(&name) else { return };
        let closed = entry.peer.input(Instant::now(), packet);
        note(&mut self.senders, name);
        note(&mut self.receivers, name);
        if !closed.is_empty() {
            self.end_channels(|origin| origin.0 == name && closed.contains(&origin.1));
        }
    }

    /// Sends a message, or counts that it was lost.
    pub fn send(&mut self, shard: u8, to: LinkId, message: &DataMessage<'_>) {
        let name = Name { shard, link: to };
        let Some(entry) = self.peers.get_mut(&name) else { return };
        let DataMessage { from, channel, delivery, priority, label, protocol, is_text, payload } = *message;
        let outgoing = Outgoing {
            origin: (Name { shard, link: from }, channel),
            channel: Channel { delivery, priority, label: label.into(), protocol: protocol.into() },
            is_text,
            payload: payload.into(),
        };
        if !entry.peer.send(outgoing) {
            entry.lost += 1;
        }
        note(&mut self.receivers, name);
    }

    /// The next thing to tell.
    pub fn next_event(&mut self) -> Option<Event> {
        let now = Instant::now();
        let is_due = |entry: &Entry| entry.told.is_none_or(|told| now.saturating_duration_since(told) >= TOLD_EVERY);
        if let Some((name, entry)) = self.peers.iter_mut().find(|(_, entry)| entry.lost > 0 && is_due(entry)) {
            entry.told = Some(now);
            let lost = std::mem::take(&mut entry.lost);
            return Some(Event::Lost { shard: name.shard, link: name.link, lost });
        }
        self.next_message(now).map(Event::Message)
    }

    /// Sends what can be sent, does what is due, and says when to do that again at the latest.
    pub fn run(&mut self, handshakes: &mut Handshakes) -> Option<Instant> {
        let now = Instant::now();
        for (name, entry) in &mut self.peers {
            if entry.peer.due().is_some_and(|due| due <= now) {
                entry.peer.tick(now);
                note(&mut self.receivers, *name);
            }
        }
        let mut due: Option<Instant> = None;
        let mut at_latest = |at: Instant| due = Some(due.map_or(at, |due| due.min(at)));
        for _ in 0..self.receivers.len() {
            let Some(name) = self.receivers.pop_front() else { break };
            let Some(entry) = self.peers.get_mut(&name) else { continue };
            if let Some(wait) = transmit(name, &mut entry.peer, handshakes, now) {
                self.receivers.push_back(name);
                at_latest(now + wait);
            }
        }
        let half = self.limits.data_queue_bytes as usize / 2;
        for entry in self.peers.values_mut() {
            let is_behind = entry.peer.queued_bytes() > half;
            let behind_since = if is_behind { entry.behind_since.or(Some(now)) } else { None };
            if std::mem::replace(&mut entry.behind_since, behind_since).is_some() && !is_behind {
                // Those who wait for it may go on.
                at_latest(now);
            }
            entry.peer.due().into_iter().for_each(&mut at_latest);
            if entry.lost > 0 {
                at_latest(entry.told.unwrap_or(now) + TOLD_EVERY);
            }
            // Then nobody waits for it any more.
            entry
                .behind_since
                .map(|since| since + PATIENCE)
                .filter(|end| *end > now)
                .into_iter()
                .for_each(&mut at_latest);
        }
        due
    }

    /// The next message of somebody whom nobody holds back.
    fn next_message(&mut self, now: Instant) -> Option<Arrived> {
        for _ in 0..self.senders.len() {
            let name = self.senders.pop_front()?;
            let is_held = self.is_held_back(name, now);
            let Some(entry) = self.peers.get_mut(&name) else { continue };
            if is_held {
                self.senders.push_back(name);
                continue;
            }
            if let Some(message) = entry.peer.read() {
                let Channel { delivery, priority, label, protocol } = entry.peer.channel(message.channel);
                let (is_text, payload, channel) = (message.is_text, message.payload, message.channel);
                self.senders.push_back(name);
                // What was read makes room, which the peer must hear of.
                note(&mut self.receivers, name);
                let Name { shard, link } = name;
                return Some(Arrived { shard, link, channel, delivery, priority, label, protocol, is_text, payload });
            }
        }
        None
    }

    /// Whether somebody who gets messages of `name` is behind, and may catch up.
    fn is_held_back(&self, name: Name, now: Instant) -> bool {
        self.peers.values().any(|entry| entry.is_waited_for(now) && entry.peer.has_origin(|origin| origin.0 == name))
    }

    /// Closes the channels that come from where `is_meant` says.
    fn end_channels(&mut self, is_meant: impl Fn(&Origin) -> bool) {
        for (name, entry) in &mut self.peers {
            if entry.peer.has_origin(&is_meant) {
                entry.peer.close(&is_meant);
                note(&mut self.receivers, *name);
            }
        }
    }
}

/// Hands packets to DTLS; how long to wait with the rest, if there is any.
fn transmit(name: Name, peer: &mut Peer<Origin>, handshakes: &mut Handshakes, now: Instant) -> Option<Duration> {
    for _ in 0..PACKETS_A_TURN {
        let packet = peer.packet(now)?;
        if !handshakes.has_room(name.shard) {
            return Some(RETRY);
        }
        if !handshakes.write(name, packet) {
            return Some(RETRY_UNESTABLISHED);
        }
        peer.sent();
    }
    Some(Duration::ZERO)
}

fn note(names: &mut VecDeque<Name>, name: Name) {
    if !names.contains(&name) {
        names.push_back(name);
    }
}
