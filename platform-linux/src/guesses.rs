//! Wrong secrets of administrators: whoever shows several has to wait, longer each time, before the next is looked at.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// So many wrong ones in a row cost nothing: people mistype.
const FREE: u32 = 5;

/// The longest wait.
const LONGEST: Duration = Duration::from_secs(60);

/// Addresses that are remembered; the one that was quiet for longest is forgotten for another.
const ADDRESSES: usize = 256;

/// Who guessed.
#[derive(Debug, Default)]
pub(crate) struct Guesses {
    wrong: RefCell<HashMap<IpAddr, (u32, Instant)>>,
}

impl Guesses {
    /// Whether a secret from `address` is looked at now.
    pub(crate) fn admits(&self, address: IpAddr, now: Instant) -> bool {
        self.wrong.borrow().get(&key(address)).is_none_or(|(count, last)| now.duration_since(*last) >= wait(*count))
    }

    /// A secret from `address` was looked at.
    pub(crate) fn note(&self, address: IpAddr, is_wrong: bool, now: Instant) {
        let (mut wrong, address) = (self.wrong.borrow_mut(), key(address));
        if !is_wrong {
            wrong.remove(&address);
            return;
        }
        if wrong.len() >= ADDRESSES && !wrong.contains_key(&address) {
            let oldest = wrong.iter().min_by_key(|(_, (_, last))| *last).map(|(oldest, _)| *oldest);
            oldest.and_then(|oldest| wrong.remove(&oldest));
        }
        let (count, last) = wrong.entry(address).or_insert((0, now));
        (*count, *last) = (count.saturating_add(1), now);
    }
}

/// After so many wrong ones: 1 s, 2 s, 4 s ...
fn wait(count: u32) -> Duration {
    match count.checked_sub(FREE) {
        None => Duration::ZERO,
        Some(more) => Duration::from_secs(1 << more.min(6)).min(LONGEST),
    }
}

/// Who has one IPv6 address has a network of them (RFC 6177).
fn key(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6((u128::from(address) & !0 << 64).into()),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_guesses_waits_longer_each_time_and_others_do_not() {
        let (guesses, start) = (Guesses::default(), Instant::now());
        let [one, other] = ["10.0.0.1", "10.0.0.2"].map(|text| text.parse().unwrap());
        let at = |seconds| start + Duration::from_secs(seconds);
        for _ in 0..FREE - 1 {
            guesses.note(one, true, start);
            assert!(guesses.admits(one, start));
        }
        guesses.note(one, true, start);
        assert!(!guesses.admits(one, start) && guesses.admits(one, at(1)) && guesses.admits(other, start));
        guesses.note(one, true, at(1));
        assert!(!guesses.admits(one, at(2)) && guesses.admits(one, at(3)));
        (0..40).for_each(|_| guesses.note(one, true, at(3)));
        assert!(!guesses.admits(one, at(62)) && guesses.admits(one, at(63)));
        guesses.note(one, false, at(63));
        assert!(guesses.admits(one, at(63)));
    }

    #[test]
    fn memory_is_bounded_and_a_network_is_one() {
        let (guesses, start) = (Guesses::default(), Instant::now());
        for number in 0..2000_u32 {
            let address = IpAddr::from(number.to_be_bytes());
            guesses.note(address, true, start + Duration::from_secs(number.into()));
        }
        assert_eq!(guesses.wrong.borrow().len(), ADDRESSES);
        let [one, neighbour] = ["fd00::1", "fd00::2"].map(|text| text.parse().unwrap());
        (0..FREE).for_each(|_| guesses.note(one, true, start));
        assert!(!guesses.admits(neighbour, start));
    }
}
