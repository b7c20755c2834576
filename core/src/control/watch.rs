//! Requests of somebody who watches: join, start, pause, configure, leave.

use super::Outlet;
use super::error::{Refusal, plugin, refuse};
use super::handle::Role;
use super::jsep::RemoteJsep;
use super::json::Value;
use super::parameter::{
    PLUGIN, Parameter, Wanted, check, check_elements, flag, mid_at, name_at, natural, natural_u32, optional, required,
};
use super::reply::RoomEvent;
use super::select::{Selection, WANTED_STREAM, layers_of};
use super::turn::{Caller, Done, Turn};
use crate::id::{HandleId, RoomId, SubscriptionId};
use crate::media::Command;
use crate::random::Random;
use crate::room::{SUBSCRIBED, StreamPlace, Subscriber, WantedLayers};
use crate::sdp::MediaKind;
use crate::stream::Mid;

/// What the `join` of a subscriber may hold.
pub(crate) const JOIN_AS_SUBSCRIBER: &[Parameter] = &[
    optional("private_id", Wanted::Natural),
    optional("autoupdate", Wanted::Bool),
    optional("streams", Wanted::Array),
    optional("audio", Wanted::Bool),
    optional("video", Wanted::Bool),
    optional("data", Wanted::Bool),
    optional("offer_audio", Wanted::Bool),
    optional("offer_video", Wanted::Bool),
    optional("offer_data", Wanted::Bool),
    optional("substream", Wanted::Natural),
    optional("temporal", Wanted::Natural),
    optional("fallback", Wanted::Natural),
    optional("spatial_layer", Wanted::Natural),
    optional("temporal_layer", Wanted::Natural),
];

/// What `configure` may hold in an element of `streams`.
pub(crate) const CONFIGURE_STREAM: &[Parameter] = &[
    optional("mid", Wanted::Text),
    optional("send", Wanted::Bool),
    optional("substream", Wanted::Natural),
    optional("temporal", Wanted::Natural),
    optional("fallback", Wanted::Natural),
    optional("spatial_layer", Wanted::Natural),
    optional("temporal_layer", Wanted::Natural),
    optional("min_delay", Wanted::Integer),
    optional("max_delay", Wanted::Integer),
];

/// What `configure` may hold. Without `streams` it may also say by itself what an element says; of that, as in Janus,
/// only what is out of bounds is refused.
pub(crate) const CONFIGURE_SUBSCRIBER: &[Parameter] = &[
    optional("streams", Wanted::Array),
    optional("restart", Wanted::Bool),
    optional("update", Wanted::Bool),
    optional("audio", Wanted::Bool),
    optional("video", Wanted::Bool),
    optional("data", Wanted::Bool),
];

/// What a subscriber wants changed about one m-line, or about all of them.
#[derive(Clone, Debug, Default)]
struct StreamChange {
    mid: Option<Mid>,
    is_sent: Option<bool>,
    audio: Option<bool>,
    video: Option<bool>,
    data: Option<bool>,
    wants_keyframe: bool,
    least_delay: Option<i64>,
    most_delay: Option<i64>,
    layers: WantedLayers,
}

impl StreamChange {
    /// What an element of `streams` says.
    fn of_element(element: Value<'_>) -> Result<Self, Refusal> {
        check(element, CONFIGURE_STREAM, PLUGIN)?;
        Self::read(element)
    }

    /// What the request itself says: what has the wrong type counts as 0 or false.
    fn of_request(body: Value<'_>) -> Result<Self, Refusal> {
        const LAYERS: [&str; 5] = ["substream", "spatial_layer", "temporal", "temporal_layer", "fallback"];
        let below = |name: &&&str| body.get(name).and_then(Value::integer).is_some_and(|number| number < 0);
        if let Some(name) = LAYERS.iter().find(below) {
            let why = "should be a positive integer";
            return Err(refuse!(plugin::INVALID, name, "Invalid element type ({name} {why})"));
        }
        let (audio, video, data) = (flag(body, "audio"), flag(body, "video"), flag(body, "data"));
        Ok(Self { audio, video, data, ..Self::read(body)? })
    }

    fn read(object: Value<'_>) -> Result<Self, Refusal> {
        check_layers(object)?;
        let delay = |name| Some(object.get(name)?.integer().unwrap_or_default());
        let is_true = |name| Some(object.get(name)?.bool().unwrap_or_default());
        Ok(Self {
            mid: mid_at(object, "mid")?,
            is_sent: is_true("send"),
            wants_keyframe: is_true("keyframe").unwrap_or_default(),
            least_delay: delay("min_delay"),
            most_delay: delay("max_delay"),
            layers: layers_of(object),
            ..Self::default()
        })
    }
}

/// Layers are 0, 1 or 2.
pub(crate) fn check_layers(element: Value<'_>) -> Done {
    let is_beyond = |name| natural(element, name).is_some_and(|layer| layer > 2);
    if is_beyond("substream") || is_beyond("spatial_layer") {
        let why = "Invalid value (substream/spatial_layer should be 0, 1 or 2)";
        return Err(refuse!(plugin::INVALID, "substream", "{why}"));
    }
    if is_beyond("temporal") || is_beyond("temporal_layer") {
        let why = "Invalid value (temporal/temporal_layer should be 0, 1 or 2)";
        return Err(refuse!(plugin::INVALID, "temporal", "{why}"));
    }
    Ok(())
}

impl<R: Random, O: Outlet> Turn<'_, '_, R, O> {
    pub(crate) fn join_as_subscriber(&mut self, caller: Caller<'_>, room: RoomId, body: Value<'_>) -> Done {
        check(body, JOIN_AS_SUBSCRIBER, PLUGIN)?;
        check_elements(body, "streams", self.codes(), WANTED_STREAM)?;
        let is_listed = body.get("streams").is_some_and(|list| list.elements().next().is_some());
        if !is_listed {
            check(body, &[required("feed", Wanted::Name)], self.codes())?;
        }
        let selection = match is_listed {
            true => Selection::of_list(self.state, room, body, "streams")?,
            false => Selection::of_feed(self.state, room, body)?,
        };
        let private_number = natural_u32(body, "private_id");
        self.check_private(room, private_number)?;
        if selection.is_empty() {
            return Err(refuse!(plugin::INVALID_SDP, "streams", "Can't offer an SDP with no stream"));
        }
        let room_name = self.room_name(room);
        let shard = self.seat(room, &selection);
        self.check_selection(caller.handle, (shard, 0), &selection)?;
        self.open_peer(caller.handle, shard, None)?;
        self.notify_candidates(caller.handle, None, true);
        let subscriber = Subscriber {
            room,
            room_name,
            shard,
            private_number,
            is_updated: flag(body, "autoupdate").unwrap_or(true),
            is_closed_with_source: flag(body, "close_pc").unwrap_or(false),
            is_paused: false,
            has_retransmission: selection.has_video(),
            awaits_answer: false,
            is_stale: false,
            streams: heapless::Vec::new(),
        };
        if let Some(entry) = self.state.handles.get_mut(caller.handle) {
            entry.role = Role::Subscriber(subscriber);
        }
        self.add_streams(caller.handle, &selection)?;
        let feed = name_at(body, "feed").filter(|_| !is_listed);
        self.tell_attached(caller, room, feed);
        Ok(())
    }

    /// Whether `private_number` is that of a publisher of `room`, where the room wants it.
    fn check_private(&self, room: RoomId, private_number: Option<u32>) -> Done {
        let is_wanted = self.state.rooms.get(room).is_some_and(|room| room.settings.require_pvtid);
        let mut publishers = self.state.publishers(room);
        if is_wanted && !publishers.any(|(_, _, publisher)| Some(publisher.private_number) == private_number) {
            let why = "Unauthorized (this room requires a valid private_id)";
            return Err(refuse!(plugin::UNAUTHORIZED, "private_id", "{why}"));
        }
        Ok(())
    }

    pub(crate) fn start(&mut self, caller: Caller<'_>, jsep: Option<RemoteJsep<'_>>) -> Done {
        let is_answer = jsep.is_some();
        if let Some(jsep) = jsep {
            self.take_answer(caller.handle, &jsep)?;
        } else {
            self.set_paused(caller.handle, false);
        }
        self.tell_you(caller, |event| event.started = Some("ok"));
        if is_answer {
            self.offer_if_stale(caller.handle);
        }
        Ok(())
    }

    pub(crate) fn pause(&mut self, caller: Caller<'_>) -> Done {
        self.set_paused(caller.handle, true);
        self.tell_you(caller, |event| event.paused = Some("ok"));
        Ok(())
    }

    pub(crate) fn leave_as_subscriber(&mut self, caller: Caller<'_>) -> Done {
        self.tell_you(caller, |event| event.left = Some("ok"));
        self.close_peer(caller.handle, Some("Close PC"));
        Ok(())
    }

    pub(crate) fn configure_subscriber(
        &mut self,
        caller: Caller<'_>,
        body: Value<'_>,
        jsep: Option<RemoteJsep<'_>>,
    ) -> Done {
        check(body, CONFIGURE_SUBSCRIBER, PLUGIN)?;
        let changes = self.stream_changes(caller.handle, body)?;
        if let Some(jsep) = &jsep {
            self.take_answer(caller.handle, jsep)?;
        }
        for change in &changes {
            self.apply_to_streams(caller.handle, change);
        }
        if flag(body, "restart") == Some(true) && self.restart(caller) {
            return Ok(());
        }
        self.tell_you(caller, |event| event.configured = Some("ok"));
        if jsep.is_some() {
            self.offer_if_stale(caller.handle);
        }
        Ok(())
    }

    /// What a `configure` asks for, whose members were checked.
    fn stream_changes(
        &self,
        handle: HandleId,
        body: Value<'_>,
    ) -> Result<heapless::Vec<StreamChange, SUBSCRIBED>, Refusal> {
        let mut changes = heapless::Vec::new();
        let full = |_| Refusal::full("streams", SUBSCRIBED);
        match body.get("streams") {
            None => changes.push(StreamChange::of_request(body)?).map_err(full)?,
            Some(list) => {
                for element in list.elements() {
                    changes.push(StreamChange::of_element(element)?).map_err(full)?;
                }
            }
        }
        for mid in changes.iter().filter_map(|change| change.mid.as_ref()) {
            let unknown = || refuse!(plugin::NO_FEED, "mid", "No such mid '{mid}' in subscription");
            self.subscription(handle, mid).ok_or_else(unknown)?;
        }
        Ok(changes)
    }

    /// Does what `change` asks for, to the m-line that it names or to all.
    fn apply_to_streams(&mut self, handle: HandleId, change: &StreamChange) {
        let Some(subscriber) = self.state.handles.get(handle).and_then(|entry| entry.subscriber()) else { return };
        let (shard, is_paused) = (subscriber.shard, subscriber.is_paused);
        let streams = subscriber.streams.clone();
        for (index, id) in streams.iter().enumerate() {
            let is_meant = change.mid.as_ref().is_none_or(|mid| *mid == crate::sdp::section_mid(index));
            let tables = self.state.shard_mut(shard);
            let Some(stream) = tables.and_then(|tables| tables.subscriptions.get_mut(*id)).filter(|_| is_meant) else {
                continue;
            };
            let by_kind = match stream.kind {
                MediaKind::Audio => change.audio,
                MediaKind::Application => change.data,
                _ => change.video,
            };
            let is_sent = change.is_sent.or(by_kind).unwrap_or(stream.is_sent);
            if is_sent != stream.is_sent {
                stream.is_sent = is_sent;
                let active = is_sent && !is_paused;
                self.post.out.command(shard, Command::SetSubscriptionActive { subscription: *id, active });
            }
            let delay = match stream.kind {
                MediaKind::Video => stream.playout_delay.changed(change.least_delay, change.most_delay),
                _ => stream.playout_delay,
            };
            if core::mem::replace(&mut stream.playout_delay, delay) != delay {
                let playout_delay = delay.playout_delay();
                self.post.out.command(shard, Command::SetPlayoutDelay { subscription: *id, playout_delay });
            }
            let layers = stream.layers.changed(change.layers);
            if core::mem::replace(&mut stream.layers, layers) != layers {
                let layers = layers.ceiling();
                self.post.out.command(shard, Command::SetLayers { subscription: *id, layers });
            }
            let source = stream.source.filter(|_| stream.kind == MediaKind::Video && change.wants_keyframe);
            if let Some(StreamPlace { shard, stream }) = source {
                self.post.out.command(shard, Command::RequestKeyframe { stream });
            }
        }
    }

    fn set_paused(&mut self, handle: HandleId, is_paused: bool) {
        let Some(subscriber) = self.state.handles.get_mut(handle).and_then(|entry| entry.subscriber_mut()) else {
            return;
        };
        if subscriber.is_paused == is_paused {
            return;
        }
        subscriber.is_paused = is_paused;
        let (shard, streams) = (subscriber.shard, subscriber.streams.clone());
        for subscription in streams {
            let Some(tables) = self.state.shards.get(usize::from(shard)) else { return };
            let is_sent = tables.subscriptions.get(subscription).is_some_and(|stream| stream.is_sent);
            let active = is_sent && !is_paused;
            self.post.out.command(shard, Command::SetSubscriptionActive { subscription, active });
        }
    }

    /// The m-line of a subscriber that is called `mid`.
    pub(crate) fn subscription(&self, handle: HandleId, mid: &str) -> Option<(usize, SubscriptionId)> {
        let streams = &self.state.handles.get(handle)?.subscriber()?.streams;
        let index = (0..streams.len()).find(|index| crate::sdp::section_mid(*index) == mid)?;
        Some((index, streams[index]))
    }

    /// Tells a subscriber that something of theirs was done.
    fn tell_you(&mut self, caller: Caller<'_>, say: impl FnOnce(&mut RoomEvent<'_>)) {
        let subscriber = self.state.handles.get(caller.handle).and_then(|entry| entry.subscriber());
        let mut event = RoomEvent { room: subscriber.map(|subscriber| subscriber.room_name), ..RoomEvent::default() };
        say(&mut event);
        self.post.event(self.state, caller.handle, Some(caller.transaction), &event, None);
    }
}
