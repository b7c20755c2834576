//! The control half's memory: lent once, never grown.

use heapless::Vec;

use super::access::StoredToken;
use super::handle::Handle;
use super::session::Session;
use super::shard::LinkEntry;
use crate::limits::Limits;
use crate::room::{Cascade, DataSource, PublishedStream, Relayed, Remote, Room, SubscribedStream};
use crate::store::{Slot, Zeroable};

/// The most shards of a box.
pub const SHARDS: usize = 32;

/// The least size of a buffer, so that a list of all rooms fits.
const LEAST_BUFFER_BYTES: usize = 65_536;

/// Lends memory at start. The platform takes it from the heap, a firmware from a `static`.
pub trait Lender<'m> {
    /// `count` values for the table `name`, all zero: best from memory that the system zeroes on first use, so that
    /// what nobody needs yet takes none.
    fn lend<T: Zeroable + 'm>(&mut self, name: &'static str, count: usize) -> &'m mut [T];
}

/// All tables and buffers of the control half.
pub struct Memory<'m> {
    pub(super) sessions: &'m mut [Slot<Session>],
    pub(super) handles: &'m mut [Slot<Handle>],
    pub(super) rooms: &'m mut [Slot<Room>],
    pub(super) tokens: &'m mut [Slot<StoredToken>],
    pub(super) shards: Vec<ShardMemory<'m>, SHARDS>,
    /// A message on its way out.
    pub(super) message: &'m mut [u8],
    /// A peer's description, unescaped.
    pub(super) remote: &'m mut [u8],
    /// Our description, before it is escaped.
    pub(super) local: &'m mut [u8],
}

/// What the control half knows about one shard.
pub(super) struct ShardMemory<'m> {
    pub(super) links: &'m mut [Slot<LinkEntry>],
    pub(super) streams: &'m mut [Slot<PublishedStream>],
    pub(super) subscriptions: &'m mut [Slot<SubscribedStream>],
    pub(super) relays: &'m mut [Slot<Relayed>],
    pub(super) remotes: &'m mut [Slot<Remote>],
    pub(super) data_sources: &'m mut [Slot<DataSource>],
    pub(super) cascades: &'m mut [Slot<Cascade>],
}

impl<'m> Memory<'m> {
    /// Takes all that `limits` ask for with `shards` shards.
    pub fn new(limits: &Limits, shards: u8, lender: &mut impl Lender<'m>) -> Self {
        let [sessions, handles, rooms, tokens, links, streams, subscriptions, relays, remotes, cascades, ..] =
            lengths(limits);
        let [.., remote, buffer] = lengths(limits);
        Self {
            sessions: lender.lend("sessions", sessions),
            handles: lender.lend("handles", handles),
            rooms: lender.lend("rooms", rooms),
            tokens: lender.lend("tokens", tokens),
            shards: (0..usize::from(shards).min(SHARDS))
                .map(|_| ShardMemory {
                    links: lender.lend("links, control half", links),
                    streams: lender.lend("streams, control half", streams),
                    subscriptions: lender.lend("subscriptions, control half", subscriptions),
                    relays: lender.lend("relays, control half", relays),
                    remotes: lender.lend("remote publishers", remotes),
                    data_sources: lender.lend("data sources, control half", data_sources(limits, subscriptions)),
                    cascades: lender.lend("cascades", cascades),
                })
                .collect(),
            message: lender.lend("message buffer", buffer),
            remote: lender.lend("remote description buffer", remote),
            local: lender.lend("local description buffer", buffer),
        }
    }
}

/// As many sources as subscriptions, where there are data channels.
pub(super) const fn data_sources(limits: &Limits, subscriptions: usize) -> usize {
    if limits.data_channels == 0 { 0 } else { subscriptions }
}

/// The entries of each table, in the order of the parameters of [`super::Storage`]: sessions, handles, rooms, tokens;
/// of each shard links, streams, subscriptions, relays, ways to other boxes, publishers of other shards; bytes of a
/// request, and of each other buffer.
pub const fn lengths(limits: &Limits) -> [usize; 12] {
    let request = limits.request_bytes as usize;
    [
        limits.sessions as usize,
        limits.handles as usize,
        limits.rooms as usize,
        limits.tokens as usize,
        limits.links(),
        limits.streams(),
        limits.subscriptions as usize,
        limits.relays as usize,
        limits.remote_publishers as usize,
        limits.cascades as usize,
        request,
        if request > LEAST_BUFFER_BYTES { request } else { LEAST_BUFFER_BYTES },
    ]
}

/// Says for each table of the control half its name, its entries, and the bytes of one.
pub fn memory(limits: &Limits, shards: u8, each: impl FnMut(&'static str, usize, usize)) {
    struct Count<F>(F);
    impl<'m, F: FnMut(&'static str, usize, usize)> Lender<'m> for Count<F> {
        fn lend<T: Zeroable + 'm>(&mut self, name: &'static str, count: usize) -> &'m mut [T] {
            (self.0)(name, count, size_of::<T>());
            &mut []
        }
    }
    let _ = Memory::new(limits, shards, &mut Count(each));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sum_counts_every_table_of_every_shard() {
        let sum = |shards| {
            let mut total = 0;
            memory(&Limits::DEFAULT, shards, |_, count, bytes| total += count * bytes);
            total
        };
        assert!(sum(2) > sum(1));
        assert!(sum(1) < 8 << 20, "{} bytes", sum(1));
    }
}
