//! What left a link under which transport-wide number, until the peer tells what became of it.

use crate::store::Shares;
use crate::time::Instant;
use crate::wire::sequence;

/// How many packets of a link are remembered: a second and more at 5 Mbit/s.
pub const DEPARTURES: usize = 512;

/// What is remembered of one packet. All zero is an entry that nobody wrote, so a table of them can be lent from memory
/// that the system zeroes on first use.
pub type DepartureEntry = [u8; 8];

/// The packets that left all links: [`DEPARTURES`] entries for each place.
pub type DepartureTable<'m> = Shares<'m, DepartureEntry, DEPARTURES>;

/// A packet that left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Departure {
    /// When.
    pub at: Instant,
    /// Its length on the wire, without UDP and IP.
    pub bytes: u16,
    /// The probe that it belongs to; 0 for none.
    pub probe: u8,
}

/// What became of a packet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    /// Nobody's.
    #[default]
    Absent,
    /// Nothing is known yet.
    Waiting,
    /// It arrived. Being told so again says nothing new.
    Arrived,
    /// It did not arrive by the time of a report; it may still be told as arrived.
    Missing,
}

/// A ring by transport-wide number. Its entries lie in a [`DepartureTable`]; what an earlier link left at its place is
/// never looked at, because every number after the first is written before it is read.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Departures {
    /// The extended number after the newest.
    end: u64,
    /// How many are remembered.
    count: u16,
    /// When the newest left.
    newest: Instant,
}

impl Departures {
    /// A packet left under `number`; numbers follow each other.
    pub(super) fn note(&mut self, entries: &mut [DepartureEntry], number: u16, departure: Departure) {
        let index = if self.count == 0 { (1 << 16) | u64::from(number) } else { sequence::extend(self.end, number) };
        if index != self.end {
            self.count = 0;
        }
        self.end = index + 1;
        self.count = (self.count + 1).min(DEPARTURES as u16);
        self.newest = departure.at;
        if let Some(entry) = entries.get_mut(place(index)) {
            *entry = write(departure, State::Waiting);
        }
    }

    /// The packet `number`, if it was not told as arrived before, and whether it was told as missing; from now on it
    /// arrived.
    pub(super) fn arrived(&self, entries: &mut [DepartureEntry], number: u16) -> Option<(Departure, bool)> {
        let (departure, state) = self.find(entries, number)?;
        *entries.get_mut(place(u64::from(number)))? = write(departure, State::Arrived);
        (state != State::Arrived).then_some((departure, state == State::Missing))
    }

    /// The packet `number`, if this is the first that is told of it; it is missing.
    pub(super) fn missing(&self, entries: &mut [DepartureEntry], number: u16) -> Option<Departure> {
        let (departure, state) = self.find(entries, number)?;
        if state != State::Waiting {
            return None;
        }
        *entries.get_mut(place(u64::from(number)))? = write(departure, State::Missing);
        Some(departure)
    }

    /// About how many bytes the packet `number` had, if it left so long ago that it is forgotten: as many as the one
    /// that took its place.
    pub(super) fn forgotten_bytes(&self, entries: &[DepartureEntry], number: u16) -> Option<u16> {
        let back = (self.end as u16).wrapping_sub(number);
        let is_forgotten = usize::from(self.count) == DEPARTURES && back > self.count && back < 1 << 15;
        let (departure, _) = read(*entries.get(place(u64::from(number)))?, self.newest)?;
        is_forgotten.then_some(departure.bytes)
    }

    fn find(&self, entries: &[DepartureEntry], number: u16) -> Option<(Departure, State)> {
        let back = (self.end as u16).wrapping_sub(number);
        if back == 0 || back > self.count {
            return None;
        }
        read(*entries.get(place(u64::from(number)))?, self.newest)
    }
}

/// The ring's length divides 2^16, so the wrapped number is as good as the extended one.
fn place(number: u64) -> usize {
    (number % DEPARTURES as u64) as usize
}

fn write(departure: Departure, state: State) -> DepartureEntry {
    let [a, b, c, d] = (departure.at.us as u32).to_be_bytes();
    let [high, low] = departure.bytes.to_be_bytes();
    [state as u8, departure.probe, high, low, a, b, c, d]
}

/// An entry's time has 32 bits, an hour and more; it is the last such before `newest`.
fn read([state, probe, high, low, a, b, c, d]: DepartureEntry, newest: Instant) -> Option<(Departure, State)> {
    let state = match state {
        0 => return None,
        1 => State::Waiting,
        2 => State::Arrived,
        _ => State::Missing,
    };
    let ago_us = (newest.us as u32).wrapping_sub(u32::from_be_bytes([a, b, c, d]));
    let at = Instant::from_us(newest.us.saturating_sub(u64::from(ago_us)));
    Some((Departure { at, bytes: u16::from_be_bytes([high, low]), probe }, state))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn departure(us: u64) -> Departure {
        Departure { at: Instant::from_us(us), bytes: 1200, probe: 3 }
    }

    #[test]
    fn a_packet_is_found_over_a_wrap_and_told_once() {
        let mut entries = [[0; 8]; DEPARTURES];
        let mut departures = Departures::default();
        for step in 0..10_u64 {
            departures.note(&mut entries, 65_530_u16.wrapping_add(step as u16), departure(1 << 33 | step));
        }
        assert_eq!(departures.arrived(&mut entries, 65_535), Some((departure(1 << 33 | 5), false)));
        assert_eq!(departures.arrived(&mut entries, 65_535), None);
        assert_eq!(departures.missing(&mut entries, 65_535), None);
        assert_eq!(departures.missing(&mut entries, 3), Some(departure(1 << 33 | 9)));
        assert_eq!(departures.missing(&mut entries, 3), None);
        assert_eq!(departures.arrived(&mut entries, 3), Some((departure(1 << 33 | 9), true)));
        assert_eq!(departures.arrived(&mut entries, 4), None);
        assert_eq!(departures.arrived(&mut entries, 65_529), None);
    }

    #[test]
    fn an_old_packet_is_forgotten_and_an_earlier_link_is_never_seen() {
        let mut entries = [write(departure(7), State::Waiting); DEPARTURES];
        let mut departures = Departures::default();
        assert_eq!(departures.arrived(&mut entries, 0), None);
        for number in 0..600 {
            departures.note(&mut entries, number, departure(u64::from(number)));
        }
        assert_eq!(departures.arrived(&mut entries, 87), None);
        let forgotten = [87, 88, 599, 600, 20_000].map(|number| departures.forgotten_bytes(&entries, number));
        assert_eq!(forgotten, [Some(1200), None, None, None, None]);
        assert_eq!(departures.arrived(&mut entries, 88), Some((departure(88), false)));
        assert_eq!(departures.arrived(&mut entries, 600), None);
    }
}
