//! Time as an argument: the core never asks for it.

use core::ops::Add;

/// A point of monotonic time, in microseconds since the platform's own start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant {
    /// Microseconds.
    pub us: u64,
}

impl Instant {
    /// The point `us` microseconds after the start.
    pub const fn from_us(us: u64) -> Self {
        Self { us }
    }

    /// The point `ms` milliseconds after the start.
    pub const fn from_ms(ms: u64) -> Self {
        Self { us: ms * 1000 }
    }

    /// Microseconds from `earlier` to this; 0 if `earlier` is later.
    pub const fn since_us(self, earlier: Self) -> u64 {
        self.us.saturating_sub(earlier.us)
    }

    /// This point and `us` microseconds.
    pub const fn after_us(self, us: u64) -> Self {
        Self { us: self.us.saturating_add(us) }
    }

    /// This point and `ms` milliseconds.
    pub const fn after_ms(self, ms: u64) -> Self {
        self.after_us(ms * 1000)
    }
}

impl Add<u64> for Instant {
    type Output = Self;

    fn add(self, us: u64) -> Self {
        self.after_us(us)
    }
}
