//! The PeerConnection in `handle_info`: how far it is, and what passed through its m-lines.

use core::fmt::Write;

use heapless::String;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::super::handle::{Handle, Peer, Role};
use super::super::media_info::{codec_name, kind_name};
use super::super::reply::Shown;
use super::super::state::State;
use crate::link::{Fingerprint, Role as DtlsRole};
use crate::sdp::MediaKind;
use crate::stream::Traffic;
use crate::wire::Codec;

/// A PeerConnection.
#[derive(Serialize)]
pub(super) struct Webrtc<'a, 'm> {
    ice: Ice,
    dtls: Dtls,
    media: Lines<'a, 'm>,
}

impl<'a, 'm> Webrtc<'a, 'm> {
    /// That of `handle`, if it has one.
    pub(super) fn of(state: &'a State<'m>, handle: &'a Handle, ours: Fingerprint) -> Option<Self> {
        let peer = handle.peer.as_ref()?;
        let state_name = if peer.is_up { "ready" } else { "connecting" };
        Some(Self {
            ice: Ice { stream_id: 1, component_id: 1, state: state_name },
            dtls: Dtls::of(peer, ours),
            media: Lines { state, handle, shard: peer.shard },
        })
    }
}

#[derive(Serialize)]
struct Ice {
    stream_id: u8,
    component_id: u8,
    state: &'static str,
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
            dtls_state: if peer.is_up { "connected" } else { "trying" },
            valid: peer.is_up,
            ready: peer.is_up,
        }
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
                    add(index, &Line::of(index, (kind, &stream.mid, codec), false, stream.traffic))?;
                }
            }
            Role::Subscriber(subscriber) => {
                for (index, id) in subscriber.streams.iter().enumerate() {
                    let Some(entry) = tables.and_then(|tables| tables.subscriptions.get(*id)) else { continue };
                    let mut mid: String<4> = String::new();
                    let _ = write!(mid, "{index}");
                    add(index, &Line::of(index, (entry.kind, &mid, entry.codec), true, entry.traffic))?;
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

#[derive(Serialize)]
struct CodecInfo {
    codec: &'static str,
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
            codecs: codec.map(|codec| CodecInfo { codec: codec_name(codec) }),
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
