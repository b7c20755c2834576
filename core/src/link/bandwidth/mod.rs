//! How much the way to a peer carries, estimated by its sender: from transport-wide feedback (delay, loss, arrivals,
//! probes), or from REMB where that is all there is. What to do about it is decided elsewhere.

mod delay;
mod delay_bound;
mod departures;
mod loss_bound;
mod probe;

#[cfg(test)]
mod tests;

use delay::{DelayTrend, Usage};
use delay_bound::{DelayBound, Passed};
use departures::Departures;
pub use departures::{DEPARTURES, Departure, DepartureEntry, DepartureTable};
use loss_bound::LossBound;
use probe::Prober;

use crate::rate::Rate;
use crate::time::Instant;
use crate::wire::rtcp::TransportFeedback;

/// The estimate of one link. The entries that its methods take are its own of a [`DepartureTable`].
#[derive(Clone, Debug)]
pub struct Bandwidth {
    departures: Departures,
    trend: DelayTrend,
    /// What arrives, by the peer's clock.
    throughput: Rate<11, 50_000>,
    delay_bound: DelayBound,
    loss_bound: LossBound,
    prober: Prober,
    /// The peer's clock at the last report: as it was told, and without its wrap.
    reference: Option<(i32, u64)>,
    round_trip_us: u64,
    remb_bps: Option<u32>,
    /// From where it fell last.
    remb_fell_bps: u32,
    wanted_bps: u32,
}

impl Bandwidth {
    /// Nothing is known yet.
    pub fn new(now: Instant) -> Self {
        Self {
            departures: Departures::default(),
            trend: DelayTrend::default(),
            throughput: Rate::default(),
            delay_bound: DelayBound::new(START_BPS, now),
            loss_bound: LossBound::default(),
            prober: Prober::new(now),
            reference: None,
            round_trip_us: 0,
            remb_bps: None,
            remb_fell_bps: 0,
            wanted_bps: 0,
        }
    }

    /// The estimate, in bits a second of whole packets, of those that have a transport-wide number where the peer tells
    /// what arrives; `None` as long as the way showed no limit.
    pub fn bitrate_bps(&self) -> Option<u32> {
        let is_known = self.delay_bound.is_known() || self.loss_bound.bitrate_bps().is_some();
        let estimate_bps = is_known.then(|| self.estimate_bps());
        [estimate_bps, self.remb_bps].into_iter().flatten().min()
    }

    /// Whether the way loses many packets although it has room for much more, as far as the peer tells which arrive.
    pub fn loses_by_itself(&self) -> bool {
        let has_room = |bound_bps| self.throughput.bitrate_bps().is_some_and(|passes_bps| passes_bps < bound_bps / 2);
        self.loss_bound.is_lossy() && self.bitrate_bps().is_none_or(has_room)
    }

    /// From when a packet left until the peer told that it arrived, as it was last; 0 as long as it told nothing.
    pub fn round_trip_us(&self) -> u64 {
        self.round_trip_us
    }

    /// Whether the peer tells what arrives, packet by packet. One that tells only a number tells none far above what it
    /// got of late: if nothing is sent for it, it never rises again.
    pub fn has_feedback(&self) -> bool {
        self.reference.is_some()
    }

    /// A packet of `bytes` left, under a transport-wide number if it has one; numbers follow each other. Where the peer
    /// tells what arrives, others do not count: it says nothing of them.
    pub fn note(&mut self, entries: &mut [DepartureEntry], number: Option<u16>, bytes: u16, now: Instant) {
        if let Some(number) = number {
            let probe = self.prober.note(bytes, now);
            self.departures.note(entries, number, Departure { at: now, bytes, probe });
        } else if !self.has_feedback() {
            self.prober.note(bytes, now);
        }
    }

    /// How much would be sent if it passed. Above the estimate, the way is probed from time to time.
    pub fn want(&mut self, bitrate_bps: u32) {
        self.wanted_bps = bitrate_bps;
    }

    /// When [`Self::tick`] or [`Self::padding`] has something to do.
    pub fn due(&self) -> Option<Instant> {
        self.prober.due()
    }

    /// How many bytes of padding a probe wants sent now, in one packet.
    pub fn padding(&self, now: Instant) -> Option<u16> {
        self.prober.padding(now)
    }

    /// There is nothing to pad with.
    pub fn give_up_probe(&mut self, now: Instant) {
        self.prober.give_up(now);
    }

    /// Begins a probe, or ends one whose result did not come; at any time, and at [`Self::due`].
    pub fn tick(&mut self, now: Instant) {
        self.take_result(now);
        if self.has_feedback() {
            self.prober.consider(self.estimate_bps(), self.wanted_bps, now);
        } else if let Some(told_bps) = self.remb_bps {
            self.prober.consider_long(told_bps, self.wanted_bps, now);
        }
    }

    /// What the peer can take (draft-alvestrand-rmcat-remb-03).
    pub fn remb(&mut self, bitrate_bps: u64, now: Instant) {
        let told_bps = u32::try_from(bitrate_bps).unwrap_or(u32::MAX);
        let before_bps = self.remb_bps.replace(told_bps).unwrap_or(told_bps);
        if self.has_feedback() {
            return;
        }
        // Where nobody tells which packets came, the number is what a probe leads to. It swings somewhat by itself.
        if told_bps < before_bps {
            self.remb_fell_bps = before_bps;
            self.prober.failed(now);
        } else if told_bps > before_bps && told_bps / 5 * 4 > self.remb_fell_bps {
            self.prober.rose(now);
        }
    }

    /// What became of packets.
    pub fn feedback(&mut self, entries: &mut [DepartureEntry], feedback: &TransportFeedback<'_>, now: Instant) {
        let mut arrival_us = self.follow_reference(feedback.reference_64ms);
        let (mut newest, mut is_behind) = (None, false);
        for (number, delta) in feedback.statuses() {
            let Some(delta) = delta else {
                if let Some(departure) = self.departures.missing(entries, number) {
                    self.loss_bound.note(true);
                    self.prober.missing(departure.probe);
                }
                continue;
            };
            arrival_us = arrival_us.saturating_add_signed(i64::from(delta) * TICK_US);
            let Some((departure, is_late)) = self.departures.arrived(entries, number) else {
                if let Some(bytes) = self.departures.forgotten_bytes(entries, number) {
                    self.throughput.count(arrival_us, bytes.into());
                    is_behind = true;
                }
                continue;
            };
            if is_late {
                self.loss_bound.note_late();
                continue;
            }
            self.loss_bound.note(false);
            self.throughput.count(arrival_us, usize::from(departure.bytes));
            self.trend.note(departure.at, arrival_us);
            self.prober.arrived(&departure, arrival_us);
            newest = Some(departure.at);
        }
        if let Some(newest) = newest {
            self.round_trip_us = now.since_us(newest);
            self.update(self.trend.usage(), now);
        } else if is_behind {
            // The queue is longer than what is remembered.
            self.update(Usage::Over, now);
        }
    }

    fn update(&mut self, usage: Usage, now: Instant) {
        let peak_bps = self.throughput.peak_bps(PEAK_STEPS);
        if let Some((mean_bps, peak_bps)) = self.throughput.bitrate_bps().zip(peak_bps)
            && self.delay_bound.update(usage, Passed { mean_bps, peak_bps }, self.round_trip_us, now)
        {
            self.prober.give_up(now);
        }
        self.loss_bound.update(self.estimate_bps(), self.throughput.bitrate_bps(), now);
        self.take_result(now);
    }

    fn take_result(&mut self, now: Instant) {
        if let Some(passed_bps) = self.prober.result(now)
            && self.trend.usage() != Usage::Over
        {
            self.delay_bound.raise(passed_bps);
            self.loss_bound.raise(passed_bps);
        }
    }

    fn estimate_bps(&self) -> u32 {
        let bound = self.delay_bound.bitrate_bps();
        self.loss_bound.bitrate_bps().map_or(bound, |loss| loss.min(bound))
    }

    /// The peer's clock, of which 24 bits are told, in microseconds; far from zero, so that it may run back somewhat.
    fn follow_reference(&mut self, told: i32) -> u64 {
        let (last, at) = self.reference.unwrap_or((told, REFERENCE_START));
        let step = told.wrapping_sub(last) << 8 >> 8;
        let at = at.saturating_add_signed(i64::from(step));
        self.reference = Some((told, at));
        at * REFERENCE_US
    }
}

/// What a new link is believed to carry: on a local network most do, and the others show it within a second.
const START_BPS: u32 = 8_000_000;
const TICK_US: i64 = 250;
/// A picture that queues on a narrow way passes in about so many steps of the throughput.
const PEAK_STEPS: u64 = 6;
const REFERENCE_US: u64 = 64_000;
const REFERENCE_START: u64 = 1 << 32;
