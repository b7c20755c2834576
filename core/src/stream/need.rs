//! Which layers of a stream somebody gets, and since when fewer than before.

use crate::time::Instant;

/// What is needed of one stream.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// How many of its encodings, or of the spatial layers of its only one, from the lowest: 0 if nobody gets anything.
    layers: u8,
    /// Since when fewer would do.
    fewer_since: Option<Instant>,
    /// What the control half knows of it.
    pub told: Option<u8>,
}

impl Need {
    /// So many are needed now. More count at once, fewer only after a while: who changes from one picture to another
    /// would otherwise find the first one stopped. Says whether the number changed.
    pub fn note(&mut self, layers: u8, now: Instant) -> bool {
        if layers >= self.layers {
            self.fewer_since = None;
            return core::mem::replace(&mut self.layers, layers) != layers;
        }
        let since = *self.fewer_since.get_or_insert(now);
        if now.since_us(since) < FEWER_US {
            return false;
        }
        self.fewer_since = None;
        self.layers = layers;
        true
    }

    /// How many encodings or spatial layers are needed, counted from the lowest.
    pub fn layers(&self) -> u8 {
        self.layers
    }
}

const FEWER_US: u64 = 3_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_is_needed_at_once_and_less_after_a_while() {
        let mut need = Need::default();
        assert!(need.note(3, Instant::from_ms(0)));
        assert!(!need.note(1, Instant::from_ms(100)));
        assert!(!need.note(0, Instant::from_ms(3_000)));
        assert_eq!(need.layers(), 3);
        assert!(need.note(0, Instant::from_ms(3_100)));
        assert!(need.note(1, Instant::from_ms(3_200)));
        assert!(!need.note(0, Instant::from_ms(4_000)) && !need.note(1, Instant::from_ms(6_000)));
        assert!(!need.note(0, Instant::from_ms(8_000)), "the time begins anew");
        assert_eq!(need.layers(), 1);
    }
}
