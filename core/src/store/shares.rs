//! One lent table of which every place of another table has an equal part.

/// `EACH` entries for each place.
pub struct Shares<'m, T, const EACH: usize> {
    entries: &'m mut [T],
}

impl<'m, T, const EACH: usize> Shares<'m, T, EACH> {
    /// Parts of `entries`.
    pub fn new(entries: &'m mut [T]) -> Self {
        Self { entries }
    }

    /// The entries of `place`; none if the table is too short for it.
    pub fn of(&mut self, place: u16) -> &mut [T] {
        let start = usize::from(place) * EACH;
        self.entries.get_mut(start..start + EACH).unwrap_or_default()
    }
}
