//! Queued packets leave: written once into the outbox, sealed there, one link after the other.

use crate::forward::{Forwarding, Leaving, Queued, Sending, Sent, SentTable, Subscription, write};
use crate::link::{Gcm, Link, Outbox};
use crate::store::{Pool, Table};
use crate::stream::Facts;
use crate::time::Instant;

impl<G: Gcm> Forwarding<'_, '_, G> {
    /// Sends everything that waits; returns how many packets left.
    pub fn leave(&mut self, now: Instant, outbox: &mut impl Outbox) -> u32 {
        let mut sent = 0;
        while let Some(index) = self.pending.pop(self.links) {
            sent += self.leave_link(index, now, outbox);
        }
        sent
    }

    fn leave_link(&mut self, index: u16, now: Instant, outbox: &mut impl Outbox) -> u32 {
        let Some(link) = self.links.at_mut(index) else { return 0 };
        let mut sent = 0;
        while let Some(queued) = self.queues.pop(&mut link.queue) {
            let left = leave_packet(link, &queued, self.pool, (self.subscriptions, self.sent), now, outbox);
            sent += u32::from(left.is_some());
            self.pool.release(queued.packet);
        }
        sent
    }
}

/// Writes, seals and commits one packet. `None` if its link, subscription or splice is gone.
fn leave_packet<G: Gcm>(
    link: &mut Link<G>,
    queued: &Queued,
    pool: &Pool<'_, Facts>,
    (subscriptions, sent_table): (&mut Table<'_, Subscription>, &mut SentTable<'_>),
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
    let leaving = Leaving { sending: queued.sending, index: queued.index, transport_sequence, now };
    let buffer = outbox.lend();
    let written = write((pool.bytes(queued.packet), facts), &subscription.framing(), &splice, leaving, buffer)?;
    let len = srtp.seal_rtp(buffer, written.len, written.header_len, written.index).ok()?;
    outbox.commit(&route, len);
    match queued.sending {
        Sending::First => {
            link.transport_sequence = link.transport_sequence.wrapping_add(1);
            let sent = Sent { splice: queued.splice, transport_sequence };
            subscription.sent.record(sent_table.of(queued.subscription), queued.index, sent);
            subscription.traffic.count(written.len - written.header_len);
        }
        Sending::Rtx => {
            link.transport_sequence = link.transport_sequence.wrapping_add(1);
            subscription.rtx_index += 1;
        }
        Sending::Repeat { .. } => {}
    }
    Some(())
}
