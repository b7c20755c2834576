//! Who has the floor among several who speak, after Volfin and Cohen, "Dominant speaker identification for multipoint
//! videoconferencing" (IEEEI 2012), which compares speakers over a frame, a tenth of a second, and a second.
//!
//! The method rates each span by a ratio of likelihoods and gives the floor to somebody whose three ratings are better
//! by three thresholds. With the constants that conference servers use for it, nothing of that depends on more than:
//! whoever has the floor fell silent for a tenth of a second; somebody else speaks; and over the last second they spoke
//! more. So a cough, or one word into somebody's speech, changes nothing.

use crate::stream::Activity;

/// How a speaker stands at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// Whether they speak in the newest frame.
    pub is_speaking: bool,
    /// How much they spoke.
    pub activity: Activity,
}

/// Who takes the floor from somebody who stands as `dominant`, if one of the others does. Nobody stands as silence
/// does.
pub fn next_dominant<S>(dominant: Standing, others: impl Iterator<Item = (S, Standing)>) -> Option<S> {
    let takes = |standing: &Standing| {
        let (mine, theirs) = (dominant.activity, standing.activity);
        let is_pause = !dominant.is_speaking && mine.frames == 0;
        is_pause && standing.is_speaking && theirs.frames > 0 && theirs.tenths > mine.tenths
    };
    let candidates = others.filter(|(_, standing)| takes(standing));
    let rank = |standing: &Standing| (standing.activity.frames, standing.activity.tenths);
    // Of equals the first, whichever comes later in the walk.
    candidates
        .reduce(|best, other| if rank(&other.1) > rank(&best.1) { other } else { best })
        .map(|(speaker, _)| speaker)
}

/// Who has the floor is asked so often.
pub const DECISION_MS: u64 = 300;

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn standing(is_speaking: bool, frames: u8, tenths: u8) -> Standing {
        Standing { is_speaking, activity: Activity { frames, tenths } }
    }

    #[test]
    fn who_speaks_keeps_the_floor_and_who_spoke_longest_gets_it_in_a_pause() {
        let others = || [(1, standing(true, 5, 4)), (2, standing(true, 5, 7)), (3, standing(false, 2, 9))].into_iter();
        assert_eq!(next_dominant(standing(true, 5, 1), others()), None, "no interruption");
        assert_eq!(next_dominant(standing(false, 1, 1), others()), None, "between two words");
        assert_eq!(next_dominant(standing(false, 0, 8), others()), None, "they spoke more");
        assert_eq!(next_dominant(standing(false, 0, 5), others()), Some(2));
        assert_eq!(next_dominant(Standing::default(), others()), Some(2));
        assert_eq!(next_dominant(Standing::default(), [(1, standing(true, 3, 0))].into_iter()), None, "a cough");
    }

    /// The ratings as the article defines them, and the constants as servers have them.
    #[test]
    fn the_thresholds_of_the_method_come_down_to_these_comparisons() {
        let factorial = |n: u32| (1..=n).map(f64::from).product::<f64>();
        let rating = |n: u32, lambda: f64, k: u32| {
            let choose = factorial(n) / factorial(k) / factorial(n - k);
            let score = choose.ln() + f64::from(n) * 0.5_f64.ln() - lambda.ln() + lambda * f64::from(k);
            score.max(1e-10).ln()
        };
        let ratings = |n: u32, lambda: f64| (0..=n).map(|k| rating(n, lambda, k)).collect::<Vec<_>>();
        // A frame is rated by its level, in thirteenths: four of them are what a gate lets through.
        let (frame, tenth, second) = (ratings(13, 0.78), ratings(5, 24.0), ratings(10, 47.0));
        let exceeds = |ratings: &[f64], other: usize, own: usize, threshold| ratings[other] - ratings[own] > threshold;
        for (own, other) in (0..14).flat_map(|own| (0..14).map(move |other| (own, other))) {
            assert_eq!(exceeds(&frame, other, own, 3.0), own < 4 && other >= 4);
            if own <= 5 && other <= 5 {
                assert_eq!(exceeds(&tenth, other, own, 2.0), own == 0 && other > 0);
            }
            if own <= 10 && other <= 10 {
                assert_eq!(exceeds(&second, other, own, 0.0), other > own);
            }
        }
    }
}
