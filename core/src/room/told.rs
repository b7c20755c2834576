//! When something was told that is told again after a while.

use crate::time::Instant;

/// When it was told last.
#[derive(Clone, Copy, Debug, Default)]
pub struct Told {
    at: Option<Instant>,
}

impl Told {
    /// Whether it is time again after `period_s` seconds (0: never). If so, this counts as the last time.
    pub fn is_due(&mut self, now: Instant, period_s: u32) -> bool {
        let period_us = u64::from(period_s) * 1_000_000;
        let is_due = period_s > 0 && self.at.is_none_or(|at| now.since_us(at) + SLACK_US >= period_us);
        if is_due {
            self.at = Some(now);
        }
        is_due
    }
}

/// Whoever looks does so once a second or less often, and never quite in time.
const SLACK_US: u64 = 500_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_due_at_first_and_after_each_period() {
        let mut told = Told::default();
        assert!(!told.is_due(Instant::from_ms(5_000), 0));
        let due = (0..40).filter(|second| told.is_due(Instant::from_ms(second * 1000 + second % 3), 12));
        assert_eq!(due.collect::<std::vec::Vec<_>>(), [0, 12, 24, 36]);
    }
}
