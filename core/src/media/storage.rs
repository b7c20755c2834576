//! A shard's memory as one value that a firmware places in a `static`.

use crate::forward::{Queued, Relay, SentEntry, Subscription};
use crate::limits::Limits;
use crate::link::{DepartureEntry, Gcm, Link, RouteSlot};
use crate::media::{Memory, tables};
use crate::store::{PacketId, PacketSlot, QueueSlot, Reserve, Slot};
use crate::stream::{Conversation, Facts, Stream};

/// Memory for the limits whose [`counts`](crate::media::counts) the other parameters are, in that order.
pub struct Storage<
    G: Gcm,
    const LINKS: usize,
    const ROUTES: usize,
    const DEPARTED: usize,
    const STREAMS: usize,
    const SUBSCRIPTIONS: usize,
    const SENT: usize,
    const RELAYS: usize,
    const PACKETS: usize,
    const PACKET_BYTES: usize,
    const HISTORIES: usize,
    const QUEUED: usize,
    const CONVERSATIONS: usize,
> {
    links: Reserve<Slot<Link<G>>, LINKS>,
    routes: Reserve<RouteSlot, ROUTES>,
    departures: [DepartureEntry; DEPARTED],
    streams: Reserve<Slot<Stream>, STREAMS>,
    subscriptions: Reserve<Slot<Subscription>, SUBSCRIPTIONS>,
    sent: [SentEntry; SENT],
    relays: Reserve<Slot<Relay<G>>, RELAYS>,
    packets: Reserve<PacketSlot<Facts>, PACKETS>,
    packet_bytes: [u8; PACKET_BYTES],
    histories: Reserve<PacketId, HISTORIES>,
    queued: Reserve<QueueSlot<Queued>, QUEUED>,
    conversations: Reserve<Slot<Conversation>, CONVERSATIONS>,
}

/// The type of the [`Storage`](crate::media::Storage) of a shard with this cipher and these limits, a constant.
#[macro_export]
macro_rules! media_storage {
    ($gcm:ty, $limits:expr) => {
        $crate::media::Storage<
            $gcm,
            { $crate::media::counts::<$gcm>(&$limits)[0] },
            { $crate::media::counts::<$gcm>(&$limits)[1] },
            { $crate::media::counts::<$gcm>(&$limits)[2] },
            { $crate::media::counts::<$gcm>(&$limits)[3] },
            { $crate::media::counts::<$gcm>(&$limits)[4] },
            { $crate::media::counts::<$gcm>(&$limits)[5] },
            { $crate::media::counts::<$gcm>(&$limits)[6] },
            { $crate::media::counts::<$gcm>(&$limits)[7] },
            { $crate::media::counts::<$gcm>(&$limits)[8] },
            { $crate::media::counts::<$gcm>(&$limits)[9] },
            { $crate::media::counts::<$gcm>(&$limits)[10] },
            { $crate::media::counts::<$gcm>(&$limits)[11] },
        >
    };
}

impl<
    G: Gcm,
    const LINKS: usize,
    const ROUTES: usize,
    const DEPARTED: usize,
    const STREAMS: usize,
    const SUBSCRIPTIONS: usize,
    const SENT: usize,
    const RELAYS: usize,
    const PACKETS: usize,
    const PACKET_BYTES: usize,
    const HISTORIES: usize,
    const QUEUED: usize,
    const CONVERSATIONS: usize,
>
    Storage<
        G,
        LINKS,
        ROUTES,
        DEPARTED,
        STREAMS,
        SUBSCRIPTIONS,
        SENT,
        RELAYS,
        PACKETS,
        PACKET_BYTES,
        HISTORIES,
        QUEUED,
        CONVERSATIONS,
    >
{
    /// Memory that nobody used yet.
    pub const EMPTY: Self = Self {
        links: Reserve::new(),
        routes: Reserve::new(),
        departures: [[0; size_of::<DepartureEntry>()]; DEPARTED],
        streams: Reserve::new(),
        subscriptions: Reserve::new(),
        sent: [[0; size_of::<SentEntry>()]; SENT],
        relays: Reserve::new(),
        packets: Reserve::new(),
        packet_bytes: [0; PACKET_BYTES],
        histories: Reserve::new(),
        queued: Reserve::new(),
        conversations: Reserve::new(),
    };

    /// What `limits` ask for; `None` if it is more than this is made for.
    pub fn lend(&mut self, limits: &Limits) -> Option<Memory<'_, G>> {
        let counts = tables::<G>(limits).map(|table| table.count);
        let [links, routes, departures, streams, subscriptions, sent, relays, packets, bytes, histories, rest @ ..] =
            counts;
        let [queued, rooms] = rest;
        Some(Memory {
            links: self.links.lend(links)?,
            routes: self.routes.lend(routes)?,
            departures: self.departures.get_mut(..departures)?,
            streams: self.streams.lend(streams)?,
            subscriptions: self.subscriptions.lend(subscriptions)?,
            sent: self.sent.get_mut(..sent)?,
            relays: self.relays.lend(relays)?,
            packets: self.packets.lend(packets)?,
            packet_bytes: self.packet_bytes.get_mut(..bytes)?,
            histories: self.histories.lend(histories)?,
            queued: self.queued.lend(queued)?,
            conversations: self.conversations.lend(rooms)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::control_storage;
    use crate::link::NoGcm;

    const LIMITS: Limits = Limits { publishers: 2, subscribers: 3, ..Limits::DEFAULT };
    type Whole = media_storage!(NoGcm, LIMITS);

    #[test]
    fn what_it_was_made_for_fits_and_no_more() {
        static STORAGE: Mutex<Whole> = Mutex::new(Whole::EMPTY);
        let mut storage = STORAGE.lock().unwrap();
        assert_eq!(storage.lend(&LIMITS).unwrap().links.len(), 5);
        assert_eq!(storage.lend(&Limits { publishers: 1, ..LIMITS }).unwrap().links.len(), 4);
        assert!(storage.lend(&Limits { publishers: 3, ..LIMITS }).is_none());
        let sum: usize = tables::<NoGcm>(&LIMITS).iter().map(|table| table.bytes()).sum();
        // Lengths and padding of the tables themselves.
        assert!((sum..sum + 256).contains(&size_of::<Whole>()), "{sum} and {}", size_of::<Whole>());
    }

    #[test]
    fn the_smallest_limits_take_less_than_a_megabyte() {
        let control = size_of::<control_storage!(1, Limits::SMALL)>();
        let media = size_of::<media_storage!(NoGcm, Limits::SMALL)>();
        assert!(control + media < 1_000_000, "{control} and {media}");
    }
}
