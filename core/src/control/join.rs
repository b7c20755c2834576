//! Requests by which somebody comes into a room.

use super::Outlet;
use super::changes::Changes;
use super::error::{Refusal, plugin, refuse};
use super::handle::Role;
use super::jsep::RemoteJsep;
use super::json::Value;
use super::media_info::{Joined, publishers_of};
use super::notify::{RoomNotice, Subject};
use super::parameter::{PLUGIN, Parameter, Wanted, check, name_at, optional, required, string};
use super::post::Jsep;
use super::publish::describe;
use super::reply::{Attendee, Each, RoomEvent};
use super::rooms::check_lock;
use super::turn::{Caller, Done, Turn};
use crate::id::{HandleId, RoomId};
use crate::random::Random;
use crate::room::settings::SECRET_BYTES;
use crate::room::{Name, Publisher};

/// What every `join` must hold.
pub(crate) const JOIN: &[Parameter] =
    &[required("room", Wanted::Name), required("ptype", Wanted::Text), optional("token", Wanted::Text)];

/// What is checked of a publisher's `join` and `joinandconfigure`; as in Janus not all that `configure` may hold.
pub(crate) const JOIN_AS_PUBLISHER: &[Parameter] = &[
    optional("display", Wanted::Text),
    optional("id", Wanted::Name),
    optional("metadata", Wanted::Object),
    optional("audio", Wanted::Bool),
    optional("video", Wanted::Bool),
    optional("data", Wanted::Bool),
    optional("bitrate", Wanted::Natural),
    optional("notify_recording", Wanted::Bool),
    optional("record", Wanted::Bool),
    optional("filename", Wanted::Text),
];

/// What is checked beside that where an offer comes along.
pub(crate) const JOIN_WITH_OFFER: &[Parameter] =
    &[optional("audiocodec", Wanted::Text), optional("videocodec", Wanted::Text)];

impl<R: Random, O: Outlet> Turn<'_, '_, R, O> {
    /// `join` and `joinandconfigure`; only the latter has a description.
    pub(crate) fn join(&mut self, caller: Caller<'_>, body: Value<'_>, jsep: Option<RemoteJsep<'_>>) -> Done {
        check(body, JOIN, self.codes())?;
        let kind = body.get("ptype").and_then(Value::text);
        let publishes = kind.is_some_and(|kind| kind.is_any_case("publisher"));
        let room = if publishes { self.room_to_publish_in(body)? } else { self.room_of(body)? };
        self.check_access(room, body)?;
        let home = self.state.rooms.get(room).map_or(0, |room| room.shard);
        let shard = if publishes { home } else { self.next_seat(room, (1, 0)) };
        self.check_room_for_more(caller, room, shard)?;
        if publishes {
            self.join_as_publisher(caller, room, body, jsep)
        } else if kind.is_some_and(|kind| kind.is_any_case("subscriber")) {
            self.join_as_subscriber(caller, room, body)
        } else {
            Err(refuse!(plugin::INVALID, "ptype", "Invalid element (ptype)"))
        }
    }

    /// Whether `body` shows the PIN and a token that the room wants.
    fn check_access(&self, room: RoomId, body: Value<'_>) -> Done {
        let Some(room) = self.state.rooms.get(room) else { return Ok(()) };
        check_lock(room.settings.pin.as_deref(), body, "pin")?;
        if room.settings.signed_tokens {
            self.authorize_room(body, room.settings.room)?;
        }
        let token: Option<heapless::String<SECRET_BYTES>> = string(body, "token").unwrap_or_default();
        match room.allowed.admits(token.as_deref()) {
            true => Ok(()),
            false => Err(refuse!(plugin::UNAUTHORIZED, "token", "Unauthorized (not in the allowed list)")),
        }
    }

    fn join_as_publisher(
        &mut self,
        caller: Caller<'_>,
        room: RoomId,
        body: Value<'_>,
        jsep: Option<RemoteJsep<'_>>,
    ) -> Done {
        check(body, JOIN_AS_PUBLISHER, self.codes())?;
        if jsep.is_some() {
            check(body, JOIN_WITH_OFFER, PLUGIN)?;
        }
        let changes = Changes::read(body)?;
        let publisher = self.new_publisher(room, body, &changes)?;
        say!(debug, "somebody joins room {} to publish", publisher.room_name);
        if let Some(entry) = self.state.handles.get_mut(caller.handle) {
            entry.role = Role::Publisher(publisher);
        }
        let len = match jsep.as_ref().map(|jsep| self.publish(caller.handle, &changes, jsep)).transpose() {
            Ok(len) => len,
            Err(why) => {
                if let Some(entry) = self.state.handles.get_mut(caller.handle) {
                    entry.role = Role::Idle;
                }
                return Err(why);
            }
        };
        self.take_recording(caller.handle, &changes, body);
        self.tell_joining(caller.handle, room);
        self.notify_joined(caller.handle);
        if len.is_some() {
            self.notify_configured(caller.handle);
        }
        self.tell_joined(caller, room, len, jsep.is_some_and(|jsep| jsep.is_end_to_end));
        self.tell_dominant(room, caller.handle);
        self.tell_recorded_now(room, caller.handle);
        Ok(())
    }

    pub(crate) fn new_publisher(
        &mut self,
        room: RoomId,
        body: Value<'_>,
        changes: &Changes,
    ) -> Result<Publisher, Refusal> {
        let name = match name_at(body, "id").filter(|id| *id != Name::Number(0)) {
            Some(id) if self.state.feed(room, id).is_some() => {
                return Err(refuse!(plugin::ID_EXISTS, "id", "User ID {id} already exists"));
            }
            Some(id) => id,
            None => self.new_name(|turn, name| turn.state.feed(room, name).is_some()),
        };
        self.new_publisher_called(name, room, body, changes)
    }

    /// Somebody who comes into `room` under a name that is free there.
    pub(crate) fn new_publisher_called(
        &mut self,
        name: Name,
        room: RoomId,
        body: Value<'_>,
        changes: &Changes,
    ) -> Result<Publisher, Refusal> {
        let display = string(body, "display")?;
        let Some(entry) = self.state.rooms.get(room) else {
            return Err(refuse!(plugin::NO_ROOM, "room", "No such room"));
        };
        Ok(Publisher {
            display,
            metadata: changes.metadata.clone(),
            bitrate_bps: entry.bitrate_bps(changes.bitrate_bps),
            hears_recordings: changes.hears_recordings.unwrap_or_default(),
            speech_packets: changes.speech_packets,
            speech_level: changes.speech_level,
            ..Publisher::new(room, entry.settings.room, name, self.random.u32())
        })
    }

    /// Tells management systems who joined.
    fn notify_joined(&mut self, handle: HandleId) {
        let state = &*self.state;
        let Some(publisher) = state.handles.get(handle).and_then(|entry| entry.publisher()) else { return };
        let notice = RoomNotice {
            event: "joined",
            room: publisher.room_name,
            id: Some(publisher.name),
            private_id: Some(publisher.private_number),
            display: publisher.display.as_deref(),
            ..RoomNotice::default()
        };
        self.post.notify_plugin(state, Subject::Handle(handle), &notice);
    }

    fn tell_joined(&mut self, caller: Caller<'_>, room: RoomId, answer: Option<usize>, is_end_to_end: bool) {
        let state = &*self.state;
        let Some((entry, handle)) = state.rooms.get(room).zip(state.handles.get(caller.handle)) else { return };
        let Some(publisher) = handle.publisher() else { return };
        let attendees = (0..state.handles.capacity() as u16).filter_map(|index| {
            let other = state.handles.at(index).filter(|other| !other.is_up())?;
            let is_other = state.handles.id_at(index)? != caller.handle.into();
            let publisher = other.publisher().filter(|publisher| publisher.room == Some(room) && is_other)?;
            Some(Attendee::of(publisher))
        });
        let streams = answer.and_then(|_| describe(state, caller.handle));
        let joined = Joined {
            videoroom: "joined",
            room: publisher.room_name,
            description: entry.settings.description.as_deref().unwrap_or_default(),
            id: publisher.name,
            private_id: publisher.private_number,
            publishers: publishers_of(state, room, caller.handle),
            attendees: entry.settings.notify_joining.then_some(Each(attendees)),
            audio_codec: streams.and_then(|streams| streams.codec(crate::sdp::MediaKind::Audio)),
            video_codec: streams.and_then(|streams| streams.codec(crate::sdp::MediaKind::Video)),
            streams,
        };
        let sdp = answer.and_then(|len| core::str::from_utf8(self.local.get(..len)?).ok());
        let jsep = sdp.map(|sdp| Jsep { kind: "answer", sdp, e2ee: is_end_to_end.then_some(true) });
        self.post.event(state, caller.handle, Some(caller.transaction), &joined, jsep);
    }

    pub(crate) fn tell_joining(&mut self, handle: HandleId, room: RoomId) {
        let state = &*self.state;
        if !state.rooms.get(room).is_some_and(|room| room.settings.notify_joining) {
            return;
        }
        let Some(publisher) = state.handles.get(handle).and_then(|entry| entry.publisher()) else { return };
        let joining = Some(Attendee::of(publisher));
        let event = RoomEvent { room: Some(publisher.room_name), joining, ..RoomEvent::default() };
        self.post.tell_room(state, room, Some(handle), &event);
    }
}
