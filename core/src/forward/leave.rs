//! Queued packets leave: written once into the outbox, sealed there, one link after the other.

use heapless::Vec;

use crate::forward::{
    Changes, EARLIER, Forwarding, Leaving, Queued, Redundant, Sending, Sent, SentTable, Splice, Subscription, Turn,
    write,
};
use crate::link::{DepartureEntry, Gcm, Link, Outbox, Pacer, PacketWay};
use crate::store::{PacketId, Pool, Table};
use crate::stream::{Facts, Stream};
use crate::time::Instant;
use crate::wire::red::{BLOCK_BYTES_MAX, Block, OFFSET_MAX};
use crate::wire::{Extension, opus};

impl<G: Gcm> Forwarding<'_, '_, G> {
    /// Sends what waits, as far as the links' pacers allow; returns how many packets left, and when the next may. A
    /// link that keeps some is due then.
    pub fn leave(
        &mut self,
        kept: (&Table<'_, Stream>, &[PacketId]),
        now: Instant,
        outbox: &mut impl Outbox,
    ) -> (u32, Option<Instant>) {
        let (mut sent, mut due) = (0, None::<Instant>);
        while let Some(index) = self.pending.pop(self.links) {
            let (count, next) = self.leave_link(index, kept, now, outbox);
            sent += count;
            due = due.into_iter().chain(next).min();
        }
        (sent, due)
    }

    fn leave_link(
        &mut self,
        index: u16,
        kept: (&Table<'_, Stream>, &[PacketId]),
        now: Instant,
        outbox: &mut impl Outbox,
    ) -> (u32, Option<Instant>) {
        let Some(link) = self.links.at_mut(index) else { return (0, None) };
        let departures = self.departures.of(index);
        let mut sent = 0;
        loop {
            let mut next = self.queues.pop(&mut link.urgent);
            if next.is_none() {
                let Some(first) = self.queues.first(&link.queue) else { break };
                let arrived = self.pool.note(first.packet).map_or(now, |facts| facts.arrived);
                let due = link.pacer.due((first.turn != Turn::Spread).then_some(arrived));
                if due > now {
                    link.due_by(due);
                    return (sent, Some(due));
                }
                next = self.queues.pop(&mut link.queue);
            }
            let Some(queued) = next else { break };
            let tables = (&mut *self.subscriptions, &mut *self.sent, &mut *departures);
            let left = leave_packet(link, &queued, (self.pool, kept), tables, now, outbox);
            sent += u32::from(left.is_some());
            self.pool.release(queued.packet);
        }
        (sent, None)
    }
}

/// Writes, seals and commits one packet. `None` if its link, subscription or splice is gone.
fn leave_packet<G: Gcm>(
    link: &mut Link<G>,
    queued: &Queued,
    (pool, kept): (&Pool<'_, Facts>, (&Table<'_, Stream>, &[PacketId])),
    (subscriptions, sent_table, departures): (&mut Table<'_, Subscription>, &mut SentTable<'_>, &mut [DepartureEntry]),
    now: Instant,
    outbox: &mut impl Outbox,
) -> Option<()> {
    let route = *link.ice.route()?;
    let srtp = link.srtp.as_ref()?;
    let subscription = subscriptions.at_mut(queued.subscription)?;
    let splice = subscription.rewriter.splice(queued.splice)?;
    let facts = pool.note(queued.packet)?;
    let transport_sequence = match queued.sending {
        Sending::Repeat { transport_sequence } => transport_sequence,
        Sending::First | Sending::Rtx | Sending::Padding { .. } => link.transport_sequence,
    };
    let Queued { sending, index, mut changes, .. } = *queued;
    let earlier = earlier(subscription, &splice, (&mut changes, sending), facts, (pool, kept))?;
    let red_payload_type = subscription.parameters.red_payload_type.filter(|_| !earlier.is_empty());
    let redundant = red_payload_type.map(|payload_type| Redundant { payload_type, earlier: &earlier });
    let leaving = Leaving { sending, index, changes, transport_sequence, redundant, now };
    let buffer = outbox.lend();
    let framing = subscription.framing(link.feedback.patience);
    let written = write((pool.bytes(queued.packet), facts), &framing, &splice, leaving, buffer)?;
    let copy = link.tap.map(|tap| tap.copy(PacketWay::RtpOut, &buffer[..written.len]));
    let len = srtp.seal_rtp(buffer, written.len, written.header_len, written.index).ok()?;
    outbox.commit(&route, len);
    let least_bps = (queued.turn == Turn::Spread).then_some(Pacer::UNKNOWN_BPS);
    link.pacer.left(len, link.bandwidth.bitrate_bps().or(least_bps), now);
    if let Some(copy) = copy {
        outbox.copy(copy);
    }
    let is_numbered = subscription.parameters.extensions.id(Extension::TransportSequence).is_some();
    if !matches!(queued.sending, Sending::Repeat { .. }) {
        link.bandwidth.note(departures, is_numbered.then_some(transport_sequence), len as u16, now);
        link.transport_sequence = link.transport_sequence.wrapping_add(u16::from(is_numbered));
    }
    match queued.sending {
        Sending::First => {
            let source_sequence = facts.index as u16;
            let sent = Sent { splice: queued.splice, transport_sequence, source_sequence, changes };
            subscription.sent.record(sent_table.of(queued.subscription), queued.index, sent);
            subscription.traffic.count(written.len - written.header_len);
        }
        Sending::Rtx | Sending::Padding { .. } => subscription.rtx_index += 1,
        Sending::Repeat { .. } => {}
    }
    Some(())
}

/// The earlier payloads that a packet carries again, the oldest first, noted in its changes; a repetition has those of
/// the first time, or is none.
fn earlier<'p>(
    subscription: &Subscription,
    splice: &Splice,
    (changes, sending): (&mut Changes, Sending),
    facts: &Facts,
    (pool, (streams, ring)): (&'p Pool<'_, Facts>, (&Table<'_, Stream>, &[PacketId])),
) -> Option<Vec<Block<'p>, EARLIER>> {
    let mut blocks = Vec::new();
    if subscription.parameters.red_payload_type.is_none() {
        return Some(blocks);
    }
    let stream = streams.get(splice.source.stream)?;
    let (is_again, count) = match sending {
        Sending::First => (false, subscription.redundancy_of(stream)),
        Sending::Repeat { .. } | Sending::Rtx | Sending::Padding { .. } => (true, EARLIER as u8),
    };
    let wanted = if is_again { changes.earlier } else { (1 << count) - 1 };
    if wanted == 0 || changes.is_empty {
        return Some(blocks);
    }
    let encoding = stream.encodings.get(usize::from(splice.source.encoding));
    let encoding = encoding.filter(|encoding| encoding.epoch == splice.source.epoch)?;
    changes.earlier = 0;
    let mut room = EARLIER_BYTES;
    for back in (1..=count).rev().filter(|back| wanted >> (back - 1) & 1 == 1) {
        let index = facts.index.wrapping_sub(u64::from(back));
        let packet = encoding.history.get(ring, pool, index).filter(|_| splice.holds(index));
        let found = packet.and_then(|packet| Some((pool.bytes(packet), pool.note(packet)?)));
        let Some((bytes, earlier)) = found else { if is_again { return None } else { continue } };
        let data = bytes.get(usize::from(earlier.payload_start)..)?;
        let offset = facts.timestamp.wrapping_sub(earlier.timestamp);
        // Silence is not worth repeating.
        let is_silent = opus::Facts::new(data).is_none_or(|facts| facts.is_silence);
        if is_silent || offset > OFFSET_MAX || data.len() > BLOCK_BYTES_MAX.min(room) {
            continue;
        }
        room -= data.len();
        changes.earlier |= 1 << (back - 1);
        let payload_type = subscription.parameters.payload_type;
        // There is room for all that count.
        let _ = blocks.push(Block { payload_type, timestamp_offset: offset as u16, data });
    }
    Some(blocks)
}

/// The most bytes of earlier sound in a packet, so that it stays one datagram of any network.
const EARLIER_BYTES: usize = 600;
