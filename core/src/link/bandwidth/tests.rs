//! The estimate over simulated ways, in virtual time. Reports are written and read as on the wire.

use std::collections::VecDeque;
use std::vec::Vec;

use super::*;
use crate::link::{Arrivals, Pacer};
use crate::random::Random;
use crate::wire::rtcp::{self, Packet, transport_feedback};

/// A way: a queue in front of a bottleneck, then delay, jitter and loss.
struct Way {
    rate_bps: u32,
    /// What others send through the same bottleneck.
    cross_bps: u32,
    queue_us: u64,
    delay_us: u64,
    jitter_us: u64,
    loss: f64,
}

const WAY: Way =
    Way { rate_bps: 1_000_000, cross_bps: 0, queue_us: 300_000, delay_us: 20_000, jitter_us: 0, loss: 0.0 };

/// A sender, a way and a receiver.
struct Run {
    bandwidth: Bandwidth,
    entries: Vec<[u8; 8]>,
    now: Instant,
    number: u16,
    free_at: Instant,
    last_arrival: Instant,
    /// What will arrive when.
    coming: VecDeque<(Instant, u16)>,
    arrivals: Arrivals,
    report_at: Instant,
    /// Reports on their way back.
    reports: VecDeque<(Instant, Vec<u8>)>,
    send_at: Instant,
    random: Numbers,
    /// The longest time in the queue since it was last asked for.
    queued_us: u64,
}

struct Numbers(u64);

impl Random for Numbers {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = (self.0 >> 56) as u8;
        }
    }
}

impl Run {
    fn new() -> Self {
        let now = Instant::from_ms(1_000);
        Self {
            bandwidth: Bandwidth::new(now),
            entries: std::vec![[0; 8]; DEPARTURES],
            now,
            number: 65_000,
            free_at: now,
            last_arrival: now,
            coming: VecDeque::new(),
            arrivals: Arrivals::default(),
            report_at: now,
            reports: VecDeque::new(),
            send_at: now,
            random: Numbers(7),
            queued_us: 0,
        }
    }

    fn estimate_bps(&self) -> u32 {
        self.bandwidth.bitrate_bps().unwrap_or(u32::MAX)
    }

    /// Sends for `seconds`: as much of what `source` offers as the estimate allows.
    fn run(&mut self, seconds: u64, way: &Way, source: impl Fn(u32) -> (u32, u32)) -> &mut Self {
        let end = self.now.after_ms(seconds * 1000);
        while self.now < end {
            self.now = self.now.after_us(500);
            // Sound, which has no numbers.
            if self.now.us.is_multiple_of(20_000) {
                self.bandwidth.note(&mut self.entries, None, 100, self.now);
            }
            let (sent_bps, wanted_bps) = source(self.estimate_bps());
            self.bandwidth.want(wanted_bps);
            self.bandwidth.tick(self.now);
            if self.send_at <= self.now && sent_bps > 0 {
                self.send(1_100, way);
                self.send_at = self.send_at.max(self.now).after_us(1_100 * 8_000_000 / u64::from(sent_bps));
            }
            if let Some(bytes) = self.bandwidth.padding(self.now) {
                self.send(bytes, way);
            }
            self.receive(way);
        }
        self
    }

    /// As much as the estimate allows, and more is wanted.
    fn greedy(&mut self, seconds: u64, way: &Way) -> &mut Self {
        self.run(seconds, way, |estimate| (estimate.min(5_000_000), 6_000_000))
    }

    fn send(&mut self, bytes: u16, way: &Way) {
        self.bandwidth.note(&mut self.entries, Some(self.number), bytes, self.now);
        let left_bps = way.rate_bps.saturating_sub(way.cross_bps);
        let starts = self.free_at.max(self.now);
        let leaves = starts.after_us(u64::from(bytes) * 8_000_000 / u64::from(left_bps));
        if leaves.since_us(self.now) <= way.queue_us {
            self.free_at = leaves;
            self.queued_us = self.queued_us.max(leaves.since_us(self.now));
            let jitter_us = if way.jitter_us > 0 { self.random.u64() % way.jitter_us } else { 0 };
            let arrives = leaves.after_us(way.delay_us + jitter_us).max(self.last_arrival);
            self.last_arrival = arrives;
            if (self.random.u64() % 10_000) as f64 >= way.loss * 10_000.0 {
                self.coming.push_back((arrives, self.number));
            }
        }
        self.number = self.number.wrapping_add(1);
    }

    fn receive(&mut self, way: &Way) {
        while let Some((at, number)) = self.coming.pop_front_if(|(at, _)| *at <= self.now) {
            // The receiver's clock is another.
            self.arrivals.note(number, at.after_ms(1_234_567));
        }
        if self.report_at <= self.now && !self.arrivals.is_empty() {
            self.report_at = self.now.after_ms(50);
            let arrivals = self.arrivals.take();
            let mut rest = arrivals.as_slice();
            while !rest.is_empty() {
                let mut buffer = [0; 1200];
                let written = transport_feedback::write(&mut buffer, 1, 2, 0, rest).unwrap();
                self.reports.push_back((self.now.after_us(way.delay_us), buffer[..written.len].to_vec()));
                rest = &rest[written.count..];
            }
        }
        while let Some((_, report)) = self.reports.pop_front_if(|(at, _)| *at <= self.now) {
            for packet in rtcp::packets(&report).unwrap() {
                let Packet::TransportFeedback(feedback) = packet else { panic!("{packet:?}") };
                self.bandwidth.feedback(&mut self.entries, &feedback, self.now);
            }
        }
    }
}

fn assert_between(found: u32, least: u32, most: u32) {
    assert!((least..=most).contains(&found), "{found} is not between {least} and {most}");
}

#[test]
fn a_steady_way_is_found_within_five_seconds_and_its_queue_stays_short() {
    for rate_bps in [150_000, 400_000, 1_000_000, 3_000_000] {
        let way = Way { rate_bps, ..WAY };
        let mut run = Run::new();
        assert_between(run.greedy(5, &way).estimate_bps(), rate_bps / 10 * 6, rate_bps / 10 * 13);
        run.queued_us = 0;
        for _ in 0..30 {
            assert_between(run.greedy(2, &way).estimate_bps(), rate_bps / 10 * 6, rate_bps / 10 * 13);
        }
        assert!(run.queued_us < 300_000, "{rate_bps}: {} us", run.queued_us);
    }
}

#[test]
fn a_queue_of_seconds_is_found_although_it_holds_more_than_is_remembered() {
    for rate_bps in [150_000, 400_000, 1_000_000] {
        let way = Way { rate_bps, queue_us: 3_000_000, ..WAY };
        let mut run = Run::new();
        assert_between(run.greedy(15, &way).estimate_bps(), rate_bps / 2, rate_bps / 10 * 13);
        run.queued_us = 0;
        run.greedy(20, &way);
        assert!(run.queued_us < 1_000_000, "{rate_bps}: {} us", run.queued_us);
    }
}

#[test]
fn a_way_wider_than_what_is_wanted_is_open_within_two_seconds() {
    let way = Way { rate_bps: 50_000_000, delay_us: 1_000, ..WAY };
    assert!(Run::new().greedy(2, &way).estimate_bps() >= 4_500_000);
}

#[test]
fn a_drop_is_followed_within_two_seconds() {
    let mut run = Run::new();
    run.greedy(10, &Way { rate_bps: 3_000_000, ..WAY });
    assert_between(run.greedy(2, &Way { rate_bps: 500_000, ..WAY }).estimate_bps(), 200_000, 600_000);
}

#[test]
fn a_rise_is_followed_within_ten_seconds() {
    let mut run = Run::new();
    run.greedy(20, &Way { rate_bps: 400_000, ..WAY });
    assert!(run.greedy(10, &Way { rate_bps: 3_000_000, ..WAY }).estimate_bps() > 2_200_000);
}

#[test]
fn jitter_is_not_taken_for_a_queue() {
    let way = Way { jitter_us: 15_000, ..WAY };
    let mut run = Run::new();
    run.greedy(5, &way);
    for _ in 0..20 {
        assert!(run.greedy(1, &way).estimate_bps() > 550_000, "{}", run.estimate_bps());
    }
}

#[test]
fn loss_without_congestion_leaves_most_of_the_way() {
    for loss in [0.02, 0.05, 0.10] {
        let way = Way { loss, ..WAY };
        let mut run = Run::new();
        run.greedy(8, &way);
        for _ in 0..20 {
            assert!(run.greedy(1, &way).estimate_bps() > 400_000, "{loss}: {}", run.estimate_bps());
        }
    }
}

#[test]
fn a_way_that_drops_instead_of_queueing_is_found_by_loss() {
    let way = Way { rate_bps: 600_000, queue_us: 25_000, ..WAY };
    let mut run = Run::new();
    run.greedy(10, &way);
    assert_between(run.greedy(10, &way).estimate_bps(), 300_000, 750_000);
}

#[test]
fn other_traffic_takes_its_part_and_gives_it_back() {
    let busy = Way { rate_bps: 2_000_000, cross_bps: 1_000_000, ..WAY };
    let mut run = Run::new();
    run.greedy(10, &Way { cross_bps: 0, ..busy });
    assert_between(run.greedy(5, &busy).estimate_bps(), 500_000, 1_100_000);
    assert!(run.greedy(10, &Way { cross_bps: 0, ..busy }).estimate_bps() > 1_400_000);
}

#[test]
fn a_long_pause_changes_nothing() {
    let mut run = Run::new();
    let before = run.greedy(10, &WAY).estimate_bps();
    let after = run.run(60, &WAY, |_| (0, 0)).estimate_bps();
    assert_between(after, before / 100 * 95, before / 100 * 105);
    assert_between(run.greedy(3, &WAY).estimate_bps(), 550_000, 1_150_000);
}

/// What is sent of three layers, and what the next would need.
fn layers(estimate_bps: u32) -> (u32, u32) {
    match estimate_bps {
        1_800_000.. => (1_500_000, 0),
        600_000.. => (500_000, 1_850_000),
        _ => (150_000, 620_000),
    }
}

#[test]
fn a_flow_of_layers_climbs_by_probes_and_stays() {
    let mut run = Run::new();
    run.run(5, &Way { rate_bps: 3_000_000, ..WAY }, layers);
    for _ in 0..60 {
        let sent = layers(run.run(1, &Way { rate_bps: 3_000_000, ..WAY }, layers).estimate_bps()).0;
        assert_eq!(sent, 1_500_000);
    }
    run.run(3, &Way { rate_bps: 400_000, ..WAY }, layers);
    assert_eq!(layers(run.estimate_bps()).0, 150_000);
    run.run(10, &Way { rate_bps: 3_000_000, ..WAY }, layers);
    assert_eq!(layers(run.estimate_bps()).0, 1_500_000);
}

/// Sound in packets of `sound_bytes`, and what `pictures` sends at each step of half a millisecond, for two minutes.
/// Gives the least estimate after the first seconds.
fn least_estimate(
    run: &mut Run,
    way: &Way,
    (sound_bytes, wanted_bps, settled_s): (u16, u32, u64),
    mut pictures: impl FnMut(&mut Run, u64),
) -> u32 {
    let (start, mut least_bps) = (run.now, u32::MAX);
    for step in 0..240_000 {
        run.now = run.now.after_us(500);
        run.bandwidth.want(wanted_bps);
        run.bandwidth.tick(run.now);
        if step % 40 == 0 {
            run.send(sound_bytes, way);
        }
        pictures(run, step);
        if let Some(bytes) = run.bandwidth.padding(run.now) {
            run.send(bytes, way);
        }
        run.receive(way);
        if run.now.since_us(start) > settled_s * 1_000_000 {
            least_bps = least_bps.min(run.estimate_bps());
        }
    }
    least_bps
}

/// Eight pictures a second that leave whole: one after the other large and small.
fn sound_and_small_pictures(run: &mut Run, way: &Way) -> u32 {
    least_estimate(run, way, (100, 400_000, 5), |run, step| {
        if step.is_multiple_of(250) {
            let packets = if step.is_multiple_of(500) { 2 } else { 1 };
            (0..packets).for_each(|_| run.send(if packets == 2 { 700 } else { 300 }, way));
        }
    })
}

#[test]
fn pictures_that_queue_behind_themselves_are_no_reason_to_send_none() {
    // They take 95 kbit/s in all.
    for (rate_bps, jitter_us) in [(150_000, 0), (150_000, 10_000), (200_000, 0), (250_000, 5_000)] {
        let way = Way { rate_bps, jitter_us, ..WAY };
        let least_bps = sound_and_small_pictures(&mut Run::new(), &way);
        assert!(least_bps > 95_000, "{rate_bps}, {jitter_us}: {least_bps}");
    }
}

/// Fifteen pictures a second of about 600 kbit/s, paced, of which each fourth is large and all vary.
fn sound_and_uneven_pictures(run: &mut Run, way: &Way) -> u32 {
    let (mut pacer, mut waiting) = (Pacer::default(), VecDeque::new());
    least_estimate(run, way, (120, 840_000, 10), |run, step| {
        if step.is_multiple_of(133) {
            let usual_bytes = [9_000, 3_000, 5_000, 3_000][step as usize / 133 % 4];
            let bytes = usual_bytes * (60 + run.random.u64() % 80) / 100;
            (0..bytes / 1_000).for_each(|_| waiting.push_back(1_000));
        }
        while let Some(bytes) = waiting.pop_front_if(|_| pacer.due(None) <= run.now) {
            pacer.left(bytes.into(), run.bandwidth.bitrate_bps(), run.now);
            run.send(bytes, way);
        }
    })
}

#[test]
fn large_pictures_after_which_the_queue_is_empty_again_are_no_congestion() {
    for rate_bps in [1_000_000, 1_200_000, 1_500_000] {
        let way = Way { rate_bps, ..WAY };
        let mut run = Run::new();
        run.greedy(5, &way);
        let least_bps = sound_and_uneven_pictures(&mut run, &way);
        assert!(least_bps > 800_000, "{rate_bps}: {least_bps}");
    }
}

#[test]
fn without_transport_wide_feedback_remb_is_the_estimate() {
    let mut bandwidth = Bandwidth::new(Instant::from_ms(0));
    assert_eq!(bandwidth.bitrate_bps(), None);
    bandwidth.remb(700_000, Instant::from_ms(0));
    bandwidth.want(600_000);
    bandwidth.tick(Instant::from_ms(10_000));
    assert_eq!((bandwidth.bitrate_bps(), bandwidth.padding(Instant::from_ms(10_000))), (Some(700_000), None));
}

/// A receiver that tells, twice a second, a number that climbs by an eighth, at most to one and a half of what came
/// within a second, and falls to what passes where that is less. Gives the number at the end, and how much of what was
/// sent was padding, in percent.
fn told_by_number(seconds: u64, way_bps: u32) -> (u32, u32) {
    let (mut bandwidth, mut came, mut told_bps) = (Bandwidth::new(Instant::from_ms(0)), VecDeque::new(), 150_000);
    let (mut media_bytes, mut padding_bytes, mut send_at_us) = (0, 0, 0);
    for now_us in (0..seconds * 1_000_000).step_by(500) {
        let now = Instant { us: now_us };
        let (sent_bps, wanted_bps) = layers(bandwidth.bitrate_bps().unwrap_or(told_bps));
        bandwidth.want(wanted_bps);
        bandwidth.tick(now);
        let media = (send_at_us <= now_us).then_some(1_100).inspect(|bytes| {
            media_bytes += u32::from(*bytes);
            send_at_us += 1_100 * 8_000_000 / u64::from(sent_bps);
        });
        let padding = bandwidth.padding(now).inspect(|bytes| padding_bytes += u32::from(*bytes));
        for bytes in media.into_iter().chain(padding) {
            bandwidth.note(&mut [], None, bytes, now);
            came.push_back((now_us, u32::from(bytes)));
        }
        if now_us % 500_000 == 0 {
            came.retain(|(at_us, _)| at_us + 1_000_000 > now_us);
            let came_bps = came.iter().map(|(_, bytes)| bytes * 8).sum::<u32>();
            let climbed_bps = (told_bps + told_bps / 8).min(came_bps.max(told_bps / 3 * 2) / 2 * 3);
            told_bps = if came_bps > way_bps { way_bps / 20 * 17 } else { climbed_bps.max(50_000) };
            bandwidth.remb(told_bps.into(), now);
        }
    }
    (told_bps, padding_bytes * 100 / (media_bytes + padding_bytes))
}

#[test]
fn a_number_that_follows_what_comes_is_raised_by_probes() {
    let (told_bps, _) = told_by_number(60, 20_000_000);
    assert!(told_bps > 1_500_000, "{told_bps}");
    let (told_bps, padding_percent) = told_by_number(60, 500_000);
    assert_between(told_bps, 300_000, 600_000);
    assert!(padding_percent < 40, "{padding_percent} % is padding");
}
