//! When the packets of an m-line are to be seen or heard: by when its first came, and beside another m-line of the same
//! publisher by the sender reports of both (RFC 3550 section 6.4.1).

use std::time::{Duration, Instant};

/// How far reports may move what is known by arrival; what moves it further is no clock.
const MOST_SHIFT_US: i64 = 10_000_000;

/// How far timestamps may lead from when packets come: clocks that drift by 50 millionths take a week for it.
const MOST_AWAY_US: i64 = 30_000_000;

/// The RTP timestamps of one m-line.
#[derive(Clone, Debug)]
pub(super) struct Clock {
    rate_hz: i64,
    origin: Option<Origin>,
    /// A moment by the publisher's wall clock, in 2^-32 s, and in ticks since the origin.
    report: Option<(u64, i64)>,
}

#[derive(Clone, Copy, Debug)]
struct Origin {
    /// When the first packet came, in microseconds of the film.
    at_us: i64,
    /// The newest timestamp, and how many ticks it lies after the first.
    newest: u32,
    ticks: i64,
}

impl Clock {
    pub(super) fn new(rate_hz: u32) -> Self {
        Self { rate_hz: i64::from(rate_hz.max(1)), origin: None, report: None }
    }

    /// Ticks from the first timestamp to this one, which came so long after the film began. Wraps are counted; one that
    /// leads far away is a first one again.
    pub(super) fn ticks(&mut self, timestamp: u32, since_began: Duration) -> i64 {
        let at_us = since_began.as_micros() as i64;
        let first = Origin { at_us, newest: timestamp, ticks: 0 };
        let origin = self.origin.unwrap_or(first);
        let distance = i64::from(timestamp.wrapping_sub(origin.newest) as i32);
        let ticks = origin.ticks + distance;
        if (origin.at_us + self.us(ticks)).abs_diff(at_us) > MOST_AWAY_US as u64 {
            (self.origin, self.report) = (Some(first), None);
            return 0;
        }
        let newest = Origin { newest: timestamp, ticks, ..origin };
        self.origin = Some(if distance > 0 { newest } else { origin });
        ticks
    }

    /// The publisher says what time a timestamp is of.
    pub(super) fn reported(&mut self, ntp: u64, timestamp: u32) {
        if let Some(origin) = self.origin {
            let distance = i64::from(timestamp.wrapping_sub(origin.newest) as i32);
            self.report = Some((ntp, origin.ticks + distance));
        }
    }

    /// The moment of `ticks` in microseconds of the film. `reference` is the clock that the film goes by.
    pub(super) fn time_us(&self, ticks: i64, reference: Option<&Self>) -> i64 {
        let by_arrival = self.by_arrival(ticks);
        let by_reports = reference.and_then(|reference| self.by_reports(ticks, reference));
        by_reports.filter(|time_us| time_us.abs_diff(by_arrival) <= MOST_SHIFT_US as u64).unwrap_or(by_arrival)
    }

    fn by_arrival(&self, ticks: i64) -> i64 {
        self.origin.map_or(0, |origin| origin.at_us) + self.us(ticks)
    }

    fn by_reports(&self, ticks: i64, reference: &Self) -> Option<i64> {
        let ((ntp, at), (reference_ntp, reference_at)) = (self.report?, reference.report?);
        let between_us = ((i128::from(ntp.wrapping_sub(reference_ntp) as i64) * 1_000_000) >> 32) as i64;
        Some(reference.by_arrival(reference_at) + between_us + self.us(ticks - at))
    }

    /// So many ticks in microseconds.
    pub(super) fn us(&self, ticks: i64) -> i64 {
        (i128::from(ticks) * 1_000_000 / i128::from(self.rate_hz)) as i64
    }
}

/// How long after `began` something came.
pub(super) fn since(began: Instant, at: Instant) -> Duration {
    at.saturating_duration_since(began)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1 << 32;

    fn ms(number: u64) -> Duration {
        Duration::from_millis(number)
    }

    #[test]
    fn timestamps_go_on_over_their_wrap_and_back() {
        let mut clock = Clock::new(90_000);
        let first = u32::MAX - 8_999;
        let ticks: Vec<_> = [(0, 0), (9_000, 100), (90_000, 1_000), (18_000, 1_050)]
            .into_iter()
            .map(|(after, at_ms)| clock.ticks(first.wrapping_add(after), ms(500 + at_ms)))
            .collect();
        assert_eq!(ticks, [0, 9_000, 90_000, 18_000]);
        assert_eq!(clock.time_us(90_000, None), 1_500_000, "the first came after half a second");
        // Days of it.
        let mut timestamp = first.wrapping_add(90_000);
        for minute in 1..10_000_u64 {
            timestamp = timestamp.wrapping_add(20 * 90_000);
            let since = ms(1_500 + minute * 20_000);
            let ticks = clock.ticks(timestamp, since);
            assert_eq!(clock.time_us(ticks, None), since.as_micros() as i64);
        }
    }

    #[test]
    fn a_timestamp_that_leads_far_away_is_taken_as_it_comes() {
        let mut clock = Clock::new(90_000);
        clock.ticks(7, ms(0));
        for (timestamp, at_ms) in [(1 << 31, 1_000), (5, 1_040), (3_000_000_000, 2_000)] {
            let ticks = clock.ticks(timestamp, ms(at_ms));
            assert_eq!(clock.time_us(ticks, None), at_ms as i64 * 1000);
        }
    }

    #[test]
    fn reports_of_both_put_the_picture_where_the_sound_was() {
        let (mut sound, mut picture) = (Clock::new(48_000), Clock::new(90_000));
        sound.ticks(1_000, ms(0));
        // Made 200 ms after the sound's first, and came another 300 ms late.
        picture.ticks(4_294_967_000, ms(500));
        assert_eq!(picture.time_us(0, Some(&sound)), 500_000, "nothing better is known");
        sound.reported(10 * SECOND, 1_000 + 48_000);
        assert_eq!(picture.time_us(0, Some(&sound)), 500_000, "nor by one report");
        picture.reported(9 * SECOND + SECOND / 5, 4_294_967_000);
        assert!((picture.time_us(0, Some(&sound)) - 200_000).abs() <= 1);
        assert!((picture.time_us(90_000, Some(&sound)) - 1_200_000).abs() <= 1);
    }

    #[test]
    fn reports_that_are_no_clock_move_nothing() {
        let (mut sound, mut picture) = (Clock::new(48_000), Clock::new(90_000));
        picture.reported(7, 7);
        sound.ticks(0, ms(0));
        picture.ticks(0, ms(40));
        sound.reported(0, 0);
        for ntp in [3_600 * SECOND, u64::MAX / 2, (60 * SECOND).wrapping_neg()] {
            picture.reported(ntp, 0);
            assert_eq!(picture.time_us(0, Some(&sound)), 40_000);
        }
        picture.reported(SECOND.wrapping_neg(), 0);
        assert_eq!(picture.time_us(90_000, Some(&sound)), 0, "a second before the epoch of the other");
    }
}
