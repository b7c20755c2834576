//! The PeerConnection in `handle_info`: how far it is, and what passed through its m-lines.

use core::fmt::Write;
use core::net::SocketAddr;

use heapless::{String, Vec};
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::super::handle::{Handle, Peer, Role};
use super::super::media_info::{codec_name, kind_name};
use super::super::notify::Candidate;
use super::super::peer::candidates;
use super::super::reply::Shown;
use super::super::settings::{ADDRESSES, Settings};
use super::super::state::State;
use crate::link::{Fingerprint, Role as DtlsRole, SrtpProfile};
use crate::room::SUBSCRIBED;
use crate::sdp::{MediaKind, uri};
use crate::stream::Traffic;
use crate::wire::{Codec, Extension, ExtensionMap};

/// A PeerConnection.
#[derive(Serialize)]
pub(super) struct Webrtc<'a, 'm> {
    ice: Ice,
    dtls: Dtls,
    extensions: Extensions<'a, 'm>,
    media: Lines<'a, 'm>,
}

impl<'a, 'm> Webrtc<'a, 'm> {
    /// That of `handle`, if it has one.
    pub(super) fn of(state: &'a State<'m>, handle: &'a Handle, settings: &Settings) -> Option<Self> {
        let peer = handle.peer.as_ref()?;
        let state_name = if peer.is_up { "ready" } else { "connecting" };
        Some(Self {
            ice: Ice {
                stream_id: 1,
                component_id: 1,
                state: state_name,
                local_candidates: candidates(settings, peer.shard).into_iter().map(Candidate::Ours).collect(),
                remote_candidates: peer.route.map(|route| [Candidate::Reflexive(route.remote)]),
                selected_pair: peer.route.map(|route| {
                    let local = SocketAddr::new(route.local, settings.port.wrapping_add(u16::from(peer.shard)));
                    Shown(Pair { local, remote: route.remote })
                }),
            },
            dtls: Dtls::of(peer, settings.fingerprint),
            extensions: Extensions { state, handle, shard: peer.shard },
            media: Lines { state, handle, shard: peer.shard },
        })
    }
}

#[derive(Serialize)]
struct Ice {
    stream_id: u8,
    component_id: u8,
    state: &'static str,
    #[serde(rename = "local-candidates")]
    local_candidates: Vec<Candidate<'static>, ADDRESSES>,
    /// Those that the peer wrote are not kept: all that counts of a peer is where its checks come from.
    #[serde(rename = "remote-candidates", skip_serializing_if = "Option::is_none")]
    remote_candidates: Option<[Candidate<'static>; 1]>,
    #[serde(rename = "selected-pair", skip_serializing_if = "Option::is_none")]
    selected_pair: Option<Shown<Pair>>,
}

/// The two addresses that media flows between.
struct Pair {
    local: SocketAddr,
    remote: SocketAddr,
}

impl core::fmt::Display for Pair {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { local, remote } = self;
        let (local_ip, local_port) = (local.ip(), local.port());
        let (remote_ip, remote_port) = (remote.ip(), remote.port());
        write!(formatter, "{local_ip}:{local_port} [host,udp] <-> {remote_ip}:{remote_port} [prflx,udp]")
    }
}

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Dtls {
    fingerprint: Shown<Hexadecimal>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remote_fingerprint: Option<Shown<Hexadecimal>>,
    remote_fingerprint_hash: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    dtls_role: Option<&'static str>,
    dtls_state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    srtp_profile: Option<&'static str>,
    valid: bool,
    ready: bool,
}

impl Dtls {
    fn of(peer: &Peer, ours: Fingerprint) -> Self {
        let role = |role| if role == DtlsRole::Client { "active" } else { "passive" };
        Self {
            fingerprint: Shown(Hexadecimal(ours)),
            remote_fingerprint: peer.remote.as_ref().map(|remote| Shown(Hexadecimal(remote.fingerprint))),
            remote_fingerprint_hash: "sha-256",
            dtls_role: peer.remote.as_ref().map(|remote| role(remote.role)),
            dtls_state: if peer.is_up || peer.profile.is_some() { "connected" } else { "trying" },
            srtp_profile: peer.profile.map(profile_name),
            valid: peer.is_up,
            ready: peer.is_up,
        }
    }
}

/// The profile's name in the registry of DTLS-SRTP (RFC 5764 section 4.1.2, RFC 7714 section 14.2).
pub(super) const fn profile_name(profile: SrtpProfile) -> &'static str {
    match profile {
        SrtpProfile::AeadAes128Gcm => "SRTP_AEAD_AES_128_GCM",
        SrtpProfile::Aes128CmSha1_80 => "SRTP_AES128_CM_HMAC_SHA1_80",
    }
}

/// The header extensions of all m-lines with their ids, which are the same in all of them (RFC 8843 section 9.2).
struct Extensions<'a, 'm> {
    state: &'a State<'m>,
    handle: &'a Handle,
    shard: u8,
}

impl Serialize for Extensions<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let tables = self.state.shards.get(usize::from(self.shard));
        let published = self.handle.publisher().into_iter().flat_map(|publisher| &publisher.streams);
        let published = published.filter_map(|id| Some(tables?.streams.get(*id)?.extensions));
        let subscribed = self.handle.subscriber().into_iter().flat_map(|subscriber| &subscriber.streams);
        let subscribed = subscribed.filter_map(|id| Some(tables?.subscriptions.get(*id)?.extensions));
        let maps: Vec<ExtensionMap, SUBSCRIBED> = published.chain(subscribed).take(SUBSCRIBED).collect();
        let ids = Extension::ALL
            .into_iter()
            .filter_map(|extension| Some((uri(extension), maps.iter().find_map(|map| map.id(extension))?)));
        serializer.collect_map(ids)
    }
}

/// A fingerprint as descriptions write it (RFC 8122 section 5).
struct Hexadecimal(Fingerprint);

impl core::fmt::Display for Hexadecimal {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        for (index, byte) in self.0.sha256.iter().enumerate() {
            write!(formatter, "{}{byte:02X}", if index > 0 { ":" } else { "" })?;
        }
        Ok(())
    }
}

/// The m-lines, by their places.
struct Lines<'a, 'm> {
    state: &'a State<'m>,
    handle: &'a Handle,
    shard: u8,
}

impl Serialize for Lines<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        let mut add = |index: usize, line: &Line<'_>| {
            let mut key: String<4> = String::new();
            // There are fewer than a thousand m-lines.
            let _ = write!(key, "{index}");
            map.serialize_entry(key.as_str(), line)
        };
        let tables = self.state.shards.get(usize::from(self.shard));
        match &self.handle.role {
            Role::Idle => {}
            Role::Publisher(publisher) => {
                for (index, id) in publisher.streams.iter().enumerate() {
                    let Some(stream) = tables.and_then(|tables| tables.streams.get(*id)) else { continue };
                    let (kind, codec) = (stream.kind, stream.codec);
                    let formats = codec.map(|codec| CodecInfo::of(codec, stream.payload_type, None));
                    let line = Line::of(index, (kind, &stream.mid, codec), false, stream.traffic);
                    add(index, &Line { codecs: formats, ..line })?;
                }
            }
            Role::Subscriber(subscriber) => {
                for (index, id) in subscriber.streams.iter().enumerate() {
                    let Some(entry) = tables.and_then(|tables| tables.subscriptions.get(*id)) else { continue };
                    let mut mid: String<4> = String::new();
                    let _ = write!(mid, "{index}");
                    let rtx = entry.rtx_payload_type;
                    let codecs = entry.codec.map(|codec| CodecInfo::of(codec, entry.payload_type, rtx));
                    let ssrc = entry.codec.map(|_| Sources { ssrc: entry.ssrc, rtx: entry.rtx_ssrc });
                    let line = Line::of(index, (entry.kind, &mid, entry.codec), true, entry.traffic);
                    add(index, &Line { ssrc, codecs, ..line })?;
                }
            }
        }
        map.end()
    }
}

#[derive(Serialize)]
struct Line<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    mindex: usize,
    mid: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    ssrc: Option<Sources>,
    direction: Direction,
    #[serde(skip_serializing_if = "Option::is_none")]
    codecs: Option<CodecInfo>,
    rtcp: Rtcp,
    stats: Statistics,
}

#[derive(Serialize)]
struct Direction {
    send: bool,
    recv: bool,
}

/// Our SSRCs.
#[derive(Serialize)]
struct Sources {
    ssrc: u32,
    #[serde(rename = "ssrc-rtx", skip_serializing_if = "Option::is_none")]
    rtx: Option<u32>,
}

#[derive(Serialize)]
struct CodecInfo {
    pt: u8,
    #[serde(rename = "rtx-pt", skip_serializing_if = "Option::is_none")]
    rtx_pt: Option<u8>,
    codec: &'static str,
}

impl CodecInfo {
    fn of(codec: Codec, pt: u8, rtx_pt: Option<u8>) -> Self {
        Self { pt, rtx_pt, codec: codec_name(codec) }
    }
}

#[derive(Serialize)]
struct Rtcp {
    main: Reports,
}

/// Times in milliseconds, jitters too.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Reports {
    base: u32,
    rtt: u32,
    lost: i32,
    lost_by_remote: i32,
    jitter_local: u32,
    jitter_remote: u32,
}

#[derive(Serialize)]
struct Statistics {
    #[serde(rename = "in")]
    incoming: Counts,
    #[serde(rename = "out")]
    outgoing: Counts,
}

#[derive(Serialize)]
struct Counts {
    packets: u64,
    bytes: u64,
    bytes_lastsec: u32,
    nacks: u32,
}

impl<'a> Line<'a> {
    fn of(
        mindex: usize,
        (kind, mid, codec): (MediaKind, &'a str, Option<Codec>),
        is_sent: bool,
        traffic: Traffic,
    ) -> Self {
        let nothing = Traffic::default();
        let (incoming, outgoing) = if is_sent { (nothing, traffic) } else { (traffic, nothing) };
        let base = codec.map_or(0, Codec::clock_rate_hz);
        let jitter_ms =
            |traffic: Traffic| (u64::from(traffic.jitter) * 1000).checked_div(base.into()).unwrap_or(0) as u32;
        // A NACK goes against the media that it is about.
        let counts = |ours: Traffic, theirs: Traffic| Counts {
            packets: ours.packets,
            bytes: ours.bytes,
            bytes_lastsec: ours.bytes_last_second,
            nacks: theirs.nacks,
        };
        Self {
            kind: kind_name(kind),
            mindex,
            mid,
            direction: Direction { send: is_sent, recv: !is_sent },
            ssrc: None,
            codecs: None,
            rtcp: Rtcp {
                main: Reports {
                    base,
                    rtt: traffic.round_trip_us / 1000,
                    lost: incoming.lost_packets,
                    lost_by_remote: outgoing.lost_packets,
                    jitter_local: jitter_ms(incoming),
                    jitter_remote: jitter_ms(outgoing),
                },
            },
            stats: Statistics { incoming: counts(incoming, outgoing), outgoing: counts(outgoing, incoming) },
        }
    }
}
