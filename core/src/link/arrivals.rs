//! When packets with a transport-wide number arrived, until they were reported
//! (draft-holmer-rmcat-transport-wide-cc-extensions-01).

use heapless::Vec;

use crate::time::Instant;
use crate::wire::rtcp::transport_feedback::Arrival;
use crate::wire::sequence;

/// The most packets that are noted between two reports.
pub const ARRIVALS: usize = 128;

/// Packets that arrived since the last report.
#[derive(Clone, Debug, Default)]
pub struct Arrivals {
    items: Vec<Arrived, ARRIVALS>,
    /// The newest packet of the last report. It is told again, so that what was lost after it is told as lost.
    reported: Option<Arrived>,
    newest: Option<u64>,
    reports: u8,
}

#[derive(Clone, Copy, Debug)]
struct Arrived {
    /// The extended transport-wide number.
    index: u64,
    at: Instant,
}

impl Arrivals {
    /// Notes a packet. One that finds no room is reported as lost, which a burst of that size deserves.
    pub fn note(&mut self, number: u16, at: Instant) {
        // The first number counts as in its second round, so that an older one can still come.
        let index = self.newest.map_or((1 << 16) | u64::from(number), |newest| sequence::extend(newest, number));
        self.newest = Some(self.newest.map_or(index, |newest| newest.max(index)));
        if self.reported.is_none_or(|reported| index > reported.index) {
            let _ = self.items.push(Arrived { index, at });
        }
    }

    /// Whether a report should leave before its time.
    pub fn is_pressing(&self) -> bool {
        self.items.len() * 2 >= ARRIVALS
    }

    /// Whether there is nothing to report.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// What is to be reported, in the order of numbers, each once. Then it counts as reported.
    pub fn take(&mut self) -> Vec<Arrival, { ARRIVALS + 1 }> {
        let mut items = core::mem::take(&mut self.items);
        items.sort_unstable_by_key(|arrived| (arrived.index, arrived.at));
        let mut last = None;
        items.retain(|arrived| last.replace(arrived.index) != Some(arrived.index));
        let newest = items.last().copied();
        let again = self.reported.filter(|reported| newest.is_some_and(|newest| newest.index - reported.index < SPAN));
        self.reported = newest.or(self.reported);
        let told = again.into_iter().chain(items);
        told.map(|arrived| Arrival { sequence: arrived.index as u16, arrival_us: arrived.at.us }).collect()
    }

    /// The number of the next report.
    pub fn next_report(&mut self) -> u8 {
        let number = self.reports;
        self.reports = self.reports.wrapping_add(1);
        number
    }
}

/// After a leap of so many numbers a report begins anew: the peer's numbering jumped.
const SPAN: u64 = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    fn sequences(arrivals: &mut Arrivals) -> std::vec::Vec<u16> {
        arrivals.take().iter().map(|arrival| arrival.sequence).collect()
    }

    #[test]
    fn a_report_begins_where_the_last_one_ended() {
        let mut arrivals = Arrivals::default();
        for number in [65_534, 0, 65_535, 0, 3] {
            arrivals.note(number, Instant::from_ms(1));
        }
        assert_eq!(sequences(&mut arrivals), [65_534, 65_535, 0, 3]);
        arrivals.note(2, Instant::from_ms(2));
        assert!(arrivals.is_empty());
        arrivals.note(6, Instant::from_ms(2));
        assert_eq!(sequences(&mut arrivals), [3, 6]);
        arrivals.note(3000, Instant::from_ms(3));
        assert_eq!(sequences(&mut arrivals), [3000]);
    }
}
