//! The memory that a shard is lent, and its exact sum.

use core::mem::size_of;

use crate::forward::{Queued, Relay, SENT_PACKETS, SentEntry, Subscription};
use crate::limits::Limits;
use crate::link::{DEPARTURES, DepartureEntry, Gcm, Link, RouteSlot};
use crate::store::{PACKET_BYTES, PacketId, PacketSlot, QueueSlot, Slot};
use crate::stream::{AUDIO_HISTORY_PACKETS, Conversation, Facts, Stream};

/// The tables of a shard. [`tables`] says how long each must be; firmware places them in statics.
pub struct Memory<'m, G: Gcm> {
    /// PeerConnections.
    pub links: &'m mut [Slot<Link<G>>],
    /// Their addresses.
    pub routes: &'m mut [RouteSlot],
    /// What left them lately. Best lent from memory that the system zeroes on first use.
    pub departures: &'m mut [DepartureEntry],
    /// Published m-lines.
    pub streams: &'m mut [Slot<Stream>],
    /// M-lines of subscribers.
    pub subscriptions: &'m mut [Slot<Subscription>],
    /// What they sent lately. Best lent from memory that the system zeroes on first use.
    pub sent: &'m mut [SentEntry],
    /// Streams that go to addresses.
    pub relays: &'m mut [Slot<Relay<G>>],
    /// Packets.
    pub packets: &'m mut [PacketSlot<Facts>],
    /// Their bytes. Best lent from memory that the system zeroes on first use: it is by far the largest table.
    pub packet_bytes: &'m mut [u8],
    /// Which packets are kept, by stream.
    pub histories: &'m mut [PacketId],
    /// Packets that wait to leave.
    pub queued: &'m mut [QueueSlot<Queued>],
    /// People who hear each other.
    pub conversations: &'m mut [Slot<Conversation>],
}

/// One table's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TableSize {
    /// What it holds.
    pub name: &'static str,
    /// How many.
    pub count: usize,
    /// Bytes of each.
    pub bytes_each: usize,
}

impl TableSize {
    /// Bytes of all.
    pub const fn bytes(&self) -> usize {
        self.count * self.bytes_each
    }
}

/// The sizes of one shard's tables, in the order of [`Memory`]'s fields.
pub const fn tables<G: Gcm>(limits: &Limits) -> [TableSize; 12] {
    let subscriptions = limits.subscriptions as usize;
    let history = limits.history_packets as usize;
    [
        table("links", limits.links(), size_of::<Slot<Link<G>>>()),
        table("routes", routes(limits), size_of::<RouteSlot>()),
        table("departures", limits.links() * DEPARTURES, size_of::<DepartureEntry>()),
        table("streams", limits.streams(), size_of::<Slot<Stream>>()),
        table("subscriptions", subscriptions, size_of::<Slot<Subscription>>()),
        table("sent packets", subscriptions * SENT_PACKETS, size_of::<SentEntry>()),
        table("relays", limits.relays as usize, size_of::<Slot<Relay<G>>>()),
        table("packets", packets(limits), size_of::<PacketSlot<Facts>>()),
        table("packet bytes", packets(limits) * PACKET_BYTES, 1),
        table("histories", limits.streams() * history, size_of::<PacketId>()),
        table("queued packets", limits.queued_packets as usize, size_of::<QueueSlot<Queued>>()),
        table("conversations", limits.rooms as usize, size_of::<Slot<Conversation>>()),
    ]
}

/// Their counts alone: the parameters of [`super::Storage`].
pub const fn counts<G: Gcm>(limits: &Limits) -> [usize; 12] {
    let tables = tables::<G>(limits);
    let mut counts = [0; 12];
    let mut at = 0;
    while at < counts.len() {
        counts[at] = tables[at].count;
        at += 1;
    }
    counts
}

const fn table(name: &'static str, count: usize, bytes_each: usize) -> TableSize {
    TableSize { name, count, bytes_each }
}

/// One video and one audio history for each publisher. Who sends more than that shares; see
/// [`Stream::accept`](crate::stream::Stream::accept).
const fn packets(limits: &Limits) -> usize {
    limits.publishers as usize * (limits.history_packets as usize + AUDIO_HISTORY_PACKETS)
}

/// Some addresses for each link, and room that keeps a hash table fast.
const fn routes(limits: &Limits) -> usize {
    (limits.links() * 4).next_power_of_two()
}
