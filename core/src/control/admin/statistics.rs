//! What passes through a handle's PeerConnection, by the identifiers of WebRTC's statistics API (`handle_statistics`,
//! which Janus does not have). It is seen from our end: a publisher's media is inbound. Layers of simulcast count
//! together, one entry for each m-line. Times are in seconds, but `timestamp` in milliseconds since 1970.

use core::fmt::{self, Display};
use core::net::SocketAddr;

use serde::Serialize;
use serde::ser::{SerializeSeq, Serializer};

use super::super::Outlet;
use super::super::envelope::Envelope;
use super::super::handle::{Handle, Peer, Role};
use super::super::media_info::{codec_name, kind_name};
use super::super::reply::Shown;
use super::super::state::State;
use super::super::turn::Turn;
use super::webrtc_info::profile_name;
use crate::id::HandleId;
use crate::media::LimitedBy;
use crate::random::Random;
use crate::room::{PublishedStream, SubscribedStream};
use crate::sdp::section_mid;
use crate::stream::{Mid, Traffic};
use crate::wire::Codec;

impl<R: Random, O: Outlet> Turn<'_, '_, R, O> {
    /// Answers `handle_statistics`.
    pub(super) fn tell_statistics(&mut self, envelope: &Envelope<'_>, id: HandleId) {
        let state = &*self.state;
        let Some(handle) = state.handles.get(id) else { return };
        let answer = Answer {
            janus: "success",
            session_id: envelope.session_number,
            transaction: &envelope.transaction,
            handle_id: handle.number,
            statistics: Statistics {
                state,
                handle,
                timestamp: (self.settings.unix_time_at_start_us + self.now.us) as f64 / 1e3,
                port: self.settings.port,
            },
        };
        self.post.send(envelope.origin.connection, &answer);
    }
}

#[derive(Serialize)]
struct Answer<'a, 'm> {
    janus: &'static str,
    session_id: Option<i64>,
    transaction: &'a str,
    handle_id: u64,
    statistics: Statistics<'a, 'm>,
}

/// All entries of a PeerConnection.
struct Statistics<'a, 'm> {
    state: &'a State<'m>,
    handle: &'a Handle,
    timestamp: f64,
    /// The UDP port of shard 0.
    port: u16,
}

impl Serialize for Statistics<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        let Some(peer) = &self.handle.peer else { return list.end() };
        self.tell_way(peer, &mut list)?;
        let tables = self.state.shards.get(usize::from(peer.shard));
        match &self.handle.role {
            Role::Idle => {}
            Role::Publisher(publisher) => {
                let streams = publisher.streams.iter().filter_map(|id| tables?.streams.get(*id));
                for stream in streams.filter(|stream| !stream.is_disabled) {
                    self.tell_arriving(stream, &mut list)?;
                }
            }
            Role::Subscriber(subscriber) => {
                for (index, id) in subscriber.streams.iter().enumerate() {
                    if let Some(entry) = tables.and_then(|tables| tables.subscriptions.get(*id)) {
                        self.tell_leaving(section_mid(index), entry, &mut list)?;
                    }
                }
            }
        }
        list.end()
    }
}

impl Statistics<'_, '_> {
    /// The transport, and the addresses that it uses.
    fn tell_way<L: SerializeSeq>(&self, peer: &Peer, list: &mut L) -> Result<(), L::Error> {
        let timestamp = self.timestamp;
        list.serialize_element(&Transport {
            id: "T",
            kind: "transport",
            timestamp,
            dtls_state: if peer.is_up { "connected" } else { "connecting" },
            ice_state: if peer.route.is_some() { "connected" } else { "checking" },
            srtp_cipher: peer.profile.map(profile_name),
            selected_candidate_pair_id: peer.route.map(|_| "P"),
        })?;
        let Some(route) = peer.route else { return Ok(()) };
        let (round_trip_us, way_bps) = self.measured(peer);
        list.serialize_element(&CandidatePair {
            id: "P",
            kind: "candidate-pair",
            timestamp,
            transport_id: "T",
            local_candidate_id: "L",
            remote_candidate_id: "R",
            state: "succeeded",
            nominated: true,
            current_round_trip_time: (round_trip_us > 0).then_some(seconds(round_trip_us)),
            available_outgoing_bitrate: way_bps,
        })?;
        let ours = SocketAddr::new(route.local, self.port.wrapping_add(u16::from(peer.shard)));
        for (id, kind, address, candidate_type) in
            [("L", "local-candidate", ours, "host"), ("R", "remote-candidate", route.remote, "prflx")]
        {
            let (port, address) = (address.port(), Shown(address.ip()));
            let (transport_id, protocol) = ("T", "udp");
            let candidate = Candidate { id, kind, timestamp, transport_id, address, port, protocol, candidate_type };
            list.serialize_element(&candidate)?;
        }
        Ok(())
    }

    /// The round trip to a subscriber, and what the way there carries.
    fn measured(&self, peer: &Peer) -> (u32, Option<u32>) {
        let streams = self.handle.subscriber().into_iter().flat_map(|subscriber| &subscriber.streams);
        let tables = self.state.shards.get(usize::from(peer.shard));
        let mut entries = streams.filter_map(|id| tables?.subscriptions.get(*id));
        entries.next().map_or((0, None), |entry| (entry.traffic.round_trip_us, entry.delivery.way_bps))
    }

    fn tell_arriving<L: SerializeSeq>(&self, stream: &PublishedStream, list: &mut L) -> Result<(), L::Error> {
        let (mid, traffic) = (&stream.mid, stream.traffic);
        self.tell_codec(mid, stream.codec, stream.payload_type, list)?;
        list.serialize_element(&Inbound {
            id: Shown(Named("I", mid)),
            kind: "inbound-rtp",
            timestamp: self.timestamp,
            media: kind_name(stream.kind),
            mid,
            transport_id: "T",
            codec_id: stream.codec.map(|_| Shown(Named("C", mid))),
            packets_received: traffic.packets,
            bytes_received: traffic.bytes,
            packets_lost: traffic.lost_packets,
            jitter: jitter(traffic, stream.codec),
            nack_count: traffic.nacks,
        })
    }

    fn tell_leaving<L: SerializeSeq>(&self, mid: Mid, entry: &SubscribedStream, list: &mut L) -> Result<(), L::Error> {
        let (traffic, timestamp, media) = (entry.traffic, self.timestamp, kind_name(entry.kind));
        self.tell_codec(&mid, entry.codec, entry.payload_type, list)?;
        let codec_id = entry.codec.map(|_| Shown(Named("C", &mid)));
        list.serialize_element(&Outbound {
            id: Shown(Named("O", &mid)),
            kind: "outbound-rtp",
            timestamp,
            ssrc: entry.ssrc,
            media,
            mid: &mid,
            transport_id: "T",
            codec_id: codec_id.clone(),
            remote_id: Shown(Named("RI", &mid)),
            active: entry.is_sent && entry.source.is_some(),
            packets_sent: traffic.packets,
            bytes_sent: traffic.bytes,
            nack_count: traffic.nacks,
            quality_limitation_reason: match entry.delivery.limited_by {
                LimitedBy::Nothing => "none",
                LimitedBy::Bandwidth => "bandwidth",
                LimitedBy::Load => "cpu",
                LimitedBy::Request => "other",
            },
        })?;
        list.serialize_element(&RemoteInbound {
            id: Shown(Named("RI", &mid)),
            kind: "remote-inbound-rtp",
            timestamp,
            ssrc: entry.ssrc,
            media,
            transport_id: "T",
            codec_id,
            local_id: Shown(Named("O", &mid)),
            packets_lost: traffic.lost_packets,
            jitter: jitter(traffic, entry.codec),
            round_trip_time: (traffic.round_trip_us > 0).then_some(seconds(traffic.round_trip_us)),
        })
    }

    fn tell_codec<L: SerializeSeq>(
        &self,
        mid: &Mid,
        codec: Option<Codec>,
        payload_type: u8,
        list: &mut L,
    ) -> Result<(), L::Error> {
        let Some(codec) = codec else { return Ok(()) };
        list.serialize_element(&CodecEntry {
            id: Shown(Named("C", mid)),
            kind: "codec",
            timestamp: self.timestamp,
            transport_id: "T",
            payload_type,
            mime_type: Shown(MimeType(codec)),
            clock_rate: codec.clock_rate_hz(),
        })
    }
}

/// The identifier of an m-line's entry.
#[derive(Clone)]
struct Named<'a>(&'static str, &'a str);

impl Display for Named<'_> {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}-{}", self.0, self.1)
    }
}

/// `audio/opus`, `video/VP8` and such; their case counts for nothing (RFC 6838 section 4.2).
#[derive(Clone)]
struct MimeType(Codec);

impl Display for MimeType {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.0.kind() == crate::wire::Kind::Audio { "audio" } else { "video" };
        write!(out, "{kind}/{}", codec_name(self.0))
    }
}

fn seconds(us: u32) -> f64 {
    f64::from(us) / 1e6
}

fn jitter(traffic: Traffic, codec: Option<Codec>) -> f64 {
    let ticks = codec.map_or(1, Codec::clock_rate_hz).max(1);
    f64::from(traffic.jitter) / f64::from(ticks)
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Transport {
    id: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: f64,
    dtls_state: &'static str,
    ice_state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    srtp_cipher: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    selected_candidate_pair_id: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CandidatePair {
    id: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: f64,
    transport_id: &'static str,
    local_candidate_id: &'static str,
    remote_candidate_id: &'static str,
    state: &'static str,
    nominated: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    current_round_trip_time: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    available_outgoing_bitrate: Option<u32>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Candidate<A: Display> {
    id: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: f64,
    transport_id: &'static str,
    address: Shown<A>,
    port: u16,
    protocol: &'static str,
    candidate_type: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CodecEntry<'a> {
    id: Shown<Named<'a>>,
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: f64,
    transport_id: &'static str,
    payload_type: u8,
    mime_type: Shown<MimeType>,
    clock_rate: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Inbound<'a> {
    id: Shown<Named<'a>>,
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: f64,
    #[serde(rename = "kind")]
    media: &'static str,
    mid: &'a str,
    transport_id: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    codec_id: Option<Shown<Named<'a>>>,
    packets_received: u64,
    bytes_received: u64,
    packets_lost: i32,
    jitter: f64,
    nack_count: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outbound<'a> {
    id: Shown<Named<'a>>,
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: f64,
    ssrc: u32,
    #[serde(rename = "kind")]
    media: &'static str,
    mid: &'a str,
    transport_id: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    codec_id: Option<Shown<Named<'a>>>,
    remote_id: Shown<Named<'a>>,
    active: bool,
    packets_sent: u64,
    bytes_sent: u64,
    nack_count: u32,
    quality_limitation_reason: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RemoteInbound<'a> {
    id: Shown<Named<'a>>,
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: f64,
    ssrc: u32,
    #[serde(rename = "kind")]
    media: &'static str,
    transport_id: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    codec_id: Option<Shown<Named<'a>>>,
    local_id: Shown<Named<'a>>,
    packets_lost: i32,
    jitter: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    round_trip_time: Option<f64>,
}
