//! Packets in fixed slots over lent memory, counted by their readers, with one note of type `N` beside each.

use core::num::NonZeroU32;

use crate::store::{Place, Zeroable};

/// The name of a packet in its pool. All zero names none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Zeroable)]
pub struct PacketId(Option<NonZeroU32>);

impl PacketId {
    /// No packet. A lent table of names starts with it.
    pub const NONE: Self = Self(None);

    /// Whether it names a packet.
    pub const fn is_some(self) -> bool {
        self.0.is_some()
    }

    /// The packet in the slot `index`.
    const fn at(index: u32) -> Self {
        Self(NonZeroU32::new(index + 1))
    }

    /// Its slot; of no packet one that no pool has.
    fn index(self) -> usize {
        (self.0.map_or(0, NonZeroU32::get).wrapping_sub(1)) as usize
    }
}

/// The largest packet that is kept: what an Ethernet frame leaves after IPv4, UDP and the shorter SRTP tag.
pub const PACKET_BYTES: usize = 1462;

/// What a [`Pool`] knows of one packet; the bytes lie apart, so that memory nobody used yet stays untouched.
#[derive(Debug, Zeroable)]
#[zeroable(bound = "")]
pub struct PacketSlot<N> {
    len: u16,
    readers: u32,
    next_vacant: u32,
    note: Place<N>,
}

impl<N> Default for PacketSlot<N> {
    fn default() -> Self {
        Self { len: 0, readers: 0, next_vacant: 0, note: Place::Vacant }
    }
}

/// Packets that several readers share. A slot is vacant again when its last reader let go.
#[derive(Debug)]
pub struct Pool<'m, N> {
    slots: &'m mut [PacketSlot<N>],
    bytes: &'m mut [u8],
    vacant: u32,
    /// Slots from here on were never used: their memory is not touched before it is needed.
    fresh: u32,
    count: u32,
}

impl<'m, N> Pool<'m, N> {
    /// A pool in `slots`, which must be new, and `bytes`, [`PACKET_BYTES`] for each of them.
    pub fn new(slots: &'m mut [PacketSlot<N>], bytes: &'m mut [u8]) -> Self {
        assert!(slots.len() < u32::MAX as usize, "an index has 32 bits");
        assert!(bytes.len() >= slots.len() * PACKET_BYTES, "each slot has its bytes");
        Self { slots, bytes, vacant: u32::MAX, fresh: 0, count: 0 }
    }

    /// Copies `bytes` into a vacant slot, with one reader. `None` if there is no slot, or if they are too many.
    pub fn insert(&mut self, bytes: &[u8], note: N) -> Option<PacketId> {
        if bytes.len() > PACKET_BYTES {
            return None;
        }
        let index = self.take_vacant()?;
        let slot = &mut self.slots[index as usize];
        let start = index as usize * PACKET_BYTES;
        self.bytes[start..start + bytes.len()].copy_from_slice(bytes);
        slot.len = bytes.len() as u16;
        slot.readers = 1;
        slot.note = Place::Taken(note);
        self.count += 1;
        Some(PacketId::at(index))
    }

    /// The content of a packet.
    pub fn bytes(&self, packet: PacketId) -> &[u8] {
        let Some(slot) = self.slots.get(packet.index()) else { return &[] };
        let start = packet.index() * PACKET_BYTES;
        &self.bytes[start..start + usize::from(slot.len)]
    }

    /// The note beside a packet.
    pub fn note(&self, packet: PacketId) -> Option<&N> {
        self.slots.get(packet.index())?.note.as_ref()
    }

    /// One more reader.
    pub fn retain(&mut self, packet: PacketId) {
        if let Some(slot) = self.slots.get_mut(packet.index()) {
            debug_assert!(slot.readers > 0, "a reader must hold the packet already");
            slot.readers += 1;
        }
    }

    /// One reader less.
    pub fn release(&mut self, packet: PacketId) {
        let Some(slot) = self.slots.get_mut(packet.index()) else { return };
        debug_assert!(slot.readers > 0, "released more often than retained");
        slot.readers = slot.readers.saturating_sub(1);
        if slot.readers == 0 {
            slot.next_vacant = self.vacant;
            self.vacant = packet.index() as u32;
            self.count -= 1;
        }
    }

    /// How many packets there are.
    pub fn len(&self) -> usize {
        self.count as usize
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many there can be.
    pub fn capacity(&self) -> usize {
        self.slots.len()
    }

    fn take_vacant(&mut self) -> Option<u32> {
        if let Some(slot) = self.slots.get(self.vacant as usize) {
            let index = self.vacant;
            self.vacant = slot.next_vacant;
            return Some(index);
        }
        if (self.fresh as usize) < self.slots.len() {
            self.fresh += 1;
            return Some(self.fresh - 1);
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn a_slot_is_vacant_when_its_last_reader_let_go() {
        let mut slots: Vec<PacketSlot<u8>> = (0..2).map(|_| PacketSlot::default()).collect();
        let mut bytes = [0; 2 * PACKET_BYTES];
        let mut pool = Pool::new(&mut slots, &mut bytes);
        let first = pool.insert(b"first", 1).unwrap();
        let second = pool.insert(b"second", 2).unwrap();
        assert_eq!(pool.insert(b"third", 3), None);
        pool.retain(first);
        pool.release(first);
        assert_eq!(pool.insert(b"third", 3), None);
        pool.release(first);
        let third = pool.insert(b"third", 3).unwrap();
        assert_eq!(pool.bytes(third), b"third");
        assert_eq!(pool.bytes(second), b"second");
        assert_eq!(pool.note(second), Some(&2));
        assert_eq!(pool.len(), 2);
    }

    #[test]
    fn a_packet_that_is_too_long_is_refused() {
        let mut slots = [PacketSlot::<()>::default()];
        let mut bytes = [0; PACKET_BYTES];
        let mut pool = Pool::new(&mut slots, &mut bytes);
        assert_eq!(pool.insert(&[0; PACKET_BYTES + 1], ()), None);
        assert!(pool.insert(&[0; PACKET_BYTES], ()).is_some());
    }
}
