//! One continuous stream of a subscriber out of many sources: sequence numbers without holes, timestamps that never
//! run back, picture ids that follow each other (RFC 7667 section 3.7: a selective forwarding middlebox).

use crate::id::StreamId;
use crate::time::Instant;

/// Which packets a subscription is fed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// The stream.
    pub stream: StreamId,
    /// Its encoding.
    pub encoding: u8,
    /// Grows when the encoding begins anew with another SSRC.
    pub epoch: u8,
}

/// What the rewriter must know of a packet.
#[derive(Clone, Copy, Debug)]
pub struct Incoming {
    /// Its extended sequence number.
    pub index: u64,
    /// Its RTP timestamp.
    pub timestamp: u32,
    /// Its picture id (VP8), where it has one.
    pub picture_id: Option<u16>,
    /// Its TL0PICIDX (VP8), where it has one.
    pub tl0_picture_index: Option<u8>,
}

/// One uninterrupted run of packets from one source: what is added to its numbers.
#[derive(Clone, Copy, Debug)]
pub struct Splice {
    /// Where the packets come from.
    pub source: Source,
    first_index: u64,
    index_offset: u64,
    timestamp_offset: u32,
    picture_id_offset: u16,
    tl0_offset: u8,
}

impl Splice {
    /// The extended sequence number as sent.
    pub fn index(&self, incoming: u64) -> u64 {
        incoming.wrapping_add(self.index_offset)
    }

    /// The extended sequence number as it came.
    pub fn source_index(&self, outgoing: u64) -> u64 {
        outgoing.wrapping_sub(self.index_offset)
    }

    /// The timestamp as sent.
    pub fn timestamp(&self, incoming: u32) -> u32 {
        incoming.wrapping_add(self.timestamp_offset)
    }

    /// The picture id as sent (15 bits).
    pub fn picture_id(&self, incoming: u16) -> u16 {
        incoming.wrapping_add(self.picture_id_offset) & 0x7fff
    }

    /// The TL0PICIDX as sent.
    pub fn tl0_picture_index(&self, incoming: u8) -> u8 {
        incoming.wrapping_add(self.tl0_offset)
    }
}

/// The rewriting state of one subscription.
#[derive(Clone, Debug)]
pub struct Rewriter {
    splices: [Option<Splice>; SPLICES],
    /// The number of the newest splice; its place is that number modulo [`SPLICES`].
    newest_splice: u8,
    interrupted: bool,
    newest: u64,
    timestamp: u32,
    picture_id: u16,
    tl0_picture_index: u8,
    sent_at: Instant,
}

/// Where a packet stands in the subscriber's stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// Its extended sequence number there.
    pub index: u64,
    /// The number of its splice, for [`Rewriter::splice`].
    pub splice: u8,
}

impl Rewriter {
    /// A stream whose first sequence number is `first`. Below 2^15, so that a receiver that misses the first packets
    /// still guesses the roll-over counter (RFC 3711 section 3.3.1).
    pub fn new(first: u16) -> Self {
        Self {
            splices: [None; SPLICES],
            newest_splice: 0,
            interrupted: true,
            newest: u64::from(first & 0x7fff).saturating_sub(1),
            timestamp: 0,
            picture_id: 0,
            tl0_picture_index: 0,
            sent_at: Instant::default(),
        }
    }

    /// Places a packet of `source`. `None` if it is older than what can be placed.
    pub fn place(&mut self, source: Source, incoming: Incoming, now: Instant, clock_rate_hz: u32) -> Option<Placement> {
        let continues = self.current().is_some_and(|splice| splice.source == source);
        if self.interrupted || !continues {
            self.begin_splice(source, incoming, now, clock_rate_hz);
        }
        let number = self.splice_of(source, incoming.index)?;
        let splice = self.splice(number)?;
        let index = splice.index(incoming.index);
        if index > self.newest {
            self.newest = index;
            self.timestamp = splice.timestamp(incoming.timestamp);
            self.picture_id = incoming.picture_id.map_or(self.picture_id, |id| splice.picture_id(id));
            let tl0 = incoming.tl0_picture_index.map(|tl0| splice.tl0_picture_index(tl0));
            self.tl0_picture_index = tl0.unwrap_or(self.tl0_picture_index);
            self.sent_at = now;
        }
        Some(Placement { index, splice: number })
    }

    /// The next packet begins a new run even if it comes from the same source (after a pause).
    pub fn interrupt(&mut self) {
        self.interrupted = true;
    }

    /// The splice with this number, if it is among the last ones.
    pub fn splice(&self, number: u8) -> Option<Splice> {
        if self.newest_splice.wrapping_sub(number) >= SPLICES as u8 {
            return None;
        }
        self.splices[usize::from(number) % SPLICES]
    }

    /// The source that is being sent.
    pub fn source(&self) -> Option<Source> {
        self.current().map(|splice| splice.source)
    }

    /// The newest splice, by which a sender report is translated.
    pub fn current(&self) -> Option<Splice> {
        self.splices[usize::from(self.newest_splice) % SPLICES]
    }

    /// The extended sequence number of the newest packet sent.
    pub fn newest(&self) -> u64 {
        self.newest
    }

    fn begin_splice(&mut self, source: Source, incoming: Incoming, now: Instant, clock_rate_hz: u32) {
        let timestamp_offset = match self.current() {
            None => 0,
            Some(_) => {
                let elapsed_us = now.since_us(self.sent_at).min(ELAPSED_US_MAX);
                let ticks = (elapsed_us * u64::from(clock_rate_hz) / 1_000_000).max(1) as u32;
                self.timestamp.wrapping_add(ticks).wrapping_sub(incoming.timestamp)
            }
        };
        let (picture_id_offset, tl0_offset) = match self.current() {
            None => (0, 0),
            Some(_) => (
                self.picture_id.wrapping_add(1).wrapping_sub(incoming.picture_id.unwrap_or(0)) & 0x7fff,
                self.tl0_picture_index.wrapping_add(1).wrapping_sub(incoming.tl0_picture_index.unwrap_or(0)),
            ),
        };
        self.newest_splice = self.newest_splice.wrapping_add(1);
        self.splices[usize::from(self.newest_splice) % SPLICES] = Some(Splice {
            source,
            first_index: incoming.index,
            index_offset: (self.newest + 1).wrapping_sub(incoming.index),
            timestamp_offset,
            picture_id_offset,
            tl0_offset,
        });
        self.interrupted = false;
    }

    /// The splice that a packet belongs to: a late one may be from before the newest.
    fn splice_of(&self, source: Source, index: u64) -> Option<u8> {
        let newest = self.newest_splice;
        let mut later_first = u64::MAX;
        for number in (0..SPLICES as u8).map(|back| newest.wrapping_sub(back)) {
            let splice = self.splice(number)?;
            if splice.source != source {
                return None;
            }
            // After a pause the numbers between two runs were given to nobody.
            let end = splice.index(index);
            if index >= splice.first_index && (later_first == u64::MAX || end < later_first) {
                return Some(number);
            }
            later_first = splice.index(splice.first_index);
        }
        None
    }
}

/// How many runs are remembered, for retransmissions that reach back over a switch.
const SPLICES: usize = 4;

/// After a longer silence the timestamp goes on as if it had been this long: receivers dislike huge jumps.
const ELAPSED_US_MAX: u64 = 60_000_000;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn source(index: u16) -> Source {
        Source { stream: StreamId::new(index, 0), encoding: 0, epoch: 0 }
    }

    fn incoming(index: u64, timestamp: u32) -> Incoming {
        Incoming { index, timestamp, picture_id: Some(index as u16 & 0x7fff), tl0_picture_index: Some(index as u8) }
    }

    #[test]
    fn the_first_packet_has_a_sequence_number_below_half() {
        for first in [0, 1, 0x7fff, 0x8000, 0xffff] {
            let mut rewriter = Rewriter::new(first);
            let placement = rewriter.place(source(0), incoming(70_000, 5), Instant::default(), 90_000).unwrap();
            assert!(placement.index <= 0x7fff);
        }
    }

    #[test]
    fn a_late_packet_of_the_last_run_finds_its_place_and_an_older_one_none() {
        let mut rewriter = Rewriter::new(100);
        let now = Instant::from_ms(1);
        let first = rewriter.place(source(0), incoming(10, 0), now, 90_000).unwrap();
        assert_eq!(rewriter.place(source(0), incoming(9, 0), now, 90_000), None);
        let third = rewriter.place(source(0), incoming(12, 0), now, 90_000).unwrap();
        let second = rewriter.place(source(0), incoming(11, 0), now, 90_000).unwrap();
        assert_eq!((second.index, third.index), (first.index + 1, first.index + 2));
        rewriter.interrupt();
        let resumed = rewriter.place(source(0), incoming(500, 0), now, 90_000).unwrap();
        assert_eq!(resumed.index, third.index + 1);
        assert_eq!(rewriter.place(source(0), incoming(499, 0), now, 90_000), None);
    }

    proptest! {
        #[test]
        fn a_stream_of_many_sources_is_continuous(
            runs in proptest::collection::vec((0_u16..3, any::<u64>(), any::<u32>(), 1_u64..20), 1..12),
            first in any::<u16>(),
        ) {
            let mut rewriter = Rewriter::new(first);
            let mut now_ms = 0;
            let mut last: Option<(u64, u32, u16)> = None;
            for (which, start, timestamp, count) in runs {
                let start = start >> 20;
                rewriter.interrupt();
                for step in 0..count {
                    now_ms += 33;
                    let packet = incoming(start + step, timestamp.wrapping_add(step as u32 * 3000));
                    let placement = rewriter.place(source(which), packet, Instant::from_ms(now_ms), 90_000).unwrap();
                    let splice = rewriter.splice(placement.splice).unwrap();
                    prop_assert_eq!(splice.source_index(placement.index), packet.index);
                    let sent = (
                        placement.index,
                        splice.timestamp(packet.timestamp),
                        splice.picture_id(packet.picture_id.unwrap()),
                    );
                    if let Some((index, timestamp, picture_id)) = last {
                        prop_assert_eq!(sent.0, index + 1);
                        prop_assert!(sent.1.wrapping_sub(timestamp) < 1 << 31);
                        prop_assert_eq!(sent.2, (picture_id + 1) & 0x7fff);
                    }
                    last = Some(sent);
                }
            }
        }
    }
}
