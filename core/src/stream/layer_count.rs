//! How many layers an encoding has, as its packets tell.

use crate::time::Instant;

/// Grows with the first packet of a higher layer, and shrinks when none came for a while.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LayerCount {
    count: u8,
    seen: u8,
    since: Instant,
}

impl LayerCount {
    /// A packet of layer `id` arrived.
    pub fn note(&mut self, id: u8, now: Instant) {
        if now.since_us(self.since) >= WINDOW_US {
            (self.count, self.seen, self.since) = (self.seen, 0, now);
        }
        self.seen = self.seen.max(id.saturating_add(1));
        self.count = self.count.max(self.seen);
    }

    /// How many there are; 0 where none was told.
    pub fn get(&self) -> u8 {
        self.count
    }
}

const WINDOW_US: u64 = 1_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn layers_are_counted_at_once_and_forgotten_after_a_while() {
        let mut layers = LayerCount::default();
        assert_eq!(layers.get(), 0);
        for ms in (1000..3000).step_by(33) {
            let now = Instant::from_ms(ms);
            layers.note(0, now);
            if ms < 2000 {
                layers.note(2, now);
            }
            assert!(layers.get() == 3 || ms >= 2900, "at {ms}");
        }
        (3000..4200).step_by(33).for_each(|ms| layers.note(0, Instant::from_ms(ms)));
        assert_eq!(layers.get(), 1);
    }
}
