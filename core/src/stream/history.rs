//! The last packets of one encoding, kept for whoever needs them again.

use crate::store::{PacketId, Pool};
use crate::stream::Facts;

/// A window over a lent table of packet names: an encoding's part of it, used as a ring by sequence number.
#[derive(Clone, Copy, Debug)]
pub struct History {
    start: u32,
    capacity: u32,
    oldest: u64,
    newest: u64,
    count: u32,
}

impl History {
    /// A history in places `start .. start + capacity` of the lent table.
    pub fn new(start: usize, capacity: usize) -> Self {
        Self { start: start as u32, capacity: capacity as u32, oldest: 0, newest: 0, count: 0 }
    }

    /// Keeps `packet` under its extended sequence number, and lets go of whatever had its place. The history becomes
    /// one of its readers.
    pub fn insert(&mut self, ring: &mut [PacketId], pool: &mut Pool<'_, Facts>, index: u64, packet: PacketId) {
        if self.count == 0 {
            self.oldest = index;
            self.newest = index;
        }
        if index + u64::from(self.capacity) <= self.newest {
            pool.release(packet);
            return;
        }
        if let Some(place) = ring.get_mut(self.place(index)) {
            if place.is_some() {
                pool.release(*place);
                self.count -= 1;
            }
            *place = packet;
            self.count += 1;
            self.newest = self.newest.max(index);
            self.oldest = self.oldest.min(index).max((self.newest + 1).saturating_sub(u64::from(self.capacity)));
        } else {
            pool.release(packet);
        }
    }

    /// The packet with this extended sequence number, if it is still kept.
    pub fn get(&self, ring: &[PacketId], pool: &Pool<'_, Facts>, index: u64) -> Option<PacketId> {
        let packet = *ring.get(self.place(index))?;
        let facts = if packet.is_some() { pool.note(packet)? } else { return None };
        (facts.index == index).then_some(packet)
    }

    /// Lets go of the oldest packet; false if there is none.
    pub fn drop_oldest(&mut self, ring: &mut [PacketId], pool: &mut Pool<'_, Facts>) -> bool {
        for index in self.oldest..=self.newest {
            self.oldest = index + 1;
            let place = self.place(index);
            let Some(packet) = ring.get_mut(place).filter(|packet| packet.is_some()) else { continue };
            pool.release(core::mem::take(packet));
            self.count -= 1;
            return true;
        }
        false
    }

    /// Lets go of everything.
    pub fn clear(&mut self, ring: &mut [PacketId], pool: &mut Pool<'_, Facts>) {
        let end = (self.start + self.capacity) as usize;
        for packet in ring.get_mut(self.start as usize..end).into_iter().flatten().filter(|packet| packet.is_some()) {
            pool.release(core::mem::take(packet));
        }
        self.count = 0;
    }

    /// How many packets are kept.
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether none is kept.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    fn place(&self, index: u64) -> usize {
        self.start as usize + (index % u64::from(self.capacity.max(1))) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::PacketSlot;
    use proptest::prelude::*;
    use std::vec::Vec;

    proptest! {
        #[test]
        fn a_packet_is_found_as_long_as_it_is_among_the_newest(
            steps in proptest::collection::vec(1_u64..5, 1..60),
            start in 65_500_u64..65_600,
        ) {
            let mut slots: Vec<PacketSlot<Facts>> = (0..9).map(|_| PacketSlot::default()).collect();
            let mut bytes = std::vec![0; 9 * crate::store::PACKET_BYTES];
            let mut pool = Pool::new(&mut slots, &mut bytes);
            let mut ring = [PacketId::NONE; 12];
            let mut history = History::new(4, 8);
            let mut kept = Vec::new();
            let mut index = start;
            for step in steps {
                index += step;
                let packet = pool.insert(b"x", Facts { index, ..Facts::default() }).unwrap();
                history.insert(&mut ring, &mut pool, index, packet);
                kept.push(index);
                for old in &kept {
                    let found = history.get(&ring, &pool, *old).is_some();
                    prop_assert!(found || old + 8 <= index);
                }
                prop_assert_eq!(pool.len(), history.len());
            }
            let mut dropped = 0;
            while history.drop_oldest(&mut ring, &mut pool) {
                dropped += 1;
            }
            prop_assert!(dropped > 0 && pool.is_empty() && history.is_empty());
            prop_assert!(ring.iter().all(|packet| !packet.is_some()));
        }
    }
}
