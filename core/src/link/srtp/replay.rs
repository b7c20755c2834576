//! Which packets of a source were received already (RFC 3711 sections 3.3.1 and 3.3.2).

use crate::drops::Drop;
use crate::wire::rtp;
use crate::wire::sequence::extend;

/// How far back a late packet is still told from a repeated one.
pub const WINDOW_PACKETS: u64 = 128;

/// What is remembered of one incoming RTP source: its highest index (roll-over count and sequence number) and which
/// of the last [`WINDOW_PACKETS`] came. It must live as long as the peer uses the source under one key: the
/// roll-over count cannot be learned again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct IncomingIndex {
    /// One more than the highest index; 0 before the first packet.
    next: u64,
    /// Bit n is set if the packet n before the highest came.
    received: u128,
}

impl IncomingIndex {
    /// No packet yet.
    pub const NEW: Self = Self { next: 0, received: 0 };

    /// The highest authentic index so far.
    pub fn highest(&self) -> Option<u64> {
        self.next.checked_sub(1)
    }

    /// Remembers a packet that nothing protects, if it is new, and says how long it is and its index.
    pub fn take_plain(&mut self, packet: &[u8]) -> Result<(usize, u64), Drop> {
        let view = rtp::View::new(packet).ok_or(Drop::Malformed)?;
        let index = self.estimate(view.sequence());
        if !self.is_new(index) {
            return Err(Drop::Replay);
        }
        self.accept(index);
        Ok((packet.len(), index))
    }

    /// The index that `sequence` most likely stands for.
    pub(super) fn estimate(&self, sequence: u16) -> u64 {
        extend(self.highest().unwrap_or(u64::from(sequence)), sequence)
    }

    /// Whether a packet with `index` may be new.
    pub(super) fn is_new(&self, index: u64) -> bool {
        match (self.next.checked_sub(1)).and_then(|highest| highest.checked_sub(index)) {
            None => true,
            Some(age) => age < WINDOW_PACKETS && self.received >> age & 1 == 0,
        }
    }

    /// Remembers `index`, whose packet was authentic and [`Self::is_new`].
    pub(super) fn accept(&mut self, index: u64) {
        if index >= self.next {
            let step = index + 1 - self.next;
            self.received = if step < WINDOW_PACKETS { self.received << step } else { 0 };
            self.next = index + 1;
        }
        let age = self.next - 1 - index;
        if age < WINDOW_PACKETS {
            self.received |= 1 << age;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_first_packet_may_have_any_number() {
        for sequence in [0, 1, 0x7fff, 0x8000, 0xffff] {
            let state = IncomingIndex::NEW;
            assert_eq!(state.estimate(sequence), u64::from(sequence));
            assert!(state.is_new(u64::from(sequence)));
        }
    }

    #[test]
    fn a_wrap_raises_the_count_even_if_packets_around_it_are_lost() {
        let mut state = IncomingIndex::NEW;
        state.accept(0xfff0);
        assert_eq!(state.estimate(5), 0x1_0005);
        state.accept(0x1_0005);
        assert_eq!(state.estimate(0xffff), 0xffff, "late, from before the wrap");
        assert_eq!(state.estimate(6), 0x1_0006);
    }

    #[test]
    fn the_window_has_128_packets() {
        let mut state = IncomingIndex::NEW;
        state.accept(1000);
        assert!(!state.is_new(1000));
        assert!(state.is_new(1000 - 127) && !state.is_new(1000 - 128));
        state.accept(1000 - 127);
        assert!(!state.is_new(1000 - 127));
        state.accept(1127);
        assert!(!state.is_new(1000), "at the far edge");
        state.accept(1128);
        assert!(state.is_new(1001) && !state.is_new(1000));
    }

    proptest! {
        #[test]
        fn an_index_is_new_once_and_only_near_the_highest(
            start in prop_oneof![0_u64..300, 0xff80_u64..0x1_0080, (1_u64 << 32) - 150..(1 << 32) + 150],
            steps in proptest::collection::vec(-200_i64..200, 1..300),
        ) {
            let mut state = IncomingIndex::NEW;
            let mut seen = BTreeSet::new();
            let mut index = start;
            for step in steps {
                index = index.saturating_add_signed(step);
                let highest = seen.last().copied();
                let expected = !seen.contains(&index)
                    && highest.is_none_or(|highest| index + WINDOW_PACKETS > highest);
                prop_assert_eq!(state.is_new(index), expected);
                prop_assert_eq!(state.highest(), highest);
                if expected {
                    state.accept(index);
                    seen.insert(index);
                }
                prop_assert_eq!(state.estimate(index as u16), index);
            }
        }
    }
}
