//! Queued packets leave: written once into the outbox, sealed there, one link after the other.

use crate::forward::{Forwarding, Leaving, Queued, Sending, Sent, SentTable, Subscription, write};
use crate::link::{DepartureEntry, Gcm, Link, Outbox, PacketWay};
use crate::store::{Pool, Table};
use crate::stream::Facts;
use crate::time::Instant;
use crate::wire::Extension;

impl<G: Gcm> Forwarding<'_, '_, G> {
    /// Sends what waits, as far as the links' pacers allow; returns how many packets left, and when the next may. A
    /// link that keeps some is due then.
    pub fn leave(&mut self, now: Instant, outbox: &mut impl Outbox) -> (u32, Option<Instant>) {
        let (mut sent, mut due) = (0, None::<Instant>);
        while let Some(index) = self.pending.pop(self.links) {
            let (count, next) = self.leave_link(index, now, outbox);
            sent += count;
            due = due.into_iter().chain(next).min();
        }
        (sent, due)
    }

    fn leave_link(&mut self, index: u16, now: Instant, outbox: &mut impl Outbox) -> (u32, Option<Instant>) {
        let Some(link) = self.links.at_mut(index) else { return (0, None) };
        let departures = self.departures.of(index);
        let mut sent = 0;
        loop {
            let mut next = self.queues.pop(&mut link.urgent);
            if next.is_none() {
                let Some(first) = self.queues.first(&link.queue) else { break };
                let arrived = self.pool.note(first.packet).map_or(now, |facts| facts.arrived);
                let due = link.pacer.due(arrived);
                if due > now {
                    link.due_by(due);
                    return (sent, Some(due));
                }
                next = self.queues.pop(&mut link.queue);
            }
            let Some(queued) = next else { break };
            let tables = (&mut *self.subscriptions, &mut *self.sent, &mut *departures);
            let left = leave_packet(link, &queued, self.pool, tables, now, outbox);
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
    pool: &Pool<'_, Facts>,
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
        Sending::First | Sending::Rtx => link.transport_sequence,
    };
    let Queued { sending, index, changes, .. } = *queued;
    let leaving = Leaving { sending, index, changes, transport_sequence, now };
    let buffer = outbox.lend();
    let written = write((pool.bytes(queued.packet), facts), &subscription.framing(), &splice, leaving, buffer)?;
    let copy = link.tap.map(|tap| tap.copy(PacketWay::RtpOut, &buffer[..written.len]));
    let len = srtp.seal_rtp(buffer, written.len, written.header_len, written.index).ok()?;
    outbox.commit(&route, len);
    link.pacer.left(len, link.bandwidth.bitrate_bps(), now);
    if let Some(copy) = copy {
        outbox.capture(copy);
    }
    let is_numbered = subscription.parameters.extensions.id(Extension::TransportSequence).is_some();
    if is_numbered && !matches!(queued.sending, Sending::Repeat { .. }) {
        link.bandwidth.note(departures, transport_sequence, len as u16, now);
        link.transport_sequence = link.transport_sequence.wrapping_add(1);
    }
    match queued.sending {
        Sending::First => {
            let source_sequence = facts.index as u16;
            let sent = Sent { splice: queued.splice, transport_sequence, source_sequence, changes };
            subscription.sent.record(sent_table.of(queued.subscription), queued.index, sent);
            subscription.traffic.count(written.len - written.header_len);
        }
        Sending::Rtx => subscription.rtx_index += 1,
        Sending::Repeat { .. } => {}
    }
    Some(())
}
