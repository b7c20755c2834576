//! Memory of a table for a `static`: it is filled where it lies, entry by entry.

use heapless::Vec;

/// Memory for at most `N` entries. Untouched until it is lent, so that it takes no place in a binary.
#[derive(Debug)]
pub struct Reserve<T, const N: usize> {
    entries: Vec<T, N>,
}

impl<T: Default, const N: usize> Reserve<T, N> {
    /// Memory that nobody used yet.
    pub const fn new() -> Self {
        Self { entries: Vec::new() }
    }

    /// `count` default values; `None` if there is no place for so many.
    pub fn lend(&mut self, count: usize) -> Option<&mut [T]> {
        self.entries.clear();
        for _ in 0..count {
            self.entries.push(T::default()).ok()?;
        }
        Some(&mut self.entries)
    }
}

impl<T: Default, const N: usize> Default for Reserve<T, N> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_many_are_lent_as_fit() {
        let mut reserve: Reserve<u64, 3> = Reserve::new();
        assert_eq!(reserve.lend(2), Some(&mut [0, 0][..]));
        if let Some(lent) = reserve.lend(3) {
            lent.fill(7);
        }
        assert_eq!(reserve.lend(3), Some(&mut [0; 3][..]), "what was there before is not seen again");
        assert_eq!(reserve.lend(4), None);
    }
}
