//! Who is recorded: told to those in a room whose clients asked for it, which Janus' do not.

use serde::Serialize;

use super::Outlet;
use super::reply::{Each, EventWord};
use super::state::State;
use super::turn::Turn;
use crate::id::{HandleId, RoomId};
use crate::random::Random;
use crate::room::{Name, Relayed};

impl State<'_> {
    /// Whether anything that `handle` publishes goes into a file.
    pub(crate) fn is_in_files(&self, handle: HandleId) -> bool {
        let shard = self.handles.get(handle).and_then(|entry| entry.shard());
        let tables = shard.and_then(|shard| self.shards.get(usize::from(shard)));
        let is_its = |relayed: &Relayed| matches!(relayed, Relayed::Recording(it) if it.handle == handle);
        tables.is_some_and(|tables| tables.relays.iter().any(|(_, relayed)| is_its(relayed)))
    }
}

impl<R: Random, O: Outlet> Turn<'_, '_, R, O> {
    /// Tells everybody in `room` who wants to know it who is recorded from now on.
    pub(crate) fn tell_recorded(&mut self, room: RoomId) {
        let state = &*self.state;
        let Some(event) = event_of(state, room) else { return };
        for (handle, _, _) in state.publishers(room).filter(|(_, _, publisher)| publisher.hears_recordings) {
            self.post.event(state, handle, None, &event, None);
        }
    }

    /// The same for the room that `handle` is in.
    pub(super) fn tell_room_of(&mut self, handle: HandleId) {
        let publisher = self.state.handles.get(handle).and_then(|entry| entry.publisher());
        if let Some(room) = publisher.and_then(|publisher| publisher.room) {
            self.tell_recorded(room);
        }
    }

    /// Tells somebody who joined `room` and wants to know it who is recorded, if anybody is.
    pub(super) fn tell_recorded_now(&mut self, room: RoomId, handle: HandleId) {
        let state = &*self.state;
        let wants = state.handles.get(handle).and_then(|entry| entry.publisher()).is_some_and(|it| it.hears_recordings);
        let is_anybody = state.publishers(room).any(|(handle, _, _)| state.is_in_files(handle));
        if wants
            && is_anybody
            && let Some(event) = event_of(state, room)
        {
            self.post.event(state, handle, None, &event, None);
        }
    }
}

/// Who is recorded.
#[derive(Serialize)]
struct RecordedEvent<N: Serialize> {
    videoroom: EventWord,
    room: Name,
    recorded: N,
}

/// What is told of `room`.
fn event_of<'a, 'm>(
    state: &'a State<'m>,
    room: RoomId,
) -> Option<RecordedEvent<Each<impl Iterator<Item = Name> + Clone + use<'a, 'm>>>> {
    let name = state.rooms.get(room)?.settings.room;
    let names = (0..state.handles.capacity() as u16).filter_map(move |index| {
        let handle = state.handles.id_at(index).map(HandleId::from)?;
        let publisher = state.handles.get(handle)?.publisher().filter(|it| it.room == Some(room))?;
        state.is_in_files(handle).then_some(publisher.name)
    });
    Some(RecordedEvent { videoroom: EventWord::default(), room: name, recorded: Each(names) })
}
