//! Numbers that were taken out of a run, so that those behind them close up.

/// Which of the last numbers of a run were taken out. A number that was never seen keeps its place: it may still come.
#[derive(Clone, Copy, Debug)]
pub struct Removed<const WORDS: usize> {
    newest: u64,
    /// How many were taken out up to the newest.
    count: u64,
    /// One bit for each of the last numbers, by its remainder.
    window: [u64; WORDS],
}

/// What became of a number that is not wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// It is taken out, or it was.
    Closed,
    /// Those behind it left room for it already: so many were taken out before.
    Open(u64),
}

impl<const WORDS: usize> Removed<WORDS> {
    const BITS: u64 = WORDS as u64 * 64;

    /// A run that begins at `first`.
    pub fn new(first: u64) -> Self {
        Self { newest: first.wrapping_sub(1), count: 0, window: [0; WORDS] }
    }

    /// How many were taken out before `number`, which stays. `None` if it was taken out, or is too old to tell.
    pub fn keep(&mut self, number: u64) -> Option<u64> {
        if self.is_new(number) {
            self.advance(number);
            return Some(self.count);
        }
        match self.was_kept(number)? {
            true => Some(self.before(number)),
            false => None,
        }
    }

    /// Takes `number` out, if that is still possible.
    pub fn remove(&mut self, number: u64) -> Removal {
        if self.is_new(number) {
            self.advance(number);
            self.set(number, true);
            self.count += 1;
            return Removal::Closed;
        }
        match self.was_kept(number) {
            Some(true) => Removal::Open(self.before(number)),
            Some(false) | None => Removal::Closed,
        }
    }

    /// Takes out every new number before `number`.
    pub fn remove_before(&mut self, number: u64) {
        let last = number.wrapping_sub(1);
        if !self.is_new(last) {
            return;
        }
        let removed = last.wrapping_sub(self.newest);
        self.advance(last);
        (0..removed.min(Self::BITS)).for_each(|back| self.set(last.wrapping_sub(back), true));
        self.count += removed;
    }

    /// Whether a number that is not new stayed, or was never seen. `None` if it is new or too old to tell.
    pub fn was_kept(&self, number: u64) -> Option<bool> {
        let back = self.newest.wrapping_sub(number);
        (back < Self::BITS).then(|| !self.is_set(number))
    }

    /// The newest number.
    pub fn newest(&self) -> u64 {
        self.newest
    }

    fn is_new(&self, number: u64) -> bool {
        number.wrapping_sub(self.newest).wrapping_sub(1) < 1 << 63
    }

    fn advance(&mut self, to: u64) {
        let steps = to.wrapping_sub(self.newest);
        if steps >= Self::BITS {
            self.window = [0; WORDS];
        } else {
            (0..steps).for_each(|back| self.set(to.wrapping_sub(back), false));
        }
        self.newest = to;
    }

    /// How many were taken out before one that is in the window.
    fn before(&self, number: u64) -> u64 {
        let behind = self.newest.wrapping_sub(number);
        let removed = (0..behind).filter(|back| self.is_set(self.newest.wrapping_sub(*back))).count();
        self.count - removed as u64
    }

    fn is_set(&self, number: u64) -> bool {
        let (word, bit) = Self::place(number);
        self.window[word] >> bit & 1 == 1
    }

    fn set(&mut self, number: u64, is_removed: bool) {
        let (word, bit) = Self::place(number);
        self.window[word] = self.window[word] & !(1 << bit) | u64::from(is_removed) << bit;
    }

    fn place(number: u64) -> (usize, u64) {
        let bit = number % Self::BITS;
        ((bit / 64) as usize, bit % 64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_stays_closes_up_and_what_is_late_finds_the_place_that_was_left() {
        let mut removed = Removed::<2>::new(10);
        assert_eq!(removed.keep(10), Some(0));
        assert_eq!(removed.remove(11), Removal::Closed);
        assert_eq!(removed.keep(14), Some(1), "12 and 13 may still come");
        assert_eq!(removed.keep(12), Some(1));
        assert_eq!(removed.remove(13), Removal::Open(1));
        assert_eq!(removed.keep(11), None);
        assert_eq!(removed.keep(10), Some(0));
        assert_eq!(removed.keep(1000), Some(1));
        assert_eq!(removed.keep(14), None, "too old to tell");
    }

    #[test]
    fn all_before_a_number_are_taken_out_at_once() {
        for last in [13, 14, 90, 5_000] {
            let mut removed = Removed::<1>::new(10);
            assert_eq!((removed.keep(10), removed.keep(12)), (Some(0), Some(0)));
            removed.remove_before(last);
            assert_eq!(removed.keep(last), Some(last - 13));
            assert_eq!(removed.keep(last + 1), Some(last - 13));
            removed.remove_before(last);
            assert_eq!(removed.keep(last + 2), Some(last - 13), "they are old");
            if last < 70 {
                assert_eq!(removed.keep(11), Some(0), "it may still come");
            }
        }
    }

    proptest! {
        #[test]
        fn no_place_is_given_twice_in_any_order(
            start in 0_u64..1 << 40,
            kept in proptest::collection::vec(any::<bool>(), 1..100),
            swaps in proptest::collection::vec((0_usize..100, 1_usize..6), 0..40),
        ) {
            let mut order: std::vec::Vec<usize> = (0..kept.len()).collect();
            for (at, distance) in swaps {
                let (at, other) = (at % kept.len(), (at + distance) % kept.len());
                if at.abs_diff(other) < 6 {
                    order.swap(at, other);
                }
            }
            let mut removed = Removed::<4>::new(start);
            let mut places = std::collections::BTreeMap::new();
            for at in order {
                let number = start + at as u64;
                let before = match kept[at] {
                    true => removed.keep(number),
                    false => match removed.remove(number) {
                        Removal::Open(before) => Some(before),
                        Removal::Closed => None,
                    },
                };
                prop_assert!(before.is_some() || !kept[at]);
                if let Some(before) = before {
                    prop_assert_eq!(places.insert(number - before, number), None);
                }
            }
            // In the order of their numbers, and without a hole.
            let taken: std::vec::Vec<(u64, u64)> = places.into_iter().collect();
            prop_assert!(taken.windows(2).all(|pair| pair[1].0 == pair[0].0 + 1 && pair[1].1 > pair[0].1));
        }
    }
}
