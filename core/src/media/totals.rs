//! What a shard did and holds, as whoever watches over it sees it.

use crate::drops::Drops;
use crate::link::Gcm;
use crate::media::{Counters, Media};
use crate::random::Random;

/// A copy of a shard's counters and of how full its tables of packets are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// What was done.
    pub counters: Counters,
    /// What was dropped, by cause.
    pub drops: Drops,
    /// Packets that are kept.
    pub packets: u32,
    /// How many can be.
    pub packets_limit: u32,
    /// Packets that wait to leave.
    pub queued: u32,
    /// How many can.
    pub queued_limit: u32,
}

impl<G: Gcm, R: Random> Media<'_, G, R> {
    /// How it stands now.
    pub fn totals(&self) -> Totals {
        Totals {
            counters: self.counters,
            drops: self.drops,
            packets: self.pool.len() as u32,
            packets_limit: self.pool.capacity() as u32,
            queued: self.queues.len() as u32,
            queued_limit: self.limits.queued_packets,
        }
    }
}
