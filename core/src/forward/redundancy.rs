//! How often a subscriber is told the same sound: as often as its reports of loss ask for.

/// The most earlier payloads that a packet carries again: two packets lost in a row are mended.
pub const EARLIER: usize = 2;

/// The earlier payloads that packets of one subscription carry again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Redundancy {
    count: u8,
    calm_reports: u8,
    /// For how many the way has room.
    most: u8,
    /// What was sent and asked for again until the last report.
    told: Repetitions,
}

/// What a subscription sent since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Repetitions {
    /// Packets.
    pub packets: u64,
    /// Those that the peer asked for again; wraps.
    pub nacks: u32,
}

impl Redundancy {
    /// A report told which part of the packets was lost, in 256ths (RFC 3550 section 6.4.1). What came when it was sent
    /// again is no loss there, but it may have come too late for sound: so what was asked for counts, if it is more.
    /// The way has room for `most` earlier payloads; nothing where it showed no limit.
    pub fn report(&mut self, fraction_lost: u8, sent: Repetitions, most: Option<u8>) {
        let packets = sent.packets.saturating_sub(self.told.packets).max(1);
        let nacks = sent.nacks.wrapping_sub(self.told.nacks);
        let asked = u8::try_from(u64::from(nacks) * 256 / packets).unwrap_or(u8::MAX);
        (self.told, self.most) = (sent, most.unwrap_or(u8::MAX));
        let wanted = match fraction_lost.max(asked) {
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
        self.count = self.count.min(self.most);
    }

    /// How many, where the publisher itself tells so many again: these are passed on as long as there is room.
    pub fn count(&self, published: u8) -> u8 {
        self.count.max(published.min(EARLIER as u8)).min(self.most)
    }
}

impl Default for Redundancy {
    /// None, on a way that showed no limit.
    fn default() -> Self {
        Self { count: 0, calm_reports: 0, most: u8::MAX, told: Repetitions::default() }
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

    const NONE: Repetitions = Repetitions { packets: 0, nacks: 0 };

    #[test]
    fn loss_brings_it_at_once_and_calm_takes_it_away_slowly() {
        let mut redundancy = Redundancy::default();
        let mut report = |fraction_lost| {
            redundancy.report(fraction_lost, NONE, Some(2));
            redundancy.count(0)
        };
        assert_eq!([0, 2, 3, 3].map(&mut report), [0, 0, 1, 1]);
        assert_eq!([13, 0, 0, 13].map(&mut report), [2, 2, 2, 2]);
        assert_eq!([0; 7].map(&mut report), [2, 2, 1, 1, 1, 0, 0]);
    }

    #[test]
    fn what_came_only_when_asked_for_counts_as_lost() {
        let mut redundancy = Redundancy::default();
        let mut report = |packets, nacks| {
            redundancy.report(0, Repetitions { packets, nacks }, None);
            redundancy.count(0)
        };
        assert_eq!([report(250, 2), report(500, 7), report(750, 22)], [0, 1, 2]);
        assert_eq!([report(1000, 22), report(1250, 22), report(1500, 22)], [2, 2, 1]);
    }

    #[test]
    fn a_narrow_way_has_less() {
        let mut redundancy = Redundancy::default();
        redundancy.report(200, NONE, Some(1));
        assert_eq!(redundancy.count(2), 1, "not all that the publisher sends");
        redundancy.report(200, NONE, Some(0));
        assert_eq!(redundancy.count(2), 0);
        redundancy.report(0, NONE, Some(1));
        assert_eq!([0, 1, 5].map(|published| redundancy.count(published)), [0, 1, 1], "it has room for one");
        redundancy.report(0, NONE, None);
        assert_eq!([0, 1, 5].map(|published| redundancy.count(published)), [0, 1, 2], "there is room again");
    }

    proptest! {
        #[test]
        fn never_more_than_the_bound(reports in proptest::collection::vec((any::<u8>(), 0_u8..4), 0..50)) {
            let mut redundancy = Redundancy::default();
            for (fraction_lost, most) in reports {
                redundancy.report(fraction_lost, NONE, Some(most));
                prop_assert!(redundancy.count(2) <= most.min(EARLIER as u8));
            }
        }
    }
}
