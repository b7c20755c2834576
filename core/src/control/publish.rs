//! Requests of somebody who publishes: publish, configure, unpublish, leave.

use super::Outlet;
use super::changes::{CONFIGURE, Changes};
use super::data::agreed;
use super::error::{Refusal, plugin, refuse};
use super::handle::Handle;
use super::jsep::RemoteJsep;
use super::json::Value;
use super::media_info::{Configured, Published, PublishedStreams, PublisherInfo};
use super::notify::{RoomNotice, Subject};
use super::parameter::{PLUGIN, check};
use super::peer::{TextWriter, described_candidates, local_transport};
use super::post::Jsep;
use super::reply::{Raw, RoomEvent, Whom};
use super::rooms::conversation_of;
use super::state::State;
use super::turn::{Caller, Done, Turn};
use crate::id::{ConversationId, HandleId, LinkId, RoomId, StreamId};
use crate::media::Command;
use crate::random::Random;
use crate::room::{CodecName, PUBLISHED, PublishedStream, Room};
use crate::sdp::{Description, MediaKind, Policy, PublishedSection, PublishedState, Side, negotiate, write_answer};
use crate::stream::{Mid, SpeechSettings, StreamParameters};
use crate::wire::Kind;

impl<R: Random, O: Outlet> Turn<'_, '_, R, O> {
    pub(crate) fn configure_publisher(
        &mut self,
        caller: Caller<'_>,
        body: Value<'_>,
        jsep: Option<RemoteJsep<'_>>,
    ) -> Done {
        check(body, CONFIGURE, PLUGIN)?;
        let changes = Changes::read(body)?;
        for change in &changes.streams {
            let unknown = || refuse!(plugin::NO_FEED, "mid", "No such mid '{}' published", change.mid);
            self.published(caller.handle, &change.mid).ok_or_else(unknown)?;
        }
        self.check_recording(caller.handle, &changes, body)?;
        let answer = jsep.as_ref().map(|jsep| self.publish(caller.handle, &changes, jsep)).transpose()?;
        self.apply(caller.handle, &changes);
        self.take_recording(caller.handle, &changes, body);
        self.follow_recording(caller.handle);
        self.follow_remotes(caller.handle);
        self.notify_configured(caller.handle);
        self.tell_configured(caller, answer, jsep.is_some_and(|jsep| jsep.is_end_to_end));
        let is_described = !changes.descriptions.is_empty() && self.is_described(caller.handle, &changes);
        if self.state.handles.get(caller.handle).is_some_and(|entry| entry.is_up())
            && (answer.is_some() || is_described)
        {
            self.tell_published(caller.handle);
        }
        Ok(())
    }

    /// Takes an offer: all of it or nothing. Says how long the answer is that lies in the buffer.
    pub(crate) fn publish(
        &mut self,
        handle: HandleId,
        changes: &Changes,
        jsep: &RemoteJsep<'_>,
    ) -> Result<usize, Refusal> {
        if jsep.side != Side::Offer {
            return Err(refuse!(plugin::INVALID_SDP_TYPE, "jsep", "Publishers send offers"));
        }
        let room = self.publishing_room(handle)?.clone();
        let unavailable =
            |name: &'static str, kind| refuse!(plugin::INVALID, name, "{kind} codec unavailable in this room");
        let audio = wanted_codecs(&room, changes.audio_codec, Kind::Audio);
        let audio = audio.ok_or_else(|| unavailable("audiocodec", "Audio"))?.codecs();
        let video = wanted_codecs(&room, changes.video_codec, Kind::Video);
        let video = video.ok_or_else(|| unavailable("videocodec", "Video"))?.codecs();
        if room.settings.require_e2ee && !jsep.is_end_to_end {
            return Err(refuse!(
                plugin::UNAUTHORIZED,
                "e2ee",
                "Unauthorized (this room requires end-to-end encryption)"
            ));
        }
        let audio_red = room.settings.audio_red && !jsep.is_end_to_end;
        let data_channels = self.settings.limits.data_channels > 0;
        let policy = policy(&room, &audio, &video);
        let policy = Policy { rid_order: jsep.rid_order, audio_red, data_channels, ..policy };
        let invalid = |why| refuse!(plugin::INVALID_SDP, "sdp", "Invalid SDP ({why})");
        let sections = negotiate(&jsep.description, &policy).map_err(invalid)?;
        self.check_places(handle, room.shard, sections.len())?;
        if agreed(&sections).is_some() {
            self.check_data_place(handle, room.shard)?;
        }
        self.note_follows_need(handle, changes);
        let is_new = self.meet_peer(handle, room.shard, jsep)?;
        self.notify_candidates(handle, Some(jsep.text), is_new);
        self.configure_streams(handle, room.shard, &sections, changes, jsep.is_end_to_end)?;
        self.follow_cascades(handle);
        self.publish_data(handle, &sections);
        self.write_answer(handle, &jsep.description, &sections)
    }

    /// The room that `handle` may publish in.
    fn publishing_room(&self, handle: HandleId) -> Result<&Room, Refusal> {
        let no_room = || refuse!(plugin::NO_ROOM, "room", "No such room");
        let entry = self.state.handles.get(handle).ok_or_else(no_room)?;
        let id = entry.publisher().and_then(|publisher| publisher.room).ok_or_else(no_room)?;
        let room = self.state.rooms.get(id).ok_or_else(no_room)?;
        if !entry.is_up() {
            self.check_publishers(id, Some(handle))?;
        }
        Ok(room)
    }

    /// Whether one more than those who publish in `room`, but for `except`, may.
    pub(crate) fn check_publishers(&self, room: RoomId, except: Option<HandleId>) -> Done {
        let most = self.state.rooms.get(room).map_or(0, |room| room.settings.publishers);
        let publishes =
            |(other, entry, _): &(HandleId, &Handle, _)| Some(*other) != except && entry.is_up() && !entry.is_dummy();
        let active = self.state.publishers(room).filter(publishes).count();
        if active as i64 >= i64::from(most as i32) {
            let full = format_args!("Maximum number of publishers ({most}) already reached");
            return Err(Refusal::new(plugin::PUBLISHERS_FULL, "publishers", full));
        }
        Ok(())
    }

    /// Whether there are places for `count` m-lines.
    pub(crate) fn check_places(&self, handle: HandleId, shard: u8, count: usize) -> Done {
        let most = usize::from(self.settings.limits.streams_per_publisher).min(PUBLISHED);
        if count > most {
            return Err(Refusal::full("streams per publisher", most));
        }
        let known = self.state.handles.get(handle).and_then(|entry| entry.publisher());
        let known = known.map_or(0, |publisher| publisher.streams.len());
        let Some(tables) = self.state.shards.get(usize::from(shard)) else { return Err(Refusal::full("shards", 0)) };
        let free = tables.streams.capacity() - tables.streams.len();
        if count.saturating_sub(known) > free {
            return Err(Refusal::full("streams", tables.streams.capacity()));
        }
        Ok(())
    }

    /// Makes a PeerConnection for an offer, or goes on with the one that is there: with another certificate it is
    /// another peer, and the old one goes. Whether it is a new one.
    fn meet_peer(&mut self, handle: HandleId, shard: u8, jsep: &RemoteJsep<'_>) -> Result<bool, Refusal> {
        let peer = self.state.handles.get(handle).and_then(|entry| entry.peer.as_ref());
        let known = peer.and_then(|peer| peer.remote.as_ref());
        if known
            .is_some_and(|known| known.fingerprint == jsep.transport.fingerprint && known.role == jsep.transport.role)
        {
            self.refresh_peer(handle, jsep.transport.clone(), false);
            return Ok(false);
        }
        if let Some(tables) = self.state.shards.get(usize::from(shard)) {
            tables.check_link(true, self.settings.limits.publishers)?;
        }
        let watchers = self.lose_sources(handle, true);
        self.close_peer(handle, None);
        self.offer_to(watchers);
        self.open_peer(handle, shard, Some(jsep.transport.clone()))?;
        self.bound_bitrate(handle);
        Ok(true)
    }

    fn configure_streams(
        &mut self,
        handle: HandleId,
        shard: u8,
        sections: &[PublishedSection<'_>],
        changes: &Changes,
        is_end_to_end: bool,
    ) -> Done {
        let watched = self.watched(handle, changes);
        let publisher = self.state.handles.get(handle).and_then(|entry| entry.publisher());
        if let Some(room) = publisher.and_then(|publisher| publisher.room) {
            self.tell_conversation(room);
        }
        for (index, section) in sections.iter().enumerate() {
            let Some(entry) = self.state.handles.get_mut(handle) else { return Ok(()) };
            let Some(link) = entry.peer.as_ref().map(|peer| peer.link) else { return Ok(()) };
            let Some(publisher) = entry.publisher_mut() else { return Ok(()) };
            let conversation = publisher.room.map(conversation_of);
            publisher.is_end_to_end = is_end_to_end;
            let known = publisher.streams.get(index).copied();
            let Some(tables) = self.state.shards.get_mut(usize::from(shard)) else { return Ok(()) };
            let stream = published_stream(handle, section, changes);
            let (id, was_enabled) = match known.and_then(|id| Some((id, tables.streams.get_mut(id)?))) {
                Some((id, old)) => {
                    let was_enabled = !old.is_disabled;
                    let (is_sent, is_muted) = (old.is_sent, old.is_muted);
                    let description = stream.description.clone().or_else(|| old.description.take());
                    *old = PublishedStream { is_sent, is_muted, description, ..stream };
                    (id, was_enabled)
                }
                None => {
                    let size = tables.streams.capacity();
                    let id = tables.streams.insert(stream).map_err(|_| Refusal::full("streams", size))?;
                    let _ = publisher.streams.push(id.into());
                    (id.into(), false)
                }
            };
            let Some(stream) = tables.streams.get(id) else { continue };
            if let Some(parameters) =
                stream_parameters((id, link, conversation), stream, section, (watched, is_end_to_end))
            {
                self.post.out.command(shard, Command::ConfigureStream(parameters));
            } else if was_enabled {
                self.post.out.command(shard, Command::RemoveStream { stream: id });
                self.remove_relays(handle, |relayed| relayed.stream() == id);
            }
        }
        Ok(())
    }

    /// What counts as talking for `handle`, if their room wants to know, and how often a keyframe is asked for.
    pub(crate) fn watched(&mut self, handle: HandleId, changes: &Changes) -> (Option<SpeechSettings>, u16) {
        let publisher = self.state.handles.get_mut(handle).and_then(|entry| entry.publisher_mut());
        let Some(publisher) = publisher else { return (None, 0) };
        publisher.speech_packets = changes.speech_packets.or(publisher.speech_packets);
        publisher.speech_level = changes.speech_level.or(publisher.speech_level);
        let Some(room) = publisher.room.and_then(|room| self.state.rooms.get(room)) else { return (None, 0) };
        let settings = &room.settings;
        let speech = SpeechSettings {
            packets: publisher.speech_packets.unwrap_or(settings.audio_active_packets).max(1),
            level: publisher.speech_level.unwrap_or(settings.audio_level_average),
        };
        (settings.audiolevel_event.then_some(speech), settings.fir_freq)
    }

    /// Tells the shard what is watched for on the m-lines of `handle` from now on.
    pub(crate) fn watch(&mut self, handle: HandleId, changes: &Changes) {
        let (speech, keyframe_interval_s) = self.watched(handle, changes);
        let Some(entry) = self.state.handles.get(handle) else { return };
        let Some((peer, publisher)) = entry.peer.as_ref().zip(entry.publisher()) else { return };
        for stream in publisher.streams.iter().copied() {
            self.post.out.command(peer.shard, Command::WatchStream { stream, speech, keyframe_interval_s });
        }
        self.follow_cascades(handle);
    }

    fn write_answer(
        &mut self,
        handle: HandleId,
        offer: &Description<'_>,
        sections: &[PublishedSection<'_>],
    ) -> Result<usize, Refusal> {
        let too_long = || Refusal::full("local description buffer", 0);
        let entry = self.state.handles.get_mut(handle).ok_or_else(too_long)?;
        let peer = entry.peer.as_mut().ok_or_else(too_long)?;
        peer.version += 1;
        let role = peer.remote.as_ref().map_or(crate::link::Role::Client, |remote| remote.role);
        let candidates = described_candidates(self.settings, peer.shard);
        let local = local_transport(peer, self.settings, &candidates);
        let mut writer = TextWriter::new(self.local);
        write_answer(&mut writer, offer, sections, &local, role).map_err(|_| too_long())?;
        Ok(writer.finish().len())
    }

    /// Tells management systems how a publisher is bounded now.
    pub(crate) fn notify_configured(&mut self, handle: HandleId) {
        let Some(publisher) = self.state.handles.get(handle).and_then(|entry| entry.publisher()) else { return };
        let notice = RoomNotice {
            event: "configured",
            room: publisher.room_name,
            id: Some(publisher.name),
            bitrate: Some(publisher.bitrate_bps),
            ..RoomNotice::default()
        };
        self.post.notify_plugin(self.state, Subject::Handle(handle), &notice);
    }

    /// Does what `changes` ask for beside the offer.
    fn apply(&mut self, handle: HandleId, changes: &Changes) {
        self.rename(handle, changes);
        let Some(entry) = self.state.handles.get_mut(handle) else { return };
        let shard = entry.peer.as_ref().map(|peer| peer.shard);
        let Some(publisher) = entry.publisher_mut() else { return };
        publisher.hears_recordings = changes.hears_recordings.unwrap_or(publisher.hears_recordings);
        let (streams, room) = (publisher.streams.clone(), publisher.room);
        if changes.bitrate_bps.is_some()
            && let Some(room) = room.and_then(|room| self.state.rooms.get(room))
        {
            // It is kept for later where nothing is published yet.
            publisher.bitrate_bps = room.bitrate_bps(changes.bitrate_bps);
        }
        let Some(shard) = shard else { return };
        self.note_follows_need(handle, changes);
        if changes.bitrate_bps.is_some() || changes.follows_need.is_some() {
            self.bound_bitrate(handle);
        }
        if changes.speech_packets.or(changes.speech_level).is_some() {
            self.watch(handle, changes);
        }
        for id in streams {
            let Some(stream) = self.state.shard_mut(shard).and_then(|tables| tables.streams.get_mut(id)) else {
                continue;
            };
            let was_active = stream.is_active();
            let by_kind = match stream.kind {
                MediaKind::Audio => changes.audio,
                MediaKind::Application => changes.data,
                _ => changes.video,
            };
            let change = changes.streams.iter().find(|change| change.mid == stream.mid);
            stream.is_sent = change.and_then(|change| change.is_sent).or(by_kind).unwrap_or(stream.is_sent);
            stream.description = changes.description(&stream.mid).or_else(|| stream.description.take());
            let active = stream.is_active();
            if active != was_active {
                self.post.out.command(shard, Command::SetStreamActive { stream: id, active });
            }
            let is_video = self.state.stream(shard, id).is_some_and(|stream| stream.kind == MediaKind::Video);
            if is_video && (changes.wants_keyframe || change.is_some_and(|change| change.wants_keyframe)) {
                self.post.out.command(shard, Command::RequestKeyframe { stream: id });
            }
        }
        self.follow_cascades(handle);
    }

    /// Takes a new name, and tells it to the others if there was one before; new metadata they are told anyway.
    pub(crate) fn rename(&mut self, handle: HandleId, changes: &Changes) {
        let (display, metadata) = (&changes.display, &changes.metadata);
        let Some(publisher) = self.state.handles.get_mut(handle).and_then(|entry| entry.publisher_mut()) else {
            return;
        };
        let old = display.as_ref().and_then(|display| publisher.display.replace(display.clone()));
        publisher.metadata = metadata.clone().or_else(|| publisher.metadata.take());
        let (id, Some(room)) = (Some(publisher.name), publisher.room) else { return };
        if old.is_some() || metadata.is_some() {
            let metadata = metadata.as_deref().map(Raw);
            let event = RoomEvent { id, display: display.as_deref(), metadata, ..RoomEvent::default() };
            self.post.tell_room(self.state, room, Some(handle), &event);
        }
    }

    pub(crate) fn unpublish(&mut self, caller: Caller<'_>) -> Done {
        let Some(entry) = self.state.handles.get(caller.handle).filter(|entry| entry.is_up()) else {
            return Err(refuse!(plugin::NOT_PUBLISHED, "request", "Can't unpublish, not published"));
        };
        let room = entry.publisher().map(|publisher| publisher.room_name);
        let event = RoomEvent { room, unpublished: Some(Whom::You), ..RoomEvent::default() };
        self.post.event(self.state, caller.handle, Some(caller.transaction), &event, None);
        self.tell_unpublished(caller.handle, 2);
        let watchers = self.lose_sources(caller.handle, true);
        self.close_peer(caller.handle, Some("Close PC"));
        self.offer_to(watchers);
        Ok(())
    }

    pub(crate) fn leave_room(&mut self, caller: Caller<'_>) -> Done {
        let Some(publisher) = self.state.handles.get(caller.handle).and_then(|entry| entry.publisher()) else {
            return Ok(());
        };
        let (number, room_name, room) = (publisher.name, publisher.room_name, publisher.room);
        let you = RoomEvent { room: Some(room_name), leaving: Some(Whom::You), ..RoomEvent::default() };
        self.post.event(self.state, caller.handle, Some(caller.transaction), &you, None);
        let leaving = Some(Whom::Other(number));
        let others = RoomEvent { room: Some(room_name), leaving, ..RoomEvent::default() };
        if let Some(room) = room {
            self.post.tell_room(self.state, room, Some(caller.handle), &others);
        }
        self.notify_publisher("leaving", room_name, number);
        // As in Janus, those who watch hear of it by "leaving" alone.
        self.lose_sources(caller.handle, false);
        self.leave(caller.handle);
        self.close_peer(caller.handle, None);
        Ok(())
    }

    /// The m-line of `handle` that is called `mid`.
    pub(crate) fn published(&self, handle: HandleId, mid: &str) -> Option<(u8, StreamId)> {
        let entry = self.state.handles.get(handle)?;
        let shard = entry.shard()?;
        let mut streams = entry.publisher()?.streams.iter();
        let id = streams.find(|id| self.state.stream(shard, **id).is_some_and(|stream| stream.mid == mid))?;
        Some((shard, *id))
    }

    fn is_described(&self, handle: HandleId, changes: &Changes) -> bool {
        changes.descriptions.iter().any(|(mid, _)| self.published(handle, mid).is_some())
    }

    fn tell_configured(&mut self, caller: Caller<'_>, answer: Option<usize>, is_end_to_end: bool) {
        let state = &*self.state;
        let Some(publisher) = state.handles.get(caller.handle).and_then(|entry| entry.publisher()) else { return };
        let streams = answer.and_then(|_| describe(state, caller.handle));
        let configured = Configured {
            videoroom: "event",
            room: publisher.room_name,
            configured: "ok",
            audio_codec: streams.and_then(|streams| streams.codec(MediaKind::Audio)),
            video_codec: streams.and_then(|streams| streams.codec(MediaKind::Video)),
            streams,
        };
        let sdp = answer.and_then(|len| core::str::from_utf8(self.local.get(..len)?).ok());
        let jsep = sdp.map(|sdp| Jsep { kind: "answer", sdp, e2ee: is_end_to_end.then_some(true) });
        self.post.event(state, caller.handle, Some(caller.transaction), &configured, jsep);
    }

    /// Tells the others what `handle` publishes.
    pub(crate) fn tell_published(&mut self, handle: HandleId) {
        let state = &*self.state;
        let Some(entry) = state.handles.get(handle) else { return };
        let Some(publisher) = entry.publisher() else { return };
        let Some((room, info)) = publisher.room.zip(PublisherInfo::of(state, entry, publisher, false)) else { return };
        let event = Published { videoroom: "event", room: publisher.room_name, publishers: [info] };
        self.post.tell_room(state, room, Some(handle), &event);
    }
}

/// The m-lines that `handle` publishes.
pub(crate) fn describe<'a, 'm>(state: &'a State<'m>, handle: HandleId) -> Option<PublishedStreams<'a, 'm>> {
    let entry = state.handles.get(handle)?;
    PublishedStreams::of(state, entry, entry.publisher()?, false)
}

fn wanted_codecs(room: &Room, wanted: Option<Option<CodecName>>, kind: Kind) -> Option<crate::room::CodecList> {
    let list = if kind == Kind::Audio { &room.settings.audiocodec } else { &room.settings.videocodec };
    match wanted {
        Some(None) => None,
        Some(Some(name)) => room.codecs(Some(name), list),
        None => room.codecs(None, list),
    }
}

fn policy<'a>(
    room: &'a Room,
    audio_codecs: &'a [crate::wire::Codec],
    video_codecs: &'a [crate::wire::Codec],
) -> Policy<'a> {
    let settings = &room.settings;
    Policy {
        audio_codecs,
        video_codecs,
        h264_profile: settings.h264_profile.as_deref(),
        vp9_profile: settings.vp9_profile.as_deref(),
        opus_fec: settings.opus_fec,
        opus_dtx: settings.opus_dtx,
        audio_nack: settings.audio_nack,
        audio_level: settings.audiolevel_ext,
        video_orientation: settings.videoorient_ext,
        playout_delay: settings.playoutdelay_ext,
        transport_wide_cc: settings.transport_wide_cc_ext,
        scalable_video: room.is_scalable(),
        ..Policy::DEFAULT
    }
}

fn published_stream(handle: HandleId, section: &PublishedSection<'_>, changes: &Changes) -> PublishedStream {
    PublishedStream {
        handle,
        kind: section.kind(),
        mid: Mid::try_from(section.mid).unwrap_or_default(),
        description: changes.description(section.mid),
        codec: section.codec,
        payload_type: section.payload_type,
        parameters: section.parameters.clone(),
        extensions: section.extensions,
        is_disabled: section.state != PublishedState::Active,
        is_simulcast: section.is_simulcast(),
        is_sent: true,
        is_muted: false,
        traffic: Default::default(),
        told: Default::default(),
        is_talking: false,
    }
}

/// What the shard is told about an m-line; nothing if nothing flows on it.
fn stream_parameters(
    (stream, link, conversation): (StreamId, LinkId, Option<ConversationId>),
    entry: &PublishedStream,
    section: &PublishedSection<'_>,
    ((speech, keyframe_interval_s), is_end_to_end): ((Option<SpeechSettings>, u16), bool),
) -> Option<StreamParameters> {
    if entry.is_disabled {
        return None;
    }
    Some(StreamParameters {
        stream,
        link,
        conversation: conversation.filter(|_| entry.kind == MediaKind::Audio),
        mid: entry.mid.clone(),
        codec: section.codec?,
        payload_type: section.payload_type,
        rtx_payload_type: section.rtx_payload_type,
        red_payload_type: section.red_payload_type,
        is_end_to_end,
        extensions: section.extensions,
        encodings: section.encodings.clone(),
        ingress_stream: None,
        feedback: section.feedback,
        speech,
        keyframe_interval_s,
        active: entry.is_active(),
    })
}
