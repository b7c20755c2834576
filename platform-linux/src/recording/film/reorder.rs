//! Packets of one m-line in the order in which they were sent: what overtook others waits for them, and for who loses
//! packets until they were sent again, but not for ever.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use parlor_core::wire::sequence;

/// The most packets that wait.
pub(super) const PACKETS: usize = 512;

/// The payload of a packet, and what its header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Packet {
    pub(super) at: Instant,
    pub(super) sequence: u16,
    pub(super) timestamp: u32,
    pub(super) marker: bool,
    /// The one-byte value of the video orientation.
    pub(super) orientation: Option<u8>,
    pub(super) payload: Vec<u8>,
}

/// Packets on their way through.
pub(super) struct Reorder {
    patience: Duration,
    /// The extended number of the packet that is next.
    next: Option<u64>,
    waiting: BTreeMap<u64, Packet>,
}

impl Reorder {
    /// Waits so long for what is missing.
    pub(super) fn new(patience: Duration) -> Self {
        Self { patience, next: None, waiting: BTreeMap::new() }
    }

    /// Takes in a packet. One that is too late, or came before, is left out.
    pub(super) fn push(&mut self, packet: Packet) {
        // Before the first, a whole round is left below: others may be a little older.
        let next = *self.next.get_or_insert(u64::from(packet.sequence) + (1 << 16));
        let newest = self.waiting.last_key_value().map_or(next, |(newest, _)| *newest);
        let index = sequence::extend(newest, packet.sequence);
        if index >= next {
            self.waiting.entry(index).or_insert(packet);
        }
    }

    /// The next packet, if it is there or was waited for long enough; and whether none is missing before it.
    pub(super) fn pop(&mut self, now: Instant) -> Option<(Packet, bool)> {
        let (next, first) = (self.next?, self.waiting.first_entry()?);
        let follows = *first.key() == next;
        let is_late = now.saturating_duration_since(first.get().at) >= self.patience;
        if !follows && !is_late && self.waiting.len() < PACKETS {
            return None;
        }
        let (index, packet) = self.waiting.pop_first()?;
        self.next = Some(index + 1);
        Some((packet, follows))
    }

    /// The next packet, waited for or not: no more will come.
    pub(super) fn pop_last(&mut self) -> Option<(Packet, bool)> {
        let (index, packet) = self.waiting.pop_first()?;
        let follows = self.next.replace(index + 1) == Some(index);
        Some((packet, follows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Way(Reorder, Instant);

    impl Way {
        fn new() -> Self {
            Self(Reorder::new(Duration::from_millis(100)), Instant::now())
        }

        fn push(&mut self, sequence: u16, after_ms: u64) {
            let at = self.1 + Duration::from_millis(after_ms);
            let packet = Packet { at, sequence, timestamp: 0, marker: false, orientation: None, payload: Vec::new() };
            self.0.push(packet);
        }

        fn pop(&mut self, after_ms: u64) -> Vec<(u16, bool)> {
            let now = self.1 + Duration::from_millis(after_ms);
            std::iter::from_fn(|| self.0.pop(now)).map(|(packet, follows)| (packet.sequence, follows)).collect()
        }
    }

    #[test]
    fn what_overtook_others_waits_for_them_over_the_wrap_of_numbers() {
        let mut way = Way::new();
        for sequence in [65533, 65535, 0, 65534, 2, 1, 1, 65535] {
            way.push(sequence, 0);
        }
        let sequences: Vec<_> = way.pop(0);
        assert_eq!(sequences, [65533, 65534, 65535, 0, 1, 2].map(|sequence| (sequence, true)));
    }

    #[test]
    fn what_stays_away_is_waited_for_so_long_and_told() {
        let mut way = Way::new();
        way.push(7, 0);
        way.push(9, 10);
        way.push(10, 20);
        assert_eq!(way.pop(109), [(7, true)]);
        assert_eq!(way.pop(110), [(9, false), (10, true)]);
        way.push(8, 111);
        assert_eq!(way.pop(300), [], "it comes too late");
    }

    #[test]
    fn no_more_packets_wait_than_there_is_room_for() {
        let mut way = Way::new();
        way.push(0, 0);
        for sequence in 2..PACKETS as u16 + 2 {
            way.push(sequence, 0);
        }
        assert_eq!(way.pop(0).len(), PACKETS + 1);
        way.push(2000, 0);
        assert_eq!(way.0.pop_last().map(|(packet, follows)| (packet.sequence, follows)), Some((2000, false)));
    }
}
