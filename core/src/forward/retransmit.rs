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
    /// NACKs of a link share a budget, so that a hostile receiver costs little, and one that does not know how long its
    /// queue has become does not fill it.
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
            let pause_ms = pause_ms(link.bandwidth.round_trip_us());
            let Some(found) = subscription.sent.repeat(self.sent.of(place), sequence, pause_ms, now) else {
                continue;
            };
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
            Err(_) => (subscription.sent.repeat(entries, sequence, LEAST_PAUSE_MS, now)?, Sending::Rtx),
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

/// How long a packet that was sent again is on its way at least; a receiver may know only how long that took before.
fn pause_ms(round_trip_us: u64) -> u16 {
    (round_trip_us / 2_000).clamp(LEAST_PAUSE_MS.into(), MOST_PAUSE_MS) as u16
}

const LEAST_PAUSE_MS: u16 = 15;
const MOST_PAUSE_MS: u64 = 250;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_packet_is_given_half_a_round_trip_to_arrive() {
        assert_eq!([0, 20_000, 80_000, 350_000, 9_000_000].map(pause_ms), [15, 15, 40, 175, 250]);
    }
}
