//! What was sent to a subscriber lately, so that a NACK finds it again.

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
}

/// A ring by sequence number.
#[derive(Clone, Debug)]
pub struct SentRing {
    entries: [Entry; SENT_PACKETS],
    newest: u64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    state: State,
    splice: u8,
    transport_sequence: u16,
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
        Self { entries: [Entry::default(); SENT_PACKETS], newest }
    }

    /// A packet was sent under this extended sequence number.
    pub fn record(&mut self, index: u64, sent: Sent) {
        if index > self.newest {
            for skipped in (self.newest + 1..index).rev().take(SENT_PACKETS) {
                self.entries[place(skipped)] = Entry::default();
            }
            self.newest = index;
        } else if index + SENT_PACKETS as u64 <= self.newest {
            return;
        }
        let Sent { splice, transport_sequence } = sent;
        self.entries[place(index)] = Entry { state: State::Sent, splice, transport_sequence, repeated_ms: 0 };
    }

    /// The packet with this sequence number, and its extended one, if it was sent and may be sent again now; then it
    /// counts as sent again.
    pub fn repeat(&mut self, sequence: u16, now: Instant) -> Option<(u64, Sent)> {
        let back = u64::from((self.newest as u16).wrapping_sub(sequence));
        if back >= SENT_PACKETS as u64 {
            return None;
        }
        let index = self.newest.checked_sub(back)?;
        let entry = &mut self.entries[place(index)];
        let now_ms = (now.us / 1000) as u16;
        let is_too_soon = now_ms.wrapping_sub(entry.repeated_ms) < REPEAT_MS;
        if entry.state == State::Absent || (entry.state == State::Repeated && is_too_soon) {
            return None;
        }
        entry.state = State::Repeated;
        entry.repeated_ms = now_ms;
        Some((index, Sent { splice: entry.splice, transport_sequence: entry.transport_sequence }))
    }
}

fn place(index: u64) -> usize {
    (index % SENT_PACKETS as u64) as usize
}

/// A packet is not sent again twice within this time.
const REPEAT_MS: u16 = 15;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const SENT: Sent = Sent { splice: 1, transport_sequence: 7 };

    #[test]
    fn a_packet_is_repeated_once_within_the_pause() {
        let mut ring = SentRing::new(9);
        ring.record(10, SENT);
        assert_eq!(ring.repeat(10, Instant::from_ms(0)), Some((10, SENT)));
        assert_eq!(ring.repeat(10, Instant::from_ms(14)), None);
        assert_eq!(ring.repeat(10, Instant::from_ms(15)), Some((10, SENT)));
        assert_eq!(ring.repeat(9, Instant::from_ms(15)), None);
        assert_eq!(ring.repeat(11, Instant::from_ms(15)), None);
    }

    proptest! {
        #[test]
        fn just_what_was_sent_is_found(
            start in 65_000_u64..66_000,
            steps in proptest::collection::vec(1_u64..9, 1..200),
        ) {
            let mut ring = SentRing::new(start);
            let mut index = start;
            let mut sent = std::vec::Vec::new();
            for step in steps {
                index += step;
                ring.record(index, SENT);
                sent.push(index);
            }
            for asked in start.saturating_sub(300)..index + 300 {
                let expected = sent.contains(&asked) && asked + SENT_PACKETS as u64 > index;
                let found = ring.repeat(asked as u16, Instant::default()).is_some_and(|(found, _)| found == asked);
                prop_assert_eq!(found, expected, "{}", asked);
            }
        }
    }
}
