//! Rooms that somebody's `join` makes from a template and that vanish with the last one in them. Janus has none: a room
//! that does not exist is refused there, and here where the configuration has no template.

use super::Outlet;
use super::error::{Refusal, plugin, refuse};
use super::handle::Handle;
use super::json::Value;
use super::notify::{RoomNotice, Subject};
use super::parameter::name_at;
use super::turn::Turn;
use crate::id::RoomId;
use crate::random::Random;
use crate::room::{Name, RoomSettings};

impl<R: Random, O: Outlet> Turn<'_, '_, R, O> {
    /// The room that the `join` of a publisher names. One that is not there is made, where there is a template: if the
    /// join is refused after all, it vanishes with the turn.
    pub(crate) fn room_to_publish_in(&mut self, body: Value<'_>) -> Result<RoomId, Refusal> {
        let name = name_at(body, "room").unwrap_or_default();
        let template = self.settings.dynamic_room.as_ref().filter(|_| !name.is_empty());
        let (Some(template), None) = (template, self.state.room(name)) else { return self.room_of(body) };
        self.add_room(RoomSettings { room: name, ..template.clone() })?;
        let id = self.state.room(name).ok_or_else(|| refuse!(plugin::NO_ROOM, "room", "No such room ({name})"))?;
        if let Some(room) = self.state.rooms.get_mut(id) {
            room.is_dynamic = true;
        }
        self.notify_dynamic("created", name);
        Ok(id)
    }

    /// Ends the rooms that a `join` made and nobody is in any more. It is the last thing that a turn does.
    pub(crate) fn end_empty_rooms(&mut self) {
        if self.settings.dynamic_room.is_none() {
            return;
        }
        for index in 0..self.state.rooms.capacity() as u16 {
            let Some(room) = self.state.rooms.at(index).filter(|room| room.is_dynamic) else { continue };
            let name = room.settings.room;
            let id = self.state.rooms.id_at(index).map(RoomId::from);
            let Some(id) = id.filter(|id| !self.state.handles.iter().any(|(_, handle)| is_in(handle, *id))) else {
                continue;
            };
            say!(info, "room {} was destroyed: nobody is in it", name);
            self.notify_dynamic("destroyed", name);
            // A dummy publisher may be left.
            self.empty_room(id);
            self.remove_room(id);
        }
    }

    fn notify_dynamic(&mut self, event: &'static str, room: Name) {
        let notice = RoomNotice { event, room, ..RoomNotice::default() };
        self.post.notify_plugin(self.state, Subject::Nobody, &notice);
    }
}

/// Whether `handle` keeps `room` from vanishing: it joined to publish, or has a PeerConnection to watch.
fn is_in(handle: &Handle, room: RoomId) -> bool {
    let publishes = handle.publisher().is_some_and(|publisher| publisher.room == Some(room)) && !handle.is_unattended();
    publishes || handle.peer.is_some() && handle.subscriber().is_some_and(|subscriber| subscriber.room == room)
}
