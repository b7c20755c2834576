//! Short trains of packets above the estimate, to learn whether more would pass.

use super::delay_bound::MOST_BPS;
use super::departures::Departure;
use crate::time::Instant;

/// Decides when to probe, and reads the result.
#[derive(Clone, Copy, Debug)]
pub(super) struct Prober {
    state: State,
    /// When the next may begin.
    next: Instant,
    /// How long after the next failure, and at most.
    patience_us: u64,
    most_patience_us: u64,
    /// Number of the last probe, never 0.
    number: u8,
    measured: Measured,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Idle,
    /// Packets leave, those of media and as many others as it takes.
    Sending(Train),
    /// All left; the result is taken at `deadline` at the latest.
    Waiting {
        bitrate_bps: u32,
        deadline: Instant,
    },
}

#[derive(Clone, Copy, Debug)]
struct Train {
    bitrate_bps: u32,
    began: Instant,
    sent_bytes: u32,
    bytes: u32,
}

/// What is known of the probe's packets.
#[derive(Clone, Copy, Debug, Default)]
struct Measured {
    sent: u16,
    arrived: u16,
    missing: u16,
    bytes: u32,
    /// Departure and arrival of the first and last that arrived, and their lengths.
    first: Option<(Instant, u64, u16)>,
    last: Option<(Instant, u64, u16)>,
}

impl Prober {
    /// One that may begin at once.
    pub(super) fn new(now: Instant) -> Self {
        let (state, measured) = (State::Idle, Measured::default());
        let (patience_us, most_patience_us) = (PATIENCE_US, MOST_PATIENCE_US);
        Self { state, next: now, patience_us, most_patience_us, number: 1, measured }
    }

    /// Begins a probe if more than the estimate is wanted and it is time.
    pub(super) fn consider(&mut self, estimate_bps: u32, wanted_bps: u32, now: Instant) {
        let bitrate_bps = wanted_bps.min(estimate_bps.saturating_mul(2));
        self.begin(estimate_bps, bitrate_bps, TRAIN_US, now);
    }

    /// The same towards a peer that tells only a number: it follows what came within about a second, so it takes so
    /// long to move it, and with less above it, as much may have to wait on the way.
    pub(super) fn consider_long(&mut self, told_bps: u32, wanted_bps: u32, now: Instant) {
        let bitrate_bps = wanted_bps.min(told_bps.saturating_add(told_bps / 2));
        self.begin(told_bps, bitrate_bps, LONG_TRAIN_US, now);
    }

    fn begin(&mut self, estimate_bps: u32, bitrate_bps: u32, train_us: u64, now: Instant) {
        let bitrate_bps = bitrate_bps.min(MOST_BPS);
        if !matches!(self.state, State::Idle) || bitrate_bps <= estimate_bps || now < self.next {
            return;
        }
        // What sends for long pauses for long.
        self.most_patience_us = MOST_PATIENCE_US.max(20 * train_us);
        let bytes = (u64::from(bitrate_bps) * train_us / 8_000_000) as u32;
        self.number = self.number.checked_add(1).unwrap_or(1);
        self.measured = Measured::default();
        let bytes = bytes.max(u32::from(LEAST_PACKETS) * u32::from(LEAST_BYTES));
        self.state = State::Sending(Train { bitrate_bps, began: now, sent_bytes: 0, bytes });
    }

    /// Which probe a packet belongs to that leaves now; 0 for none.
    pub(super) fn note(&mut self, bytes: u16, now: Instant) -> u8 {
        let State::Sending(train) = &mut self.state else { return 0 };
        train.sent_bytes += u32::from(bytes);
        self.measured.sent += 1;
        if train.sent_bytes >= train.bytes && self.measured.sent >= LEAST_PACKETS {
            self.state = State::Waiting { bitrate_bps: train.bitrate_bps, deadline: now.after_us(RESULT_US) };
        }
        self.number
    }

    /// When the next packet of the probe should leave.
    pub(super) fn due(&self) -> Option<Instant> {
        match &self.state {
            State::Sending(train) => Some(train.due()),
            State::Waiting { deadline, .. } => Some(*deadline),
            State::Idle => None,
        }
    }

    /// How many bytes of padding should leave now, if media was not enough.
    pub(super) fn padding(&self, now: Instant) -> Option<u16> {
        match &self.state {
            State::Sending(train) if train.due() <= now => Some(train.packet_bytes()),
            _ => None,
        }
    }

    /// A packet of probe `departure.probe` arrived.
    pub(super) fn arrived(&mut self, departure: &Departure, arrival_us: u64) {
        if departure.probe != self.number {
            return;
        }
        let measured = &mut self.measured;
        measured.arrived += 1;
        measured.bytes += u32::from(departure.bytes);
        let seen = (departure.at, arrival_us, departure.bytes);
        measured.first.get_or_insert(seen);
        measured.last = Some(seen);
    }

    /// A packet of probe `number` did not arrive.
    pub(super) fn missing(&mut self, number: u8) {
        self.measured.missing += u16::from(number == self.number);
    }

    /// The bitrate that passed, once the probe is over and it says something.
    pub(super) fn result(&mut self, now: Instant) -> Option<u32> {
        let State::Waiting { bitrate_bps, deadline } = self.state else { return None };
        let measured = self.measured;
        if now < deadline && measured.arrived + measured.missing < measured.sent {
            return None;
        }
        self.state = State::Idle;
        let passed = measured.bitrate_bps();
        let is_success = passed.is_some_and(|passed| passed > bitrate_bps / 10 * 8);
        if is_success {
            self.patience_us = PATIENCE_US;
            self.next = now.after_us(PAUSE_US);
        } else {
            self.failed(now);
        }
        passed
    }

    /// There was no more than is known already: the next probe waits, and longer each time.
    pub(super) fn failed(&mut self, now: Instant) {
        self.state = State::Idle;
        self.next = now.after_us(self.patience_us);
        self.patience_us = (self.patience_us * 3 / 2).min(self.most_patience_us);
    }

    /// The peer's number is higher than it was for long: the next probe may follow at once.
    pub(super) fn rose(&mut self, now: Instant) {
        (self.patience_us, self.next) = (PATIENCE_US, now);
    }

    /// The queue grows: a probe would make it worse, and tell nothing.
    pub(super) fn give_up(&mut self, now: Instant) {
        self.state = State::Idle;
        self.next = self.next.max(now.after_us(PATIENCE_US));
    }
}

impl Train {
    fn due(&self) -> Instant {
        self.began.after_us(u64::from(self.sent_bytes) * 8_000_000 / u64::from(self.bitrate_bps.max(1)))
    }

    fn packet_bytes(&self) -> u16 {
        (self.bytes / u32::from(LEAST_PACKETS)).clamp(u32::from(LEAST_BYTES), MOST_BYTES) as u16
    }
}

impl Measured {
    fn bitrate_bps(&self) -> Option<u32> {
        let ((first_sent, first_came, first_bytes), (last_sent, last_came, last_bytes)) = (self.first?, self.last?);
        if self.arrived < LEAST_PACKETS / 5 * 4 || self.arrived * 5 < self.sent * 4 {
            return None;
        }
        let sent_us = last_sent.since_us(first_sent).max(1);
        let came_us = last_came.checked_sub(first_came)?.max(1);
        // Packets that were held up somewhere and came all at once say nothing.
        if came_us * 2 < sent_us {
            return None;
        }
        let sent_bps = u64::from(self.bytes - u32::from(last_bytes)) * 8_000_000 / sent_us;
        let came_bps = u64::from(self.bytes - u32::from(first_bytes)) * 8_000_000 / came_us;
        // A way that was filled carries somewhat less than what came through it.
        let passed = if came_bps * 10 < sent_bps * 9 { came_bps * 19 / 20 } else { came_bps.min(sent_bps) };
        u32::try_from(passed).ok()
    }
}

const LEAST_PACKETS: u16 = 6;
const LEAST_BYTES: u16 = 200;
const MOST_BYTES: u32 = 1_100;
const TRAIN_US: u64 = 40_000;
const LONG_TRAIN_US: u64 = 1_000_000;
const RESULT_US: u64 = 1_000_000;
/// Between a success and the next.
const PAUSE_US: u64 = 50_000;
/// Between a failure and the next, at first and at most.
const PATIENCE_US: u64 = 500_000;
const MOST_PATIENCE_US: u64 = 4_000_000;
