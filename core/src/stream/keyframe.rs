//! Keyframe requests of one encoding: merged, rate-limited, sent again until the keyframe comes.

use crate::time::Instant;

/// Decides when a publisher is asked for a keyframe. Noticing keyframes and asking for them share no timer.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeyframeGovernor {
    wanted: bool,
    requests: u8,
    requested_at: Option<Instant>,
}

impl KeyframeGovernor {
    /// Somebody needs a keyframe that has not come yet.
    pub fn want(&mut self) {
        self.wanted = true;
    }

    /// A keyframe begins to arrive: whoever waited has it.
    pub fn arrived(&mut self) {
        self.wanted = false;
        self.requests = 0;
    }

    /// Whether a request must be sent now; then it counts as sent.
    pub fn poll(&mut self, now: Instant) -> bool {
        let send = self.due().is_some_and(|due| due <= now);
        if send {
            self.requested_at = Some(now);
            self.requests = self.requests.saturating_add(1);
        }
        send
    }

    /// When the next request must be sent, if a keyframe is wanted.
    pub fn due(&self) -> Option<Instant> {
        if !self.wanted {
            return None;
        }
        let Some(requested_at) = self.requested_at else { return Some(Instant::default()) };
        let doublings = u32::from(self.requests.saturating_sub(1)).min(3);
        Some(requested_at.after_ms(SPACING_MS << doublings))
    }
}

/// The least time between two requests. Later ones for the same keyframe wait twice, four and eight times as long.
const SPACING_MS: u64 = 300;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fifty_joins_in_one_second_cause_few_requests() {
        let mut governor = KeyframeGovernor::default();
        let mut requests = 0;
        for ms in (0..1000).step_by(20) {
            governor.want();
            if governor.poll(Instant::from_ms(ms)) {
                requests += 1;
                governor.arrived();
            }
        }
        assert_eq!(requests, 4);
    }

    #[test]
    fn a_request_is_repeated_until_the_keyframe_comes() {
        let mut governor = KeyframeGovernor::default();
        governor.want();
        let times: std::vec::Vec<u64> = (0..5000).filter(|ms| governor.poll(Instant::from_ms(*ms))).collect();
        assert_eq!(times, [0, 300, 900, 2100, 4500]);
        governor.arrived();
        assert_eq!(governor.due(), None);
    }
}
