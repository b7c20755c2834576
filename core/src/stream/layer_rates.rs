//! What the layers of an encoding take.

use crate::rate::Rate;
use crate::time::Instant;

/// Layers of each kind that are counted apart; higher ones count as the highest.
pub const LAYERS: usize = 3;

const STEP_US: u64 = 250_000;

/// The bitrates of an encoding's layers over the last second.
#[derive(Clone, Copy, Debug, Default)]
pub struct LayerRates {
    /// By spatial and by temporal layer.
    rates: [[Rate<5, STEP_US>; LAYERS]; LAYERS],
    /// The step to which all windows moved.
    moved: u64,
}

impl LayerRates {
    /// A packet of `bytes` of a layer arrived.
    pub fn count(&mut self, (spatial, temporal): (u8, u8), bytes: usize, now: Instant) {
        let (spatial, temporal) = (place(spatial), place(temporal));
        self.rates[spatial][temporal].count(now.us, bytes);
        // All windows move with that of the base, once a step, so that a layer that ended is soon forgotten.
        let step = now.us / STEP_US;
        if (spatial, temporal) == (0, 0) && step != self.moved {
            self.moved = step;
            self.rates.iter_mut().flatten().for_each(|rate| rate.count(now.us, 0));
        }
    }

    /// The bitrate of the layers up to these, in bits a second, once there was enough of it.
    pub fn bitrate_bps(&self, (spatial, temporal): (u8, u8)) -> Option<u32> {
        let below = self.rates.iter().take(place(spatial) + 1);
        let rates = below.flat_map(|rates| rates.iter().take(place(temporal) + 1));
        rates.map(Rate::bitrate_bps).try_fold(0_u32, |sum, rate| Some(sum.saturating_add(rate?)))
    }
}

fn place(layer: u8) -> usize {
    usize::from(layer).min(LAYERS - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layer_takes_what_those_below_it_take_too_and_is_forgotten_when_it_ends() {
        let mut rates = LayerRates::default();
        for step in 0..200 {
            let layer = [(0, 0), (0, 1), (1, 0), (1, 1)][step as usize % 4];
            rates.count(layer, 1250, Instant::from_ms(step * 10));
        }
        let bitrates = [(0, 0), (0, 1), (1, 0), (1, 1), (2, 2)].map(|layer| rates.bitrate_bps(layer).unwrap() / 10_000);
        assert_eq!(bitrates, [25, 50, 50, 100, 100]);
        for step in 200..400 {
            rates.count((0, 0), 1250, Instant::from_ms(step * 10));
        }
        assert_eq!(rates.bitrate_bps((1, 1)), rates.bitrate_bps((0, 0)));
    }
}
