//! When packets with a transport-wide number arrived, until they were reported
//! (draft-holmer-rmcat-transport-wide-cc-extensions-01).

use heapless::Vec;

use crate::time::Instant;
use crate::wire::sequence;

/// The most packets of one report.
pub const ARRIVALS: usize = 128;

/// Packets that arrived since the last report, by their extended transport-wide number.
#[derive(Clone, Debug, Default)]
pub struct Arrivals {
    items: Vec<Arrived, ARRIVALS>,
    newest: Option<u64>,
    /// The number after the last one that was reported: packets missing from here on are lost.
    next: Option<u64>,
    reports: u8,
}

/// One packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// Its extended transport-wide number.
    pub index: u64,
    /// When it arrived.
    pub at: Instant,
}

impl Arrivals {
    /// Notes a packet. One that finds no room is reported as lost, which a burst of that size deserves.
    pub fn note(&mut self, number: u16, at: Instant) {
        // The first number counts as in its second round, so that an older one can still come.
        let index = self.newest.map_or((1 << 16) | u64::from(number), |newest| sequence::extend(newest, number));
        self.newest = Some(self.newest.map_or(index, |newest| newest.max(index)));
        if self.next.is_none_or(|next| index >= next) {
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

    /// What is to be reported, by number, each once: the report's own number, the first packet number that it speaks
    /// of, and the packets. Then they count as reported.
    pub fn take(&mut self) -> Option<(u8, u64, Vec<Arrived, ARRIVALS>)> {
        let mut items = core::mem::take(&mut self.items);
        items.sort_unstable_by_key(|arrived| (arrived.index, arrived.at));
        let mut last = None;
        items.retain(|arrived| last.replace(arrived.index) != Some(arrived.index));
        let (first, newest) = (items.first()?.index, items.last()?.index);
        // Too old to say anything about: a peer that paused its numbering.
        let base = self.next.filter(|next| newest - next < SPAN).unwrap_or(first).min(first);
        self.next = Some(newest + 1);
        let number = self.reports;
        self.reports = self.reports.wrapping_add(1);
        Some((number, base, items))
    }
}

/// A report speaks of at most this many packet numbers.
const SPAN: u64 = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_begins_where_the_last_one_ended() {
        let mut arrivals = Arrivals::default();
        for number in [65_534, 0, 65_535, 0, 3] {
            arrivals.note(number, Instant::from_ms(1));
        }
        let (number, base, items) = arrivals.take().unwrap();
        assert_eq!((number, base as u16), (0, 65_534));
        assert_eq!(items.iter().map(|arrived| arrived.index as u16).collect::<std::vec::Vec<_>>(), [65_534, 65_535, 0, 3]);
        arrivals.note(2, Instant::from_ms(2));
        arrivals.note(6, Instant::from_ms(2));
        let (number, base, items) = arrivals.take().unwrap();
        assert_eq!((number, base as u16, items.len()), (1, 4, 1));
        assert!(arrivals.take().is_none());
    }
}
