//! Requests about publishers of other boxes, who are in a room here like any other: `add_remote_publisher`,
//! `update_remote_publisher`, `remove_remote_publisher`. Such a publisher is a handle of no session, whose link has no
//! ICE and no DTLS, but a socket of its own.

use super::Outlet;
use super::changes::{Changes, metadata_of};
use super::error::{Refusal, plugin, refuse};
use super::forward::keys_of;
use super::handle::{Handle, Peer, Role};
use super::ingress::IngressPort;
use super::json::Value;
use super::parameter::{Parameter, Wanted, check, check_elements, name_at, optional, required, string};
use super::remote::port_of;
use super::remote_info::{RemoteAdded, RemoteDone};
use super::remote_line::{REMOTE_LINE, RemoteLine, RemoteLines, lines_of};
use super::reply::{RoomEvent, Shown, Whom};
use super::rooms::conversation_of;
use super::turn::{Caller, Done, Turn};
use crate::id::{HandleId, RoomId, SessionId, StreamId};
use crate::media::{Command, Feedback, OpenIngress, RelayKeys, StreamParameters};
use crate::random::Random;
use crate::room::{Name, PublishedStream, Publisher};
use crate::sdp::MediaKind;

/// What `add_remote_publisher` may hold.
pub(crate) const ADD_REMOTE_PUBLISHER: &[Parameter] = &[
    required("room", Wanted::Name),
    optional("secret", Wanted::Text),
    optional("id", Wanted::Name),
    optional("display", Wanted::Text),
    optional("metadata", Wanted::Object),
    optional("mcast", Wanted::Text),
    optional("iface", Wanted::Text),
    optional("port", Wanted::Natural),
    optional("srtp_suite", Wanted::Natural),
    optional("srtp_crypto", Wanted::Text),
    required("streams", Wanted::Array),
];

/// What `update_remote_publisher` may hold.
pub(crate) const UPDATE_REMOTE_PUBLISHER: &[Parameter] = &[
    required("room", Wanted::Name),
    optional("secret", Wanted::Text),
    required("id", Wanted::Name),
    optional("display", Wanted::Text),
    optional("metadata", Wanted::Object),
    optional("srtp_suite", Wanted::Natural),
    optional("srtp_crypto", Wanted::Text),
    optional("streams", Wanted::Array),
];

/// What `remove_remote_publisher` may hold.
pub(crate) const REMOVE_REMOTE_PUBLISHER: &[Parameter] =
    &[required("room", Wanted::Name), optional("secret", Wanted::Text), required("id", Wanted::Name)];

/// How the packets of another box's publisher come in.
#[derive(Clone, Copy)]
pub(crate) struct Ingoing {
    /// The port of their socket; none: where the configuration says.
    pub(crate) port: Option<u16>,
    /// What they are sealed with, if they are.
    pub(crate) keys: Option<RelayKeys>,
    /// Silence after which the publisher is gone; `u32::MAX`: never.
    pub(crate) silence_ms: u32,
}

/// The list `streams` of somebody who has no m-lines yet, and brings some.
pub(crate) fn first_lines_of(body: Value<'_>) -> Result<RemoteLines, Refusal> {
    let lines = lines_of(body, 0)?;
    match lines.is_empty() {
        true => Err(refuse!(plugin::INVALID, "streams", "Invalid element (streams is empty)")),
        false => Ok(lines),
    }
}

impl<R: Random, O: Outlet> Turn<'_, '_, R, O> {
    pub(crate) fn add_remote_publisher(&mut self, caller: Caller<'_>, body: Value<'_>) -> Done {
        check(body, ADD_REMOTE_PUBLISHER, self.codes())?;
        check_elements(body, "streams", self.codes(), REMOTE_LINE)?;
        self.check_forwarding_key(body)?;
        if body.get("mcast").is_some() {
            return Err(refuse!(plugin::INVALID, "mcast", "Invalid element (mcast: groups are not joined here)"));
        }
        let silence_ms = self.settings.remote_silence_s.saturating_mul(1000);
        let way = Ingoing { port: port_of(body, "port")?, keys: keys_of(body)?, silence_ms };
        let lines = first_lines_of(body)?;
        let room = self.room_with_secret(body)?;
        let shard = self.state.rooms.get(room).map_or(0, |room| room.shard);
        self.check_room_for_more(caller, room, shard)?;
        let changes = Changes { metadata: metadata_of(body)?, ..Changes::default() };
        let publisher = self.new_publisher(room, body, &changes)?;
        let (id, room_name) = (publisher.name, publisher.room_name);
        let (_, port) = self.add_remote(room, publisher, &lines, way)?;
        let ip = self.settings.addresses.first().copied().map(Shown);
        self.say(caller, &RemoteAdded { videoroom: "success", room: room_name, id, ip, port, rtcp_port: port });
        Ok(())
    }

    pub(crate) fn update_remote_publisher(&mut self, caller: Caller<'_>, body: Value<'_>) -> Done {
        check(body, UPDATE_REMOTE_PUBLISHER, self.codes())?;
        check_elements(body, "streams", self.codes(), REMOTE_LINE)?;
        self.check_forwarding_key(body)?;
        let keys = keys_of(body)?;
        let room = self.room_with_secret(body)?;
        let (handle, id) = self.remote_publisher(room, body)?;
        self.update_remote(handle, room, body, keys)?;
        let room = self.room_name(room);
        self.say(caller, &RemoteDone { videoroom: "success", room, id, remote_id: None });
        Ok(())
    }

    pub(crate) fn remove_remote_publisher(&mut self, caller: Caller<'_>, body: Value<'_>) -> Done {
        check(body, REMOVE_REMOTE_PUBLISHER, self.codes())?;
        self.check_forwarding_key(body)?;
        let room = self.room_with_secret(body)?;
        let (handle, id) = self.remote_publisher(room, body)?;
        self.end_remote(handle);
        let room = self.room_name(room);
        self.say(caller, &RemoteDone { videoroom: "success", room, id, remote_id: None });
        Ok(())
    }

    /// `publisher` comes into `room` from another box, with `lines`, whose packets come as `way` says: the handle and
    /// the port of its socket.
    pub(crate) fn add_remote(
        &mut self,
        room: RoomId,
        publisher: Publisher,
        lines: &RemoteLines,
        way: Ingoing,
    ) -> Result<(HandleId, u16), Refusal> {
        self.check_publishers(room, None)?;
        let publisher = Publisher { is_remote: true, ..publisher };
        let room_name = publisher.room_name;
        let (handle, port) = self.open_remote(room, publisher, lines.len(), way)?;
        self.set_remote_lines(handle, room, lines);
        say!(info, "a publisher of another box is in room {}", room_name);
        self.tell_joining(handle, room);
        self.tell_published(handle);
        self.notify_up(handle);
        self.record_as_room(handle);
        Ok((handle, port))
    }

    /// The publisher `handle` of another box is now as `body` says, and sealed with `keys`, if it has some.
    pub(crate) fn update_remote(
        &mut self,
        handle: HandleId,
        room: RoomId,
        body: Value<'_>,
        keys: Option<RelayKeys>,
    ) -> Done {
        let publisher = self.state.handles.get(handle).and_then(|entry| entry.publisher());
        let known = publisher.map_or(0, |publisher| publisher.streams.len());
        let lines = lines_of(body, known)?;
        let changes = Changes { display: string(body, "display")?, metadata: metadata_of(body)?, ..Changes::default() };
        let count = lines.iter().map(|line| line.number + 1).max().unwrap_or(known).max(known);
        let Some((shard, link)) = self.state.handles.get(handle).and_then(Handle::link) else { return Ok(()) };
        self.check_places(handle, shard, count)?;
        if keys.is_some() {
            self.post.out.command(shard, Command::SecureIngress { link, keys });
        }
        self.rename(handle, &changes);
        if !lines.is_empty() {
            self.set_remote_lines(handle, room, &lines);
            self.follow_cascades(handle);
            self.follow_recording(handle);
            self.follow_remotes(handle);
            self.tell_published(handle);
        }
        Ok(())
    }

    /// The publisher of another box whom `body` names by `id`.
    fn remote_publisher(&self, room: RoomId, body: Value<'_>) -> Result<(HandleId, Name), Refusal> {
        let id = name_at(body, "id").unwrap_or_default();
        let unknown = || refuse!(plugin::NO_FEED, "id", "No such remote publisher ({id})");
        let (handle, entry, _) = self.state.feed(room, id).ok_or_else(unknown)?;
        if entry.is_remote() { Ok((handle, id)) } else { Err(unknown()) }
    }

    /// Puts `publisher` into its room, with places for so many m-lines, a link and a socket: the handle and the port.
    fn open_remote(
        &mut self,
        room: RoomId,
        publisher: Publisher,
        lines: usize,
        way: Ingoing,
    ) -> Result<(HandleId, u16), Refusal> {
        let shard = self.state.rooms.get(room).map_or(0, |room| room.shard);
        let most = usize::from(self.settings.limits.remote_publishers);
        let is_there = |entry: &Handle| entry.is_remote() && entry.shard() == Some(shard);
        if self.state.handles.iter().filter(|(_, entry)| is_there(entry)).count() >= most {
            return Err(Refusal::full("remote_publishers", most));
        }
        // It is of no session, and so nobody's to talk to.
        let nobody = SessionId::new(u16::MAX, 0);
        let entry = Handle { role: Role::Publisher(publisher), ..Handle::new(0, nobody, self.now) };
        let size = self.state.handles.capacity();
        let handle = self.state.handles.insert(entry).map_err(|_| Refusal::full("handles", size))?.into();
        let opened = self.check_places(handle, shard, lines).and_then(|()| self.open_ingress(handle, shard, way));
        match opened {
            Ok(port) => Ok((handle, port)),
            Err(why) => {
                self.state.handles.remove(handle);
                Err(why)
            }
        }
    }

    /// Gives `handle` a link with a socket of its own: the socket's port.
    fn open_ingress(&mut self, handle: HandleId, shard: u8, way: Ingoing) -> Result<u16, Refusal> {
        let Ingoing { port, keys, silence_ms } = way;
        let most = self.settings.limits.publishers;
        let Some(tables) = self.state.shard_mut(shard) else { return Err(Refusal::full("shards", 0)) };
        let link = tables.take_link(Some(handle), true, most)?;
        let wanted = port.map_or(IngressPort::Configured, IngressPort::Numbered);
        let Some(port) = self.post.out.open_ingress(shard, link, wanted) else {
            if let Some(tables) = self.state.shard_mut(shard) {
                tables.links.remove(link);
            }
            return Err(refuse!(plugin::FULL, "port", "No port can be opened for the remote publisher"));
        };
        self.post.out.command(shard, Command::OpenIngress(OpenIngress { link, keys, silence_ms }));
        let credentials = self.credentials(link);
        if let Some(entry) = self.state.handles.get_mut(handle) {
            entry.peer = Some(Peer::of_box(shard, link, credentials));
        }
        Ok(port)
    }

    /// Makes the m-lines of `handle` what `lines` say, of which there are places for all.
    fn set_remote_lines(&mut self, handle: HandleId, room: RoomId, lines: &RemoteLines) {
        self.tell_conversation(room);
        let Some((shard, _)) = self.state.handles.get(handle).and_then(Handle::link) else { return };
        for line in lines {
            let known = self.state.handles.get(handle).and_then(|entry| entry.publisher());
            let known = known.and_then(|publisher| publisher.streams.get(line.number).copied());
            let Some(tables) = self.state.shard_mut(shard) else { return };
            let stream = match known.and_then(|id| Some((id, tables.streams.get_mut(id)?))) {
                Some((id, old)) => {
                    let (is_sent, is_muted) = (old.is_sent, old.is_muted);
                    *old = PublishedStream { is_sent, is_muted, ..line.published(handle) };
                    id
                }
                None => {
                    let Ok(id) = tables.streams.insert(line.published(handle)).map(StreamId::from) else { return };
                    if let Some(publisher) = self.state.handles.get_mut(handle).and_then(|entry| entry.publisher_mut())
                    {
                        let _ = publisher.streams.push(id);
                    }
                    id
                }
            };
            self.configure_remote_line(handle, room, stream, line);
        }
    }

    /// Tells the shard what one m-line is now.
    fn configure_remote_line(&mut self, handle: HandleId, room: RoomId, stream: StreamId, line: &RemoteLine) {
        let Some((shard, link)) = self.state.handles.get(handle).and_then(Handle::link) else { return };
        let (speech, keyframe_interval_s) = self.watched(handle, &Changes::default());
        let Some(codec) = line.codec else {
            self.post.out.command(shard, Command::RemoveStream { stream });
            self.remove_relays(handle, |relayed| relayed.stream() == stream);
            return;
        };
        let active = self.state.stream(shard, stream).is_some_and(PublishedStream::is_active);
        let is_end_to_end = self.state.rooms.get(room).is_some_and(|room| room.settings.require_e2ee);
        self.post.out.command(
            shard,
            Command::ConfigureStream(StreamParameters {
                stream,
                link,
                conversation: (line.kind == MediaKind::Audio).then(|| conversation_of(room)),
                mid: line.mid.clone(),
                codec,
                payload_type: line.payload_type(),
                rtx_payload_type: None,
                red_payload_type: None,
                is_end_to_end,
                extensions: line.extensions,
                encodings: line.encodings(),
                ingress_stream: Some(line.number as u8),
                feedback: Feedback { pli: true, ..Feedback::default() },
                speech,
                keyframe_interval_s,
                active,
            }),
        );
    }

    /// A publisher of another box goes, as those in the room hear.
    pub(crate) fn end_remote(&mut self, handle: HandleId) {
        let publisher = self.state.handles.get(handle).and_then(|entry| entry.publisher());
        let Some((room, id, room_name)) = publisher.and_then(|it| Some((it.room?, it.name, it.room_name))) else {
            return;
        };
        say!(info, "a publisher of another box is gone from room {}", room_name);
        self.tell_unpublished(handle, 1);
        let leaving = RoomEvent { room: Some(room_name), leaving: Some(Whom::Other(id)), ..RoomEvent::default() };
        self.post.tell_room(self.state, room, Some(handle), &leaving);
        self.notify_publisher("leaving", room_name, id);
        self.remove_remote_publisher_of(handle);
    }

    /// Takes a publisher of another box away; nothing if `handle` is none.
    pub(crate) fn remove_remote_publisher_of(&mut self, handle: HandleId) {
        if !self.state.handles.get(handle).is_some_and(Handle::is_remote) {
            return;
        }
        let watchers = self.lose_sources(handle, true);
        self.remove_remotes(handle);
        self.close_peer(handle, None);
        self.state.handles.remove(handle);
        self.offer_to(watchers);
    }
}
