//! One continuous stream of a subscriber out of many sources: sequence numbers without holes, timestamps that never
//! run back, picture ids that follow each other (RFC 7667 section 3.7: a selective forwarding middlebox).

use crate::forward::removed::{Removal, Removed};
use crate::id::StreamId;
use crate::stream::PictureNumber;
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
    /// The same moment on the clock of the source before, where that is known.
    pub aligned: Option<u32>,
    /// The number of its picture, where it has one.
    pub picture: Option<PictureNumber>,
    /// Its TL0PICIDX, where it has one.
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
    picture_offset: u16,
    tl0_offset: u8,
    /// The timestamp from which packets are live; what comes before it is sent all at once.
    live_from: Option<u32>,
}

impl Splice {
    /// The timestamp as sent.
    pub fn timestamp(&self, incoming: u32) -> u32 {
        hurried(incoming, self.live_from).wrapping_add(self.timestamp_offset)
    }

    /// Whether a packet of its source belongs to it, and none of an earlier run.
    pub fn holds(&self, index: u64) -> bool {
        index >= self.first_index
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
    /// The timestamp of the newest packet, where the next run begins with older ones.
    live_from: Option<u32>,
    newest: u64,
    timestamp: u32,
    /// The number of the newest picture as sent.
    picture: u16,
    tl0_picture_index: u8,
    sent_at: Instant,
    /// Packets of the newest splice that are not sent.
    packets: Removed<8>,
    /// Its pictures that are not sent, where their numbers close up.
    pictures: Removed<2>,
}

/// Where a packet stands in the subscriber's stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// Its extended sequence number there.
    pub index: u64,
    /// The number of its splice, for [`Rewriter::splice`].
    pub splice: u8,
    /// The number of its picture there; its low bits where the packet has room for fewer.
    pub picture: u16,
}

impl Rewriter {
    /// A stream whose first sequence number is `first`. Below 2^15, so that a receiver that misses the first packets
    /// still guesses the roll-over counter (RFC 3711 section 3.3.1).
    pub fn new(first: u16) -> Self {
        Self {
            splices: [None; SPLICES],
            newest_splice: 0,
            interrupted: true,
            live_from: None,
            newest: u64::from(first & 0x7fff).saturating_sub(1),
            timestamp: 0,
            picture: 0,
            tl0_picture_index: 0,
            sent_at: Instant::default(),
            packets: Removed::new(0),
            pictures: Removed::new(0),
        }
    }

    /// Places a packet of `source`. `None` if it is older than what can be placed.
    pub fn place(&mut self, source: Source, incoming: Incoming, now: Instant, clock_rate_hz: u32) -> Option<Placement> {
        if !self.continues(source) {
            self.begin_splice(source, incoming, now, clock_rate_hz);
        }
        let splice = self.current().filter(|splice| incoming.index >= splice.first_index)?;
        let before = self.packets.keep(incoming.index)?;
        let index = incoming.index.wrapping_add(splice.index_offset).wrapping_sub(before);
        let picture = match incoming.picture {
            Some(number) => {
                let removed = self.pictures.keep(number.extend(self.pictures.newest()))?;
                number.value.wrapping_add(splice.picture_offset).wrapping_sub(removed as u16)
            }
            None => self.picture,
        };
        if index > self.newest {
            self.newest = index;
            self.timestamp = splice.timestamp(incoming.timestamp);
            self.picture = picture;
            let tl0 = incoming.tl0_picture_index.map(|tl0| splice.tl0_picture_index(tl0));
            self.tl0_picture_index = tl0.unwrap_or(self.tl0_picture_index);
            self.sent_at = now;
        }
        Some(Placement { index, splice: self.newest_splice, picture })
    }

    /// A packet of `source` is not sent. Where its place was given away already, an empty one must fill that.
    pub fn leave_out(&mut self, source: Source, incoming: Incoming) -> Option<Placement> {
        let splice = self.current().filter(|_| self.continues(source))?;
        if incoming.index < splice.first_index {
            return None;
        }
        match self.packets.remove(incoming.index) {
            Removal::Closed => None,
            Removal::Open(before) => {
                let index = incoming.index.wrapping_add(splice.index_offset).wrapping_sub(before);
                Some(Placement { index, splice: self.newest_splice, picture: self.picture })
            }
        }
    }

    /// Nothing that came of `source` before `index` and was not sent will be: what follows closes up, at its own time.
    pub fn close_up(&mut self, source: Source, index: u64) {
        if self.continues(source) {
            self.packets.remove_before(index);
        }
    }

    /// The picture `number` of the source that is sent is not: those behind it take its number.
    pub fn leave_out_picture(&mut self, number: PictureNumber) {
        self.pictures.remove(number.extend(self.pictures.newest()));
    }

    /// Whether the picture `number` of the source that is sent is sent; `None` before its first packet.
    pub fn sends_picture(&self, number: PictureNumber) -> Option<bool> {
        self.pictures.was_kept(number.extend(self.pictures.newest()))
    }

    /// Whether a packet of `source` goes on in the newest run.
    pub fn continues(&self, source: Source) -> bool {
        !self.interrupted && self.source() == Some(source)
    }

    /// The next packet begins a new run even if it comes from the same source (after a pause).
    pub fn interrupt(&mut self) {
        self.interrupted = true;
        self.live_from = None;
    }

    /// The next packet begins a new run with what came before, up to the timestamp `live_from`. A receiver gets that in
    /// a moment: if its timestamps told how long it took to come, it would show everything so much too late.
    pub fn catch_up(&mut self, live_from: u32) {
        self.interrupted = true;
        self.live_from = Some(live_from);
    }

    /// Whether the next packet begins a new run wherever it comes from.
    pub fn is_interrupted(&self) -> bool {
        self.interrupted
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
        let number = incoming.picture.map_or(0, |picture| picture.value);
        let live_from = self.live_from.take();
        let incoming = match live_from {
            // Its clock says nothing about when it is sent.
            Some(_) => Incoming { timestamp: hurried(incoming.timestamp, live_from), aligned: None, ..incoming },
            None => incoming,
        };
        let (timestamp_offset, picture_offset, tl0_offset) = match self.current() {
            None => (0, 0, 0),
            Some(last) => (
                self.next_timestamp(&last, incoming, now, clock_rate_hz).wrapping_sub(incoming.timestamp),
                self.picture.wrapping_add(1).wrapping_sub(number),
                self.tl0_picture_index.wrapping_add(1).wrapping_sub(incoming.tl0_picture_index.unwrap_or(0)),
            ),
        };
        self.newest_splice = self.newest_splice.wrapping_add(1);
        self.splices[usize::from(self.newest_splice) % SPLICES] = Some(Splice {
            source,
            first_index: incoming.index,
            index_offset: (self.newest + 1).wrapping_sub(incoming.index),
            timestamp_offset,
            picture_offset,
            tl0_offset,
            live_from,
        });
        self.packets = Removed::new(incoming.index);
        // Far from zero, so that an older number lies below it.
        self.pictures = Removed::new(PICTURES_START | u64::from(number));
        self.interrupted = false;
    }

    /// The timestamp at which a new run goes on: by the sources' clocks where these agree with the time that passed,
    /// else by that time. It never stands still, or two pictures would be one.
    fn next_timestamp(&self, last: &Splice, incoming: Incoming, now: Instant, clock_rate_hz: u32) -> u32 {
        let ticks = |us: u64| (us * u64::from(clock_rate_hz) / 1_000_000) as u32;
        let elapsed = ticks(now.since_us(self.sent_at).min(ELAPSED_US_MAX));
        let step = match incoming.aligned {
            Some(aligned) => {
                let step = last.timestamp(aligned).wrapping_sub(self.timestamp) as i32;
                let error = step.wrapping_sub(elapsed as i32).unsigned_abs();
                if error < ticks(ALIGNMENT_US) { step.max(1) as u32 } else { elapsed }
            }
            None => elapsed,
        };
        self.timestamp.wrapping_add(step.max(1))
    }
}

/// A timestamp before `live_from`, moved near to it.
fn hurried(timestamp: u32, live_from: Option<u32>) -> u32 {
    let Some(live_from) = live_from else { return timestamp };
    let behind = live_from.wrapping_sub(timestamp) as i32;
    if behind > 0 { live_from.wrapping_sub(behind as u32 / HURRY) } else { timestamp }
}

/// What is sent all at once has timestamps as if it had been made so many times faster: two pictures stay apart also
/// at a hundred a second.
const HURRY: u32 = 32;

/// How many runs are remembered, for retransmissions that reach back over a switch.
const SPLICES: usize = 4;

/// After a longer silence the timestamp goes on as if it had been this long: receivers dislike huge jumps.
const ELAPSED_US_MAX: u64 = 60_000_000;

/// Clocks of two sources that differ by more are not those of one camera.
const ALIGNMENT_US: u64 = 500_000;

/// Where the extended numbers of pictures begin.
const PICTURES_START: u64 = 1 << 32;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn source(index: u16) -> Source {
        Source { stream: StreamId::new(index, 0), encoding: 0, epoch: 0 }
    }

    fn incoming(index: u64, timestamp: u32) -> Incoming {
        let picture = PictureNumber { value: index as u16 & 0x7fff, bits: 15 };
        Incoming { index, timestamp, aligned: None, picture: Some(picture), tl0_picture_index: Some(index as u8) }
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
    fn a_late_packet_of_the_run_finds_its_place_and_an_older_one_none() {
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

    #[test]
    fn pictures_close_up_over_one_that_is_left_out() {
        let mut rewriter = Rewriter::new(100);
        let now = Instant::from_ms(1);
        let place = |rewriter: &mut Rewriter, index| {
            rewriter.place(source(0), incoming(index, index as u32 * 3000), now, 90_000).unwrap()
        };
        let first = place(&mut rewriter, 0x7fff);
        let dropped = incoming(0x8000, 0);
        assert_eq!(rewriter.sends_picture(dropped.picture.unwrap()), None);
        rewriter.leave_out_picture(dropped.picture.unwrap());
        assert_eq!(rewriter.leave_out(source(0), dropped), None);
        assert_eq!(rewriter.sends_picture(dropped.picture.unwrap()), Some(false));
        let next = place(&mut rewriter, 0x8001);
        assert_eq!((next.index, next.picture & 0x7fff), (first.index + 1, (first.picture + 1) & 0x7fff));
        // 0x8002 is left out only after the one behind it was sent: its place must be filled.
        let after = place(&mut rewriter, 0x8003);
        let filler = rewriter.leave_out(source(0), incoming(0x8002, 0)).unwrap();
        assert_eq!((filler.index, after.index), (next.index + 1, next.index + 2));
    }

    #[test]
    fn a_source_that_was_not_heard_for_a_while_goes_on_at_its_own_time() {
        let mut rewriter = Rewriter::new(100);
        let first = rewriter.place(source(0), incoming(10, 960), Instant::default(), 48_000).unwrap();
        rewriter.close_up(source(0), 70_000);
        let now = Instant::from_ms(60_000);
        assert_eq!(rewriter.place(source(0), incoming(69_999, 960 * 60_000), now, 48_000), None, "it was left out");
        let next = rewriter.place(source(0), incoming(70_000, 960 * 60_001), now, 48_000).unwrap();
        assert_eq!((next.index, next.splice), (first.index + 1, first.splice));
        assert_eq!(rewriter.splice(next.splice).unwrap().timestamp(960 * 60_001), 960 * 60_001);
        rewriter.close_up(source(1), 7);
        assert_eq!(rewriter.place(source(0), incoming(70_001, 0), now, 48_000).unwrap().index, next.index + 1);
    }

    #[test]
    fn a_switch_goes_by_the_sources_clocks_if_these_are_plausible() {
        let now = Instant::from_ms(1000);
        for (aligned, expected) in [(Some(6000), 6000), (Some(2999), 3001), (Some(3_000_000), 93_000), (None, 93_000)] {
            let mut rewriter = Rewriter::new(100);
            rewriter.place(source(0), incoming(1, 3000), Instant::default(), 90_000).unwrap();
            let later = if aligned == Some(6000) || aligned == Some(2999) { Instant::from_ms(20) } else { now };
            let switched = Incoming { aligned, ..incoming(500, 777) };
            let placement = rewriter.place(source(1), switched, later, 90_000).unwrap();
            assert_eq!(rewriter.splice(placement.splice).unwrap().timestamp(777), expected, "{aligned:?}");
        }
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
                    let sent = (placement.index, splice.timestamp(packet.timestamp), placement.picture & 0x7fff);
                    if let Some((index, timestamp, picture)) = last {
                        prop_assert_eq!(sent.0, index + 1);
                        prop_assert!(sent.1.wrapping_sub(timestamp) < 1 << 31);
                        prop_assert_eq!(sent.2, (picture + 1) & 0x7fff);
                    }
                    last = Some(sent);
                }
            }
        }
    }
}
