//! How the estimate of a link is shared by its video m-lines: everybody a little first, then more in turn, so that one
//! picture does not take what four others need. Audio is not here: it is sent in any case.

use heapless::Vec;

/// The most m-lines of a link that take part. Further ones are sent as they are.
pub const DEMANDS: usize = 32;

/// The most levels of one m-line.
pub const LEVELS: usize = 9;

/// What an m-line could be sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// Who is served first; higher before lower, and earlier m-lines before later ones.
    pub priority: u8,
    /// Its levels, of growing bitrates.
    pub levels: Vec<Level, LEVELS>,
    /// The level that it has now; `None` if it is paused.
    pub current: Option<u8>,
    /// It had a larger picture a short time ago, and lost it.
    pub fell: bool,
}

/// A picture size at one of its picture rates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Level {
    /// What it takes, in bits a second.
    pub bitrate_bps: u32,
    /// The size: the number of a larger picture is higher.
    pub size: u8,
}

impl Demand {
    /// What its level takes now, in bits a second.
    pub fn current_bps(&self) -> Option<u32> {
        Some(self.levels.get(usize::from(self.current?))?.bitrate_bps)
    }

    /// Whether the picture is smaller at `level` than now.
    pub fn shrinks_to(&self, level: u8) -> bool {
        self.current.and_then(|current| self.size_of(current)) > self.size_of(level)
    }

    /// What must be left for a change to the level `next`, above the present one, in bits a second: some reserve too,
    /// as a bitrate that swings around a bound would change the picture every time. A larger picture begins with a
    /// keyframe, and must fit at its full rate: a smaller one that moves is better than a larger one that jerks and is
    /// lost again.
    fn needed_bps(&self, next: Level) -> u32 {
        let present = self.size_of(self.current.unwrap_or(0));
        if present.is_none_or(|present| next.size <= present) {
            return next.bitrate_bps.saturating_add(next.bitrate_bps / RESERVE);
        }
        let whole = self.levels.iter().rev().find(|level| level.size == next.size).unwrap_or(&next);
        let reserve = if self.fell { RESERVE_AFTER_FALL } else { RESERVE };
        whole.bitrate_bps.saturating_add(whole.bitrate_bps / reserve)
    }

    fn size_of(&self, level: u8) -> Option<u8> {
        Some(self.levels.get(usize::from(level))?.size)
    }
}

/// What all are given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allocation {
    /// The level of each demand; `None`: paused.
    pub grants: Vec<Option<u8>, DEMANDS>,
    /// What would be sent if everybody had everything, in bits a second.
    pub wanted_bps: u32,
}

/// Shares `budget_bps`. Nobody gets a level above the present one, or is paused no longer, without some reserve.
pub fn allocate(budget_bps: u32, demands: &Vec<Demand, DEMANDS>) -> Allocation {
    let mut order: Vec<u8, DEMANDS> = (0..demands.len() as u8).collect();
    // Stable for its small size: earlier m-lines stay before later ones.
    order.sort_unstable_by_key(|place| (u8::MAX - demands[usize::from(*place)].priority, *place));
    let mut grants: Vec<Option<u8>, DEMANDS> = demands.iter().map(|_| None).collect();
    let mut left_bps = budget_bps;
    // Each round raises somebody by one level or is the last.
    for _ in 0..=LEVELS {
        let mut has_raised = false;
        for place in &order {
            let place = usize::from(*place);
            let raised = raise(&demands[place], grants[place], left_bps);
            if let Some((level, rest_bps)) = raised {
                (grants[place], left_bps, has_raised) = (Some(level), rest_bps, true);
            }
        }
        if !has_raised {
            break;
        }
    }
    let wanted = demands.iter().map(|demand| demand.levels.last().map_or(0, |level| level.bitrate_bps));
    Allocation { grants, wanted_bps: wanted.fold(0, u32::saturating_add) }
}

/// The next level of `demand` above `granted`, and what is left then, if it fits.
fn raise(demand: &Demand, granted: Option<u8>, left_bps: u32) -> Option<(u8, u32)> {
    let next = granted.map_or(0, |level| level + 1);
    let level = *demand.levels.get(usize::from(next))?;
    let granted = granted.and_then(|level| demand.levels.get(usize::from(level)));
    let granted_bps = granted.map_or(0, |level| level.bitrate_bps);
    let is_higher = demand.current.is_none_or(|current| next > current);
    let needed_bps = if is_higher { demand.needed_bps(level) } else { level.bitrate_bps };
    let fits = needed_bps.saturating_sub(granted_bps) <= left_bps;
    fits.then(|| (next, left_bps.saturating_sub(level.bitrate_bps.saturating_sub(granted_bps))))
}

/// The part of a level's bitrate that must be left over for a change up.
const RESERVE: u32 = 8;

/// The same of who lost a larger picture lately.
const RESERVE_AFTER_FALL: u32 = 2;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn demand(levels: &[u32], current: Option<u8>) -> Demand {
        let levels = (0..).zip(levels).map(|(size, bitrate_bps)| Level { bitrate_bps: *bitrate_bps, size });
        Demand { levels: levels.collect(), current, ..Demand::default() }
    }

    fn grants(budget_bps: u32, demands: &[Demand]) -> std::vec::Vec<Option<u8>> {
        allocate(budget_bps, &demands.iter().cloned().collect()).grants.to_vec()
    }

    #[test]
    fn everybody_gets_something_before_somebody_gets_more() {
        let two = [demand(&[100, 500, 1500], None), demand(&[100, 500, 1500], None)];
        assert_eq!(grants(5_000, &two), [Some(2), Some(2)]);
        assert_eq!(grants(2_400, &two), [Some(2), Some(1)]);
        assert_eq!(grants(700, &two), [Some(1), Some(0)]);
        assert_eq!(grants(230, &two), [Some(0), Some(0)]);
        assert_eq!(grants(150, &two), [Some(0), None]);
        assert_eq!(grants(50, &two), [None, None]);
    }

    #[test]
    fn who_has_priority_is_paused_last_and_raised_first() {
        let mut two = [demand(&[100, 500], None), demand(&[100, 500], None)];
        two[1].priority = 1;
        assert_eq!(grants(150, &two), [None, Some(0)]);
        assert_eq!(grants(700, &two), [Some(0), Some(1)]);
    }

    #[test]
    fn a_change_up_needs_a_reserve_and_staying_does_not() {
        assert_eq!(grants(510, &[demand(&[100, 500], Some(0))]), [Some(0)]);
        assert_eq!(grants(510, &[demand(&[100, 500], Some(1))]), [Some(1)]);
        assert_eq!(grants(570, &[demand(&[100, 500], Some(0))]), [Some(1)]);
        assert_eq!(grants(105, &[demand(&[100, 500], None)]), [None]);
        let fell = Demand { fell: true, ..demand(&[100, 500], Some(0)) };
        assert_eq!(grants(740, core::slice::from_ref(&fell)), [Some(0)]);
        assert_eq!(grants(750, &[fell]), [Some(1)]);
    }

    #[test]
    fn a_larger_picture_comes_at_its_full_rate_and_may_lose_rate_before_size() {
        let level = |(bitrate_bps, size)| Level { bitrate_bps, size };
        let levels = [(100, 0), (150, 0), (250, 1), (400, 1)].map(level);
        let demand = |current| Demand { levels: Vec::from_slice(&levels).unwrap(), current, ..Demand::default() };
        assert_eq!(grants(440, &[demand(Some(0))]), [Some(1)]);
        assert_eq!(grants(450, &[demand(Some(1))]), [Some(3)]);
        assert_eq!(grants(390, &[demand(Some(3))]), [Some(2)]);
        assert_eq!(grants(440, &[demand(Some(2))]), [Some(2)]);
        // It fell from the larger picture: there the rate of the smaller one needs no more than else.
        let fell = Demand { fell: true, ..demand(Some(0)) };
        assert_eq!(grants(170, core::slice::from_ref(&fell)), [Some(1)]);
        assert_eq!(grants(590, core::slice::from_ref(&fell)), [Some(1)]);
        assert_eq!(grants(600, &[fell]), [Some(3)]);
    }

    #[test]
    fn what_is_wanted_is_everything() {
        let demands: Vec<Demand, DEMANDS> = [demand(&[100, 500], None), demand(&[], None), demand(&[70], None)].into();
        assert_eq!(allocate(0, &demands).wanted_bps, 570);
    }

    proptest! {
        #[test]
        fn the_budget_is_kept_and_enough_is_enough_for_all(
            steps in prop::collection::vec(prop::collection::vec(1_u32..500_000, 0..LEVELS), 0..DEMANDS),
            budget_bps in 0_u32..10_000_000,
        ) {
            let growing = |steps: &std::vec::Vec<u32>| {
                let levels = steps.iter().zip(0..).scan(0, |sum, (step, number)| {
                    *sum += step;
                    Some(Level { bitrate_bps: *sum, size: number / 3 })
                });
                Demand { levels: levels.collect(), ..Demand::default() }
            };
            let demands: Vec<Demand, DEMANDS> = steps.iter().map(growing).collect();
            let allocation = allocate(budget_bps, &demands);
            let granted = allocation.grants.iter().zip(&demands);
            let levels = granted.filter_map(|(level, demand)| demand.levels.get(usize::from((*level)?)));
            let sent: u32 = levels.map(|level| level.bitrate_bps).sum();
            prop_assert!(sent <= budget_bps);
            let enough = allocate(allocation.wanted_bps / RESERVE * (RESERVE + 1) + RESERVE, &demands);
            for (grant, demand) in enough.grants.iter().zip(&demands) {
                prop_assert_eq!(grant.map_or(0, |level| level + 1), demand.levels.len() as u8);
            }
        }
    }
}
