//! One packet to all who subscribe to its stream: decided here, written and sealed when it leaves.

use crate::forward::select;
use crate::forward::{Changes, Incoming, Sending, SentTable, Source, Subscription};
use crate::id::StreamId;
use crate::link::{DepartureTable, Gcm, Link};
use crate::store::{PacketId, Pool, Queues, Table, list};
use crate::stream::{Facts, Stream};
use crate::time::Instant;
use crate::wire::Kind;

/// A packet that waits on a link, with what was decided about it.
#[derive(Clone, Copy, Debug)]
pub struct Queued {
    /// The packet; the queue is one of its readers.
    pub packet: PacketId,
    /// The place of the subscription.
    pub subscription: u16,
    /// The number of its splice.
    pub splice: u8,
    /// Its extended sequence number in the subscriber's stream.
    pub index: u64,
    /// What else is changed in it.
    pub changes: Changes,
    /// How it goes out.
    pub sending: Sending,
    /// When it may leave.
    pub turn: Turn,
}

/// When a packet that waits on a link may leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Before others, and as soon as it can: audio.
    First,
    /// As the pacer allows where the way is known to be narrow.
    Live,
    /// Paced in any case: it comes with many others at once.
    Spread,
}

impl Turn {
    /// Of a live packet.
    pub(super) fn of(kind: Kind) -> Self {
        match kind {
            Kind::Audio => Self::First,
            Kind::Video => Self::Live,
        }
    }
}

/// The tables that forwarding works on.
pub struct Forwarding<'a, 'm, G: Gcm> {
    /// All subscriptions.
    pub subscriptions: &'a mut Table<'m, Subscription>,
    /// What they sent.
    pub sent: &'a mut SentTable<'m>,
    /// All links.
    pub links: &'a mut Table<'m, Link<G>>,
    /// What left them.
    pub departures: &'a mut DepartureTable<'m>,
    /// The queues of all links.
    pub queues: &'a mut Queues<'m, Queued>,
    /// All packets.
    pub pool: &'a mut Pool<'m, Facts>,
    /// Links that have packets to send.
    pub pending: &'a mut Pending,
}

/// The list of links that have packets to send, oldest first.
#[derive(Clone, Copy, Debug)]
pub struct Pending {
    head: u16,
    tail: u16,
}

impl Pending {
    /// No link.
    pub const NONE: Self = Self { head: list::END, tail: list::END };

    /// Takes the first link.
    pub fn pop<G: Gcm>(&mut self, links: &mut Table<'_, Link<G>>) -> Option<u16> {
        let index = self.head;
        let link = links.at_mut(index)?;
        self.head = link.next_pending;
        if self.head == list::END {
            self.tail = list::END;
        }
        link.is_pending = false;
        link.next_pending = list::END;
        Some(index)
    }

    /// Appends the link at `index`, unless it is in the list.
    pub fn push<G: Gcm>(&mut self, links: &mut Table<'_, Link<G>>, index: u16) {
        match links.at_mut(index) {
            Some(link) if !link.is_pending => link.is_pending = true,
            _ => return,
        }
        match links.at_mut(self.tail) {
            Some(tail) => tail.next_pending = index,
            None => self.head = index,
        }
        self.tail = index;
    }

    /// Takes the link at `index` out, before it is closed.
    pub fn remove<G: Gcm>(&mut self, links: &mut Table<'_, Link<G>>, index: u16) {
        let mut rest = Self::NONE;
        while let Some(first) = self.pop(links) {
            if first != index {
                rest.push(links, first);
            }
        }
        *self = rest;
    }
}

/// What a fan-out found out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Packets that found no place in the queues.
    pub overflowed: u32,
    /// Whether a subscription waits for a keyframe of this layer.
    pub wants_keyframe: bool,
    /// Whether a subscription is sent other layers than before.
    pub has_news: bool,
}

impl<G: Gcm> Forwarding<'_, '_, G> {
    /// Queues `packet` of `layer` for every subscription of its stream that should get it. `ring` is the histories'.
    pub fn fan_out(
        &mut self,
        (id, stream): (StreamId, &Stream),
        (layer, packet): (u8, PacketId),
        ring: &[PacketId],
        now: Instant,
    ) -> Outcome {
        let mut outcome = Outcome::default();
        let Some(facts) = self.pool.note(packet).copied() else { return outcome };
        let source = select::source_of(id, stream, layer);
        let mut at = stream.subscriptions;
        while let Some(subscription) = self.subscriptions.at_mut(at) {
            let place = at;
            at = subscription.next_of_stream;
            if !subscription.parameters.active || subscription.selector.granted().is_none() {
                continue;
            }
            let begins = !subscription.rewriter.continues(source);
            let (choice, queued) = subscription.choose((source, stream), (packet, &facts), now);
            outcome.wants_keyframe |= choice.wants_keyframe();
            if let Some(queued) = queued {
                self.enqueue_for(place, queued, &mut outcome);
                if begins {
                    self.follow(place, (source, stream), facts.index, (ring, now), &mut outcome);
                }
                outcome.has_news |= self.note_layers(place, source, stream);
            }
        }
        outcome
    }

    /// What came of a stream before packet `index` and was not sent will not be: numbers close up over it.
    pub fn close_up(&mut self, (id, stream): (StreamId, &Stream), (layer, index): (u8, u64)) {
        let source = select::source_of(id, stream, layer);
        let mut at = stream.subscriptions;
        while let Some(subscription) = self.subscriptions.at_mut(at) {
            at = subscription.next_of_stream;
            subscription.rewriter.close_up(source, index);
        }
    }

    /// A run began with packet `first`, which came late: those behind it that came before follow.
    fn follow(
        &mut self,
        place: u16,
        (source, stream): (Source, &Stream),
        first: u64,
        (ring, now): (&[PacketId], Instant),
        outcome: &mut Outcome,
    ) {
        let Some(encoding) = stream.encodings.get(usize::from(source.encoding)) else { return };
        for index in first + 1..=encoding.loss.newest().unwrap_or(first) {
            let Some(packet) = encoding.history.get(ring, self.pool, index) else { continue };
            let Some(facts) = self.pool.note(packet).copied() else { continue };
            let Some(subscription) = self.subscriptions.at_mut(place) else { return };
            if let (_, Some(queued)) = subscription.choose((source, stream), (packet, &facts), now) {
                self.enqueue_for(place, queued, outcome);
            }
        }
    }

    pub(super) fn enqueue_for(&mut self, place: u16, queued: Queued, outcome: &mut Outcome) {
        let Some(subscription) = self.subscriptions.at(place) else { return };
        let link = subscription.parameters.link.index;
        outcome.overflowed += u32::from(!self.enqueue(link, Queued { subscription: place, ..queued }));
    }

    /// Whether the subscription is sent other layers than the control half knows.
    pub(super) fn note_layers(&mut self, place: u16, source: Source, stream: &Stream) -> bool {
        let Some(subscription) = self.subscriptions.at(place) else { return false };
        let selector = &subscription.selector;
        if selector.sent_layers(source, stream) == selector.told {
            return false;
        }
        if let Some(link) = self.links.at_mut(subscription.parameters.link.index) {
            link.news.layers = true;
        }
        true
    }

    /// Queues one packet on a link that is up; false if all queues' places are taken.
    pub fn enqueue(&mut self, index: u16, queued: Queued) -> bool {
        let Some(link) = self.links.at_mut(index).filter(|link| link.is_up()) else { return true };
        let queue = if queued.turn == Turn::First { &mut link.urgent } else { &mut link.queue };
        if self.queues.push(queue, queued).is_err() {
            return false;
        }
        self.pool.retain(queued.packet);
        self.pending.push(self.links, index);
        true
    }

    /// Lets go of everything that waits on a link.
    pub fn clear_queue(&mut self, index: u16) {
        let Some(link) = self.links.at_mut(index) else { return };
        while let Some(queued) = self.queues.pop(&mut link.urgent).or_else(|| self.queues.pop(&mut link.queue)) {
            self.pool.release(queued.packet);
        }
        self.pending.remove(self.links, index);
    }
}

/// What the rewriter must know of a packet of `source`, when it sends `last`.
pub(super) fn incoming(facts: &Facts, (source, stream): (Source, &Stream), last: Option<Source>) -> Incoming {
    let picture = &facts.picture;
    let last = last.filter(|last| last.stream == source.stream && last.encoding != source.encoding);
    let aligned = last.and_then(|last| stream.timestamp_on((source.encoding, last.encoding), facts.timestamp));
    Incoming {
        index: facts.index,
        timestamp: facts.timestamp,
        aligned,
        picture: picture.number,
        tl0_picture_index: (picture.tl0_at != 0).then_some(picture.tl0_picture_index),
    }
}
