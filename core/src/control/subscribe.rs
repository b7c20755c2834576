//! The m-lines of a subscriber: adding, removing, switching, and the offers and answers about them.

use heapless::Vec;

use super::Outlet;
use super::error::{Refusal, plugin, refuse};
use super::json::Value;
use super::parameter::{PLUGIN, Parameter, Wanted, check, check_elements, mid_at, name_at, optional, required};
use super::select::{Selected, Selection, WANTED_STREAM, feed, layers_of};
use super::turn::{Caller, Done, Turn};
use super::videoroom::Deferred;
use crate::id::{HandleId, RoomId, SubscriptionId};
use crate::media::Command;
use crate::random::Random;
use crate::room::{SUBSCRIBED, StreamPlace, SubscribedStream};
use crate::sdp::{MediaKind, Policy, offered_extensions, offered_payload_types, section_mid};

/// What an element may hold where m-lines are given up.
pub(crate) const UNWANTED_STREAM: &[Parameter] =
    &[optional("feed", Wanted::Name), optional("mid", Wanted::Text), optional("sub_mid", Wanted::Text)];

/// What an element of `switch` must hold.
pub(crate) const SWITCHED_STREAM: &[Parameter] =
    &[required("mid", Wanted::Text), required("sub_mid", Wanted::Text), required("feed", Wanted::Name)];

impl<R: Random, O: Outlet> Turn<'_, '_, R, O> {
    /// `subscribe`, `unsubscribe` and `update`.
    pub(crate) fn update(&mut self, caller: Caller<'_>, request: Deferred, body: Value<'_>) -> Done {
        let (add, remove) = match request {
            Deferred::Subscribe => (Some("streams"), None),
            Deferred::Unsubscribe => (None, Some("streams")),
            _ => (body.get("subscribe").map(|_| "subscribe"), body.get("unsubscribe").map(|_| "unsubscribe")),
        };
        if add.is_none() && remove.is_none() {
            let why = "At least one of either 'subscribe' or 'unsubscribe' must be present";
            return Err(refuse!(plugin::MISSING, "subscribe", "{why}"));
        }
        if let Some(name) = add {
            check_list(body, name, "Empty subscription list")?;
            check_elements(body, name, self.codes(), WANTED_STREAM)?;
        }
        if let Some(name) = remove {
            check_list(body, name, "Empty unsubscription list")?;
            check_elements(body, name, self.codes(), UNWANTED_STREAM)?;
        }
        let selection = match (add, self.room_of_subscriber(caller.handle)) {
            (Some(name), Some(room)) => Selection::of_list(self.state, room, body, name)?,
            (Some(_), None) => return Err(refuse!(plugin::NO_ROOM, "room", "No such room")),
            (None, _) => Selection::default(),
        };
        let Some((shard, count)) = self.subscriber_size(caller.handle) else { return Ok(()) };
        self.check_selection(caller.handle, (shard, count), &selection)?;
        self.cascade_selection(shard, &selection)?;
        let removed = remove.map_or(Ok(0), |name| self.remove_streams(caller.handle, body, name))?;
        let added = self.add_streams(caller.handle, &selection)?;
        self.tell_updated(caller, removed + added > 0);
        Ok(())
    }

    fn subscriber_size(&self, handle: HandleId) -> Option<(u8, usize)> {
        let subscriber = self.state.handles.get(handle)?.subscriber()?;
        Some((subscriber.shard, subscriber.streams.len()))
    }

    fn room_of_subscriber(&self, handle: HandleId) -> Option<RoomId> {
        self.state.room(self.state.handles.get(handle)?.subscriber()?.room_name)
    }

    /// Whether there are places for `selection` beside the `count` m-lines that are there.
    pub(crate) fn check_selection(&self, handle: HandleId, (shard, count): (u8, usize), selection: &Selection) -> Done {
        let most = usize::from(self.settings.limits.streams_per_subscriber).min(SUBSCRIBED);
        let Some(tables) = self.state.shards.get(usize::from(shard)) else { return Err(Refusal::full("shards", 0)) };
        let data = selection.0.iter().filter(|selected| selected.kind == MediaKind::Application).count();
        let subscriber = self.state.handles.get(handle).and_then(|entry| entry.subscriber());
        let has_data = subscriber.is_some_and(|it| it.streams.iter().any(|id| tables.is_data(*id)));
        // All data shares an m-line.
        let wanted = selection.0.len() - data + usize::from(data > 0 && !has_data);
        if count + wanted > most {
            return Err(Refusal::full("streams per subscriber", most));
        }
        if wanted > tables.subscriptions.capacity() - tables.subscriptions.len() {
            return Err(Refusal::full("subscriptions", tables.subscriptions.capacity()));
        }
        if data > tables.data_sources.capacity() - tables.data_sources.len() {
            return Err(Refusal::full("data sources", tables.data_sources.capacity()));
        }
        if data > 0 { self.check_data_place(handle, shard) } else { Ok(()) }
    }

    /// Gives the subscriber an m-line for each of `selection`, and one for all data; says how many were added. As in
    /// Janus, whoever asks twice gets two.
    pub(crate) fn add_streams(&mut self, handle: HandleId, selection: &Selection) -> Result<usize, Refusal> {
        let mut added = 0;
        for selected in &selection.0 {
            let is_new = match selected.kind {
                MediaKind::Application => self.add_data_source(handle, selected)?,
                _ => self.add_stream(handle, selected).map(|()| true)?,
            };
            added += usize::from(is_new);
        }
        Ok(added)
    }

    fn add_stream(&mut self, handle: HandleId, selected: &Selected) -> Done {
        let subscriber = self.state.handles.get(handle).and_then(|entry| entry.subscriber());
        let Some(subscriber) = subscriber else { return Ok(()) };
        let (shard, has_retransmission) = (subscriber.shard, subscriber.has_retransmission);
        let streams = subscriber.streams.clone();
        let Some(tables) = self.state.shards.get(usize::from(shard)) else { return Ok(()) };
        let known = |id: &SubscriptionId| tables.subscriptions.get(*id);
        let vacant = streams
            .iter()
            .copied()
            .find(|id| known(id).is_some_and(|stream| stream.source.is_none() && stream.kind == selected.kind));
        let StreamPlace { shard: home, stream: source } = selected.stream;
        let Some(source) = self.state.stream(home, source) else { return Ok(()) };
        let taken = streams.iter().filter(|id| Some(**id) != vacant).filter_map(known);
        let taken =
            taken.filter_map(|it| Some((it.codec?, it.payload_type, it.second_payload_type(), it.parameters.as_str())));
        let types = source.codec.map(|codec| offered_payload_types(taken, codec, &source.parameters));
        let (payload_type, second_payload_type) = types.unwrap_or_default();
        let is_sound = source.kind == MediaKind::Audio;
        let rtx_payload_type = second_payload_type.filter(|_| has_retransmission && !is_sound);
        let room = self.room_of_subscriber(handle).and_then(|room| self.state.rooms.get(room));
        let publisher = self.state.handles.get(source.handle).and_then(|entry| entry.publisher());
        // What is encrypted end to end cannot be taken apart.
        let has_red = room.is_some_and(|room| room.settings.audio_red) && publisher.is_some_and(|it| !it.is_end_to_end);
        let red_payload_type = second_payload_type.filter(|_| is_sound && has_red);
        let transport_wide_cc = room.is_none_or(|room| room.settings.transport_wide_cc_ext);
        let policy = Policy { transport_wide_cc, ..Policy::DEFAULT };
        let extensions = source.codec.map(|codec| offered_extensions(codec, &source.extensions, &policy));
        let old = vacant.as_ref().and_then(known);
        let mut stream = SubscribedStream {
            handle,
            kind: source.kind,
            source: Some(selected.stream),
            feed: selected.feed,
            feed_token: selected.feed.token(),
            cross_reference: selected.cross_reference.clone(),
            feed_mid: source.mid.clone(),
            codec: source.codec,
            payload_type,
            rtx_payload_type,
            red_payload_type,
            audio_nack: is_sound && room.is_some_and(|room| room.settings.audio_nack),
            parameters: source.parameters.clone(),
            extensions: extensions.unwrap_or_default(),
            ssrc: 0,
            rtx_ssrc: None,
            traffic: Default::default(),
            told: Default::default(),
            is_offered: old.is_some_and(|old| old.is_offered),
            is_active: false,
            is_ready: false,
            is_sent: true,
            playout_delay: selected.playout_delay,
            layers: selected.layers,
            sent_layers: Default::default(),
            delivery: Default::default(),
        };
        // An m-line used again has a new source: browsers attach a picture to a new SSRC only.
        stream.ssrc = self.ssrc(shard, &streams, 0);
        stream.rtx_ssrc = rtx_payload_type.map(|_| self.ssrc(shard, &streams, stream.ssrc));
        self.place_stream(handle, shard, vacant, stream).map(|_| ())
    }

    /// Puts an m-line in the vacant place, or in a new one; says which it is.
    pub(crate) fn place_stream(
        &mut self,
        handle: HandleId,
        shard: u8,
        vacant: Option<SubscriptionId>,
        stream: SubscribedStream,
    ) -> Result<SubscriptionId, Refusal> {
        let Some(tables) = self.state.shard_mut(shard) else { return Err(Refusal::full("shards", 0)) };
        if let Some((id, place)) = vacant.and_then(|id| Some((id, tables.subscriptions.get_mut(id)?))) {
            *place = stream;
            return Ok(id);
        }
        let size = tables.subscriptions.capacity();
        let id = tables.subscriptions.insert(stream).map_err(|_| Refusal::full("subscriptions", size))?;
        let id = SubscriptionId::from(id);
        if let Some(subscriber) = self.state.handles.get_mut(handle).and_then(|entry| entry.subscriber_mut()) {
            let _ = subscriber.streams.push(id);
        }
        Ok(id)
    }

    /// A random SSRC that no m-line of `streams` has, nor is it `other`.
    fn ssrc(&mut self, shard: u8, streams: &[SubscriptionId], other: u32) -> u32 {
        loop {
            let ssrc = self.random.u32();
            let tables = self.state.shards.get(usize::from(shard));
            let of = |id: &SubscriptionId| tables?.subscriptions.get(*id);
            let mut known = streams.iter().filter_map(of);
            if ssrc != 0 && ssrc != other && !known.any(|it| it.ssrc == ssrc || it.rtx_ssrc == Some(ssrc)) {
                return ssrc;
            }
        }
    }

    /// Takes from the subscriber what the list `name` names; says how many m-lines.
    fn remove_streams(&mut self, handle: HandleId, body: Value<'_>, name: &str) -> Result<usize, Refusal> {
        let mut removed = 0;
        for element in body.get(name).into_iter().flat_map(Value::elements) {
            // Nothing is called by a mid that is too long.
            let (Ok(mid), Ok(sub_mid)) = (mid_at(element, "mid"), mid_at(element, "sub_mid")) else { continue };
            let number = name_at(element, "feed");
            let Some(subscriber) = self.state.handles.get(handle).and_then(|entry| entry.subscriber()) else { break };
            let (shard, streams) = (subscriber.shard, subscriber.streams.clone());
            for (index, subscription) in streams.iter().copied().enumerate() {
                let Some(tables) = self.state.shard_mut(shard) else { break };
                if tables.is_data(subscription) && sub_mid.is_none() {
                    // The m-line stays as it is, whoever is heard on it.
                    self.leave_data(shard, subscription, number, mid.as_deref());
                    continue;
                }
                let Some(stream) = tables.subscriptions.get_mut(subscription) else { continue };
                let is_meant = match &sub_mid {
                    Some(mid) => *mid == section_mid(index),
                    None => number == Some(stream.feed) && mid.as_ref().is_none_or(|mid| *mid == stream.feed_mid),
                };
                // An m-line that carries nothing is given up once more if it is named itself.
                let is_active = stream.source.take_if(|_| is_meant).is_some();
                removed += usize::from(is_active || (is_meant && sub_mid.is_some()));
                if is_meant && stream.kind == MediaKind::Application {
                    tables.remove_data_sources(|it| it.subscription == subscription);
                    continue;
                }
                if is_active {
                    stream.is_ready = false;
                    self.post.out.command(shard, Command::Unsubscribe { subscription });
                }
            }
        }
        Ok(removed)
    }

    pub(crate) fn switch(&mut self, caller: Caller<'_>, body: Value<'_>) -> Done {
        check(body, &[optional("streams", Wanted::Array)], PLUGIN)?;
        let Some(room) = self.room_of_subscriber(caller.handle) else {
            return Err(refuse!(plugin::NO_ROOM, "room", "No such room"));
        };
        if let Err(why) = check_list_contents(body, "streams", "Empty switch list") {
            // Who says `feed` instead, as older clients did, hears first whether there is one.
            return feed(self.state, room, body).and(Err(why));
        }
        check_elements(body, "streams", self.codes(), SWITCHED_STREAM)?;
        let mut switches: Vec<(SubscriptionId, Selected), SUBSCRIBED> = Vec::new();
        for element in body.get("streams").into_iter().flat_map(Value::elements) {
            if let Some(switch) = self.switch_of(caller.handle, room, element)? {
                switches.push(switch).map_err(|_| Refusal::full("streams", SUBSCRIBED))?;
            }
        }
        let Some((shard, _)) = self.subscriber_size(caller.handle) else { return Ok(()) };
        switches.iter().try_for_each(|(_, selected)| self.cascade(shard, selected.stream))?;
        for (subscription, selected) in &switches {
            if selected.kind == MediaKind::Application {
                self.switch_data(shard, *subscription, selected.stream)?;
                continue;
            }
            let StreamPlace { shard: home, stream: source } = selected.stream;
            let feed_mid = self.state.stream(home, source).map(|source| source.mid.clone()).unwrap_or_default();
            let Some(tables) = self.state.shard_mut(shard) else { break };
            if let Some(stream) = tables.subscriptions.get_mut(*subscription) {
                stream.source = Some(selected.stream);
                (stream.feed, stream.feed_token) = (selected.feed, selected.feed.token());
                stream.feed_mid = feed_mid;
                stream.sent_layers = Default::default();
                let layers = stream.layers.changed(selected.layers);
                if core::mem::replace(&mut stream.layers, layers) != layers {
                    let command = Command::SetLayers { subscription: *subscription, layers: layers.ceiling() };
                    self.post.out.command(shard, command);
                }
            }
            let (subscription, stream) = (*subscription, self.state.stream_in(shard, selected.stream));
            self.post.out.command(shard, Command::Switch { subscription, stream });
        }
        self.tell_switched(caller, switches.len());
        Ok(())
    }

    /// The m-line that `element` names and the source that it shall have. As in Janus, nothing happens to one that is
    /// not there, that cannot carry the source, or that carries it.
    fn switch_of(
        &self,
        handle: HandleId,
        room: RoomId,
        element: Value<'_>,
    ) -> Result<Option<(SubscriptionId, Selected)>, Refusal> {
        let (home, publisher) = feed(self.state, room, element)?;
        let number = publisher.name;
        let mid = mid_at(element, "mid")?.unwrap_or_default();
        let mut ids = publisher.streams.iter().copied();
        let id = ids.find(|id| self.state.stream(home, *id).is_some_and(|it| it.mid == mid && !it.is_disabled));
        let unknown = || refuse!(plugin::NO_FEED, "mid", "No such mid '{mid}' in feed ({number})");
        let stream = id.ok_or_else(unknown)?;
        let source = self.state.stream(home, stream).ok_or_else(unknown)?;
        let place = StreamPlace { shard: home, stream };
        let sub_mid = mid_at(element, "sub_mid").unwrap_or_default().unwrap_or_default();
        let Some((_, subscription)) = self.subscription(handle, &sub_mid) else { return Ok(None) };
        let own = self.subscriber_size(handle).map(|(shard, _)| usize::from(shard));
        let target = own.and_then(|own| self.state.shards.get(own)?.subscriptions.get(subscription));
        if target.is_none_or(|it| it.kind != source.kind || it.codec != source.codec || it.source == Some(place)) {
            return Ok(None);
        }
        let layers = layers_of(element);
        Ok(Some((subscription, Selected { layers, ..Selected::new(place, number, source.kind) })))
    }
}

/// Refuses a list that is absent, is none, or is empty.
fn check_list(body: Value<'_>, name: &'static str, empty: &str) -> Done {
    check(body, &[required(name, Wanted::Array)], PLUGIN)?;
    check_list_contents(body, name, empty)
}

/// Refuses a list that is absent or empty.
fn check_list_contents(body: Value<'_>, name: &'static str, empty: &str) -> Done {
    match body.get(name).is_some_and(|list| list.elements().next().is_some()) {
        true => Ok(()),
        false => Err(refuse!(plugin::INVALID, name, "{empty}")),
    }
}
