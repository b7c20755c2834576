//! How long a receiver is to wait for what is sent again, where the way loses packets by itself and is long: a receiver
//! that waits for less than a round trip skips a picture that is on its way already.

use crate::wire::extension::PlayoutDelay;

/// What one peer's receivers are told (`playout-delay` of WebRTC).
#[derive(Clone, Copy, Debug, Default)]
pub struct Patience {
    /// Nothing until there was a reason.
    told: Option<PlayoutDelay>,
    calm_reports: u8,
}

impl Patience {
    /// What to tell; a receiver goes by the last that it was told.
    pub fn playout_delay(&self) -> Option<PlayoutDelay> {
        self.told
    }

    /// Whether receivers wait: there is time for one more round trip and no more.
    pub fn is_asked(&self) -> bool {
        self.told.is_some_and(|told| told.minimum_10ms > 0)
    }

    /// A look, once a second: whether the way loses many packets by itself, and its round trip.
    pub fn look(&mut self, loses: bool, round_trip_us: u32) {
        let is_long = (LONG_US..TOO_LONG_US).contains(&round_trip_us);
        let wanted_us = if loses && is_long { (round_trip_us + NOTICE_US).next_multiple_of(STEP_US) } else { 0 };
        let wanted_10ms = (wanted_us / 10_000) as u16;
        let told_10ms = self.told.map_or(0, |told| told.minimum_10ms);
        self.calm_reports = if wanted_10ms < told_10ms { self.calm_reports + 1 } else { 0 };
        if wanted_10ms > told_10ms || self.calm_reports == CALM_REPORTS {
            self.told = Some(PlayoutDelay { minimum_10ms: wanted_10ms, maximum_10ms: MOST_10MS });
            self.calm_reports = 0;
        }
    }
}

/// With a shorter round trip, what is asked for comes in time anyway.
const LONG_US: u32 = 40_000;

/// With a longer one, talking suffers more from waiting than pictures from gaps.
const TOO_LONG_US: u32 = 250_000;

/// A receiver notices that a packet is missing when the next picture comes.
const NOTICE_US: u32 = 80_000;

/// Small changes are not worth a change of pace.
const STEP_US: u32 = 20_000;

/// So many looks in a row must ask for less before there is less.
const CALM_REPORTS: u8 = 10;

/// What receivers take where they are told nothing.
const MOST_10MS: u16 = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn told(patience: &Patience) -> Option<u16> {
        patience.playout_delay().map(|it| it.minimum_10ms)
    }

    #[test]
    fn a_long_way_that_loses_asks_for_patience_and_gives_it_back_slowly() {
        let mut patience = Patience::default();
        patience.look(false, 80_000);
        patience.look(true, 10_000);
        patience.look(true, 300_000);
        assert_eq!(told(&patience), None);
        patience.look(true, 82_000);
        assert_eq!(told(&patience), Some(18));
        for look in 0..CALM_REPORTS {
            assert_eq!(told(&patience), Some(18), "{look}");
            patience.look(false, 82_000);
        }
        assert_eq!(told(&patience), Some(0));
    }

    #[test]
    fn a_swinging_round_trip_changes_it_only_upwards_at_once() {
        let mut patience = Patience::default();
        for round_trip_us in [82_000, 70_000, 95_000, 60_000, 82_000] {
            patience.look(true, round_trip_us);
        }
        assert_eq!(told(&patience), Some(18));
    }
}
