//! What was sent to a subscriber lately, so that a NACK finds it again.

use crate::forward::EARLIER;
use crate::store::Shares;
use crate::time::Instant;

/// How many packets of a subscription can be asked for again.
pub const SENT_PACKETS: usize = 256;

/// One packet as it was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The number of its splice.
    pub splice: u8,
    /// Its transport-wide sequence number, which a repetition byte for byte must have again.
    pub transport_sequence: u16,
    /// The low bits of its sequence number as it came.
    pub source_sequence: u16,
    /// What was changed in it.
    pub changes: Changes,
}

/// What the subscriber's own stream changes in a packet, beside its numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// The number of its picture.
    pub picture: u16,
    /// It is the last packet of its picture there.
    pub marker: bool,
    /// It is sent without payload, to fill a place that was given away.
    pub is_empty: bool,
    /// Which earlier payloads it carries again: the lowest bit is for the packet before it.
    pub earlier: u8,
}

/// What is remembered of one packet. All zero is an entry that nobody wrote, so a table of them can be lent from memory
/// that the system zeroes on first use.
pub type SentEntry = [u8; 10];

/// What all subscriptions sent: [`SENT_PACKETS`] entries for each place.
pub type SentTable<'m> = Shares<'m, SentEntry, SENT_PACKETS>;

/// A ring by sequence number. Its entries lie in a [`SentTable`]; what an earlier subscription left at its place is
/// never looked at, because every number after `start` is written before it is read.
#[derive(Clone, Copy, Debug)]
pub struct SentRing {
    /// The last number before the first of ours.
    start: u64,
    newest: u64,
}

/// A [`SentEntry`], read.
#[derive(Clone, Copy, Debug)]
struct Entry {
    state: State,
    sent: Sent,
    /// When it was last sent again, in milliseconds; wraps after 65 s, which at worst delays one repetition.
    repeated_ms: u16,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Still to come, or nobody's.
    #[default]
    Absent,
    Sent,
    Repeated,
}

impl SentRing {
    /// A ring for a stream that begins after `newest`.
    pub fn new(newest: u64) -> Self {
        Self { start: newest, newest }
    }

    /// A packet was sent under this extended sequence number. `entries` are those of the subscription.
    pub fn record(&mut self, entries: &mut [SentEntry], index: u64, sent: Sent) {
        if index > self.newest {
            for skipped in (self.newest + 1..index).rev().take(SENT_PACKETS) {
                if let Some(bytes) = entries.get_mut(place(skipped)) {
                    *bytes = SentEntry::default();
                }
            }
            self.newest = index;
        } else if index + SENT_PACKETS as u64 <= self.newest {
            return;
        }
        write(entries, index, Entry { state: State::Sent, sent, repeated_ms: 0 });
    }

    /// The packet with this sequence number, and its extended one, if it was sent and was not sent again within
    /// `pause_ms`; then it counts as sent again.
    pub fn repeat(&self, entries: &mut [SentEntry], sequence: u16, pause_ms: u16, now: Instant) -> Option<(u64, Sent)> {
        let (index, mut entry) = self.find(entries, sequence)?;
        let now_ms = (now.us / 1000) as u16;
        let is_too_soon = now_ms.wrapping_sub(entry.repeated_ms) < pause_ms;
        if entry.state == State::Repeated && is_too_soon {
            return None;
        }
        entry.state = State::Repeated;
        entry.repeated_ms = now_ms;
        write(entries, index, entry);
        Some((index, entry.sent))
    }

    /// The packet with this sequence number, and its extended one, if it was sent.
    pub fn get(&self, entries: &[SentEntry], sequence: u16) -> Option<(u64, Sent)> {
        self.find(entries, sequence).map(|(index, entry)| (index, entry.sent))
    }

    fn find(&self, entries: &[SentEntry], sequence: u16) -> Option<(u64, Entry)> {
        let back = u64::from((self.newest as u16).wrapping_sub(sequence));
        if back >= SENT_PACKETS as u64 || back >= self.newest - self.start {
            return None;
        }
        let index = self.newest - back;
        let entry = Entry::of(*entries.get(place(index))?);
        (entry.state != State::Absent).then_some((index, entry))
    }
}

impl Entry {
    fn of(bytes: SentEntry) -> Self {
        let [flags, splice, transport_high, transport_low, repeated_high, repeated_low, rest @ ..] = bytes;
        let [source_high, source_low, picture_high, picture_low] = rest;
        let state = match flags & 3 {
            0 => State::Absent,
            1 => State::Sent,
            _ => State::Repeated,
        };
        let sent = Sent {
            splice,
            transport_sequence: u16::from_be_bytes([transport_high, transport_low]),
            source_sequence: u16::from_be_bytes([source_high, source_low]),
            changes: Changes {
                picture: u16::from_be_bytes([picture_high, picture_low]),
                marker: flags & MARKER != 0,
                is_empty: flags & EMPTY != 0,
                earlier: flags >> EARLIER_SHIFT,
            },
        };
        Self { state, sent, repeated_ms: u16::from_be_bytes([repeated_high, repeated_low]) }
    }

    fn bytes(self) -> SentEntry {
        let Sent { splice, transport_sequence, source_sequence, changes } = self.sent;
        let flags = if changes.marker { MARKER } else { 0 } | if changes.is_empty { EMPTY } else { 0 };
        let flags = flags | changes.earlier << EARLIER_SHIFT;
        let [transport_high, transport_low] = transport_sequence.to_be_bytes();
        let [repeated_high, repeated_low] = self.repeated_ms.to_be_bytes();
        let [source_high, source_low] = source_sequence.to_be_bytes();
        let [picture_high, picture_low] = changes.picture.to_be_bytes();
        [
            self.state as u8 | flags,
            splice,
            transport_high,
            transport_low,
            repeated_high,
            repeated_low,
            source_high,
            source_low,
            picture_high,
            picture_low,
        ]
    }
}

const MARKER: u8 = 0x10;
const EMPTY: u8 = 0x20;
const EARLIER_SHIFT: u8 = 6;
const _: () = assert!(EARLIER + EARLIER_SHIFT as usize <= 8, "the flags have room for every earlier payload");

fn write(entries: &mut [SentEntry], index: u64, entry: Entry) {
    if let Some(bytes) = entries.get_mut(place(index)) {
        *bytes = entry.bytes();
    }
}

fn place(index: u64) -> usize {
    (index % SENT_PACKETS as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SENT: Sent = Sent {
        splice: 1,
        transport_sequence: 7,
        source_sequence: 0x1234,
        changes: Changes { picture: 0x7fff, marker: true, is_empty: false, earlier: 2 },
    };

    #[test]
    fn a_packet_is_repeated_once_within_the_pause() {
        let entries = &mut [SentEntry::default(); SENT_PACKETS];
        let mut ring = SentRing::new(9);
        ring.record(entries, 10, SENT);
        assert_eq!(ring.repeat(entries, 10, 15, Instant::from_ms(0)), Some((10, SENT)));
        assert_eq!(ring.repeat(entries, 10, 15, Instant::from_ms(14)), None);
        assert_eq!(ring.repeat(entries, 10, 15, Instant::from_ms(15)), Some((10, SENT)));
        assert_eq!(ring.repeat(entries, 9, 15, Instant::from_ms(15)), None);
        assert_eq!(ring.repeat(entries, 11, 15, Instant::from_ms(15)), None);
    }

    proptest! {
        #[test]
        fn just_what_was_sent_is_found(
            start in 65_000_u64..66_000,
            steps in proptest::collection::vec(1_u64..9, 1..200),
        ) {
            // As an earlier subscription left them.
            let entries = &mut [[1; 10]; SENT_PACKETS];
            let mut ring = SentRing::new(start);
            let mut index = start;
            let mut sent = std::vec::Vec::new();
            for step in steps {
                index += step;
                ring.record(entries, index, SENT);
                sent.push(index);
            }
            for asked in start.saturating_sub(300)..index + 300 {
                let expected = sent.contains(&asked) && asked + SENT_PACKETS as u64 > index;
                let found = ring.repeat(entries, asked as u16, 15, Instant::default()).map(|(found, _)| found);
                prop_assert_eq!(found == Some(asked), expected, "{}", asked);
            }
        }
    }
}
