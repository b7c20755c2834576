//! One shard: its tables, and the way in for everything that happens to it.

use crate::drops::{Drop, Drops};
use crate::forward::{Forwarding, Outcome, Pending, Queued, Relay, SentTable, Subscription};
use crate::id::LinkId;
use crate::limits::Limits;
use crate::link::{BindingServer, DepartureTable, Gcm, Link, Outbox, RouteMap};
use crate::media::{CloseReason, Memory};
use crate::random::Random;
use crate::store::{PacketId, Pool, Queues, Table};
use crate::stream::{Conversation, Facts, Kept, Stream};
use crate::time::Instant;

/// The media half of one shard.
pub struct Media<'m, G: Gcm, R: Random> {
    pub(super) links: Table<'m, Link<G>>,
    pub(super) routes: RouteMap<'m>,
    pub(super) bindings: BindingServer,
    pub(super) departures: DepartureTable<'m>,
    pub(super) streams: Table<'m, Stream>,
    pub(super) subscriptions: Table<'m, Subscription>,
    pub(super) sent: SentTable<'m>,
    pub(super) relays: Table<'m, Relay<G>>,
    pub(super) pool: Pool<'m, Facts>,
    pub(super) histories: &'m mut [PacketId],
    pub(super) queues: Queues<'m, Queued>,
    pub(super) conversations: Table<'m, Conversation>,
    pub(super) pending: Pending,
    pub(super) limits: Limits,
    pub(super) settings: Settings,
    pub(super) random: R,
    /// When something is due.
    pub(super) due: Instant,
    /// Whether some link has news for the control half.
    pub(super) has_news: bool,
    /// What was dropped, by cause.
    pub drops: Drops,
    /// What was done.
    pub counters: Counters,
}

/// What a site may change about media.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Lost packets in a second from which a link counts as slow; 0: never (Janus' `slowlink_threshold`).
    pub slow_link_packets: u32,
    /// Silence after which a stream counts as not received; 0: never (Janus' `no_media_timer`).
    pub silence_ms: u32,
    /// How often the control half is told what passed through each m-line, in seconds; 0: never.
    pub statistics_s: u16,
    /// Whether every picture is sent in its lowest layers only, because the machine has no time for more.
    pub lowest_layers: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self { slow_link_packets: 0, silence_ms: 1000, statistics_s: 2, lowest_layers: false }
    }
}

/// What a shard did since its start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// RTP packets that came and were authentic.
    pub received_packets: u64,
    /// RTP packets that left.
    pub sent_packets: u64,
}

impl<'m, G: Gcm, R: Random> Media<'m, G, R> {
    /// A shard in `memory`, whose slices have the lengths of [`super::tables`].
    pub fn new(memory: Memory<'m, G>, limits: Limits, settings: Settings, mut random: R) -> Self {
        Self {
            links: Table::new(memory.links),
            routes: RouteMap::new(memory.routes, random.u64()),
            bindings: BindingServer::default(),
            departures: DepartureTable::new(memory.departures),
            streams: Table::new(memory.streams),
            subscriptions: Table::new(memory.subscriptions),
            sent: SentTable::new(memory.sent),
            relays: Table::new(memory.relays),
            pool: Pool::new(memory.packets, memory.packet_bytes),
            histories: memory.histories,
            queues: Queues::new(memory.queued),
            conversations: Table::new(memory.conversations),
            pending: Pending::NONE,
            limits,
            settings,
            random,
            due: FAR,
            has_news: false,
            drops: Drops::default(),
            counters: Counters::default(),
        }
    }

    /// When [`Self::tick`] must be called at the latest.
    pub fn due(&self) -> Instant {
        self.due
    }

    /// Sends what the received batch caused.
    pub fn leave(&mut self, now: Instant, outbox: &mut impl Outbox) {
        let (mut forwarding, streams, ring) = self.forwarding();
        let (sent, due) = forwarding.leave((streams, ring), now, outbox);
        self.counters.sent_packets += u64::from(sent);
        self.due = due.map_or(self.due, |due| due.min(self.due));
    }

    /// The tables of forwarding, the streams, and their histories.
    pub(super) fn forwarding(&mut self) -> (Forwarding<'_, 'm, G>, &mut Table<'m, Stream>, &mut [PacketId]) {
        let forwarding = Forwarding {
            subscriptions: &mut self.subscriptions,
            sent: &mut self.sent,
            links: &mut self.links,
            departures: &mut self.departures,
            queues: &mut self.queues,
            pool: &mut self.pool,
            pending: &mut self.pending,
        };
        (forwarding, &mut self.streams, self.histories)
    }

    /// The streams, and the memory in which their packets are kept.
    pub(super) fn kept(&mut self) -> (&mut Table<'m, Stream>, Kept<'_, 'm>) {
        (&mut self.streams, Kept { pool: &mut self.pool, ring: self.histories })
    }

    /// What forwarding found out beside what it wants.
    pub(super) fn note_outcome(&mut self, outcome: Outcome) {
        self.has_news |= outcome.has_news;
        self.drops.add(Drop::QueueFull, u64::from(outcome.overflowed));
    }

    /// Has the link looked at by `due`.
    pub(super) fn wake(&mut self, place: u16, due: Instant) {
        if let Some(link) = self.links.at_mut(place) {
            link.due_by(due);
            self.due = self.due.min(due);
        }
    }

    /// Ends a link with everything that hangs on it. Its place stays taken until the control half knows.
    pub(super) fn close(&mut self, link: LinkId, reason: CloseReason) {
        match self.links.get(link) {
            Some(state) if state.closed.is_none() => {}
            _ => return,
        }
        let place = link.index;
        while let Some(stream) = self.links.at(place).and_then(|state| self.streams.id_at(state.streams)) {
            self.remove_stream(stream.into());
        }
        while let Some(subscription) =
            self.links.at(place).and_then(|state| self.subscriptions.id_at(state.subscriptions))
        {
            self.unsubscribe(subscription.into());
        }
        self.forwarding().0.clear_queue(place);
        self.routes.remove_link(link);
        if let Some(state) = self.links.get_mut(link) {
            state.closed = Some(reason);
            state.srtp = None;
            state.due = FAR;
            self.has_news = true;
        }
    }
}

/// Never.
pub(super) const FAR: Instant = Instant::from_us(u64::MAX);
