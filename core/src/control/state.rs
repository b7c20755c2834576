//! Everything the control half remembers.

use heapless::Vec;

use super::access::StoredToken;
use super::capture::{CAPTURES, RunningCapture};
use super::handle::Handle;
use super::memory::SHARDS;
use super::options::Options;
use super::session::Session;
use super::shard::Shard;
use crate::id::{HandleId, RoomId, SessionId, StreamId};
use crate::room::{Name, PublishedStream, Publisher, Room, StreamPlace};
use crate::store::Table;

/// All tables.
pub(crate) struct State<'m> {
    pub(crate) options: Options,
    pub(crate) sessions: Table<'m, Session>,
    pub(crate) handles: Table<'m, Handle>,
    pub(crate) rooms: Table<'m, Room>,
    pub(crate) tokens: Table<'m, StoredToken>,
    pub(crate) captures: Vec<RunningCapture, CAPTURES>,
    pub(crate) shards: Vec<Shard<'m>, SHARDS>,
}

impl<'m> State<'m> {
    /// The session that clients call `number`.
    pub(crate) fn session(&self, number: u64) -> Option<SessionId> {
        self.sessions.iter().find(|(_, session)| session.number == number).map(|(id, _)| id.into())
    }

    /// The handle that clients call `number`, if it is of `session`.
    pub(crate) fn handle(&self, session: SessionId, number: u64) -> Option<HandleId> {
        let mut handles = self.handles.iter();
        handles.find(|(_, handle)| handle.number == number && handle.session == session).map(|(id, _)| id.into())
    }

    /// The room that clients call `name`.
    pub(crate) fn room(&self, name: Name) -> Option<RoomId> {
        self.rooms.iter().find(|(_, room)| room.settings.room == name).map(|(id, _)| id.into())
    }

    /// The capture of `handle`'s packets.
    pub(crate) fn capture(&self, handle: HandleId) -> Option<&RunningCapture> {
        self.captures.iter().find(|capture| capture.handle == handle)
    }

    /// Everybody who joined `room` to publish.
    pub(crate) fn publishers(&self, room: RoomId) -> impl Iterator<Item = (HandleId, &Handle, &Publisher)> {
        self.handles.iter().filter_map(move |(id, handle)| {
            let publisher = handle.publisher()?;
            (publisher.room == Some(room)).then_some((id.into(), handle, publisher))
        })
    }

    /// The publisher of `room` whom clients call `name`.
    pub(crate) fn feed(&self, room: RoomId, name: Name) -> Option<(HandleId, &Handle, &Publisher)> {
        self.publishers(room).find(|(_, _, publisher)| publisher.name == name)
    }

    /// A published m-line.
    pub(crate) fn stream(&self, shard: u8, stream: StreamId) -> Option<&PublishedStream> {
        self.shards.get(usize::from(shard))?.streams.get(stream)
    }

    /// What `shard` calls an m-line, if it has it.
    pub(crate) fn stream_in(&self, shard: u8, place: StreamPlace) -> Option<StreamId> {
        let stream = self.stream(place.shard, place.stream).filter(|_| place.shard != shard);
        let Some(stream) = stream else { return (place.shard == shard).then_some(place.stream) };
        let tables = self.shards.get(usize::from(shard))?;
        tables.cascades.get(tables.cascade_of(stream.handle)?)?.stream(place.stream)
    }

    /// The m-line that `shard` calls `stream`, wherever its publisher is.
    pub(crate) fn place_of(&self, shard: u8, stream: StreamId) -> StreamPlace {
        let cascades = self.shards.get(usize::from(shard)).into_iter().flat_map(|tables| tables.cascades.iter());
        let mut fed = cascades.flat_map(|(_, cascade)| cascade.streams.iter().map(move |it| (cascade.home, it)));
        let fed = fed.find(|(_, it)| it.stream == stream);
        fed.map_or(StreamPlace { shard, stream }, |(shard, it)| StreamPlace { shard, stream: it.source })
    }

    /// How many subscribers get an m-line, or what is said on it.
    pub(crate) fn watchers_of(&self, place: StreamPlace) -> usize {
        self.shards.iter().map(|tables| tables.watchers_of(place)).sum()
    }

    /// How many PeerConnections of `shard` have, or will have, data channels.
    pub(crate) fn data_peers(&self, shard: u8) -> usize {
        let peers = self.handles.iter().filter_map(|(_, handle)| handle.peer.as_ref());
        peers.filter(|peer| peer.has_data && peer.shard == shard).count()
    }

    /// The shard of `number`.
    pub(crate) fn shard_mut(&mut self, number: u8) -> Option<&mut Shard<'m>> {
        self.shards.get_mut(usize::from(number))
    }

    /// The shard with the most free links.
    pub(crate) fn idlest_shard(&self) -> u8 {
        let shards = self.shards.iter().enumerate();
        // Of equals the first: `max_by_key` would take the last.
        shards.rev().max_by_key(|(_, shard)| shard.free_links()).map_or(0, |(number, _)| number as u8)
    }
}
