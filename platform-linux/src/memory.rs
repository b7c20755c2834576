//! Memory that is taken at start and lent to the core for the life of the process.

use bytemuck::zeroed_slice_box;
use parlor_core::control::{self, Lender};
use parlor_core::limits::Limits;
use parlor_core::media::{self, tables};
use parlor_core::store::Zeroable;

use crate::crypto::RingGcm;

/// Where the core's tables are. Each part is asked for once.
pub trait Tables: Sync {
    /// Whether there is place for these limits with `shards` shards. The error is a sentence.
    fn hold(&self, _limits: &Limits, _shards: u8) -> Result<(), String> {
        Ok(())
    }

    /// A line on where they are, if there is something to say.
    fn described(&self) -> Option<String> {
        None
    }

    /// Those of the control half, with `shards` shards.
    fn control(&self, limits: &Limits, shards: u8) -> control::Memory<'static>;

    /// Those of one shard; called on its thread.
    fn shard(&self, index: u8, limits: &Limits) -> media::Memory<'static, RingGcm>;
}

/// Lends from the heap.
pub struct Heap;

impl Tables for Heap {
    fn control(&self, limits: &Limits, shards: u8) -> control::Memory<'static> {
        control::Memory::new(limits, shards, &mut Heap)
    }

    fn shard(&self, _index: u8, limits: &Limits) -> media::Memory<'static, RingGcm> {
        let counts = tables::<RingGcm>(limits).map(|table| table.count);
        let [links, routes, departures, streams, subscriptions, sent, relays, packets, bytes, histories, queue, rooms] =
            counts;
        media::Memory {
            links: lend(links),
            routes: lend(routes),
            departures: lend(departures),
            streams: lend(streams),
            subscriptions: lend(subscriptions),
            relays: lend(relays),
            sent: lend(sent),
            packets: lend(packets),
            packet_bytes: lend(bytes),
            histories: lend(histories),
            queued: lend(queue),
            conversations: lend(rooms),
        }
    }
}

impl Lender<'static> for Heap {
    fn lend<T: Zeroable + 'static>(&mut self, _name: &'static str, count: usize) -> &'static mut [T] {
        lend(count)
    }
}

/// Memory that the system zeroes when it is first used: an idle server takes next to none of it.
fn lend<T: Zeroable>(count: usize) -> &'static mut [T] {
    Box::leak(zeroed_slice_box(count))
}
