//! How media flows, as clients are told: it began or stopped, somebody talks, packets get lost.

use super::notify::{ReceivingEvent, SlowEvent, Subject, Topic};
use super::post::Address;
use super::state::State;
use super::turn::Turn;
use super::{Outlet, SPECTRUM_BANDS};
use crate::id::{HandleId, RoomId, StreamId, SubscriptionId};
use crate::media::{SentLayers, SlowSource};
use crate::random::Random;
use crate::room::Name;
use crate::sdp::{MediaKind, section_mid};
use crate::stream::Mid;
use crate::wire::Codec;

impl<R: Random, O: Outlet> Turn<'_, '_, R, O> {
    /// Janus' `media`: packets of an m-line began to arrive, or stopped.
    pub(super) fn media_changed(&mut self, shard: u8, stream: StreamId, receiving: bool) {
        let Some(entry) = self.state.stream(shard, stream) else { return };
        let (handle, kind) = (entry.handle, entry.kind);
        let kind = if kind == MediaKind::Audio { "audio" } else { "video" };
        let notice = ReceivingEvent { media: kind, mid: &entry.mid, receiving };
        self.post.notify_event(self.state, (Topic::Media, 1), Subject::Handle(handle), &notice);
        let Some(Address { connection, session, handle, opaque_id }) = Address::of(self.state, handle) else { return };
        let (session_id, sender, mid) = (session, handle, &entry.mid);
        let event = MediaEvent { janus: "media", session_id, sender, opaque_id, mid, kind, receiving };
        self.post.send(connection, &event);
    }

    /// Janus' `talking` and `stopped-talking`: everybody in the room hears it, the publisher too.
    pub(super) fn talking_changed(&mut self, shard: u8, stream: StreamId, talking: bool, average_centi: u16) {
        let Some(entry) = self.state.shard_mut(shard).and_then(|tables| tables.streams.get_mut(stream)) else { return };
        entry.is_talking = talking;
        let state = &*self.state;
        let Some(entry) = state.stream(shard, stream) else { return };
        let Some(publisher) = state.handles.get(entry.handle).and_then(|handle| handle.publisher()) else { return };
        let Some(room) = publisher.room else { return };
        let event = TalkingEvent {
            videoroom: if talking { "talking" } else { "stopped-talking" },
            room: publisher.room_name,
            id: publisher.name,
            mindex: publisher.streams.iter().position(|id| *id == stream).unwrap_or_default(),
            mid: &entry.mid,
            average: f64::from(average_centi) / 100.0,
        };
        self.post.notify_plugin(state, Subject::Handle(entry.handle), &event);
        self.post.tell_room(state, room, None, &event);
    }

    /// Parlor's own `dominant-speaker`: the floor passed on. Everybody in a room that wants to know hears it.
    pub(super) fn dominant_changed(&mut self, shard: u8, stream: StreamId) {
        let Some(entry) = self.state.stream(shard, stream) else { return };
        let handle = entry.handle;
        let publisher = self.state.handles.get(handle).and_then(|handle| handle.publisher());
        let Some(id) = publisher.and_then(|publisher| publisher.room) else { return };
        if let Some(room) = self.state.rooms.get_mut(id) {
            room.dominant = Some(stream);
        }
        let state = &*self.state;
        if let Some(event) = DominantEvent::of(state, id) {
            self.post.notify_plugin(state, Subject::Handle(handle), &event);
            self.post.tell_room(state, id, None, &event);
        }
    }

    /// Parlor's own `spectrum`: how loud each band of a speaker's sound is, in dB to the overload point. Everybody in a
    /// room that wants to know hears it, the speaker too; management systems do not, so often does it come.
    pub(super) fn spectrum_changed(&mut self, shard: u8, stream: StreamId, bands: &[i8; SPECTRUM_BANDS]) {
        let state = &*self.state;
        let Some(entry) = state.stream(shard, stream) else { return };
        let Some(publisher) = state.handles.get(entry.handle).and_then(|handle| handle.publisher()) else { return };
        let Some(id) = publisher.room else { return };
        if !state.rooms.get(id).is_some_and(|room| room.settings.audio_spectrum_event) {
            return;
        }
        let event = SpectrumEvent {
            videoroom: "spectrum",
            room: publisher.room_name,
            id: publisher.name,
            mindex: publisher.streams.iter().position(|id| *id == stream).unwrap_or_default(),
            mid: &entry.mid,
            bands,
        };
        self.post.tell_room(state, id, None, &event);
    }

    /// Tells somebody who joined `room` who has the floor.
    pub(super) fn tell_dominant(&mut self, room: RoomId, handle: HandleId) {
        let state = &*self.state;
        if let Some(event) = DominantEvent::of(state, room) {
            self.post.event(state, handle, None, &event, None);
        }
    }

    /// Other layers of `stream` are sent to a subscriber than before: each kind is an event of its own, as in Janus.
    pub(super) fn layers_changed(
        &mut self,
        shard: u8,
        subscription: SubscriptionId,
        stream: StreamId,
        layers: SentLayers,
    ) {
        let place = self.state.place_of(shard, stream);
        let Some(tables) = self.state.shard_mut(shard) else { return };
        let Some(entry) = tables.subscriptions.get_mut(subscription) else { return };
        if entry.source != Some(place) {
            return;
        }
        let handle = entry.handle;
        // Janus calls layers of one encoding by other names than those of simulcast.
        let is_scalable = layers.encoding.is_none() && entry.codec != Some(Codec::Vp8);
        let before = core::mem::replace(&mut entry.sent_layers, layers);
        let state = &*self.state;
        let Some(subscriber) = state.handles.get(handle).and_then(|entry| entry.subscriber()) else { return };
        let index = subscriber.streams.iter().position(|id| *id == subscription);
        let mid = section_mid(index.unwrap_or_default());
        let room = subscriber.room_name;
        let event = LayerEvent {
            videoroom: "event",
            room,
            mid: &mid,
            substream: None,
            temporal: None,
            spatial_layer: None,
            temporal_layer: None,
        };
        let change = |now: Option<u8>, before: Option<u8>| now.filter(|now| Some(*now) != before);
        let temporal = change(layers.temporal, before.temporal);
        let (temporal_layer, temporal) = if is_scalable { (temporal, None) } else { (None, temporal) };
        let events = [
            LayerEvent { substream: change(layers.encoding, before.encoding), ..event },
            LayerEvent { spatial_layer: change(layers.spatial, before.spatial), ..event },
            LayerEvent { temporal, ..event },
            LayerEvent { temporal_layer, ..event },
        ];
        for event in events.iter().filter(|it| **it != event) {
            self.post.event(state, handle, None, event, None);
        }
    }

    /// Janus' `slowlink`: `lost` packets of an m-line were lost in a second. To Janus "up" is from the server.
    pub(super) fn tell_slow(&mut self, shard: u8, source: SlowSource, lost: u32) {
        let state = &*self.state;
        let Some(tables) = state.shards.get(usize::from(shard)) else { return };
        let own_mid: Mid;
        let (handle, kind, mid, uplink) = match source {
            SlowSource::Stream(id) => {
                let Some(stream) = tables.streams.get(id) else { return };
                (stream.handle, stream.kind, &stream.mid, false)
            }
            SlowSource::Subscription(id) => {
                let Some(stream) = tables.subscriptions.get(id) else { return };
                let subscriber = state.handles.get(stream.handle).and_then(|entry| entry.subscriber());
                let index = subscriber.and_then(|it| it.streams.iter().position(|other| *other == id));
                own_mid = section_mid(index.unwrap_or_default());
                (stream.handle, stream.kind, &own_mid, true)
            }
        };
        let media = if kind == MediaKind::Audio { "audio" } else { "video" };
        let slow_link = if uplink { "uplink" } else { "downlink" };
        let notice = SlowEvent { slow_link, lost_lastsec: lost };
        self.post.notify_event(state, (Topic::Media, 2), Subject::Handle(handle), &notice);
        let publisher = state.handles.get(handle).and_then(|entry| entry.publisher());
        if let Some(publisher) = publisher.filter(|_| !uplink) {
            let event = SlowPublisher { videoroom: "slow_link", current_bitrate: publisher.bitrate_bps };
            self.post.event(state, handle, None, &event, None);
        }
        let Some(Address { connection, session, handle, opaque_id }) = Address::of(state, handle) else { return };
        let (session_id, sender) = (session, handle);
        let event = SlowLinkEvent { janus: "slowlink", session_id, sender, opaque_id, mid, media, uplink, lost };
        self.post.send(connection, &event);
    }
}

/// See [`Turn::media_changed`].
#[derive(serde::Serialize)]
struct MediaEvent<'a> {
    janus: &'static str,
    session_id: u64,
    sender: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    opaque_id: Option<&'a str>,
    mid: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    receiving: bool,
}

/// See [`Turn::talking_changed`].
#[derive(serde::Serialize)]
struct TalkingEvent<'a> {
    videoroom: &'static str,
    room: Name,
    id: Name,
    mindex: usize,
    mid: &'a str,
    #[serde(rename = "audio-level-dBov-avg")]
    average: f64,
}

/// See [`Turn::dominant_changed`].
#[derive(serde::Serialize)]
struct DominantEvent<'a> {
    videoroom: &'static str,
    room: Name,
    id: Name,
    mindex: usize,
    mid: &'a str,
}

impl<'a> DominantEvent<'a> {
    /// Who has the floor of a room that wants to know; nothing if nobody has it.
    fn of(state: &'a State<'_>, id: RoomId) -> Option<Self> {
        let room = state.rooms.get(id).filter(|room| room.settings.dominant_speaker_event)?;
        let stream = room.dominant?;
        let entry = state.stream(room.shard, stream)?;
        let publisher = state.handles.get(entry.handle)?.publisher().filter(|publisher| publisher.room == Some(id))?;
        Some(Self {
            videoroom: "dominant-speaker",
            room: publisher.room_name,
            id: publisher.name,
            mindex: publisher.streams.iter().position(|id| *id == stream).unwrap_or_default(),
            mid: &entry.mid,
        })
    }
}

/// See [`Turn::spectrum_changed`].
#[derive(serde::Serialize)]
struct SpectrumEvent<'a> {
    videoroom: &'static str,
    room: Name,
    id: Name,
    mindex: usize,
    mid: &'a str,
    #[serde(rename = "bands-dBov")]
    bands: &'a [i8; SPECTRUM_BANDS],
}

/// See [`Turn::layers_changed`].
#[derive(Clone, Copy, PartialEq, serde::Serialize)]
struct LayerEvent<'a> {
    videoroom: &'static str,
    room: Name,
    mid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    substream: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temporal: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    spatial_layer: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temporal_layer: Option<u8>,
}

/// See [`Turn::tell_slow`].
#[derive(serde::Serialize)]
struct SlowLinkEvent<'a> {
    janus: &'static str,
    session_id: u64,
    sender: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    opaque_id: Option<&'a str>,
    mid: &'a str,
    media: &'static str,
    uplink: bool,
    lost: u32,
}

/// What the VideoRoom tells a publisher then.
#[derive(serde::Serialize)]
struct SlowPublisher {
    videoroom: &'static str,
    #[serde(rename = "current-bitrate")]
    current_bitrate: u32,
}
