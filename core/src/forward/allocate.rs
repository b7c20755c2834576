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
    /// The bitrates of its levels, in bits a second, growing.
    pub levels: Vec<u32, LEVELS>,
    /// The level that it has now; `None` if it is paused.
    pub current: Option<u8>,
    /// It had more a short time ago, and lost it.
    pub fell: bool,
}

impl Demand {
    /// What its level takes now, in bits a second.
    pub fn current_bps(&self) -> Option<u32> {
        self.levels.get(usize::from(self.current?)).copied()
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

/// Shares `budget_bps`. Nobody gets a level above the present one, or is paused no longer, without some reserve:
/// otherwise a bitrate that swings around a bound would change the picture every time.
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
    let wanted = demands.iter().map(|demand| demand.levels.last().copied().unwrap_or(0));
    Allocation { grants, wanted_bps: wanted.fold(0, u32::saturating_add) }
}

/// The next level of `demand` above `granted`, and what is left then, if it fits.
fn raise(demand: &Demand, granted: Option<u8>, left_bps: u32) -> Option<(u8, u32)> {
    let next = granted.map_or(0, |level| level + 1);
    let bitrate = |level: u8| demand.levels.get(usize::from(level)).copied();
    let cost_bps = bitrate(next)?.saturating_sub(granted.and_then(bitrate).unwrap_or(0));
    let is_higher = demand.current.is_none_or(|current| next > current);
    let reserve_bps = bitrate(next)? / if demand.fell { RESERVE_AFTER_FALL } else { RESERVE };
    let needed_bps = if is_higher { cost_bps.saturating_add(reserve_bps) } else { cost_bps };
    (needed_bps <= left_bps).then(|| (next, left_bps - cost_bps))
}

/// The part of a level's bitrate that must be left over for a change up.
const RESERVE: u32 = 8;

/// The same of who lost a level lately.
const RESERVE_AFTER_FALL: u32 = 2;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn demand(levels: &[u32], current: Option<u8>) -> Demand {
        Demand { levels: Vec::from_slice(levels).unwrap(), current, ..Demand::default() }
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
                let levels = steps.iter().scan(0, |sum, step| {
                    *sum += step;
                    Some(*sum)
                });
                Demand { levels: levels.collect(), ..Demand::default() }
            };
            let demands: Vec<Demand, DEMANDS> = steps.iter().map(growing).collect();
            let allocation = allocate(budget_bps, &demands);
            let granted = allocation.grants.iter().zip(&demands);
            let sent: u32 = granted.filter_map(|(level, demand)| Some(demand.levels[usize::from((*level)?)])).sum();
            prop_assert!(sent <= budget_bps);
            let enough = allocate(allocation.wanted_bps / RESERVE * (RESERVE + 1) + RESERVE, &demands);
            for (grant, demand) in enough.grants.iter().zip(&demands) {
                prop_assert_eq!(grant.map_or(0, |level| level + 1), demand.levels.len() as u8);
            }
        }
    }
}
