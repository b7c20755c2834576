//! Requests about RTP forwarders: `rtp_forward`, `stop_rtp_forward`, `listforwarders`.

use core::net::{IpAddr, Ipv4Addr, SocketAddr};

use base64ct::{Base64, Encoding};
use heapless::Vec;

use super::Outlet;
use super::error::{Refusal, plugin, refuse};
use super::forwarder_info::{Forwarded, ForwarderInfo, ForwarderList, Stopped};
use super::json::{Text, Value};
use super::media_info::codec_name;
use super::notify::{ForwarderNotice, RoomNotice, Subject};
use super::parameter::{Parameter, Wanted, check, check_elements, flag, name_at, natural, optional, required, string};
use super::rooms::NAMED;
use super::turn::{Caller, Done, Turn};
use crate::id::{HandleId, RelayId, RoomId, StreamId};
use crate::link::MasterKey;
use crate::media::{Command, RelayDestination, RelayKeys, RelayParameters};
use crate::random::Random;
use crate::room::{Forwarder, Name, PUBLISHED, Relayed};
use crate::sdp::MediaKind;
use crate::stream::Mid;
use crate::wire::{Extension, ExtensionMap};

/// What `rtp_forward` may hold.
pub(crate) const RTP_FORWARD: &[Parameter] = &[
    optional("secret", Wanted::Text),
    required("room", Wanted::Name),
    required("publisher_id", Wanted::Name),
    required("host", Wanted::Text),
    optional("host_family", Wanted::Text),
    optional("simulcast", Wanted::Bool),
    optional("srtp_suite", Wanted::Natural),
    optional("srtp_crypto", Wanted::Text),
    optional("streams", Wanted::Array),
    optional("video_port", Wanted::Natural),
    optional("video_rtcp_port", Wanted::Natural),
    optional("video_ssrc", Wanted::Natural),
    optional("video_pt", Wanted::Natural),
    optional("video_port_2", Wanted::Natural),
    optional("video_ssrc_2", Wanted::Natural),
    optional("video_pt_2", Wanted::Natural),
    optional("video_port_3", Wanted::Natural),
    optional("video_ssrc_3", Wanted::Natural),
    optional("video_pt_3", Wanted::Natural),
    optional("audio_port", Wanted::Natural),
    optional("audio_rtcp_port", Wanted::Natural),
    optional("audio_ssrc", Wanted::Natural),
    optional("audio_pt", Wanted::Natural),
    optional("data_port", Wanted::Natural),
];

/// What an element of its `streams` may hold.
pub(crate) const FORWARDED_STREAM: &[Parameter] = &[
    required("mid", Wanted::Text),
    optional("host", Wanted::Text),
    optional("host_family", Wanted::Text),
    optional("simulcast", Wanted::Bool),
    optional("srtp_suite", Wanted::Natural),
    optional("srtp_crypto", Wanted::Text),
    required("port", Wanted::Natural),
    optional("rtcp_port", Wanted::Natural),
    optional("ssrc", Wanted::Natural),
    optional("pt", Wanted::Natural),
    optional("port_2", Wanted::Natural),
    optional("ssrc_2", Wanted::Natural),
    optional("pt_2", Wanted::Natural),
    optional("port_3", Wanted::Natural),
    optional("ssrc_3", Wanted::Natural),
    optional("pt_3", Wanted::Natural),
];

/// What `stop_rtp_forward` must hold.
pub(crate) const STOP_RTP_FORWARD: &[Parameter] = &[
    optional("secret", Wanted::Text),
    required("room", Wanted::Name),
    required("publisher_id", Wanted::Name),
    required("stream_id", Wanted::Natural),
];

/// The most forwarders of one request: three layers of each m-line.
const FORWARDERS: usize = 3 * PUBLISHED;

/// Names of the members that say one thing about a layer, the lowest first.
#[derive(Clone, Copy)]
struct LayerNames {
    port: [&'static str; 3],
    ssrc: [&'static str; 3],
    payload_type: [&'static str; 3],
    rtcp_port: &'static str,
}

const OF_ELEMENT: LayerNames = LayerNames {
    port: ["port", "port_2", "port_3"],
    ssrc: ["ssrc", "ssrc_2", "ssrc_3"],
    payload_type: ["pt", "pt_2", "pt_3"],
    rtcp_port: "rtcp_port",
};

const OF_VIDEO: LayerNames = LayerNames {
    port: ["video_port", "video_port_2", "video_port_3"],
    ssrc: ["video_ssrc", "video_ssrc_2", "video_ssrc_3"],
    payload_type: ["video_pt", "video_pt_2", "video_pt_3"],
    rtcp_port: "video_rtcp_port",
};

const OF_AUDIO: LayerNames = LayerNames {
    port: ["audio_port", "", ""],
    ssrc: ["audio_ssrc", "", ""],
    payload_type: ["audio_pt", "", ""],
    rtcp_port: "audio_rtcp_port",
};

const OF_DATA: LayerNames =
    LayerNames { port: ["data_port", "", ""], ssrc: [""; 3], payload_type: [""; 3], rtcp_port: "" };

/// A forwarder that is asked for.
#[derive(Clone, Copy)]
struct Wish {
    forwarder: Forwarder,
    keys: Option<RelayKeys>,
    /// Whether it gets what a subscriber would get.
    is_viewer: bool,
}

/// What is said for all forwarders of a request.
#[derive(Clone, Copy)]
struct Target {
    host: IpAddr,
    sealing: Sealing,
}

/// Whether RTP is sealed.
#[derive(Clone, Copy)]
enum Sealing {
    Plain,
    Sealed(RelayKeys),
    /// The key is none: Janus makes no forwarder then, and says nothing.
    Impossible,
}

impl<R: Random, O: Outlet> Turn<'_, '_, R, O> {
    pub(crate) fn rtp_forward(&mut self, caller: Caller<'_>, body: Value<'_>) -> Done {
        check(body, RTP_FORWARD, self.codes())?;
        check_elements(body, "streams", self.codes(), FORWARDED_STREAM)?;
        self.check_forwarding_key(body)?;
        let host = host_of(body)?;
        let target = Target { host, sealing: sealing_of(body)? };
        let room = self.room_with_secret(body)?;
        let (handle, number) = self.forwarded_feed(room, body)?;
        let has_list = body.get("streams").is_some();
        let wishes = match has_list {
            true => self.listed_wishes(handle, target, body)?,
            false => self.legacy_wishes(handle, target, body)?,
        };
        for wish in &wishes {
            self.check_network(wish.forwarder.address.ip())?;
        }
        let made = self.add_forwarders(handle, &wishes)?;
        let Some(shard) = self.shard_of(handle) else { return Ok(()) };
        let infos: Vec<ForwarderInfo, FORWARDERS> =
            made.iter().map(|made| ForwarderInfo::of(made, self.rtcp_port(shard))).collect();
        let room = self.state.rooms.get(room).map_or(Name::default(), |room| room.settings.room);
        for (made, info) in made.iter().zip(&infos) {
            let codec = self.state.stream(shard, made.stream).and_then(|stream| stream.codec).map(codec_name);
            let notice = ForwarderNotice { info, room, publisher_id: number, codec };
            self.post.notify_plugin(self.state, Subject::Nobody, &notice);
        }
        self.say(caller, &Forwarded::new(number, room, &infos, (!has_list).then_some(host)));
        Ok(())
    }

    pub(crate) fn stop_rtp_forward(&mut self, caller: Caller<'_>, body: Value<'_>) -> Done {
        check(body, STOP_RTP_FORWARD, self.codes())?;
        self.check_forwarding_key(body)?;
        let room = self.room_with_secret(body)?;
        let (handle, publisher_id) = self.forwarded_feed(room, body)?;
        // As in Janus, only the low 32 bits count.
        let stream_id = natural(body, "stream_id").unwrap_or_default() as u32;
        let is_meant = |relayed: &Relayed| relayed.forwarder().is_some_and(|it| it.number == stream_id);
        let removed = self.remove_relays(handle, is_meant);
        if removed == 0 {
            return Err(refuse!(plugin::NO_FEED, "stream_id", "No such stream ({stream_id})"));
        }
        let room = self.state.rooms.get(room).map_or(Name::default(), |room| room.settings.room);
        let notice = RoomNotice {
            event: "stop_rtp_forward",
            room,
            publisher_id: Some(publisher_id),
            stream_id: Some(stream_id),
            ..RoomNotice::default()
        };
        self.post.notify_plugin(self.state, Subject::Nobody, &notice);
        self.say(caller, &Stopped { videoroom: "stop_rtp_forward", room, publisher_id, stream_id });
        Ok(())
    }

    /// Whether `body` shows the administrators' key, where forwarding needs it.
    pub(crate) fn check_forwarding_key(&self, body: Value<'_>) -> Done {
        if self.settings.lock_rtp_forward { self.check_admin_key(body) } else { Ok(()) }
    }

    pub(crate) fn list_forwarders(&mut self, caller: Caller<'_>, body: Value<'_>) -> Done {
        check(body, NAMED, self.codes())?;
        let room = self.room_with_secret(body)?;
        let shard = self.state.rooms.get(room).map_or(0, |room| room.shard);
        let state = &*self.state;
        let list = ForwarderList::of(state, room, shard, self.rtcp_port(shard));
        self.post.reply(state, caller, &list);
        Ok(())
    }

    /// The publisher whom `body` names by `publisher_id`.
    pub(crate) fn forwarded_feed(&self, room: RoomId, body: Value<'_>) -> Result<(HandleId, Name), Refusal> {
        let number = name_at(body, "publisher_id").unwrap_or_default();
        let unknown = || refuse!(plugin::NO_FEED, "publisher_id", "No such feed ({number})");
        self.state.feed(room, number).map(|(handle, _, _)| (handle, number)).ok_or_else(unknown)
    }

    /// The port that a shard's receivers answer to.
    fn rtcp_port(&self, shard: u8) -> u16 {
        self.settings.port.wrapping_add(u16::from(shard))
    }

    pub(crate) fn check_network(&self, address: IpAddr) -> Done {
        match self.settings.forward_networks.iter().any(|network| network.contains(address)) {
            true => Ok(()),
            false => Err(refuse!(plugin::UNAUTHORIZED, "host", "Unauthorized (media may not be sent to {address})")),
        }
    }

    /// The forwarders that the list `streams` asks for, in its order. An m-line that is not there has none.
    fn listed_wishes(
        &self,
        handle: HandleId,
        target: Target,
        body: Value<'_>,
    ) -> Result<Vec<Wish, FORWARDERS>, Refusal> {
        let mut wishes = Vec::new();
        for element in body.get("streams").into_iter().flat_map(Value::elements) {
            let mid: Option<Mid> = string(element, "mid")?;
            let Some((_, stream)) = mid.and_then(|mid| self.published(handle, &mid)) else { continue };
            // As in Janus, a name that is none leaves it at the host of all.
            let host = element.get("host").and_then(|_| host_of(element).ok()).unwrap_or(target.host);
            let is_viewer = flag(element, "simulcast").unwrap_or_default();
            self.wish(
                &mut wishes,
                (handle, stream),
                Target { host, ..target },
                element,
                (OF_ELEMENT, is_viewer, true),
            )?;
        }
        Ok(wishes)
    }

    /// The forwarders that a request of the older form asks for: one for the first m-line of each kind.
    fn legacy_wishes(
        &self,
        handle: HandleId,
        target: Target,
        body: Value<'_>,
    ) -> Result<Vec<Wish, FORWARDERS>, Refusal> {
        let mut wishes = Vec::new();
        let is_viewer = flag(body, "simulcast").unwrap_or_default();
        let kinds = [(MediaKind::Audio, OF_AUDIO), (MediaKind::Video, OF_VIDEO), (MediaKind::Application, OF_DATA)];
        for (kind, names) in kinds {
            if let Some(stream) = self.first_published(handle, kind) {
                self.wish(&mut wishes, (handle, stream), target, body, (names, is_viewer, false))?;
            }
        }
        Ok(wishes)
    }

    fn first_published(&self, handle: HandleId, kind: MediaKind) -> Option<StreamId> {
        let entry = self.state.handles.get(handle)?;
        let shard = entry.shard()?;
        let mut streams = entry.publisher()?.streams.iter().copied();
        streams.find(|id| self.state.stream(shard, *id).is_some_and(|it| it.kind == kind && !it.is_disabled))
    }

    /// Adds what `element` asks for under `names` to `wishes`: one forwarder, or one for each layer.
    fn wish(
        &self,
        wishes: &mut Vec<Wish, FORWARDERS>,
        (handle, stream): (HandleId, StreamId),
        target: Target,
        element: Value<'_>,
        (names, is_viewer, has_any_port): (LayerNames, bool, bool),
    ) -> Done {
        let kind = self.shard_of(handle).and_then(|shard| self.state.stream(shard, stream)).map(|stream| stream.kind);
        let kind = kind.unwrap_or(MediaKind::Other);
        let keys = match target.sealing {
            _ if kind == MediaKind::Application => None,
            Sealing::Plain => None,
            Sealing::Sealed(keys) => Some(keys),
            Sealing::Impossible => return Ok(()),
        };
        let layers = if kind == MediaKind::Video && !is_viewer { 3 } else { 1 };
        let above_zero = |name| natural(element, name).map(|number| number as u32).filter(|number| *number > 0);
        for layer in 0..layers {
            // As in Janus, a number that is too large loses its high bits.
            let port = natural(element, names.port[layer]).map(|port| port as u16);
            let Some(port) = port.filter(|port| *port > 0 || (has_any_port && layer == 0)) else { continue };
            let is_media = kind != MediaKind::Application;
            let forwarder = Forwarder {
                handle,
                stream,
                number: 0,
                kind,
                address: SocketAddr::new(target.host, port),
                rtcp_port: above_zero(names.rtcp_port).map(|port| port as u16).filter(|_| is_media && layer == 0),
                ssrc: above_zero(names.ssrc[layer]).filter(|_| is_media),
                payload_type: above_zero(names.payload_type[layer]).filter(|_| is_media),
                layer: (layer > 0).then_some(layer as u8),
                is_sealed: keys.is_some(),
            };
            let is_full = |_| Refusal::full("forwarders of a request", FORWARDERS);
            wishes.push(Wish { forwarder, keys, is_viewer }).map_err(is_full)?;
        }
        Ok(())
    }

    /// Makes all of `wishes` or none.
    fn add_forwarders(&mut self, handle: HandleId, wishes: &[Wish]) -> Result<Vec<Forwarder, FORWARDERS>, Refusal> {
        let mut made = Vec::new();
        let Some(shard) = self.shard_of(handle) else { return Ok(made) };
        let Some(tables) = self.state.shard_mut(shard) else { return Err(Refusal::full("shards", 0)) };
        let (size, taken) = (tables.relays.capacity(), tables.relays.len());
        if taken + wishes.len() > size {
            return Err(Refusal::full("forwarders", size));
        }
        for wish in wishes {
            let number = self.forwarder_number(shard);
            let forwarder = Forwarder { number, ..wish.forwarder };
            let Some(tables) = self.state.shard_mut(shard) else { break };
            let id =
                tables.relays.insert(Relayed::Forwarder(forwarder)).map_err(|_| Refusal::full("forwarders", size))?;
            let _ = made.push(forwarder);
            if let Some(parameters) = self.relay_parameters(shard, id.into(), wish) {
                self.post.out.command(shard, Command::AddRelay(parameters));
            }
        }
        Ok(made)
    }

    /// A random number, not 0, that no forwarder of `shard` has.
    fn forwarder_number(&mut self, shard: u8) -> u32 {
        loop {
            let number = self.random.u32();
            let tables = self.state.shards.get(usize::from(shard));
            let has_it = |relayed: &Relayed| relayed.forwarder().is_some_and(|other| other.number == number);
            let is_taken = tables.is_some_and(|it| it.relays.iter().any(|(_, other)| has_it(other)));
            if number != 0 && !is_taken {
                return number;
            }
        }
    }

    /// What the shard is told; nothing if no packet can go there.
    fn relay_parameters(&mut self, shard: u8, relay: RelayId, wish: &Wish) -> Option<RelayParameters> {
        let Forwarder { stream, kind, address, rtcp_port, ssrc, payload_type, layer, .. } = wish.forwarder;
        if kind == MediaKind::Application || address.port() == 0 {
            return None;
        }
        let ssrc = ssrc.unwrap_or_else(|| self.random.u32());
        let entry = self.state.stream(shard, stream).filter(|entry| entry.codec.is_some())?;
        let payload_type = payload_type.map_or(entry.payload_type, |number| (number & 0x7f) as u8);
        Some(RelayParameters {
            relay,
            stream,
            layer: (!wish.is_viewer).then_some(layer.unwrap_or(0)),
            destination: RelayDestination::Address {
                remote: address,
                rtcp: rtcp_port.map(|port| SocketAddr::new(address.ip(), port)),
                keys: wish.keys,
            },
            ssrc,
            payload_type,
            extensions: of_content(&entry.extensions),
            is_cascade: false,
        })
    }
}

/// The extensions that tell of the content, not of the publisher's transport.
pub(super) fn of_content(extensions: &ExtensionMap) -> ExtensionMap {
    let kept =
        [Extension::AudioLevel, Extension::VideoOrientation, Extension::PlayoutDelay, Extension::DependencyDescriptor];
    kept.iter().fold(ExtensionMap::EMPTY, |map, it| map.with(*it, extensions.id(*it).unwrap_or_default()))
}

/// The address that `element` names by `host`. Names are not looked up, but for this machine's.
pub(super) fn host_of(element: Value<'_>) -> Result<IpAddr, Refusal> {
    let family = element.get("host_family").and_then(Value::text);
    let is_family = |name| family.is_some_and(|family: Text<'_>| family.is_any_case(name));
    let (wants_v4, wants_v6) = (is_family("ipv4"), is_family("ipv6"));
    if let Some(family) = family.filter(|_| !wants_v4 && !wants_v6) {
        let name = family.raw();
        return Err(refuse!(plugin::INVALID, "host_family", "Unsupported protocol family ({name})"));
    }
    let host = element.get("host").and_then(Value::text);
    let text: Option<heapless::String<64>> = host.and_then(Text::string);
    let address = match text.as_deref() {
        Some("localhost") if !wants_v6 => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        Some("localhost") => Some(IpAddr::V6(core::net::Ipv6Addr::LOCALHOST)),
        text => text.and_then(|text| text.parse().ok()),
    };
    let name = host.map_or("", Text::raw);
    let address = address.filter(|it: &IpAddr| !(wants_v4 && it.is_ipv6() || wants_v6 && it.is_ipv4()));
    address.ok_or_else(|| refuse!(plugin::INVALID, "host", "Could not resolve address ({name})..."))
}

/// What `body` says about SRTP; a suite without a key is as little as a key without a suite.
fn sealing_of(body: Value<'_>) -> Result<Sealing, Refusal> {
    let suite = natural(body, "srtp_suite").filter(|suite| *suite > 0);
    let Some((suite, crypto)) = suite.zip(body.get("srtp_crypto").and_then(Value::text)) else {
        return Ok(Sealing::Plain);
    };
    if suite != 32 && suite != 80 {
        return Err(refuse!(plugin::INVALID, "srtp_suite", "Invalid SRTP suite ({suite})"));
    }
    let master = crypto.string::<64>().and_then(|text| master_key(&text));
    Ok(master.map_or(Sealing::Impossible, |master| Sealing::Sealed(RelayKeys { master, has_short_tags: suite == 32 })))
}

/// The same where nothing may go without a key that is asked for.
pub(super) fn keys_of(body: Value<'_>) -> Result<Option<RelayKeys>, Refusal> {
    match sealing_of(body)? {
        Sealing::Plain if natural(body, "srtp_suite").is_none_or(|suite| suite == 0) => Ok(None),
        Sealing::Sealed(keys) => Ok(Some(keys)),
        _ => Err(refuse!(plugin::INVALID, "srtp_crypto", "Invalid element (srtp_crypto should be 30 bytes in base64)")),
    }
}

/// The key and salt that `text` writes in base64 (RFC 4568 section 6.1).
fn master_key(text: &str) -> Option<MasterKey> {
    let mut bytes = [0; 30];
    Base64::decode(text, &mut bytes).ok().filter(|decoded| decoded.len() == 30)?;
    let (mut key, mut salt) = ([0; 16], [0; 14]);
    key.copy_from_slice(&bytes[..16]);
    salt.copy_from_slice(&bytes[16..]);
    Some(MasterKey { key, salt })
}
