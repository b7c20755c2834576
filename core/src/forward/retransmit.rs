//! Packets that a subscriber asks for again (RFC 4585 section 6.2.1).

use crate::forward::{Forwarding, Queued, Sending, Sent};
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
            if link.feedback.repetitions_left == 0 {
                continue;
            }
            let Some((index, sent)) = subscription.sent.repeat(self.sent.of(place), sequence, now) else { continue };
            let Some(splice) = subscription.rewriter.splice(sent.splice) else { continue };
            let Some(stream) = streams.get(splice.source.stream) else { continue };
            let encoding = stream
                .encodings
                .get(usize::from(splice.source.encoding))
                .filter(|encoding| encoding.epoch == splice.source.epoch);
            let kept = encoding.and_then(|encoding| {
                let source_index = extend(encoding.loss.newest()?, sent.source_sequence);
                encoding.history.get(ring, self.pool, source_index)
            });
            let Some(packet) = kept else { continue };
            let sending = match subscription.rtx() {
                Some(_) => Sending::Rtx,
                None => Sending::Repeat { transport_sequence: sent.transport_sequence },
            };
            link.feedback.repetitions_left -= 1;
            let Sent { splice, changes, .. } = sent;
            let is_urgent = stream.parameters.codec.kind() == Kind::Audio;
            let queued = Queued { packet, subscription: place, splice, index, changes, sending, is_urgent };
            self.enqueue(link_place, queued);
        }
    }
}
