//! Memory that is taken at start and lent to the core for the life of the process.

use std::iter::repeat_with;

use parlor_core::control::Lender;
use parlor_core::forward::SentEntry;
use parlor_core::limits::Limits;
use parlor_core::link::Gcm;
use parlor_core::media::{self, tables};

/// Lends from the heap.
pub struct Heap;

impl Lender<'static> for Heap {
    fn lend<T: Default + 'static>(&mut self, _name: &'static str, count: usize) -> &'static mut [T] {
        repeat_with(T::default).take(count).collect::<Vec<T>>().leak()
    }
}

/// The tables of one shard.
pub fn shard<G: Gcm + 'static>(limits: &Limits) -> media::Memory<'static, G> {
    let [links, routes, departures, streams, subscriptions, sent, relays, packets, packet_bytes, histories, queued] =
        tables::<G>(limits).map(|table| table.count);
    let mut heap = Heap;
    media::Memory {
        links: heap.lend("", links),
        routes: heap.lend("", routes),
        // Pages that the system zeroes when they are first used: an idle server takes none of them.
        departures: vec![[0; 8]; departures].leak(),
        streams: heap.lend("", streams),
        subscriptions: heap.lend("", subscriptions),
        relays: heap.lend("", relays),
        sent: vec![SentEntry::default(); sent].leak(),
        packets: heap.lend("", packets),
        packet_bytes: vec![0; packet_bytes].leak(),
        histories: heap.lend("", histories),
        queued: heap.lend("", queued),
    }
}
