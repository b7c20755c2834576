//! Rooms and people with their streams, as `room_status` and `people_status` list them.

use core::ops::Range;

use serde::Serialize;
use serde::ser::Serializer;

use super::super::handle::{Handle, Role};
use super::super::media_info::{codec_name, kind_name};
use super::super::state::State;
use crate::id::{HandleId, RoomId, StreamId, SubscriptionId};
use crate::media::{LimitedBy, SentLayers};
use crate::room::{Name, PublishedStream, StreamPlace, SubscribedStream};
use crate::sdp::{MediaKind, section_mid};
use crate::stream::{Mid, Traffic};
use crate::wire::Codec;

/// A list that is told in parts.
#[derive(Clone, Copy)]
pub(super) enum List {
    /// All rooms.
    Rooms,
    /// All handles that play a part, of one room or of all.
    People(Option<Name>),
}

impl List {
    /// What the answer calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Rooms => "rooms",
            Self::People(_) => "people",
        }
    }

    /// How many places of a table it is made from.
    pub(super) fn places(self, state: &State<'_>) -> usize {
        match self {
            Self::Rooms => state.rooms.capacity(),
            Self::People(_) => state.handles.capacity(),
        }
    }
}

/// Those of a list that are at some places of its table.
pub(super) struct Part<'a, 'm> {
    pub(super) state: &'a State<'m>,
    pub(super) list: List,
    pub(super) places: Range<usize>,
}

impl Serialize for Part<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (state, places) = (self.state, self.places.clone().map(|place| place as u16));
        match self.list {
            List::Rooms => serializer.collect_seq(places.filter_map(|place| RoomLine::of(state, place))),
            List::People(room) => serializer.collect_seq(
                places
                    .filter_map(|place| Person::of(state, state.handles.id_at(place)?.into(), state.handles.at(place)?))
                    .filter(|person| room.is_none_or(|room| room == person.room)),
            ),
        }
    }
}

#[derive(Serialize)]
struct RoomLine<'a> {
    room: Name,
    description: &'a str,
    shard: u8,
    /// Those who joined to publish, those of them who do, and those who watch.
    participants: usize,
    publishers: usize,
    subscribers: usize,
    max_publishers: u32,
    bitrate: u32,
    record: bool,
    pin_required: bool,
    is_private: bool,
    is_dynamic: bool,
}

impl<'a> RoomLine<'a> {
    fn of(state: &'a State<'_>, place: u16) -> Option<Self> {
        let room = state.rooms.at(place)?;
        let id: RoomId = state.rooms.id_at(place)?.into();
        let subscribers = state
            .handles
            .iter()
            .filter(|(_, handle)| handle.subscriber().is_some_and(|subscriber| subscriber.room == id));
        Some(Self {
            room: room.settings.room,
            description: room.settings.description.as_deref().unwrap_or_default(),
            shard: room.shard,
            participants: state.publishers(id).count(),
            publishers: state.publishers(id).filter(|(_, handle, _)| handle.is_up()).count(),
            subscribers: subscribers.count(),
            max_publishers: room.settings.publishers,
            bitrate: room.settings.bitrate,
            record: room.settings.record,
            pin_required: room.settings.pin.is_some(),
            is_private: room.settings.is_private,
            is_dynamic: room.is_dynamic,
        })
    }
}

/// A handle that plays a part.
#[derive(Serialize)]
struct Person<'a, 'm> {
    session_id: u64,
    handle_id: u64,
    room: Name,
    role: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    display: Option<&'a str>,
    /// The private number by which a subscriber's publisher is found, and a publisher's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    private_id: Option<u32>,
    ready: bool,
    #[serde(skip_serializing_if = "core::ops::Not::not")]
    recorded: bool,
    /// The file that its packets are written to.
    #[serde(skip_serializing_if = "Option::is_none")]
    capture: Option<&'a str>,
    /// What the way to a subscriber carries, where it showed a limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    way_bps: Option<u32>,
    streams: Streams<'a, 'm>,
}

impl<'a, 'm> Person<'a, 'm> {
    fn of(state: &'a State<'m>, id: HandleId, handle: &'a Handle) -> Option<Self> {
        let session_id = state.sessions.get(handle.session)?.number;
        let (handle_id, ready) = (handle.number, handle.is_up());
        let capture = state.capture(id).map(|capture| capture.path.as_str());
        match &handle.role {
            Role::Idle => None,
            Role::Publisher(publisher) => {
                publisher.room?;
                let streams = Streams::Published(state, handle.shard().unwrap_or_default(), &publisher.streams);
                Some(Self {
                    session_id,
                    handle_id,
                    room: publisher.room_name,
                    role: "publisher",
                    id: Some(publisher.name),
                    display: publisher.display.as_deref(),
                    private_id: Some(publisher.private_number),
                    ready,
                    recorded: publisher.is_recorded,
                    capture,
                    way_bps: None,
                    streams,
                })
            }
            Role::Subscriber(subscriber) => {
                let tables = state.shards.get(usize::from(subscriber.shard))?;
                let mut entries = subscriber.streams.iter().filter_map(|id| tables.subscriptions.get(*id));
                Some(Self {
                    session_id,
                    handle_id,
                    room: subscriber.room_name,
                    role: "subscriber",
                    id: None,
                    display: None,
                    private_id: subscriber.private_number,
                    ready,
                    recorded: false,
                    capture,
                    way_bps: entries.find_map(|entry| entry.delivery.way_bps),
                    streams: Streams::Subscribed(state, subscriber.shard, &subscriber.streams),
                })
            }
        }
    }
}

/// The m-lines of a handle, in its shard.
enum Streams<'a, 'm> {
    Published(&'a State<'m>, u8, &'a [StreamId]),
    Subscribed(&'a State<'m>, u8, &'a [SubscriptionId]),
}

impl Serialize for Streams<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Published(state, shard, ids) => {
                let Some(tables) = state.shards.get(usize::from(shard)) else { return serializer.collect_seq([(); 0]) };
                let watchers = |id: &StreamId| state.watchers_of(StreamPlace { shard, stream: *id });
                let line = |id: &StreamId| Line::arriving(tables.streams.get(*id)?, watchers(id));
                serializer.collect_seq(ids.iter().filter_map(line))
            }
            Self::Subscribed(state, shard, ids) => {
                let Some(tables) = state.shards.get(usize::from(shard)) else { return serializer.collect_seq([(); 0]) };
                let lines = ids.iter().enumerate();
                serializer
                    .collect_seq(lines.filter_map(|(index, id)| Line::leaving(index, tables.subscriptions.get(*id)?)))
            }
        }
    }
}

/// An m-line. Counts are since its beginning.
#[derive(Serialize)]
struct Line<'a> {
    mid: Mid,
    kind: &'static str,
    codec: Option<&'static str>,
    /// Whether packets may pass: neither muted nor paused.
    active: bool,
    packets: u64,
    bytes: u64,
    bitrate_bps: u64,
    lost: i32,
    nacks: u32,
    jitter_ms: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    rtt_ms: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    muted: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    talking: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    simulcast: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    watchers: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    feed: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    feed_mid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    layers: Option<LayersLine>,
    /// Why not more is sent: "none", "request", "bandwidth", "load".
    #[serde(skip_serializing_if = "Option::is_none")]
    limited_by: Option<&'static str>,
}

impl<'a> Line<'a> {
    fn of((mid, kind, codec): (Mid, MediaKind, Option<Codec>), active: bool, traffic: Traffic) -> Self {
        Self {
            mid,
            kind: kind_name(kind),
            codec: codec.map(codec_name),
            active,
            packets: traffic.packets,
            bytes: traffic.bytes,
            bitrate_bps: u64::from(traffic.bytes_last_second) * 8,
            lost: traffic.lost_packets,
            nacks: traffic.nacks,
            jitter_ms: traffic.jitter_ms(codec),
            rtt_ms: None,
            description: None,
            muted: None,
            talking: None,
            simulcast: None,
            watchers: None,
            feed: None,
            feed_mid: None,
            layers: None,
            limited_by: None,
        }
    }

    fn arriving(stream: &'a PublishedStream, watchers: usize) -> Option<Self> {
        if stream.is_disabled {
            return None;
        }
        let line = Self::of((stream.mid.clone(), stream.kind, stream.codec), stream.is_active(), stream.traffic);
        Some(Self {
            description: stream.description.as_deref(),
            muted: stream.is_muted.then_some(true),
            talking: stream.is_talking.then_some(true),
            simulcast: stream.is_simulcast.then_some(true),
            watchers: Some(watchers),
            ..line
        })
    }

    fn leaving(index: usize, entry: &'a SubscribedStream) -> Option<Self> {
        entry.source?;
        let line = Self::of((section_mid(index), entry.kind, entry.codec), entry.is_sent, entry.traffic);
        Some(Self {
            rtt_ms: Some(entry.traffic.round_trip_us / 1000),
            feed: Some(entry.feed),
            feed_mid: Some(&entry.feed_mid),
            layers: LayersLine::of(entry.sent_layers),
            limited_by: Some(limit_name(entry.delivery.limited_by)),
            ..line
        })
    }
}

/// The layers that are sent, where there are several.
#[derive(Serialize)]
struct LayersLine {
    #[serde(skip_serializing_if = "Option::is_none")]
    substream: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    spatial: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temporal: Option<u8>,
}

impl LayersLine {
    fn of(layers: SentLayers) -> Option<Self> {
        let SentLayers { encoding: substream, spatial, temporal } = layers;
        (layers != SentLayers::default()).then_some(Self { substream, spatial, temporal })
    }
}

fn limit_name(limited_by: LimitedBy) -> &'static str {
    match limited_by {
        LimitedBy::Nothing => "none",
        LimitedBy::Request => "request",
        LimitedBy::Bandwidth => "bandwidth",
        LimitedBy::Load => "load",
    }
}
