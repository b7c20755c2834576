//! Requests about those in a room: who is there, who may come, who must go, who is muted.

use super::Outlet;
use super::error::{Refusal, plugin, refuse};
use super::json::{Text, Value};
use super::notify::{ModeratedNotice, Subject};
use super::parameter::{Parameter, Wanted, check, flag, mid_at, name_at, optional, required};
use super::reply::{AllowedList, Each, ParticipantInfo, ParticipantList, RoomEvent, Success, Whom};
use super::rooms::{NAMED, tokens_of};
use super::turn::{Caller, Done, Turn};
use crate::id::{HandleId, RoomId};
use crate::media::Command;
use crate::random::Random;
use crate::room::Name;

/// What `kick` may hold. A room that is no name is one that does not exist, as in Janus; so in the next two.
pub(crate) const KICK: &[Parameter] = &[required("id", Wanted::Name), optional("secret", Wanted::Text)];

/// What `moderate` may hold.
pub(crate) const MODERATE: &[Parameter] = &[
    required("id", Wanted::Name),
    required("mid", Wanted::Text),
    required("mute", Wanted::Bool),
    optional("secret", Wanted::Text),
];

/// What `allowed` may hold.
pub(crate) const ALLOWED: &[Parameter] = &[
    required("room", Wanted::Name),
    optional("secret", Wanted::Text),
    required("action", Wanted::Text),
    optional("allowed", Wanted::Array),
];

/// What `enable_recording` may hold.
pub(crate) const ENABLE_RECORDING: &[Parameter] = &[required("record", Wanted::Bool)];

impl<R: Random, O: Outlet> Turn<'_, '_, R, O> {
    pub(crate) fn list_participants(&mut self, caller: Caller<'_>, body: Value<'_>) -> Done {
        check(body, NAMED, self.codes())?;
        let room = self.room_of(body)?;
        let state = &*self.state;
        let everybody = (0..state.handles.capacity() as u16).filter_map(|index| {
            let handle = state.handles.at(index)?;
            let publisher = handle.publisher().filter(|publisher| publisher.room == Some(room))?;
            Some(ParticipantInfo::of(state, handle, publisher))
        });
        let number = name_at(body, "room").unwrap_or_default();
        let list = ParticipantList { videoroom: "participants", room: number, participants: Each(everybody) };
        self.post.reply(state, caller, &list);
        Ok(())
    }

    pub(crate) fn enable_recording(&mut self, caller: Caller<'_>, body: Value<'_>) -> Done {
        check(body, ENABLE_RECORDING, self.codes())?;
        let id = self.room_with_secret(body)?;
        let record = flag(body, "record").unwrap_or_default();
        if let Some(room) = self.state.rooms.get_mut(id) {
            room.settings.record = record;
        }
        self.record_room(id, record);
        self.say(caller, &Success { videoroom: "success", record: Some(record) });
        Ok(())
    }

    pub(crate) fn change_allowed(&mut self, caller: Caller<'_>, body: Value<'_>) -> Done {
        check(body, ALLOWED, self.codes())?;
        let id = self.room_with_secret(body)?;
        let action = body.get("action").and_then(Value::text);
        let is = |name: &str| action.is_some_and(|action| action.is_any_case(name));
        let changes_list = is("add") || is("remove");
        let tokens = if changes_list { tokens_of(body)? } else { None };
        let Some(room) = self.state.rooms.get_mut(id) else { return Ok(()) };
        let mut allowed = room.allowed.clone();
        if is("enable") || is("disable") {
            allowed.is_checked = is("enable");
        } else if changes_list {
            for token in tokens.iter().flatten() {
                if is("remove") {
                    allowed.remove(token);
                } else if !allowed.add(token) {
                    return Err(Refusal::full("allowed", crate::room::access::TOKENS));
                }
            }
        } else {
            let name = action.map_or("", Text::raw);
            return Err(refuse!(plugin::INVALID, "action", "Unsupported action '{name}' (allowed)"));
        }
        room.allowed = allowed;
        let number = room.settings.room;
        let shown = (!is("disable")).then_some(());
        let allowed = shown.and_then(|()| self.state.rooms.get(id)).map(|room| room.allowed.tokens.as_slice());
        let list = AllowedList { videoroom: "success", room: number, allowed };
        self.post.reply(self.state, caller, &list);
        Ok(())
    }

    pub(crate) fn kick(&mut self, caller: Caller<'_>, body: Value<'_>) -> Done {
        check(body, KICK, self.codes())?;
        let room = self.room_with_secret(body)?;
        let (handle, number) = self.user_of(room, body)?;
        let Some(room_name) = self.state.rooms.get(room).map(|room| room.settings.room) else { return Ok(()) };
        self.say(caller, &Success { videoroom: "success", record: None });
        let you = RoomEvent {
            room: Some(room_name),
            leaving: Some(Whom::You),
            reason: Some("kicked"),
            ..RoomEvent::default()
        };
        self.post.event(self.state, handle, None, &you, None);
        let others = RoomEvent { room: Some(room_name), kicked: Some(number), ..RoomEvent::default() };
        self.post.tell_room(self.state, room, Some(handle), &others);
        self.notify_publisher("kicked", room_name, number);
        let watchers = self.lose_sources(handle, true);
        self.leave(handle);
        self.close_peer(handle, Some("Close PC"));
        self.offer_to(watchers);
        Ok(())
    }

    pub(crate) fn moderate(&mut self, caller: Caller<'_>, body: Value<'_>) -> Done {
        check(body, MODERATE, self.codes())?;
        let room = self.room_with_secret(body)?;
        let (handle, number) = self.user_of(room, body)?;
        let mid = mid_at(body, "mid")?.unwrap_or_default();
        let no_stream = || refuse!(plugin::NO_FEED, "mid", "No such stream {mid}");
        let (shard, stream) = self.published(handle, &mid).ok_or_else(no_stream)?;
        let mute = flag(body, "mute").unwrap_or_default();
        if let Some(entry) = self.state.shard_mut(shard).and_then(|shard| shard.streams.get_mut(stream)) {
            entry.is_muted = mute;
            let active = entry.is_active();
            self.post.out.command(shard, Command::SetStreamActive { stream, active });
            self.follow_cascades(handle);
        }
        self.say(caller, &Success { videoroom: "success", record: None });
        let Some(room_name) = self.state.rooms.get(room).map(|room| room.settings.room) else { return Ok(()) };
        let moderation = if mute { "muted" } else { "unmuted" };
        let event = RoomEvent {
            room: Some(room_name),
            id: Some(number),
            mid: Some(&mid),
            moderation: Some(moderation),
            ..RoomEvent::default()
        };
        self.post.tell_room(self.state, room, None, &event);
        let notice = ModeratedNotice { videoroom: "moderated", room: room_name, id: number, mid: &mid, moderation };
        self.post.notify_plugin(self.state, Subject::Nobody, &notice);
        Ok(())
    }

    /// The publisher whom `body` names by `id`.
    fn user_of(&self, room: RoomId, body: Value<'_>) -> Result<(HandleId, Name), Refusal> {
        let number = name_at(body, "id").unwrap_or_default();
        let room_name = name_at(body, "room").unwrap_or_default();
        let unknown = || refuse!(plugin::NO_FEED, "id", "No such user {number} in room {room_name}");
        self.state.feed(room, number).map(|(handle, _, _)| (handle, number)).ok_or_else(unknown)
    }
}
