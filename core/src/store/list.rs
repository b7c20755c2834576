//! Lists inside tables: an entry names the next one by its place, so that a list needs no memory of its own.

use crate::store::Table;

/// The end of a list.
pub const END: u16 = u16::MAX;

/// Puts the entry at `index` in front of the list that begins at `head`.
pub fn push<T>(table: &mut Table<'_, T>, head: &mut u16, index: u16, next: impl Fn(&mut T) -> &mut u16) {
    if let Some(entry) = table.at_mut(index) {
        *next(entry) = *head;
        *head = index;
    }
}

/// Takes the entry at `index` out of the list that begins at `head`; nothing if it is not in it.
pub fn remove<T>(table: &mut Table<'_, T>, head: &mut u16, index: u16, next: impl Fn(&mut T) -> &mut u16) {
    let Some(after) = table.at_mut(index).map(|entry| *next(entry)) else { return };
    if *head == index {
        *head = after;
        return;
    }
    let mut at = *head;
    for _ in 0..table.capacity() {
        let Some(entry) = table.at_mut(at) else { return };
        let link = next(entry);
        if *link == index {
            *link = after;
            return;
        }
        at = *link;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Slot;
    use std::vec::Vec;

    #[test]
    fn entries_leave_from_anywhere() {
        let mut slots: Vec<Slot<u16>> = (0..4).map(|_| Slot::default()).collect();
        let mut table = Table::new(&mut slots);
        let mut head = END;
        for _ in 0..4 {
            let id = table.insert(END).unwrap();
            push(&mut table, &mut head, id.index, |entry| entry);
        }
        let walk = |table: &Table<'_, u16>, head: u16| {
            let mut at = head;
            let mut seen = Vec::new();
            while let Some(next) = table.at(at) {
                seen.push(at);
                at = *next;
            }
            seen
        };
        assert_eq!(walk(&table, head), [3, 2, 1, 0]);
        for (gone, rest) in [(2, &[3, 1, 0][..]), (3, &[1, 0]), (0, &[1]), (1, &[])] {
            remove(&mut table, &mut head, gone, |entry| entry);
            assert_eq!(walk(&table, head), rest);
        }
        remove(&mut table, &mut head, 1, |entry| entry);
        assert_eq!(head, END);
    }
}
