//! What the plugin says about RTP forwarders.

use core::net::IpAddr;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::media_info::kind_name;
use super::reply::{Each, Shown};
use super::state::State;
use crate::id::{HandleId, RoomId};
use crate::room::{Forwarder, Name};

/// One forwarder.
#[derive(Clone)]
pub(crate) struct ForwarderInfo {
    stream_id: u32,
    host: Shown<IpAddr>,
    port: u16,
    kind: &'static str,
    local_rtcp_port: Option<u16>,
    remote_rtcp_port: Option<u16>,
    pt: Option<u32>,
    ssrc: Option<u32>,
    substream: Option<u8>,
    srtp: Option<bool>,
}

impl Serialize for ForwarderInfo {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        self.write(&mut map)?;
        map.end()
    }
}

impl ForwarderInfo {
    /// What is said about `forwarder`; `rtcp_port` is ours.
    pub(crate) fn of(forwarder: &Forwarder, rtcp_port: u16) -> Self {
        Self {
            stream_id: forwarder.number,
            host: Shown(forwarder.address.ip()),
            port: forwarder.address.port(),
            kind: kind_name(forwarder.kind),
            local_rtcp_port: forwarder.rtcp_port.map(|_| rtcp_port),
            remote_rtcp_port: forwarder.rtcp_port,
            pt: forwarder.payload_type,
            ssrc: forwarder.ssrc,
            substream: forwarder.layer,
            srtp: forwarder.is_sealed.then_some(true),
        }
    }

    /// Whether it is sound, picture or data.
    pub(crate) fn kind(&self) -> &'static str {
        self.kind
    }

    /// Writes all that is said into `map`.
    pub(crate) fn write<M: SerializeMap>(&self, map: &mut M) -> Result<(), M::Error> {
        map.serialize_entry("stream_id", &self.stream_id)?;
        map.serialize_entry("host", &self.host)?;
        map.serialize_entry("port", &self.port)?;
        map.serialize_entry("type", self.kind)?;
        write_some(map, "local_rtcp_port", self.local_rtcp_port)?;
        write_some(map, "remote_rtcp_port", self.remote_rtcp_port)?;
        write_some(map, "pt", self.pt)?;
        write_some(map, "ssrc", self.ssrc)?;
        write_some(map, "substream", self.substream)?;
        write_some(map, "srtp", self.srtp)
    }
}

/// Forwarders were made: a list, or the names of the older form.
#[derive(serde::Serialize)]
pub(crate) struct Forwarded<'a> {
    publisher_id: Name,
    #[serde(skip_serializing_if = "Option::is_none")]
    forwarders: Option<&'a [ForwarderInfo]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rtp_stream: Option<LegacyForwarders<'a>>,
    room: Name,
    videoroom: &'static str,
}

impl<'a> Forwarded<'a> {
    /// `legacy_host` is there where the request had the older form.
    pub(crate) fn new(
        publisher_id: Name,
        room: Name,
        forwarders: &'a [ForwarderInfo],
        legacy_host: Option<IpAddr>,
    ) -> Self {
        Self {
            publisher_id,
            forwarders: legacy_host.is_none().then_some(forwarders),
            rtp_stream: legacy_host.map(|host| LegacyForwarders { forwarders, host }),
            room,
            videoroom: "rtp_forward",
        }
    }
}

/// Forwarders by their names in the older form.
struct LegacyForwarders<'a> {
    forwarders: &'a [ForwarderInfo],
    host: IpAddr,
}

impl Serialize for LegacyForwarders<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for forwarder in self.forwarders {
            let (id, port) = match (forwarder.kind, forwarder.substream) {
                ("audio", _) => ("audio_stream_id", "audio"),
                ("video", None) => ("video_stream_id", "video"),
                ("video", Some(1)) => ("video_stream_id_2", "video_2"),
                ("video", Some(_)) => ("video_stream_id_3", "video_3"),
                _ => ("data_stream_id", "data"),
            };
            map.serialize_entry(id, &forwarder.stream_id)?;
            map.serialize_entry(port, &forwarder.port)?;
        }
        map.serialize_entry("warning", "deprecated_api")?;
        map.serialize_entry("host", &Shown(self.host))?;
        map.end()
    }
}

/// A forwarder was ended.
#[derive(serde::Serialize)]
pub(crate) struct Stopped {
    pub(crate) videoroom: &'static str,
    pub(crate) room: Name,
    pub(crate) publisher_id: Name,
    pub(crate) stream_id: u32,
}

/// All forwarders of a room, by publisher.
pub(crate) struct ForwarderList<'a, 'm> {
    state: &'a State<'m>,
    room: RoomId,
    room_name: Name,
    shard: u8,
    rtcp_port: u16,
}

impl<'a, 'm> ForwarderList<'a, 'm> {
    pub(crate) fn of(state: &'a State<'m>, room: RoomId, shard: u8, rtcp_port: u16) -> Self {
        let room_name = state.rooms.get(room).map_or(Name::default(), |room| room.settings.room);
        Self { state, room, room_name, shard, rtcp_port }
    }

    fn publishers(&self) -> impl Iterator<Item = PublisherForwarders<'a, 'm>> + Clone {
        let Self { state, room, shard, rtcp_port, .. } = *self;
        (0..state.handles.capacity() as u16).filter_map(move |index| {
            let handle: HandleId = state.handles.id_at(index)?.into();
            let publisher = state.handles.at(index)?.publisher().filter(|publisher| publisher.room == Some(room))?;
            let forwarders = PublisherForwarders { state, handle, publisher_id: publisher.name, shard, rtcp_port };
            (publisher.lost_forwarders || forwarders.forwarders().next().is_some()).then_some(forwarders)
        })
    }
}

impl Serialize for ForwarderList<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("videoroom", "forwarders")?;
        map.serialize_entry("room", &self.room_name)?;
        map.serialize_entry("publishers", &Each(self.publishers()))?;
        map.end()
    }
}

/// The forwarders of one publisher.
#[derive(Clone, Copy)]
struct PublisherForwarders<'a, 'm> {
    state: &'a State<'m>,
    handle: HandleId,
    publisher_id: Name,
    shard: u8,
    rtcp_port: u16,
}

impl<'a> PublisherForwarders<'a, '_> {
    fn forwarders(self) -> impl Iterator<Item = ForwarderInfo> + Clone {
        let Self { state, handle, shard, rtcp_port, .. } = self;
        let tables: Option<&'a _> = state.shards.get(usize::from(shard));
        let size = tables.map_or(0, |tables| tables.relays.capacity());
        (0..size as u16).filter_map(move |index| {
            let forwarder = tables?.relays.at(index)?.forwarder().filter(|forwarder| forwarder.handle == handle)?;
            Some(ForwarderInfo::of(forwarder, rtcp_port))
        })
    }
}

impl Serialize for PublisherForwarders<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("publisher_id", &self.publisher_id)?;
        map.serialize_entry("forwarders", &Each(self.forwarders()))?;
        map.end()
    }
}

fn write_some<M: SerializeMap, T: Serialize>(map: &mut M, name: &str, value: Option<T>) -> Result<(), M::Error> {
    value.map_or(Ok(()), |value| map.serialize_entry(name, &value))
}
