//! Bits a second over a window that moves in steps.

/// A window of `STEPS` times `STEP_US`, one of which is being filled. Whose clock it is, its user knows.
#[derive(Clone, Copy, Debug)]
pub struct Rate<const STEPS: usize, const STEP_US: u64> {
    bytes: [u32; STEPS],
    /// The numbers of the first step that was ever filled, and of the newest.
    filled: Option<(u64, u64)>,
}

impl<const STEPS: usize, const STEP_US: u64> Default for Rate<STEPS, STEP_US> {
    fn default() -> Self {
        Self { bytes: [0; STEPS], filled: None }
    }
}

impl<const STEPS: usize, const STEP_US: u64> Rate<STEPS, STEP_US> {
    /// `bytes` passed at `at_us`.
    pub fn count(&mut self, at_us: u64, bytes: usize) {
        let step = at_us / STEP_US;
        // A clock that jumped back says nothing about earlier packets.
        let known = self.filled.filter(|(_, newest)| step + STEPS as u64 > *newest);
        let (first, newest) = known.unwrap_or((step, step));
        if known.is_none() {
            self.bytes = [0; STEPS];
        }
        for skipped in (newest + 1..=step).rev().take(STEPS) {
            self.bytes[place::<STEPS>(skipped)] = 0;
        }
        self.filled = Some((first, newest.max(step)));
        let filled = &mut self.bytes[place::<STEPS>(step)];
        *filled = filled.saturating_add(bytes as u32);
    }

    /// The mean up to the newest step, once `LEAST_STEPS` were filled; the newest, which is being filled, does not
    /// count.
    pub fn bitrate_bps(&self) -> Option<u32> {
        let (first, newest) = self.filled?;
        let steps = (newest - first).min(STEPS as u64 - 1);
        if steps < LEAST_STEPS {
            return None;
        }
        let bytes: u64 = (newest - steps..newest).map(|step| u64::from(self.bytes[place::<STEPS>(step)])).sum();
        Some(u32::try_from(bytes * 8_000_000 / (steps * STEP_US)).unwrap_or(u32::MAX))
    }

    /// The highest mean of `steps` steps that follow each other, of those that were filled.
    pub fn peak_bps(&self, steps: u64) -> Option<u32> {
        let (first, newest) = self.filled?;
        let oldest = first.max(newest.saturating_sub(STEPS as u64 - 1));
        let sums = (oldest..(newest + 1).saturating_sub(steps)).map(|start| {
            let bytes = (start..start + steps).map(|step| u64::from(self.bytes[place::<STEPS>(step)]));
            bytes.sum::<u64>() * 8_000_000 / (steps * STEP_US)
        });
        sums.max().map(|highest| u32::try_from(highest).unwrap_or(u32::MAX))
    }
}

fn place<const STEPS: usize>(step: u64) -> usize {
    (step % STEPS as u64) as usize
}

const LEAST_STEPS: u64 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_stands_out_of_the_mean() {
        let mut rate = Rate::<11, 50_000>::default();
        for packet in 0..50 {
            rate.count(packet * 10_000, 125);
        }
        assert_eq!((rate.bitrate_bps(), rate.peak_bps(4)), (Some(100_000), Some(100_000)));
        (0..4).for_each(|packet| rate.count(500_000 + packet * 40_000, 1_250));
        rate.count(700_000, 125);
        assert_eq!(rate.peak_bps(4), Some(225_000));
        assert_eq!(Rate::<11, 50_000>::default().peak_bps(4), None);
    }

    #[test]
    fn a_steady_flow_is_measured_and_a_pause_forgotten() {
        let mut rate = Rate::<11, 50_000>::default();
        assert_eq!(rate.bitrate_bps(), None);
        for packet in 0..100 {
            rate.count(7_000_000 + packet * 10_000, 1250);
        }
        assert_eq!(rate.bitrate_bps(), Some(1_000_000));
        rate.count(60_000_000, 1250);
        assert_eq!(rate.bitrate_bps(), Some(0));
        rate.count(1_000_000, 1250);
        assert_eq!(rate.bitrate_bps(), None);
    }
}
