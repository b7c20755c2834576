//! A table of named places over lent memory: constant time, never grows.

use crate::id::Id;
use crate::store::{Place, Zeroable};

/// One place of a [`Table`]. All zero is a vacant one.
#[derive(Debug, Zeroable)]
#[zeroable(bound = "")]
pub struct Slot<T> {
    generation: u16,
    value: Place<T>,
}

impl<T> Default for Slot<T> {
    fn default() -> Self {
        Self { generation: 0, value: Place::Vacant }
    }
}

/// Entries named by [`Id`]. The owner of the names (the control half for media tables) says which place an entry
/// takes; [`Table::vacancy`] helps where the table's owner is also the owner of its names.
#[derive(Debug)]
pub struct Table<'m, T> {
    slots: &'m mut [Slot<T>],
    count: usize,
    /// No place below is vacant. The lowest vacancy is taken first, so that memory never used stays untouched.
    hint: usize,
}

impl<'m, T> Table<'m, T> {
    /// A table in `slots`, which may hold at most 65 536 of them.
    pub fn new(slots: &'m mut [Slot<T>]) -> Self {
        assert!(slots.len() <= 1 << 16, "an index has 16 bits");
        let count = slots.iter().filter(|slot| !slot.value.is_vacant()).count();
        Self { slots, count, hint: 0 }
    }

    /// The entry `id`, unless it is gone.
    pub fn get(&self, id: impl Into<Id>) -> Option<&T> {
        let id = id.into();
        let slot = self.slots.get(usize::from(id.index))?;
        if slot.generation == id.generation { slot.value.as_ref() } else { None }
    }

    /// The entry `id`, unless it is gone.
    pub fn get_mut(&mut self, id: impl Into<Id>) -> Option<&mut T> {
        let id = id.into();
        let slot = self.slots.get_mut(usize::from(id.index))?;
        if slot.generation == id.generation { slot.value.as_mut() } else { None }
    }

    /// The entry at place `index`, whatever its generation.
    pub fn at(&self, index: u16) -> Option<&T> {
        self.slots.get(usize::from(index))?.value.as_ref()
    }

    /// The entry at place `index`, whatever its generation.
    pub fn at_mut(&mut self, index: u16) -> Option<&mut T> {
        self.slots.get_mut(usize::from(index))?.value.as_mut()
    }

    /// The name that the entry at `index` has now.
    pub fn id_at(&self, index: u16) -> Option<Id> {
        let slot = self.slots.get(usize::from(index))?;
        slot.value.as_ref().map(|_| Id { index, generation: slot.generation })
    }

    /// Puts `value` at the name its owner chose; gives it back if the place is taken or does not exist.
    pub fn insert_at(&mut self, id: impl Into<Id>, value: T) -> Result<(), T> {
        let id = id.into();
        match self.slots.get_mut(usize::from(id.index)) {
            Some(slot) if slot.value.is_vacant() => {
                *slot = Slot { generation: id.generation, value: Place::Taken(value) };
                self.count += 1;
                Ok(())
            }
            _ => Err(value),
        }
    }

    /// The name that a new entry would get, or nothing when the table is full.
    pub fn vacancy(&mut self) -> Option<Id> {
        if self.count == self.slots.len() {
            return None;
        }
        let index = self.hint + self.slots[self.hint..].iter().position(|slot| slot.value.is_vacant())?;
        self.hint = index;
        let generation = self.slots[index].generation.wrapping_add(1);
        Some(Id { index: index as u16, generation })
    }

    /// Takes a vacant place for `value`; gives it back when the table is full.
    pub fn insert(&mut self, value: T) -> Result<Id, T> {
        match self.vacancy() {
            Some(id) => self.insert_at(id, value).map(|()| id),
            None => Err(value),
        }
    }

    /// Takes the entry `id` out.
    pub fn remove(&mut self, id: impl Into<Id>) -> Option<T> {
        let id = id.into();
        let slot = self.slots.get_mut(usize::from(id.index))?;
        if slot.generation != id.generation {
            return None;
        }
        let value = slot.value.take();
        if value.is_some() {
            self.count -= 1;
            self.hint = self.hint.min(usize::from(id.index));
        }
        value
    }

    /// Every entry and its name, in the order of places.
    pub fn iter(&self) -> impl Iterator<Item = (Id, &T)> + Clone {
        self.slots.iter().enumerate().filter_map(|(index, slot)| {
            let id = Id { index: index as u16, generation: slot.generation };
            slot.value.as_ref().map(|value| (id, value))
        })
    }

    /// Every entry and its name, in the order of places.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = (Id, &mut T)> {
        self.slots.iter_mut().enumerate().filter_map(|(index, slot)| {
            let id = Id { index: index as u16, generation: slot.generation };
            slot.value.as_mut().map(|value| (id, value))
        })
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many there can be.
    pub fn capacity(&self) -> usize {
        self.slots.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    fn slots(count: usize) -> Vec<Slot<u32>> {
        (0..count).map(|_| Slot::default()).collect()
    }

    #[test]
    fn a_stale_name_finds_nothing() {
        let mut slots = slots(1);
        let mut table = Table::new(&mut slots);
        let first = table.insert(7).unwrap();
        assert_eq!(table.remove(first), Some(7));
        let second = table.insert(8).unwrap();
        assert_eq!(second.index, first.index);
        assert_eq!(table.get(first), None);
        assert_eq!(table.get(second), Some(&8));
        assert_eq!(table.remove(first), None);
        assert_eq!(table.len(), 1);
    }

    #[test]
    fn the_lowest_vacancy_is_taken_first() {
        let mut slots = slots(4);
        let mut table = Table::new(&mut slots);
        let names: Vec<_> = (0..4).map(|value| table.insert(value).unwrap()).collect();
        for place in [3, 1, 2] {
            table.remove(names[place]);
        }
        let places: Vec<_> = (0..3).map(|value| table.insert(value).unwrap().index).collect();
        assert_eq!(places, [1, 2, 3]);
        assert_eq!(table.insert(4), Err(4));
    }

    #[test]
    fn a_full_table_gives_the_value_back() {
        let mut slots = slots(2);
        let mut table = Table::new(&mut slots);
        let first = table.insert(1).unwrap();
        table.insert(2).unwrap();
        assert_eq!(table.insert(3), Err(3));
        assert_eq!(table.insert_at(first, 4), Err(4));
        table.remove(first);
        assert!(table.insert(5).is_ok());
    }
}
