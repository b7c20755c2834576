//! Many queues over one lent table: each is a list, and all share the places.

use crate::store::{Place, Zeroable};

/// One place of [`Queues`]. All zero is a vacant one.
#[derive(Debug, Zeroable)]
#[zeroable(bound = "")]
pub struct QueueSlot<T> {
    next: u32,
    value: Place<T>,
}

impl<T> Default for QueueSlot<T> {
    fn default() -> Self {
        Self { next: NONE, value: Place::Vacant }
    }
}

/// The ends of one queue; its owner keeps them.
#[derive(Clone, Copy, Debug)]
pub struct Queue {
    head: u32,
    tail: u32,
    len: u32,
}

impl Queue {
    /// An empty queue.
    pub const EMPTY: Self = Self { head: NONE, tail: NONE, len: 0 };

    /// How many wait in it.
    pub const fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether nothing waits in it.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }
}

impl Default for Queue {
    fn default() -> Self {
        Self::EMPTY
    }
}

/// The places that all queues share.
#[derive(Debug)]
pub struct Queues<'m, T> {
    slots: &'m mut [QueueSlot<T>],
    vacant: u32,
    /// Slots from here on were never used: their memory is not touched before it is needed.
    fresh: u32,
    count: u32,
}

impl<'m, T> Queues<'m, T> {
    /// Places for queues in `slots`, which must be new.
    pub fn new(slots: &'m mut [QueueSlot<T>]) -> Self {
        assert!(slots.len() < NONE as usize, "an index has 32 bits");
        Self { slots, vacant: NONE, fresh: 0, count: 0 }
    }

    /// Appends `value` to `queue`; gives it back when all places are taken.
    pub fn push(&mut self, queue: &mut Queue, value: T) -> Result<(), T> {
        let Some(index) = self.take_vacant() else { return Err(value) };
        self.slots[index as usize] = QueueSlot { next: NONE, value: Place::Taken(value) };
        match self.slots.get_mut(queue.tail as usize) {
            Some(tail) => tail.next = index,
            None => queue.head = index,
        }
        queue.tail = index;
        queue.len += 1;
        self.count += 1;
        Ok(())
    }

    /// The first of `queue`, which stays there.
    pub fn first(&self, queue: &Queue) -> Option<&T> {
        self.slots.get(queue.head as usize)?.value.as_ref()
    }

    /// Takes the first of `queue`.
    pub fn pop(&mut self, queue: &mut Queue) -> Option<T> {
        let index = queue.head;
        let slot = self.slots.get_mut(index as usize)?;
        let value = slot.value.take();
        queue.head = slot.next;
        if queue.head == NONE {
            queue.tail = NONE;
        }
        queue.len -= 1;
        slot.next = self.vacant;
        self.vacant = index;
        self.count -= 1;
        value
    }

    /// How many places are left.
    pub fn vacancies(&self) -> usize {
        self.slots.len() - self.count as usize
    }

    /// How many values wait in all queues.
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn take_vacant(&mut self) -> Option<u32> {
        if let Some(slot) = self.slots.get(self.vacant as usize) {
            let index = self.vacant;
            self.vacant = slot.next;
            return Some(index);
        }
        if (self.fresh as usize) < self.slots.len() {
            self.fresh += 1;
            return Some(self.fresh - 1);
        }
        None
    }
}

const NONE: u32 = u32::MAX;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;
    use std::vec::Vec;

    proptest! {
        #[test]
        fn queues_keep_their_order_whatever_the_others_do(
            steps in proptest::collection::vec((0_usize..3, any::<bool>()), 0..200),
        ) {
            let mut slots: Vec<QueueSlot<usize>> = (0..16).map(|_| QueueSlot::default()).collect();
            let mut queues = Queues::new(&mut slots);
            let mut ends = [Queue::EMPTY; 3];
            let mut model: [VecDeque<usize>; 3] = Default::default();
            for (number, (which, push)) in steps.into_iter().enumerate() {
                if push {
                    let full = model.iter().map(VecDeque::len).sum::<usize>() == 16;
                    prop_assert_eq!(queues.push(&mut ends[which], number).is_err(), full);
                    if !full {
                        model[which].push_back(number);
                    }
                } else {
                    prop_assert_eq!(queues.first(&ends[which]), model[which].front());
                    prop_assert_eq!(queues.pop(&mut ends[which]), model[which].pop_front());
                }
                prop_assert_eq!(ends[which].len(), model[which].len());
                prop_assert_eq!(queues.len() + queues.vacancies(), 16);
            }
        }
    }
}
