//! What a receiver tells a sender about one SSRC (RFC 3550 section 6.4.1 and appendix A).

use crate::time::Instant;

/// Counts of one received SSRC.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReceiveStatistics {
    first: u64,
    newest: u64,
    received: u64,
    reported_expected: u64,
    reported_received: u64,
    /// Scaled by 16, as appendix A.8 keeps it.
    jitter_scaled: u32,
    transit: u32,
}

/// The numbers of a report block, in the units of RFC 3550.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReceiveReport {
    /// Packets lost since the last report, in 256ths.
    pub fraction_lost: u8,
    /// Packets lost since the beginning; may be negative.
    pub lost_packets: i32,
    /// The newest sequence number with the low 16 bits of its cycles.
    pub newest_sequence: u32,
    /// In ticks of the RTP timestamp.
    pub jitter: u32,
}

impl ReceiveStatistics {
    /// Counts a packet: its extended sequence number, its RTP timestamp, when it arrived, ticks a second.
    pub fn arrived(&mut self, index: u64, timestamp: u32, now: Instant, clock_rate_hz: u32) {
        if self.received == 0 {
            self.first = index;
            self.newest = index;
        }
        self.first = self.first.min(index);
        self.newest = self.newest.max(index);
        let arrival = (now.us.wrapping_mul(u64::from(clock_rate_hz)) / 1_000_000) as u32;
        let transit = arrival.wrapping_sub(timestamp);
        if self.received > 0 {
            let difference = (transit.wrapping_sub(self.transit) as i32).unsigned_abs();
            // A jump of more than ten seconds is a new timeline, not jitter.
            if difference < 10 * clock_rate_hz {
                self.jitter_scaled = self.jitter_scaled - ((self.jitter_scaled + 8) >> 4) + difference;
            }
        }
        self.transit = transit;
        self.received += 1;
    }

    /// The numbers for a report block; the next fraction starts here. `None` before the first packet.
    pub fn report(&mut self) -> Option<ReceiveReport> {
        if self.received == 0 {
            return None;
        }
        let expected = self.newest - self.first + 1;
        let expected_since = expected - self.reported_expected.min(expected);
        let received_since = self.received - self.reported_received;
        self.reported_expected = expected;
        self.reported_received = self.received;
        let lost_since = expected_since.saturating_sub(received_since);
        let fraction_lost = (lost_since << 8).checked_div(expected_since).unwrap_or(0);
        let lost = expected as i64 - self.received as i64;
        Some(ReceiveReport {
            fraction_lost: fraction_lost.min(255) as u8,
            lost_packets: lost.clamp(-0x80_0000, 0x7f_ffff) as i32,
            newest_sequence: self.newest as u32,
            jitter: self.jitter_scaled >> 4,
        })
    }

    /// Packets that arrived.
    pub fn received_packets(&self) -> u64 {
        self.received
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loss_is_counted_between_reports_and_in_total() {
        let mut statistics = ReceiveStatistics::default();
        assert_eq!(statistics.report(), None);
        for index in (65_530..65_550).filter(|index| index % 4 != 0) {
            statistics.arrived(index, 0, Instant::from_ms(index), 90_000);
        }
        let report = statistics.report().unwrap();
        assert_eq!(report.lost_packets, 5);
        assert_eq!(report.newest_sequence, 65_549);
        assert_eq!(report.fraction_lost, (5 * 256 / 20) as u8);
        statistics.arrived(65_550, 0, Instant::from_ms(65_550), 90_000);
        assert_eq!(statistics.report().unwrap().fraction_lost, 0);
    }

    #[test]
    fn an_even_stream_has_no_jitter_across_the_wrap_of_the_timestamp() {
        let mut statistics = ReceiveStatistics::default();
        let start = u32::MAX - 5_000;
        for step in 0..100_u32 {
            let now = Instant::from_ms(u64::from(step) * 20);
            statistics.arrived(u64::from(step), start.wrapping_add(step * 960), now, 48_000);
        }
        assert!(statistics.report().unwrap().jitter <= 1);
    }
}
