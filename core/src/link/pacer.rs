//! When packets may leave a link whose way is known to be narrow: a leaky bucket that lets a small burst through, so
//! that a keyframe does not fill the queues on the way, behind which audio would wait.

use crate::time::Instant;

/// The bucket of one link.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pacer {
    /// When all that left would have left at the pace.
    free_at: Instant,
}

impl Pacer {
    /// What a way is taken to carry of which nothing is known, where something is paced in any case.
    pub const UNKNOWN_BPS: u32 = 8_000_000;

    /// How long so many bytes take at the pace of a way.
    pub fn duration_us(bytes: usize, bitrate_bps: u32) -> u64 {
        bytes as u64 * 8_000_000 / (u64::from(bitrate_bps) * PACE_PERCENT / 100).max(1)
    }

    /// When a packet may leave. One that `arrived` at a certain time waits no longer than `MOST_WAIT_US`: later still
    /// it would be of no use.
    pub fn due(&self, arrived: Option<Instant>) -> Instant {
        let due = Instant::from_us(self.free_at.us.saturating_sub(BURST_US));
        arrived.map_or(due, |arrived| due.min(arrived.after_us(MOST_WAIT_US)))
    }

    /// A packet left. `bitrate_bps` is what the way carries, if it is known.
    pub fn left(&mut self, bytes: usize, bitrate_bps: Option<u32>, now: Instant) {
        let Some(bitrate_bps) = bitrate_bps else { return };
        self.free_at = self.free_at.max(now).after_us(Self::duration_us(bytes, bitrate_bps));
    }
}

/// Above the estimate, so that it can be seen to be too low, and a picture is not late for its own size.
const PACE_PERCENT: u64 = 250;
const BURST_US: u64 = 5_000;
const MOST_WAIT_US: u64 = 400_000;

#[cfg(test)]
mod tests {
    use super::*;

    /// When each of `count` packets of 1000 bytes that arrive at once leaves, in milliseconds.
    fn leave(count: usize, bitrate_bps: Option<u32>) -> std::vec::Vec<u64> {
        let (mut pacer, arrived) = (Pacer::default(), Instant::from_ms(1_000));
        let mut now = arrived;
        let left = (0..count).map(|_| {
            now = now.max(pacer.due(Some(arrived)));
            pacer.left(1000, bitrate_bps, now);
            now.since_us(arrived) / 1000
        });
        left.collect()
    }

    #[test]
    fn a_keyframe_is_spread_over_a_narrow_way() {
        assert_eq!(leave(6, Some(1_600_000)), [0, 0, 0, 1, 3, 5]);
        assert_eq!(leave(5, None), [0; 5]);
    }

    #[test]
    fn nothing_waits_longer_than_it_is_of_use() {
        assert_eq!(leave(100, Some(30_000)).last(), Some(&400));
    }
}
