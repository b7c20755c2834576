//! Packets that a subscriber asks for again (RFC 4585 section 6.2.1).

use crate::forward::{Forwarding, Queued, Sending, Sent, Turn};
use crate::link::Gcm;
use crate::store::{PacketId, Table};
use crate::stream::Stream;
use crate::time::Instant;
use crate::wire::Kind;
use crate::wire::sequence::extend;

impl<G: Gcm> Forwarding<'_, '_, G> {
    /// Queues those of `sequences` again that are still kept. A packet is repeated at most once in a while, and all
    /// NACKs of a link share a budget, so that a hostile receiver costs little.
    pub fn retransmit(
        &mut self,
        place: u16,
        sequences: impl Iterator<Item = u16>,
        (streams, ring): (&Table<'_, Stream>, &[PacketId]),
        now: Instant,
    ) {
        for sequence in sequences {
            let Some(subscription) = self.subscriptions.at_mut(place) else { return };
            let link_place = subscription.parameters.link.index;
            let Some(link) = self.links.at_mut(link_place) else { return };
            subscription.nacked_packets = subscription.nacked_packets.saturating_add(1);
            let left = link.feedback.repetitions_left;
            if left == 0 {
                continue;
            }
            let Some(found) = subscription.sent.repeat(self.sent.of(place), sequence, now) else { continue };
            let sending = subscription.sending_again(&found.1);
            // What is lost again would come too late: two copies are seldom lost both.
            let copies = if link.feedback.patience.is_asked() && sending == Sending::Rtx { 2 } else { 1 };
            let copies = left.min(copies);
            link.feedback.repetitions_left -= copies;
            for _ in 0..copies {
                self.send_again(place, found, (sending, Turn::of), (streams, ring));
            }
        }
    }

    /// Queues about so many bytes of padding, only where retransmissions are a stream of their own: a packet that was
    /// sent lately (`back` counts from the newest), for it may mend something, or nothing but padding where that would
    /// be too much. It does not wait for the pacer: a probe has a pace of its own.
    pub fn pad(
        &mut self,
        place: u16,
        (bytes, back): (u16, u16),
        (streams, ring): (&Table<'_, Stream>, &[PacketId]),
        now: Instant,
    ) -> Option<()> {
        let subscription = self.subscriptions.at(place).filter(|subscription| subscription.rtx().is_some())?;
        let sequence = (subscription.rewriter.newest() as u16).wrapping_sub(back);
        let entries = self.sent.of(place);
        let (found, sending) = match u8::try_from(bytes) {
            Ok(bytes) => (subscription.sent.get(entries, sequence)?, Sending::Padding { bytes }),
            Err(_) => (subscription.sent.repeat(entries, sequence, now)?, Sending::Rtx),
        };
        self.send_again(place, found, (sending, |_| Turn::First), (streams, ring))
    }

    /// Queues what is made of an earlier packet; when it may leave is told by its kind.
    fn send_again(
        &mut self,
        place: u16,
        (index, sent): (u64, Sent),
        (sending, turn): (Sending, fn(Kind) -> Turn),
        (streams, ring): (&Table<'_, Stream>, &[PacketId]),
    ) -> Option<()> {
        let subscription = self.subscriptions.at(place)?;
        let splice = subscription.rewriter.splice(sent.splice)?;
        let stream = streams.get(splice.source.stream)?;
        let encoding = stream.encodings.get(usize::from(splice.source.encoding));
        let encoding = encoding.filter(|encoding| encoding.epoch == splice.source.epoch)?;
        let source_index = extend(encoding.loss.newest()?, sent.source_sequence);
        let packet = encoding.history.get(ring, self.pool, source_index)?;
        let turn = turn(stream.parameters.codec.kind());
        let link = subscription.parameters.link.index;
        let Sent { splice, changes, .. } = sent;
        self.enqueue(link, Queued { packet, subscription: place, splice, index, changes, sending, turn });
        Some(())
    }
}
