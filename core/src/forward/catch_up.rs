//! Who begins late gets the last keyframe and all that came since, where these are still kept, few, and young: then
//! nobody must ask the publisher for another keyframe.

use crate::forward::select::source_of;
use crate::forward::{Forwarding, Outcome, Queued, Turn};
use crate::id::StreamId;
use crate::link::{Gcm, Pacer};
use crate::store::PacketId;
use crate::stream::{Encoding, Stream};
use crate::time::Instant;

/// A keyframe and all that came since.
#[derive(Clone, Copy, Debug)]
struct Group {
    first: u64,
    newest: u64,
    bytes: usize,
    /// Its newest timestamp.
    timestamp: u32,
}

impl<G: Gcm> Forwarding<'_, '_, G> {
    /// Queues the last keyframe group of `stream` for the subscription at `place`, which is sent nothing of it yet.
    /// Live packets follow behind it. `None` if there is no such group, or the way is too narrow for it.
    pub fn catch_up(
        &mut self,
        place: u16,
        (id, stream): (StreamId, &Stream),
        ring: &[PacketId],
        now: Instant,
    ) -> Option<Outcome> {
        let subscription = self.subscriptions.at(place)?;
        let target = subscription.selector.target(stream, now);
        let source = source_of(id, stream, target);
        let is_sent = subscription.parameters.active && subscription.selector.granted().is_some();
        let is_under_way = !subscription.rewriter.is_interrupted()
            && subscription.rewriter.source().is_some_and(|current| current.stream == id);
        if !is_sent || is_under_way || !stream.parameters.active {
            return None;
        }
        let link = self.links.at(subscription.parameters.link.index).filter(|link| link.is_up())?;
        let bitrate_bps = link.bandwidth.bitrate_bps();
        let group = self.group(stream.encodings.get(usize::from(target))?, ring, now)?;
        let takes_us = Pacer::duration_us(group.bytes, bitrate_bps.unwrap_or(Pacer::UNKNOWN_BPS));
        let packets = (group.newest - group.first + 1) as usize;
        // As much room as a live packet may need stays.
        if takes_us > DURATION_US_MAX || self.queues.vacancies() < packets + self.subscriptions.len() {
            return None;
        }
        self.subscriptions.at_mut(place)?.rewriter.catch_up(group.timestamp);
        let encoding = stream.encodings.get(usize::from(target))?;
        let mut outcome = Outcome::default();
        for index in group.first..=group.newest {
            let packet = encoding.history.get(ring, self.pool, index)?;
            let facts = *self.pool.note(packet)?;
            let (_, queued) = self.subscriptions.at_mut(place)?.choose((source, stream), (packet, &facts), now);
            if let Some(queued) = queued {
                self.enqueue_for(place, Queued { turn: Turn::Spread, ..queued }, &mut outcome);
            }
        }
        let subscription = self.subscriptions.at_mut(place)?;
        if !subscription.rewriter.continues(source) {
            subscription.rewriter.interrupt();
            return None;
        }
        outcome.has_news = self.note_layers(place, source, stream);
        Some(outcome)
    }

    /// The last keyframe group of an encoding, if it is whole and within bounds.
    fn group(&self, encoding: &Encoding, ring: &[PacketId], now: Instant) -> Option<Group> {
        let start = encoding.keyframe_start?;
        let newest = encoding.loss.newest()?;
        if now.since_us(start.arrived) > AGE_US_MAX || newest.checked_sub(start.index)? >= PACKETS_MAX {
            return None;
        }
        let mut group = Group { first: start.index, newest, bytes: 0, timestamp: start.timestamp };
        for index in start.index..=newest {
            let packet = encoding.history.get(ring, self.pool, index)?;
            group.bytes += self.pool.bytes(packet).len();
            let timestamp = self.pool.note(packet)?.timestamp;
            if timestamp.wrapping_sub(group.timestamp) as i32 > 0 {
                group.timestamp = timestamp;
            }
        }
        (group.bytes <= BYTES_MAX).then_some(group)
    }
}

/// An older group costs its receiver more to decode than a new keyframe costs the publisher.
const AGE_US_MAX: u64 = 1_500_000;

/// No more packets than a receiver can ask for again.
const PACKETS_MAX: u64 = 256;

const BYTES_MAX: usize = 256 * 1024;

/// Longer than so a group may not take at the pace of its way.
const DURATION_US_MAX: u64 = 300_000;
