//! Never a flood of one kind.

/// How long frames of one kind are counted together, in seconds.
const WINDOW_S: u64 = 10;

/// The most frames of one kind in a window.
const FRAMES: u8 = 20;

/// How many kinds are told apart; the one that was silent for longest makes place for another.
const KINDS: usize = 64;

/// Counts frames by kind.
pub(crate) struct Limit {
    kinds: [Kind; KINDS],
}

#[derive(Clone, Copy)]
struct Kind {
    number: u16,
    since_s: u64,
    frames: u8,
}

impl Limit {
    /// Nothing counted yet.
    pub(crate) const NEW: Self = Self { kinds: [Kind { number: 0, since_s: 0, frames: 0 }; KINDS] };

    /// Whether one more frame of the kind `number` may leave at `now_s`.
    pub(crate) fn admit(&mut self, number: u16, now_s: u64) -> bool {
        let known = self.kinds.iter().position(|kind| kind.number == number && kind.frames > 0);
        let oldest = || (0..KINDS).min_by_key(|place| (self.kinds[*place].frames > 0, self.kinds[*place].since_s));
        let Some(place) = known.or_else(oldest) else { return false };
        let kind = &mut self.kinds[place];
        if known.is_none() || now_s.saturating_sub(kind.since_s) >= WINDOW_S {
            *kind = Kind { number, since_s: now_s, frames: 0 };
        }
        kind.frames = kind.frames.saturating_add(1);
        kind.frames <= FRAMES
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_of_one_kind_leaves_the_others_heard() {
        let mut limit = Limit::NEW;
        assert_eq!((0..1000).filter(|_| limit.admit(7, 3)).count(), usize::from(FRAMES));
        assert!(limit.admit(0, 3));
        assert!(limit.admit(7, 3 + WINDOW_S));
        // More kinds than are told apart: each is heard.
        assert!((100..100 + 2 * KINDS as u16).all(|number| limit.admit(number, 20)));
    }
}
