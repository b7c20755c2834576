//! The bitrate that the delay allows: up while the queue rests, down below what passes when it grows
//! (draft-ietf-rmcat-gcc-02 section 5.5).

use super::delay::Usage;
use crate::time::Instant;

/// A bound that rises and falls.
#[derive(Clone, Copy, Debug)]
pub(super) struct DelayBound {
    bitrate_bps: u32,
    updated: Instant,
    decreased: Option<Instant>,
    /// What passed when the queue grew: about the capacity of the way.
    capacity_bps: Option<u32>,
}

/// What arrives, in bits a second.
#[derive(Clone, Copy, Debug)]
pub(super) struct Passed {
    /// Over half a second.
    pub(super) mean_bps: u32,
    /// Over the best part of it, as long as a large picture takes: so much the way carries at least, also where less is
    /// sent and pictures only queue behind themselves.
    pub(super) peak_bps: u32,
}

impl DelayBound {
    /// A bound that begins at `bitrate_bps`.
    pub(super) fn new(bitrate_bps: u32, now: Instant) -> Self {
        Self { bitrate_bps, updated: now, decreased: None, capacity_bps: None }
    }

    /// The bound.
    pub(super) fn bitrate_bps(&self) -> u32 {
        self.bitrate_bps
    }

    /// Whether the way ever showed a limit.
    pub(super) fn is_known(&self) -> bool {
        self.decreased.is_some()
    }

    /// A probe passed at this bitrate, or the bound of something else showed that this much passes.
    pub(super) fn raise(&mut self, bitrate_bps: u32) {
        if bitrate_bps > self.bitrate_bps {
            self.bitrate_bps = bitrate_bps.min(MOST_BPS);
            self.capacity_bps = None;
        }
    }

    /// Follows what the way does; true if the bound fell.
    pub(super) fn update(&mut self, usage: Usage, passed: Passed, round_trip_us: u64, now: Instant) -> bool {
        let since_us = now.since_us(self.updated).min(MOST_STEP_US);
        self.updated = now;
        match usage {
            Usage::Over => return self.decrease(passed.peak_bps, round_trip_us, now),
            Usage::Under => {}
            Usage::Normal => self.increase(passed.mean_bps, round_trip_us, since_us),
        }
        false
    }

    fn decrease(&mut self, throughput_bps: u32, round_trip_us: u64, now: Instant) -> bool {
        // One decrease must have shown its effect before the next.
        let wait_us = round_trip_us.clamp(LEAST_WAIT_US, MOST_WAIT_US);
        if self.decreased.is_some_and(|decreased| now.since_us(decreased) < wait_us) {
            return false;
        }
        self.decreased = Some(now);
        self.capacity_bps = Some(match self.capacity_bps.filter(|capacity| is_near(throughput_bps, *capacity)) {
            Some(capacity) => capacity - capacity / 20 + throughput_bps / 20,
            None => throughput_bps,
        });
        let reduced = (u64::from(throughput_bps) * KEPT_PERCENT / 100) as u32;
        let falls = reduced < self.bitrate_bps;
        self.bitrate_bps = self.bitrate_bps.min(reduced).max(LEAST_BPS);
        falls
    }

    /// Near the capacity by about a packet for each response time, otherwise by 8 % a second; never far above what was
    /// seen to pass, for what is not sent proves nothing.
    fn increase(&mut self, throughput_bps: u32, round_trip_us: u64, since_us: u64) {
        if self.capacity_bps.is_some_and(|capacity| throughput_bps > capacity && !is_near(throughput_bps, capacity)) {
            self.capacity_bps = None;
        }
        let bitrate = u64::from(self.bitrate_bps);
        let a_second = match self.capacity_bps.filter(|capacity| is_near(self.bitrate_bps, *capacity)) {
            Some(_) => (PACKET_BITS * 1_000_000 / (round_trip_us + RESPONSE_US)).max(LEAST_RISE_BPS),
            None => bitrate * RISE_PERCENT / 100,
        };
        let raised = bitrate + (a_second * since_us / 1_000_000).max(1);
        let proved = u64::from(throughput_bps) * 3 / 2 + MARGIN_BPS;
        let bound = raised.min(proved.max(bitrate)).min(u64::from(MOST_BPS));
        self.bitrate_bps = bound as u32;
    }
}

fn is_near(bitrate_bps: u32, capacity_bps: u32) -> bool {
    bitrate_bps.abs_diff(capacity_bps) < capacity_bps / 4
}

/// No bound is lower: audio must pass.
pub(super) const LEAST_BPS: u32 = 30_000;
/// No bound is higher.
pub(super) const MOST_BPS: u32 = 100_000_000;
const KEPT_PERCENT: u64 = 85;
const RISE_PERCENT: u64 = 8;
const PACKET_BITS: u64 = 1_200 * 8;
const RESPONSE_US: u64 = 100_000;
const LEAST_RISE_BPS: u64 = 4_000;
const MARGIN_BPS: u64 = 10_000;
const MOST_STEP_US: u64 = 1_000_000;
const LEAST_WAIT_US: u64 = 50_000;
const MOST_WAIT_US: u64 = 300_000;

#[cfg(test)]
mod tests {
    use super::*;

    const START: Instant = Instant::from_ms(0);

    fn steady(bitrate_bps: u32) -> Passed {
        Passed { mean_bps: bitrate_bps, peak_bps: bitrate_bps }
    }

    #[test]
    fn overuse_falls_below_what_passes_once_in_a_round_trip() {
        let mut bound = DelayBound::new(1_000_000, START);
        assert!(bound.update(Usage::Over, steady(600_000), 100_000, Instant::from_ms(100)));
        assert_eq!(bound.bitrate_bps(), 510_000);
        assert!(!bound.update(Usage::Over, steady(300_000), 100_000, Instant::from_ms(150)));
        assert!(bound.update(Usage::Over, steady(500_000), 100_000, Instant::from_ms(250)));
        assert_eq!(bound.bitrate_bps(), 425_000);
    }

    #[test]
    fn what_is_not_sent_proves_nothing() {
        let mut bound = DelayBound::new(1_000_000, START);
        for second in 1..100 {
            bound.update(Usage::Normal, steady(100_000), 50_000, Instant::from_ms(second * 1000));
        }
        assert_eq!(bound.bitrate_bps(), 1_000_000);
        for second in 100..110 {
            bound.update(Usage::Normal, steady(1_000_000), 50_000, Instant::from_ms(second * 1000));
        }
        assert_eq!(bound.bitrate_bps(), 1_510_000);
    }

    #[test]
    fn near_the_capacity_the_rise_is_slow() {
        let mut bound = DelayBound::new(1_000_000, START);
        bound.update(Usage::Over, steady(1_000_000), 50_000, Instant::from_ms(100));
        bound.update(Usage::Normal, steady(850_000), 50_000, Instant::from_ms(1_100));
        assert_eq!(bound.bitrate_bps(), 850_000 + 64_000);
    }
}
