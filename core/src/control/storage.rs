//! The control half's memory as one value that a firmware places in a `static`.

use super::access::StoredToken;
use super::handle::Handle;
use super::memory::{Memory, ShardMemory, data_sources, lengths};
use super::session::Session;
use super::shard::LinkEntry;
use crate::limits::Limits;
use crate::room::{Cascade, DataSource, PublishedStream, Relayed, Remote, Room, SubscribedStream};
use crate::store::{Reserve, Slot};

/// Memory for `SHARDS` shards and the limits whose [`lengths`] the other parameters are, in that order.
pub struct Storage<
    const SHARDS: usize,
    const SESSIONS: usize,
    const HANDLES: usize,
    const ROOMS: usize,
    const TOKENS: usize,
    const LINKS: usize,
    const STREAMS: usize,
    const SUBSCRIPTIONS: usize,
    const RELAYS: usize,
    const REMOTES: usize,
    const CASCADES: usize,
    const REQUEST_BYTES: usize,
    const BUFFER_BYTES: usize,
> {
    sessions: Reserve<Slot<Session>, SESSIONS>,
    handles: Reserve<Slot<Handle>, HANDLES>,
    rooms: Reserve<Slot<Room>, ROOMS>,
    tokens: Reserve<Slot<StoredToken>, TOKENS>,
    shards: [ShardStorage<LINKS, STREAMS, SUBSCRIPTIONS, RELAYS, REMOTES, CASCADES>; SHARDS],
    message: [u8; BUFFER_BYTES],
    remote: [u8; REQUEST_BYTES],
    local: [u8; BUFFER_BYTES],
}

/// The type of the [`Storage`](crate::control::Storage) for so many shards and these limits, both constants.
#[macro_export]
macro_rules! control_storage {
    ($shards:expr, $limits:expr) => {
        $crate::control::Storage<
            { $shards },
            { $crate::control::lengths(&$limits)[0] },
            { $crate::control::lengths(&$limits)[1] },
            { $crate::control::lengths(&$limits)[2] },
            { $crate::control::lengths(&$limits)[3] },
            { $crate::control::lengths(&$limits)[4] },
            { $crate::control::lengths(&$limits)[5] },
            { $crate::control::lengths(&$limits)[6] },
            { $crate::control::lengths(&$limits)[7] },
            { $crate::control::lengths(&$limits)[8] },
            { $crate::control::lengths(&$limits)[9] },
            { $crate::control::lengths(&$limits)[10] },
            { $crate::control::lengths(&$limits)[11] },
        >
    };
}

/// What is there for one shard.
struct ShardStorage<
    const LINKS: usize,
    const STREAMS: usize,
    const SUBSCRIPTIONS: usize,
    const RELAYS: usize,
    const REMOTES: usize,
    const CASCADES: usize,
> {
    links: Reserve<Slot<LinkEntry>, LINKS>,
    streams: Reserve<Slot<PublishedStream>, STREAMS>,
    subscriptions: Reserve<Slot<SubscribedStream>, SUBSCRIPTIONS>,
    relays: Reserve<Slot<Relayed>, RELAYS>,
    remotes: Reserve<Slot<Remote>, REMOTES>,
    data_sources: Reserve<Slot<DataSource>, SUBSCRIPTIONS>,
    cascades: Reserve<Slot<Cascade>, CASCADES>,
}

impl<
    const SHARDS: usize,
    const SESSIONS: usize,
    const HANDLES: usize,
    const ROOMS: usize,
    const TOKENS: usize,
    const LINKS: usize,
    const STREAMS: usize,
    const SUBSCRIPTIONS: usize,
    const RELAYS: usize,
    const REMOTES: usize,
    const CASCADES: usize,
    const REQUEST_BYTES: usize,
    const BUFFER_BYTES: usize,
>
    Storage<
        SHARDS,
        SESSIONS,
        HANDLES,
        ROOMS,
        TOKENS,
        LINKS,
        STREAMS,
        SUBSCRIPTIONS,
        RELAYS,
        REMOTES,
        CASCADES,
        REQUEST_BYTES,
        BUFFER_BYTES,
    >
{
    /// Memory that nobody used yet.
    pub const EMPTY: Self = Self {
        sessions: Reserve::new(),
        handles: Reserve::new(),
        rooms: Reserve::new(),
        tokens: Reserve::new(),
        shards: [const {
            ShardStorage {
                links: Reserve::new(),
                streams: Reserve::new(),
                subscriptions: Reserve::new(),
                relays: Reserve::new(),
                remotes: Reserve::new(),
                data_sources: Reserve::new(),
                cascades: Reserve::new(),
            }
        }; SHARDS],
        message: [0; BUFFER_BYTES],
        remote: [0; REQUEST_BYTES],
        local: [0; BUFFER_BYTES],
    };

    /// What `limits` ask for with `shards` shards; `None` if it is more than this is made for.
    pub fn lend(&mut self, limits: &Limits, shards: u8) -> Option<Memory<'_>> {
        let [sessions, handles, rooms, tokens, links, streams, subscriptions, relays, remotes, cascades, ..] =
            lengths(limits);
        let [.., remote, buffer] = lengths(limits);
        let mut parts = heapless::Vec::new();
        for shard in self.shards.get_mut(..usize::from(shards))? {
            let part = ShardMemory {
                links: shard.links.lend(links)?,
                streams: shard.streams.lend(streams)?,
                subscriptions: shard.subscriptions.lend(subscriptions)?,
                relays: shard.relays.lend(relays)?,
                remotes: shard.remotes.lend(remotes)?,
                data_sources: shard.data_sources.lend(data_sources(limits, subscriptions))?,
                cascades: shard.cascades.lend(cascades)?,
            };
            parts.push(part).ok()?;
        }
        Some(Memory {
            sessions: self.sessions.lend(sessions)?,
            handles: self.handles.lend(handles)?,
            rooms: self.rooms.lend(rooms)?,
            tokens: self.tokens.lend(tokens)?,
            shards: parts,
            message: self.message.get_mut(..buffer)?,
            remote: self.remote.get_mut(..remote)?,
            local: self.local.get_mut(..buffer)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    const LIMITS: Limits = Limits { sessions: 3, handles: 5, ..Limits::DEFAULT };
    type Whole = control_storage!(2, LIMITS);

    #[test]
    fn what_it_was_made_for_fits_and_no_more() {
        static STORAGE: Mutex<Whole> = Mutex::new(Whole::EMPTY);
        let mut storage = STORAGE.lock().unwrap();
        {
            let memory = storage.lend(&LIMITS, 2).unwrap();
            assert_eq!((memory.sessions.len(), memory.handles.len(), memory.shards.len()), (3, 5, 2));
            assert_eq!(memory.shards[1].links.len(), LIMITS.links());
        }
        assert_eq!(storage.lend(&Limits { sessions: 1, ..LIMITS }, 1).unwrap().sessions.len(), 1);
        assert!(storage.lend(&LIMITS, 3).is_none());
        assert!(storage.lend(&Limits { handles: 6, ..LIMITS }, 2).is_none());
        assert!(storage.lend(&Limits { request_bytes: LIMITS.request_bytes + 1, ..LIMITS }, 2).is_none());
    }

    #[test]
    fn it_takes_what_the_sum_says() {
        let mut sum = 0;
        super::super::memory(&LIMITS, 2, |_, count, bytes_each| sum += count * bytes_each);
        // Lengths and padding of the tables themselves.
        assert!((sum..sum + 512).contains(&size_of::<Whole>()), "{sum} and {}", size_of::<Whole>());
    }
}
