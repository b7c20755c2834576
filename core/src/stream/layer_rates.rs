//! What the layers of an encoding take.

use crate::rate::Rate;
use crate::time::Instant;

/// Layers of each kind that are counted apart; higher ones count as the highest.
pub const LAYERS: usize = 3;

const STEP_US: u64 = 250_000;

/// The bitrates of an encoding's layers over the last second.
#[derive(Clone, Copy, Debug, Default)]
pub struct LayerRates {
    /// By spatial and by temporal layer: what higher spatial layers need, too, and what only the layer itself does.
    shared: [[Rate<5, STEP_US>; LAYERS]; LAYERS],
    own: [[Rate<5, STEP_US>; LAYERS]; LAYERS],
    /// The step to which all windows moved.
    moved: u64,
}

impl LayerRates {
    /// A packet of `bytes` of a layer arrived; whether higher spatial layers need it.
    pub fn count(&mut self, (spatial, temporal): (u8, u8), serves_higher: bool, bytes: usize, now: Instant) {
        let (spatial, temporal) = (place(spatial), place(temporal));
        let rates = if serves_higher { &mut self.shared } else { &mut self.own };
        rates[spatial][temporal].count(now.us, bytes);
        // All windows move with that of the base, once a step, so that a layer that ended is soon forgotten.
        let step = now.us / STEP_US;
        if (spatial, temporal) == (0, 0) && step != self.moved {
            self.moved = step;
            self.shared.iter_mut().chain(&mut self.own).flatten().for_each(|rate| rate.count(now.us, 0));
        }
    }

    /// What it takes to send these layers, in bits a second, once there was enough of them: they themselves, and of
    /// those below what they need.
    pub fn bitrate_bps(&self, (spatial, temporal): (u8, u8)) -> Option<u32> {
        let shared = self.shared.iter().take(place(spatial) + 1);
        let rates = shared.chain([&self.own[place(spatial)]]);
        sum(rates.flat_map(|rates| rates.iter().take(place(temporal) + 1)))
    }

    /// What comes of the spatial layers up to this one, in bits a second, once there was enough of it.
    pub fn incoming_bps(&self, spatial: u8) -> Option<u32> {
        let rates = self.shared.iter().take(place(spatial) + 1).chain(self.own.iter().take(place(spatial) + 1));
        sum(rates.flatten())
    }
}

fn sum<'r>(mut rates: impl Iterator<Item = &'r Rate<5, STEP_US>>) -> Option<u32> {
    rates.try_fold(0_u32, |sum, rate| Some(sum.saturating_add(rate.bitrate_bps()?)))
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
            rates.count(layer, true, 1250, Instant::from_ms(step * 10));
        }
        let bitrates = [(0, 0), (0, 1), (1, 0), (1, 1), (2, 2)].map(|layer| rates.bitrate_bps(layer).unwrap() / 10_000);
        assert_eq!(bitrates, [25, 50, 50, 100, 100]);
        for step in 200..400 {
            rates.count((0, 0), true, 1250, Instant::from_ms(step * 10));
        }
        assert_eq!(rates.bitrate_bps((1, 1)), rates.bitrate_bps((0, 0)));
    }

    #[test]
    fn a_layer_takes_nothing_of_those_below_that_it_does_not_need() {
        let mut rates = LayerRates::default();
        for step in 0..200 {
            let (layer, is_keyframe) = ((step % 2) as u8, step % 20 < 2);
            rates.count((layer, 0), is_keyframe, 1250, Instant::from_ms(step * 10));
        }
        let bitrates = [0, 1].map(|layer| rates.bitrate_bps((layer, 0)).unwrap() / 10_000);
        let incoming = [0, 1].map(|layer| rates.incoming_bps(layer).unwrap() / 10_000);
        assert_eq!((bitrates, incoming), ([50, 55], [50, 100]));
    }
}
