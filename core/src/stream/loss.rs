//! Which packets of one encoding are missing, and when to ask for them (RFC 4585 section 6.2.1).

use heapless::Vec;

use crate::time::Instant;

/// The most packets that are missing at once; more than these are not asked for.
pub const MISSING_PACKETS: usize = 64;

/// What the arrival of a packet means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrival {
    /// It is newer than all before.
    Newest,
    /// It was missing.
    Recovered,
    /// It came before, or it is too old to matter.
    Stale,
}

/// The gaps of one encoding.
#[derive(Clone, Debug, Default)]
pub struct Loss {
    newest: Option<u64>,
    missing: Vec<Missing, MISSING_PACKETS>,
    /// How long the publisher takes to send again: a moving average.
    response_us: u32,
    gave_up: bool,
    lost: u32,
}

#[derive(Clone, Copy, Debug)]
struct Missing {
    index: u64,
    next_request: Instant,
    requests: u8,
}

impl Loss {
    /// A packet with this extended sequence number arrived.
    pub fn arrived(&mut self, index: u64, now: Instant) -> Arrival {
        let Some(newest) = self.newest else {
            self.newest = Some(index);
            return Arrival::Newest;
        };
        if index > newest {
            self.note_gap(newest + 1, index, now);
            self.newest = Some(index);
            return Arrival::Newest;
        }
        match self.missing.iter().position(|missing| missing.index == index) {
            Some(place) => {
                let missing = self.missing.remove(place);
                self.note_response(&missing, now);
                Arrival::Recovered
            }
            None => Arrival::Stale,
        }
    }

    /// Whether a packet did not come of a source whose others did.
    pub fn is_missing(&self, index: u64) -> bool {
        self.newest.is_some_and(|newest| index > newest) || self.missing.iter().any(|missing| missing.index == index)
    }

    /// The newest extended sequence number.
    pub fn newest(&self) -> Option<u64> {
        self.newest
    }

    /// The sequence numbers to ask for now, in order; they count as asked for.
    pub fn requests(&mut self, now: Instant) -> Vec<u16, MISSING_PACKETS> {
        let interval_us = self.interval_us();
        let mut sequences = Vec::new();
        let before = self.missing.len();
        self.missing.retain(|missing| missing.requests < REQUESTS || missing.next_request > now);
        self.gave_up |= self.missing.len() < before;
        for missing in self.missing.iter_mut().filter(|missing| missing.next_request <= now) {
            missing.next_request = now.after_us(interval_us << missing.requests.min(2));
            missing.requests += 1;
            // Both vectors have the same capacity.
            let _ = sequences.push(missing.index as u16);
        }
        sequences
    }

    /// When [`Self::requests`] has something, if ever.
    pub fn due(&self) -> Option<Instant> {
        self.missing.iter().map(|missing| missing.next_request).min()
    }

    /// Whether a packet was given up since the last call: only a keyframe helps a picture now.
    pub fn take_gave_up(&mut self) -> bool {
        core::mem::take(&mut self.gave_up)
    }

    /// How many packets were found missing since the last call.
    pub fn take_lost(&mut self) -> u32 {
        core::mem::take(&mut self.lost)
    }

    fn note_gap(&mut self, from: u64, to: u64, now: Instant) {
        let gap = to - from;
        self.lost = self.lost.saturating_add(gap.min(u64::from(u32::MAX)) as u32);
        if gap > MISSING_PACKETS as u64 {
            self.missing.clear();
            self.gave_up = true;
            return;
        }
        let first = Missing { index: 0, next_request: now.after_us(REORDER_US), requests: 0 };
        for index in from..to {
            if self.missing.is_full() {
                self.missing.remove(0);
                self.gave_up = true;
            }
            let _ = self.missing.push(Missing { index, ..first });
        }
    }

    fn note_response(&mut self, missing: &Missing, now: Instant) {
        if missing.requests != 1 {
            return;
        }
        let asked = missing.next_request.us - self.interval_us().min(missing.next_request.us);
        let sample_us = now.us.saturating_sub(asked).min(1_000_000) as u32;
        self.response_us =
            if self.response_us == 0 { sample_us } else { self.response_us - self.response_us / 8 + sample_us / 8 };
    }

    fn interval_us(&self) -> u64 {
        (u64::from(self.response_us) * 3 / 2).clamp(INTERVAL_US_MIN, INTERVAL_US_MAX)
    }
}

/// A packet that comes within this time was only overtaken.
const REORDER_US: u64 = 4_000;
const INTERVAL_US_MIN: u64 = 20_000;
const INTERVAL_US_MAX: u64 = 200_000;
/// How often a packet is asked for.
const REQUESTS: u8 = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_overtaken_packet_is_not_asked_for() {
        let mut loss = Loss::default();
        loss.arrived(1, Instant::from_ms(0));
        loss.arrived(3, Instant::from_ms(1));
        assert!(loss.requests(Instant::from_ms(2)).is_empty());
        assert_eq!(loss.arrived(2, Instant::from_ms(2)), Arrival::Recovered);
        assert_eq!(loss.due(), None);
    }

    #[test]
    fn a_lost_packet_is_asked_for_until_it_is_given_up() {
        let mut loss = Loss::default();
        loss.arrived(65_535, Instant::from_ms(0));
        loss.arrived(65_537, Instant::from_ms(0));
        let asked = (0..2000).filter(|ms| loss.requests(Instant::from_ms(*ms)).as_slice() == [0]).count();
        assert_eq!(asked, usize::from(REQUESTS));
        assert!(loss.take_gave_up());
        assert_eq!(loss.arrived(65_536, Instant::from_ms(2000)), Arrival::Stale);
    }

    #[test]
    fn a_hole_that_is_too_large_is_given_up_at_once() {
        let mut loss = Loss::default();
        loss.arrived(0, Instant::from_ms(0));
        loss.arrived(1000, Instant::from_ms(0));
        assert!(loss.take_gave_up());
        assert_eq!(loss.due(), None);
    }

    proptest! {
        #[test]
        fn every_packet_is_new_or_recovered_once(
            order in Just((0_u64..40).collect::<std::vec::Vec<_>>()).prop_shuffle(),
            start in 65_500_u64..65_540,
        ) {
            let mut loss = Loss::default();
            loss.arrived(start, Instant::default());
            for index in order.iter().map(|step| start + 1 + step) {
                prop_assert_ne!(loss.arrived(index, Instant::default()), Arrival::Stale);
                prop_assert_eq!(loss.arrived(index, Instant::default()), Arrival::Stale);
            }
            prop_assert_eq!(loss.due(), None);
        }
    }
}
