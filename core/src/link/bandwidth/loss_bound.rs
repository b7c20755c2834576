//! The bitrate that loss allows. Loss that goes on although less is sent is the way's own, as on radio, and is no
//! reason to send still less (the idea of draft-ietf-rmcat-gcc-02 section 6, with that exception).

use super::delay_bound::{LEAST_BPS, MOST_BPS};
use crate::time::Instant;

/// A bound that loss lowers; none at first.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LossBound {
    bitrate_bps: Option<u32>,
    /// Told since the last look.
    lost: u32,
    total: u32,
    looked: Instant,
    /// The part of all packets that was lost of late.
    mean: f32,
    /// The part of all packets that is lost whatever is sent.
    inherent: f32,
    /// From which loss on the last decrease had no effect, until that was seen.
    unchanged: Option<f32>,
}

impl LossBound {
    /// The bound, if there is one.
    pub(super) fn bitrate_bps(&self) -> Option<u32> {
        self.bitrate_bps
    }

    /// Whether so much was lost of late that it is no accident.
    pub(super) fn is_lossy(&self) -> bool {
        self.mean > LOSSY
    }

    /// A packet was told as arrived or missing.
    pub(super) fn note(&mut self, is_lost: bool) {
        self.total += 1;
        self.lost += u32::from(is_lost);
    }

    /// A packet that was told as missing came late.
    pub(super) fn note_late(&mut self) {
        self.lost = self.lost.saturating_sub(1);
    }

    /// A probe passed at this bitrate.
    pub(super) fn raise(&mut self, bitrate_bps: u32) {
        self.bitrate_bps = self.bitrate_bps.map(|bound| bound.max(bitrate_bps));
    }

    /// Looks at what was told, if it is enough. `bitrate_bps` is the estimate now, `throughput_bps` what arrives.
    pub(super) fn update(&mut self, bitrate_bps: u32, throughput_bps: Option<u32>, now: Instant) {
        if self.total < LEAST_PACKETS || now.since_us(self.looked) < LOOK_US {
            return;
        }
        let loss = self.lost as f32 / self.total as f32;
        (self.lost, self.total, self.looked) = (0, 0, now);
        self.mean += (loss - self.mean) / LOOKS;
        if self.unchanged.take().is_some_and(|unchanged| loss > unchanged) {
            self.inherent += (loss - self.inherent) / 2.0;
        }
        if loss < self.inherent {
            // One lucky look is not believed at once.
            self.inherent -= (self.inherent - loss) / 4.0;
        }
        let excess = loss - self.inherent;
        if excess > HIGH {
            let passes = throughput_bps.filter(|_| excess > HEAVY).map(|passes| passes as f32 / bitrate_bps as f32);
            let kept = passes.unwrap_or(1.0).min(1.0 - excess / 2.0);
            self.bitrate_bps = Some(((bitrate_bps as f32 * kept) as u32).max(LEAST_BPS));
            // A full way passes as much as before, so less of the lesser bitrate is lost.
            let congested = (1.0 - (1.0 - loss) / kept).max(0.0);
            self.unchanged = Some((loss + congested) / 2.0);
        } else if excess < LOW {
            // A bound far above the estimate bounds nothing.
            let raised = self.bitrate_bps.map(|bound| (bound as f32 * RISE) as u32);
            self.bitrate_bps = raised.filter(|bound| *bound < bitrate_bps.saturating_mul(2).min(MOST_BPS));
        }
    }
}

const LEAST_PACKETS: u32 = 40;
const LOOK_US: u64 = 400_000;
/// Over about so many looks the mean is taken.
const LOOKS: f32 = 8.0;
const LOSSY: f32 = 0.02;
const HIGH: f32 = 0.1;
const LOW: f32 = 0.02;
/// With so much more loss than the way's own, what arrives is what passes.
const HEAVY: f32 = 0.3;
const RISE: f32 = 1.05;

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten seconds at a loss that depends on the bitrate; what the estimate is then.
    fn run(loss_at: impl Fn(f32) -> f32) -> u32 {
        let mut bound = LossBound::default();
        let mut bitrate_bps = 1_000_000;
        for look in 1..=25 {
            let loss = loss_at(bitrate_bps as f32);
            for packet in 0..100 {
                bound.note((packet as f32) < loss * 100.0);
            }
            bound.update(bitrate_bps, Some((bitrate_bps as f32 * (1.0 - loss)) as u32), Instant::from_ms(look * 400));
            bitrate_bps = bound.bitrate_bps().unwrap_or(1_000_000).min(1_000_000);
        }
        bitrate_bps
    }

    #[test]
    fn loss_of_the_way_itself_does_not_starve_the_flow() {
        assert_eq!(run(|_| 0.05), 1_000_000);
        assert!(run(|_| 0.2) > 700_000);
    }

    #[test]
    fn loss_by_a_full_way_is_answered() {
        let found = run(|bitrate| (1.0 - 400_000.0 / bitrate).max(0.0));
        assert!((300_000..500_000).contains(&found), "{found}");
    }
}
