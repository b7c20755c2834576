//! How often a subscriber is told the same sound: as often as its reports of loss ask for.

/// The most earlier payloads that a packet carries again: two packets lost in a row are mended.
pub const EARLIER: usize = 2;

/// The earlier payloads that packets of one subscription carry again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Redundancy {
    count: u8,
    calm_reports: u8,
    /// Whether the way showed a limit.
    is_narrow: bool,
}

impl Redundancy {
    /// A report told which part of the packets was lost, in 256ths (RFC 3550 section 6.4.1). The way has room for
    /// `most` earlier payloads; nothing where it showed no limit.
    pub fn report(&mut self, fraction_lost: u8, most: Option<u8>) {
        self.is_narrow = most.is_some();
        let wanted = match fraction_lost {
            0..SOME => 0,
            SOME..MANY => 1,
            MANY.. => EARLIER as u8,
        };
        self.calm_reports = if wanted < self.count { self.calm_reports + 1 } else { 0 };
        if wanted > self.count {
            self.count = wanted;
        } else if self.calm_reports == CALM_REPORTS {
            self.count -= 1;
            self.calm_reports = 0;
        }
        self.count = self.count.min(most.unwrap_or(u8::MAX));
    }

    /// How many, where the publisher itself tells so many again: these are passed on as long as there is room.
    pub fn count(&self, published: u8) -> u8 {
        if self.is_narrow { self.count } else { self.count.max(published.min(EARLIER as u8)) }
    }
}

/// One percent: below it nobody hears anything.
const SOME: u8 = 3;

/// Four percent: losses in a row are common.
const MANY: u8 = 10;

/// So many reports in a row must be better before there is less.
const CALM_REPORTS: u8 = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn loss_brings_it_at_once_and_calm_takes_it_away_slowly() {
        let mut redundancy = Redundancy::default();
        let mut report = |fraction_lost| {
            redundancy.report(fraction_lost, Some(2));
            redundancy.count(0)
        };
        assert_eq!([0, 2, 3, 3].map(&mut report), [0, 0, 1, 1]);
        assert_eq!([13, 0, 0, 13].map(&mut report), [2, 2, 2, 2]);
        assert_eq!([0; 7].map(&mut report), [2, 2, 1, 1, 1, 0, 0]);
    }

    #[test]
    fn a_narrow_way_has_less() {
        let mut redundancy = Redundancy::default();
        redundancy.report(200, Some(1));
        assert_eq!(redundancy.count(2), 1);
        redundancy.report(200, Some(0));
        assert_eq!(redundancy.count(2), 0, "not even what the publisher sends");
        redundancy.report(0, None);
        assert_eq!([0, 1, 5].map(|published| redundancy.count(published)), [0, 1, 2], "there is room again");
    }

    proptest! {
        #[test]
        fn never_more_than_the_bound(reports in proptest::collection::vec((any::<u8>(), 0_u8..4), 0..50)) {
            let mut redundancy = Redundancy::default();
            for (fraction_lost, most) in reports {
                redundancy.report(fraction_lost, Some(most));
                prop_assert!(redundancy.count(2) <= most.min(EARLIER as u8));
            }
        }
    }
}
