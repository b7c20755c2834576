//! What a media thread shows of itself: written by it alone, read by any.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant as Clock;

use parlor_core::control::ShardLoad;
use parlor_core::drops::{Drop, Drops};
use parlor_core::media::{Counters as MediaCounters, Totals};

use crate::pulse::Pulse;
use crate::udp::{Counters, Counts};

/// Its totals, and how long it slept.
#[derive(Debug)]
pub struct Gauges {
    epoch: Clock,
    asleep_us: AtomicU64,
    /// When it fell asleep, in microseconds since `epoch`; [`AWAKE`] while it is awake.
    asleep_since_us: AtomicU64,
    received_packets: AtomicU64,
    sent_packets: AtomicU64,
    packets: AtomicU64,
    packets_limit: AtomicU64,
    queued: AtomicU64,
    queued_limit: AtomicU64,
    drops: [AtomicU64; Drop::COUNT],
}

const AWAKE: u64 = u64::MAX;

impl Default for Gauges {
    fn default() -> Self {
        let zero = AtomicU64::default;
        Self {
            epoch: Clock::now(),
            asleep_us: zero(),
            asleep_since_us: AtomicU64::new(AWAKE),
            received_packets: zero(),
            sent_packets: zero(),
            packets: zero(),
            packets_limit: zero(),
            queued: zero(),
            queued_limit: zero(),
            drops: std::array::from_fn(|_| zero()),
        }
    }
}

impl Gauges {
    /// Shows `totals`.
    pub fn show(&self, totals: &Totals) {
        let set = |gauge: &AtomicU64, value: u64| gauge.store(value, Ordering::Relaxed);
        set(&self.received_packets, totals.counters.received_packets);
        set(&self.sent_packets, totals.counters.sent_packets);
        set(&self.packets, totals.packets.into());
        set(&self.packets_limit, totals.packets_limit.into());
        set(&self.queued, totals.queued.into());
        set(&self.queued_limit, totals.queued_limit.into());
        for (gauge, (_, count)) in self.drops.iter().zip(totals.drops.iter()) {
            set(gauge, count);
        }
    }

    /// What was shown last.
    pub fn totals(&self) -> Totals {
        let read = |gauge: &AtomicU64| gauge.load(Ordering::Relaxed);
        let mut drops = Drops::default();
        for (cause, gauge) in Drop::ALL.into_iter().zip(&self.drops) {
            drops.add(cause, read(gauge));
        }
        Totals {
            counters: MediaCounters {
                received_packets: read(&self.received_packets),
                sent_packets: read(&self.sent_packets),
            },
            drops,
            packets: read(&self.packets) as u32,
            packets_limit: read(&self.packets_limit) as u32,
            queued: read(&self.queued) as u32,
            queued_limit: read(&self.queued_limit) as u32,
        }
    }

    /// The thread falls asleep.
    pub fn fall_asleep(&self) {
        self.asleep_since_us.store(self.now_us(), Ordering::Relaxed);
    }

    /// The thread woke up.
    pub fn wake_up(&self) {
        let slept_us = self.now_us() - self.asleep_since_us.swap(AWAKE, Ordering::Relaxed);
        self.asleep_us.store(self.asleep_us.load(Ordering::Relaxed) + slept_us, Ordering::Relaxed);
    }

    /// How long it has been there, and how long of that it was asleep.
    fn asleep_us(&self) -> (u64, u64) {
        let now_us = self.now_us();
        let since_us = self.asleep_since_us.load(Ordering::Relaxed);
        (now_us, self.asleep_us.load(Ordering::Relaxed) + now_us.saturating_sub(since_us))
    }

    fn now_us(&self) -> u64 {
        self.epoch.elapsed().as_micros() as u64
    }
}

/// A media thread, seen from outside.
pub struct Watched {
    /// Its signs of life.
    pub pulse: Arc<Pulse>,
    /// What passed its socket.
    pub counters: Arc<Counters>,
    /// What it shows of itself.
    pub gauges: Arc<Gauges>,
    before: (u64, u64),
    busy_percent: u8,
    beats: u32,
    went_on: bool,
}

impl Watched {
    /// The thread with these.
    pub fn new(pulse: Arc<Pulse>, counters: Arc<Counters>, gauges: Arc<Gauges>) -> Self {
        Self { pulse, counters, gauges, before: (0, 0), busy_percent: 0, beats: 0, went_on: true }
    }

    /// Measures how busy the thread was since the last call, and whether it went on.
    pub fn measure(&mut self) {
        let beats = self.pulse.beats();
        self.went_on = std::mem::replace(&mut self.beats, beats) != beats;
        let (now_us, asleep_us) = self.gauges.asleep_us();
        let (before_us, asleep_before_us) = std::mem::replace(&mut self.before, (now_us, asleep_us));
        let elapsed_us = (now_us - before_us).max(1);
        let asleep_percent = asleep_us.saturating_sub(asleep_before_us) * 100 / elapsed_us;
        self.busy_percent = 100 - asleep_percent.min(100) as u8;
    }

    /// Whether it went on between the last two measurements.
    pub fn went_on(&self) -> bool {
        self.went_on
    }

    /// How busy it was between the last two measurements, and what it did since its start.
    pub fn load(&self) -> ShardLoad {
        let Counts { received_bytes, sent_bytes, dropped_full, ingress_full, .. } = self.counters.counts();
        let mut totals = self.gauges.totals();
        // The media half never hears of what the kernel did not take.
        totals.drops.add(Drop::SocketFull, dropped_full);
        totals.drops.add(Drop::IngressFull, ingress_full);
        ShardLoad { totals, received_bytes, sent_bytes, busy_percent: self.busy_percent }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn watched() -> Watched {
        Watched::new(Arc::default(), Arc::default(), Arc::default())
    }

    #[test]
    fn a_thread_is_busy_while_it_does_not_sleep() {
        let mut watched = watched();
        std::thread::sleep(Duration::from_millis(20));
        watched.measure();
        assert_eq!(watched.load().busy_percent, 100);
        watched.gauges.fall_asleep();
        std::thread::sleep(Duration::from_millis(100));
        // A sleep that goes on counts, too.
        watched.measure();
        assert!(watched.load().busy_percent < 20, "{}", watched.load().busy_percent);
        watched.gauges.wake_up();
        std::thread::sleep(Duration::from_millis(50));
        watched.measure();
        assert!(watched.load().busy_percent > 80, "{}", watched.load().busy_percent);
    }

    #[test]
    fn what_is_shown_is_read() {
        let watched = watched();
        let mut totals = Totals { packets: 3, packets_limit: 9, queued: 1, queued_limit: 2, ..Totals::default() };
        totals.drops.add(Drop::Replay, 7);
        totals.counters = MediaCounters { received_packets: 5, sent_packets: 50 };
        watched.gauges.show(&totals);
        assert_eq!(watched.load().totals, totals);
    }
}
