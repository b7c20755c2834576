//! Redundant audio that publishers send (RFC 2198): each payload becomes the packet that it was once, so that a lost
//! one comes in with the next, and subscribers are sent redundancy that fits their own way.

use crate::drops::Drop;
use crate::limits::DATAGRAM_BYTES;
use crate::link::{Gcm, Outbox, SourcePlace};
use crate::media::Media;
use crate::random::Random;
use crate::time::Instant;
use crate::wire::red::{self, Block};
use crate::wire::{opus, rtp};

impl<G: Gcm, R: Random> Media<'_, G, R> {
    /// Takes `packet`, number `index` of its source, apart if it is redundant audio. Earlier payloads that were missing
    /// go their way; what is left is the packet with its own payload, and its length.
    pub(super) fn unwrap_redundant(
        &mut self,
        now: Instant,
        place: SourcePlace,
        packet: &mut [u8],
        index: u64,
        outbox: &mut impl Outbox,
    ) -> Result<usize, Drop> {
        let stream = self.streams.get_mut(place.stream).ok_or(Drop::Stale)?;
        let view = rtp::View::new(packet).ok_or(Drop::Malformed)?;
        if stream.parameters.red_payload_type != Some(view.payload_type()) {
            return Ok(packet.len());
        }
        let payload_type = stream.parameters.payload_type;
        let blocks = red::read(view.payload()).ok_or(Drop::Malformed)?;
        if blocks.iter().any(|block| block.payload_type != payload_type) {
            return Err(Drop::Malformed);
        }
        let (own, earlier) = blocks.split_last().ok_or(Drop::Malformed)?;
        stream.redundant_payloads = earlier.len() as u8;
        for (back, block) in (1..=earlier.len()).rev().zip(earlier) {
            let Some(missing) = index.checked_sub(back as u64).filter(|missing| self.is_missing(place, *missing))
            else {
                continue;
            };
            if is_contiguous(&earlier[earlier.len() - back..]) {
                let mut buffer = [0; DATAGRAM_BYTES];
                let len = original(&mut buffer, &view, payload_type, block, back as u16).ok_or(Drop::TooLong)?;
                // Whatever becomes of it, the packet itself goes on.
                let _ = self.forward(now, place, &buffer[..len], missing, outbox);
            }
        }
        let (range, own_len) = (view.payload_range(), own.data.len());
        drop(blocks);
        packet.copy_within(range.end - own_len..range.end, range.start);
        rtp::set_payload_type(packet, payload_type);
        rtp::set_padding(packet, false);
        Ok(range.start + own_len)
    }

    /// Whether packet `index` of a source that sends already did not come.
    fn is_missing(&self, place: SourcePlace, index: u64) -> bool {
        let encoding = self.streams.get(place.stream).and_then(|it| it.encodings.get(usize::from(place.layer)));
        encoding.is_some_and(|encoding| encoding.loss.is_missing(index))
    }
}

/// Whether the `earlier` payloads lie right before the packet's own and behind each other, by how long they sound: then
/// the numbers of their packets were the ones before.
fn is_contiguous(earlier: &[Block<'_>]) -> bool {
    let mut elapsed = 0;
    earlier.iter().rev().all(|block| {
        elapsed += opus::Facts::new(block.data).map_or(u32::MAX / 16, |facts| facts.duration);
        elapsed == u32::from(block.timestamp_offset)
    })
}

/// Writes into `buffer` the packet that `block`, of the redundant packet `view`, was `back` numbers before.
fn original(
    buffer: &mut [u8; DATAGRAM_BYTES],
    view: &rtp::View<'_>,
    payload_type: u8,
    block: &Block<'_>,
    back: u16,
) -> Option<usize> {
    let header = rtp::Header {
        padding: false,
        marker: false,
        payload_type,
        sequence: view.sequence().wrapping_sub(back),
        timestamp: view.timestamp().wrapping_sub(u32::from(block.timestamp_offset)),
        ssrc: view.ssrc(),
    };
    let header_len = header.write(&mut buffer[..], [])?;
    let len = header_len + block.data.len();
    buffer.get_mut(header_len..len)?.copy_from_slice(block.data);
    Some(len)
}
