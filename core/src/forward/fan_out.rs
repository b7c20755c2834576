//! One packet to all who subscribe to its stream: decided here, written and sealed when it leaves.

use crate::forward::select::{self, Choice};
use crate::forward::{Incoming, Sending, SentTable, Source, Subscription};
use crate::id::StreamId;
use crate::link::{DepartureTable, Gcm, Link};
use crate::store::{PacketId, Pool, Queues, Table, list};
use crate::stream::{Facts, Stream};
use crate::time::Instant;

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
    /// How it goes out.
    pub sending: Sending,
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
}

impl<G: Gcm> Forwarding<'_, '_, G> {
    /// Queues `packet` of `layer` for every subscription of its stream that should get it.
    pub fn fan_out(&mut self, (id, stream): (StreamId, &Stream), layer: u8, packet: PacketId, now: Instant) -> Outcome {
        let mut outcome = Outcome::default();
        let Some(facts) = self.pool.note(packet).copied() else { return outcome };
        let target = select::target_layer(stream, now);
        let epoch = stream.encodings.get(usize::from(layer)).map_or(0, |encoding| encoding.epoch);
        let source = Source { stream: id, encoding: layer, epoch };
        let clock_rate_hz = stream.parameters.codec.clock_rate_hz();
        let mut at = stream.subscriptions;
        while let Some(subscription) = self.subscriptions.at_mut(at) {
            let place = at;
            at = subscription.next_of_stream;
            if !subscription.parameters.active {
                continue;
            }
            let state = (subscription.rewriter.source(), &mut subscription.waits_since);
            match select::choose(state, (id, stream), (layer, target), &facts, now) {
                Choice::Take => {}
                Choice::Leave => continue,
                Choice::WantKeyframe => {
                    outcome.wants_keyframe = true;
                    continue;
                }
            }
            let link = subscription.parameters.link.index;
            let Some(placement) = subscription.rewriter.place(source, incoming(&facts), now, clock_rate_hz) else {
                continue;
            };
            let queued = Queued {
                packet,
                subscription: place,
                splice: placement.splice,
                index: placement.index,
                sending: Sending::First,
            };
            outcome.overflowed += u32::from(!self.enqueue(link, queued));
        }
        outcome
    }

    /// Queues one packet on a link that is up; false if all queues' places are taken.
    pub fn enqueue(&mut self, index: u16, queued: Queued) -> bool {
        let Some(link) = self.links.at_mut(index).filter(|link| link.is_up()) else { return true };
        if self.queues.push(&mut link.queue, queued).is_err() {
            return false;
        }
        self.pool.retain(queued.packet);
        self.pending.push(self.links, index);
        true
    }

    /// Lets go of everything that waits on a link.
    pub fn clear_queue(&mut self, index: u16) {
        let Some(link) = self.links.at_mut(index) else { return };
        while let Some(queued) = self.queues.pop(&mut link.queue) {
            self.pool.release(queued.packet);
        }
        self.pending.remove(self.links, index);
    }
}

/// What the rewriter must know of a packet.
pub(super) fn incoming(facts: &Facts) -> Incoming {
    let picture = &facts.picture;
    Incoming {
        index: facts.index,
        timestamp: facts.timestamp,
        picture_id: (picture.picture_id_at != 0).then_some(picture.picture_id),
        tl0_picture_index: (picture.tl0_at != 0).then_some(picture.tl0_picture_index),
    }
}
