//! What the plugin says about m-lines: those that are published, and those of a subscriber.

use core::fmt;

use serde::ser::{Serialize, Serializer};

use super::handle::Handle;
use super::reply::{Each, Raw, Shown};
use super::state::State;
use crate::id::{StreamId, SubscriptionId};
use crate::room::{CodecName, Name, PublishedStream, Publisher, StreamPlace, SubscribedStream, Subscriber};
use crate::sdp::MediaKind;
use crate::wire::{Codec, Extension};

/// Somebody in `publishers`.
#[derive(serde::Serialize)]
pub(crate) struct PublisherInfo<'a, 'm> {
    id: Name,
    #[serde(skip_serializing_if = "Option::is_none")]
    display: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Raw<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dummy: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    audio_codec: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    video_codec: Option<&'static str>,
    streams: PublishedStreams<'a, 'm>,
    #[serde(skip_serializing_if = "Option::is_none")]
    talking: Option<bool>,
}

impl<'a, 'm> PublisherInfo<'a, 'm> {
    /// What is said about `publisher`; who talks only where `has_talking`.
    pub(crate) fn of(
        state: &'a State<'m>,
        handle: &Handle,
        publisher: &'a Publisher,
        has_talking: bool,
    ) -> Option<Self> {
        let streams = PublishedStreams::of(state, handle, publisher, has_talking)?;
        let talking = if has_talking { talking(state, handle, publisher) } else { None };
        Some(Self {
            id: publisher.name,
            display: publisher.display.as_deref(),
            metadata: publisher.metadata.as_deref().map(Raw),
            dummy: handle.is_dummy().then_some(true),
            audio_codec: streams.codec(MediaKind::Audio),
            video_codec: streams.codec(MediaKind::Video),
            streams,
            talking,
        })
    }
}

/// Whether somebody talks; `None` if no audio level is told.
pub(crate) fn talking(state: &State<'_>, handle: &Handle, publisher: &Publisher) -> Option<bool> {
    let shard = handle.shard()?;
    let streams = publisher.streams.iter().filter_map(|stream| state.stream(shard, *stream));
    streams.filter_map(is_talking).reduce(|one, other| one || other)
}

fn is_talking(stream: &PublishedStream) -> Option<bool> {
    stream.extensions.id(Extension::AudioLevel).map(|_| stream.is_talking)
}

/// The m-lines of a publisher.
#[derive(Clone, Copy)]
pub(crate) struct PublishedStreams<'a, 'm> {
    state: &'a State<'m>,
    shard: u8,
    streams: &'a [StreamId],
    has_talking: bool,
}

impl<'a, 'm> PublishedStreams<'a, 'm> {
    pub(crate) fn of(
        state: &'a State<'m>,
        handle: &Handle,
        publisher: &'a Publisher,
        has_talking: bool,
    ) -> Option<Self> {
        let shard = handle.shard()?;
        Some(Self { state, shard, streams: &publisher.streams, has_talking })
    }

    /// The codec of the first m-line of `kind`: "none" if there is one without; nothing if there is no such m-line.
    pub(crate) fn codec(&self, kind: MediaKind) -> Option<&'static str> {
        let mut streams = self.iter().filter(|stream| stream.kind == kind).peekable();
        streams.peek()?;
        Some(streams.find_map(|stream| stream.codec).map_or("none", codec_name))
    }

    fn iter(&self) -> impl Iterator<Item = &'a PublishedStream> + Clone {
        let Self { state, shard, streams, .. } = *self;
        streams.iter().filter_map(move |stream| state.stream(shard, *stream))
    }
}

impl Serialize for PublishedStreams<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let has_talking = self.has_talking;
        serializer
            .collect_seq(self.iter().enumerate().map(|(index, stream)| StreamInfo::of(index, stream, has_talking)))
    }
}

/// One published m-line.
#[derive(serde::Serialize)]
struct StreamInfo<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    mindex: usize,
    mid: Shown<MidText<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    codec: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    h264_profile: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    vp9_profile: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fec: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    dtx: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stereo: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    simulcast: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    moderated: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    talking: Option<bool>,
}

impl<'a> StreamInfo<'a> {
    fn of(index: usize, stream: &'a PublishedStream, has_talking: bool) -> Self {
        let is_enabled = !stream.is_disabled;
        let codec = stream.codec.filter(|_| is_enabled);
        let flag = |name| (codec == Some(Codec::Opus) && stream.has_flag(name)).then_some(true);
        Self {
            kind: kind_name(stream.kind),
            mindex: index,
            mid: Shown(MidText::of(stream.kind, &stream.mid, index)),
            disabled: stream.is_disabled.then_some(true),
            description: stream.description.as_deref().filter(|_| is_enabled),
            codec: codec.map(codec_name),
            h264_profile: profile(codec, Codec::H264, stream.parameter("profile-level-id")),
            vp9_profile: profile(codec, Codec::Vp9, stream.parameter("profile-id")),
            fec: flag("useinbandfec"),
            dtx: flag("usedtx"),
            stereo: flag("stereo"),
            // Layers of VP9 are told by the codec, not by the offer.
            simulcast: (stream.is_simulcast && is_enabled && codec != Some(Codec::Vp9)).then_some(true),
            moderated: (stream.is_muted && is_enabled).then_some(true),
            talking: if has_talking && is_enabled { is_talking(stream) } else { None },
        }
    }
}

fn profile(codec: Option<Codec>, wanted: Codec, value: Option<&str>) -> Option<&str> {
    value.filter(|_| codec == Some(wanted))
}

/// A mid; that of data is its place, whatever the offer called it.
struct MidText<'a> {
    mid: Option<&'a str>,
    index: usize,
}

impl<'a> MidText<'a> {
    fn of(kind: MediaKind, mid: &'a str, index: usize) -> Self {
        Self { mid: (kind != MediaKind::Application).then_some(mid), index }
    }
}

impl fmt::Display for MidText<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.mid {
            Some(mid) => formatter.write_str(mid),
            None => write!(formatter, "{}", self.index),
        }
    }
}

/// The m-lines of a subscriber.
#[derive(Clone, Copy)]
pub(crate) struct SubscribedStreams<'a, 'm> {
    state: &'a State<'m>,
    shard: u8,
    streams: &'a [SubscriptionId],
}

impl<'a, 'm> SubscribedStreams<'a, 'm> {
    pub(crate) fn of(state: &'a State<'m>, subscriber: &'a Subscriber) -> Self {
        Self { state, shard: subscriber.shard, streams: &subscriber.streams }
    }
}

impl Serialize for SubscribedStreams<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let shard = self.state.shards.get(usize::from(self.shard));
        let streams = self.streams.iter().enumerate();
        let streams = streams.filter_map(|(index, id)| Some((index, *id, shard?.subscriptions.get(*id)?)));
        let info = |(index, id, stream)| SubscribedInfo::of(self.state, self.shard, index, id, stream);
        serializer.collect_seq(streams.map(info))
    }
}

/// One m-line of a subscriber.
#[derive(serde::Serialize)]
struct SubscribedInfo<'a, 'm> {
    #[serde(rename = "type")]
    kind: &'static str,
    active: bool,
    mindex: usize,
    mid: Shown<usize>,
    ready: bool,
    send: bool,
    #[serde(rename = "crossrefid", skip_serializing_if = "str::is_empty")]
    cross_reference: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    feed_id: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    feed_display: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    feed_mid: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    feed_description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    codec: Option<&'static str>,
    #[serde(rename = "h264-profile", skip_serializing_if = "Option::is_none")]
    h264_profile: Option<&'a str>,
    #[serde(rename = "vp9-profile", skip_serializing_if = "Option::is_none")]
    vp9_profile: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    simulcast: Option<ShownLayers>,
    #[serde(rename = "playout-delay", skip_serializing_if = "Option::is_none")]
    playout_delay: Option<ShownDelay>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sources: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    source_ids: Option<SourceIds<'a, 'm>>,
}

/// The names of those whose data a subscriber's m-line gets.
struct SourceIds<'a, 'm> {
    state: &'a State<'m>,
    shard: u8,
    subscription: SubscriptionId,
}

impl Serialize for SourceIds<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let tables = self.state.shards.get(usize::from(self.shard));
        let sources = tables.into_iter().flat_map(|it| it.data_sources_of(self.subscription));
        let name = |place: StreamPlace| {
            let published = self.state.stream(place.shard, place.stream)?;
            Some(self.state.handles.get(published.handle)?.publisher()?.name)
        };
        serializer.collect_seq(sources.filter_map(name))
    }
}

#[derive(serde::Serialize)]
#[serde(rename_all = "kebab-case")]
struct ShownDelay {
    min_delay: u16,
    max_delay: u16,
}

/// The layers of a simulcast m-line that are sent, -1 before any is, and those that are wanted.
#[derive(serde::Serialize)]
#[serde(rename_all = "kebab-case")]
struct ShownLayers {
    substream: i16,
    substream_target: u8,
    temporal_layer: i16,
    temporal_layer_target: u8,
}

impl ShownLayers {
    fn of(stream: &SubscribedStream) -> Self {
        let sent = |layer: Option<u8>| layer.map_or(-1, i16::from);
        Self {
            substream: sent(stream.sent_layers.encoding),
            substream_target: stream.layers.substream.unwrap_or(HIGHEST_LAYER),
            temporal_layer: sent(stream.sent_layers.temporal),
            temporal_layer_target: stream.layers.temporal.unwrap_or(HIGHEST_LAYER),
        }
    }
}

/// What Janus says where no layer is asked for.
const HIGHEST_LAYER: u8 = 2;

impl<'a, 'm> SubscribedInfo<'a, 'm> {
    fn of(
        state: &'a State<'m>,
        shard: u8,
        index: usize,
        subscription: SubscriptionId,
        stream: &'a SubscribedStream,
    ) -> Self {
        let source = stream.source.and_then(|place| state.stream(place.shard, place.stream));
        let publisher = source.and_then(|source| state.handles.get(source.handle)?.publisher());
        let media = source.filter(|_| stream.kind != MediaKind::Application);
        let tables = state.shards.get(usize::from(shard));
        let is_data = stream.kind == MediaKind::Application;
        let sources = tables.map_or(0, |it| it.data_sources_of(subscription).count());
        let sources = (is_data && sources > 0).then_some(sources);
        let codec = media.and(stream.codec);
        let delay = stream.playout_delay.playout_delay().filter(|_| media.is_some());
        Self {
            kind: kind_name(stream.kind),
            active: stream.is_fed(),
            mindex: index,
            mid: Shown(index),
            ready: stream.is_ready,
            send: stream.is_sent,
            cross_reference: &stream.cross_reference,
            feed_id: media.map(|_| stream.feed),
            feed_display: media.and(publisher).and_then(|publisher| publisher.display.as_deref()),
            feed_mid: media.map(|_| stream.feed_mid.as_str()),
            feed_description: media.and_then(|source| source.description.as_deref()),
            codec: codec.map(codec_name),
            h264_profile: profile(codec, Codec::H264, media.and_then(|source| source.parameter("profile-level-id"))),
            vp9_profile: profile(codec, Codec::Vp9, media.and_then(|source| source.parameter("profile-id"))),
            simulcast: media.filter(|source| source.is_simulcast).map(|_| ShownLayers::of(stream)),
            playout_delay: delay.map(|it| ShownDelay { min_delay: it.minimum_10ms, max_delay: it.maximum_10ms }),
            sources,
            source_ids: sources.map(|_| SourceIds { state, shard, subscription }),
        }
    }
}

pub(crate) fn kind_name(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Audio => "audio",
        MediaKind::Video => "video",
        MediaKind::Application => "data",
        MediaKind::Other => "unknown",
    }
}

pub(crate) fn codec_name(codec: Codec) -> &'static str {
    CodecName::Known(codec).name()
}

/// Somebody joined: what they are told.
#[derive(serde::Serialize)]
pub(crate) struct Joined<'a, 'm, P: Serialize, A: Serialize> {
    pub(crate) videoroom: &'static str,
    pub(crate) room: Name,
    pub(crate) description: &'a str,
    pub(crate) id: Name,
    pub(crate) private_id: u32,
    pub(crate) publishers: P,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) attendees: Option<A>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) audio_codec: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) video_codec: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) streams: Option<PublishedStreams<'a, 'm>>,
}

/// A publisher was configured: what they are told.
#[derive(serde::Serialize)]
pub(crate) struct Configured<'a, 'm> {
    pub(crate) videoroom: &'static str,
    pub(crate) room: Name,
    pub(crate) configured: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) audio_codec: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) video_codec: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) streams: Option<PublishedStreams<'a, 'm>>,
}

/// Somebody publishes: what the others are told.
#[derive(serde::Serialize)]
pub(crate) struct Published<'a, 'm> {
    pub(crate) videoroom: &'static str,
    pub(crate) room: Name,
    pub(crate) publishers: [PublisherInfo<'a, 'm>; 1],
}

/// A subscription as it stands: what the subscriber is told.
#[derive(serde::Serialize)]
pub(crate) struct Subscribed<'a, 'm> {
    pub(crate) videoroom: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) switched: Option<&'static str>,
    pub(crate) room: Name,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) changes: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<Name>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) warning: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) display: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) streams: Option<SubscribedStreams<'a, 'm>>,
}

/// The list of a room's publishers whose media can flow, but for `except`.
pub(crate) fn publishers_of<'a, 'm>(
    state: &'a State<'m>,
    room: crate::id::RoomId,
    except: crate::id::HandleId,
) -> Each<impl Iterator<Item = PublisherInfo<'a, 'm>> + Clone> {
    let others = (0..state.handles.capacity() as u16).filter_map(move |index| {
        let handle = state.handles.at(index)?;
        let publisher = handle.publisher().filter(|publisher| publisher.room == Some(room))?;
        let is_listed = handle.is_up() && state.handles.id_at(index)? != except.into();
        if is_listed { PublisherInfo::of(state, handle, publisher, true) } else { None }
    });
    Each(others)
}
