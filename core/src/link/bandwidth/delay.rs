//! Whether the queue on the way grows: the trend of the one-way delay
//! (draft-ietf-rmcat-gcc-02 section 5; the trend is a line through the last samples).

use heapless::Deque;

use crate::time::Instant;

/// What the delay says about the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Usage {
    /// The queue is as it was.
    #[default]
    Normal,
    /// The queue grows: more is sent than passes.
    Over,
    /// The queue drains.
    Under,
}

/// The trend of the delay, from departures and arrivals of groups of packets. Clocks need not agree.
#[derive(Clone, Debug)]
pub(super) struct DelayTrend {
    current: Option<Group>,
    previous: Option<Group>,
    samples: Deque<Sample, SAMPLES>,
    first_arrival_us: u64,
    accumulated_ms: f32,
    smoothed_ms: f32,
    count: u16,
    threshold_ms: f32,
    threshold_at_us: u64,
    last_trend: f32,
    /// Since when the trend is above its threshold.
    over_us: f32,
    usage: Usage,
}

/// The delay when a group came. All in milliseconds.
#[derive(Clone, Copy, Debug)]
struct Sample {
    /// Since the first sample.
    at_ms: f32,
    delay_ms: f32,
    smoothed_ms: f32,
}

/// Packets that left within [`BURST_US`].
#[derive(Clone, Copy, Debug)]
struct Group {
    first_departure: Instant,
    departure: Instant,
    arrival_us: u64,
}

impl Default for DelayTrend {
    fn default() -> Self {
        Self {
            current: None,
            previous: None,
            samples: Deque::new(),
            first_arrival_us: 0,
            accumulated_ms: 0.0,
            smoothed_ms: 0.0,
            count: 0,
            threshold_ms: THRESHOLD_MS,
            threshold_at_us: 0,
            last_trend: 0.0,
            over_us: 0.0,
            usage: Usage::Normal,
        }
    }
}

impl DelayTrend {
    /// A packet left at `departure` and came at `arrival_us` of the peer's clock. Packets come in the order of their
    /// numbers; one that overtook others is passed over.
    pub(super) fn note(&mut self, departure: Instant, arrival_us: u64) {
        let Some(group) = &mut self.current else {
            self.current = Some(Group { first_departure: departure, departure, arrival_us });
            return;
        };
        if departure < group.first_departure {
            return;
        }
        if departure.since_us(group.first_departure) <= BURST_US || is_burst(group, departure, arrival_us) {
            group.departure = group.departure.max(departure);
            group.arrival_us = group.arrival_us.max(arrival_us);
            return;
        }
        let complete = *group;
        *group = Group { first_departure: departure, departure, arrival_us };
        if let Some(previous) = self.previous.replace(complete) {
            self.sample(&previous, &complete);
        }
    }

    /// What the way does now.
    pub(super) fn usage(&self) -> Usage {
        self.usage
    }

    fn sample(&mut self, previous: &Group, group: &Group) {
        let sent_us = group.departure.since_us(previous.departure) as i64;
        let came_us = group.arrival_us as i64 - previous.arrival_us as i64;
        // After a pause, or when the peer set its clock, the line begins anew.
        if !(0..=PAUSE_US).contains(&came_us) || sent_us > PAUSE_US {
            *self = Self { current: self.current, threshold_ms: self.threshold_ms, ..Self::default() };
            return;
        }
        if self.count == 0 {
            self.first_arrival_us = group.arrival_us;
        }
        self.count = self.count.saturating_add(1);
        self.accumulated_ms += (came_us - sent_us) as f32 / 1000.0;
        self.smoothed_ms = SMOOTHING * self.smoothed_ms + (1.0 - SMOOTHING) * self.accumulated_ms;
        if self.samples.is_full() {
            self.samples.pop_front();
        }
        let at_ms = (group.arrival_us - self.first_arrival_us) as f32 / 1000.0;
        let sample = Sample { at_ms, delay_ms: self.accumulated_ms, smoothed_ms: self.smoothed_ms };
        // Room was made above.
        let _ = self.samples.push_back(sample);
        let slope = if self.samples.is_full() { self.slope() } else { 0.0 };
        self.detect(slope, sent_us as f32, group.arrival_us);
    }

    /// The line through the samples, by least squares: milliseconds of delay in a millisecond.
    fn slope(&self) -> f32 {
        let count = self.samples.len() as f32;
        let mean = |value: fn(&Sample) -> f32| self.samples.iter().map(value).sum::<f32>() / count;
        let (mean_at_ms, mean_delay_ms) = (mean(|sample| sample.at_ms), mean(|sample| sample.smoothed_ms));
        let (mut above, mut below) = (0.0, 0.0);
        for sample in &self.samples {
            let at_ms = sample.at_ms - mean_at_ms;
            above += at_ms * (sample.smoothed_ms - mean_delay_ms);
            below += at_ms * at_ms;
        }
        if below > 0.0 { above / below } else { 0.0 }
    }

    /// Whether the queue was as short lately as it was before: then what queues are pictures behind themselves, and a
    /// row of larger ones is no trend. A queue that is long is not waited for.
    fn drains(&self) -> bool {
        let before = self.samples.len() / 2;
        let shortest = |sum: f32, sample: &Sample| sum.min(sample.delay_ms);
        let before_ms = self.samples.iter().take(before).fold(f32::INFINITY, shortest);
        let lately_ms = self.samples.iter().skip(before).fold(f32::INFINITY, shortest);
        lately_ms < before_ms + DRAINED_MS && self.accumulated_ms < before_ms + LONG_QUEUE_MS
    }

    fn detect(&mut self, slope: f32, sent_us: f32, now_us: u64) {
        let trend_ms = f32::from(self.count.min(MOST_COUNTED)) * slope * GAIN;
        if trend_ms > self.threshold_ms && !self.drains() {
            self.over_us += sent_us;
            if self.over_us > OVER_US && slope >= self.last_trend {
                self.usage = Usage::Over;
            }
        } else {
            self.over_us = 0.0;
            self.usage = if trend_ms < -self.threshold_ms { Usage::Under } else { Usage::Normal };
        }
        self.last_trend = slope;
        self.adapt(trend_ms, now_us);
    }

    /// The threshold follows the trend, up fast and down slowly, so that flows with larger queues do not starve this
    /// one (section 5.4).
    fn adapt(&mut self, trend_ms: f32, now_us: u64) {
        let since_ms = (now_us.saturating_sub(self.threshold_at_us) as f32 / 1000.0).min(100.0);
        self.threshold_at_us = now_us;
        let size_ms = trend_ms.abs();
        // A leap is no trend.
        if size_ms > self.threshold_ms + LEAP_MS {
            return;
        }
        let pace = if size_ms > self.threshold_ms { PACE_UP } else { PACE_DOWN };
        let step = pace * (size_ms - self.threshold_ms) * since_ms;
        self.threshold_ms = (self.threshold_ms + step).clamp(LEAST_THRESHOLD_MS, MOST_THRESHOLD_MS);
    }
}

/// Whether a packet was held up together with the group and then let go with it.
fn is_burst(group: &Group, departure: Instant, arrival_us: u64) -> bool {
    let came_us = arrival_us.saturating_sub(group.arrival_us);
    let sent_us = departure.since_us(group.departure);
    arrival_us >= group.arrival_us && came_us <= BURST_US && came_us < sent_us && sent_us < MOST_BURST_US
}

const BURST_US: u64 = 5_000;
const MOST_BURST_US: u64 = 100_000;
const PAUSE_US: i64 = 3_000_000;
const SAMPLES: usize = 20;
const SMOOTHING: f32 = 0.9;
/// From so many samples on the trend is believed fully.
const MOST_COUNTED: u16 = 60;
const GAIN: f32 = 4.0;
/// So long above the threshold is overuse.
const OVER_US: f32 = 10_000.0;
/// A queue that is no longer than it was, but for so much, is empty again.
const DRAINED_MS: f32 = 5.0;
/// A queue that grew so much within the samples is one.
const LONG_QUEUE_MS: f32 = 100.0;
const THRESHOLD_MS: f32 = 12.5;
const LEAST_THRESHOLD_MS: f32 = 6.0;
const MOST_THRESHOLD_MS: f32 = 600.0;
const LEAP_MS: f32 = 15.0;
const PACE_UP: f32 = 0.0087;
const PACE_DOWN: f32 = 0.039;

#[cfg(test)]
mod tests {
    use super::*;

    /// Packets every 20 ms, each delayed by so much more than the one before.
    fn trend(packets: u64, growth_us: i64) -> DelayTrend {
        let mut trend = DelayTrend::default();
        run(&mut trend, 0..packets, growth_us);
        trend
    }

    fn run(trend: &mut DelayTrend, packets: core::ops::Range<u64>, growth_us: i64) {
        for packet in packets {
            let sent = packet * 20_000;
            let delay = growth_us * packet as i64;
            trend.note(Instant::from_us(sent), (5_000_000 + sent as i64 + delay) as u64);
        }
    }

    #[test]
    fn a_steady_way_is_normal_and_a_growing_queue_is_overuse() {
        assert_eq!(trend(200, 0).usage(), Usage::Normal);
        assert_eq!(trend(60, 3_000).usage(), Usage::Over);
        assert_eq!(trend(60, -3_000).usage(), Usage::Under);
    }

    #[test]
    fn a_clock_that_drifts_is_no_overuse() {
        assert_eq!(trend(3_000, 2).usage(), Usage::Normal);
    }

    #[test]
    fn a_pause_begins_a_new_line() {
        let mut trend = trend(60, 3_000);
        run(&mut trend, 1_000..1_030, 0);
        assert_eq!(trend.usage(), Usage::Normal);
    }
}
