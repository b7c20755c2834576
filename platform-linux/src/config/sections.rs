//! The sections of a file and their keys.

use parlor_core::control::settings::{ADMIN_SECRET_BYTES, API_SECRET_BYTES};
use parlor_core::limits::Limits;
use parlor_core::room::Name;

use super::entry::Entry;
use super::field::Field::{
    Directory, Flag, Folder, Listener, Networks, Number, PowerOfTwo, Shards, Socket, Text, Texts, UrlPath, Word,
};
use super::refusal::{Place, Refusal, suggestion};
use super::settings::Configuration;
use super::{Key, apply as apply_key, room};
use crate::{cluster, mdns, recording, tls};

pub(super) const SECTIONS: [(&str, &[Key<Configuration>]); 19] = [
    ("control", CONTROL),
    ("tls", TLS),
    ("mdns", MDNS),
    ("media", MEDIA),
    ("forward", FORWARD),
    ("remote", REMOTE),
    ("cluster", CLUSTER),
    ("events", EVENTS),
    ("events_http", EVENTS_HTTP),
    ("events_websocket", EVENTS_WEBSOCKET),
    ("events_mqtt", EVENTS_MQTT),
    ("state", STATE),
    ("limits", LIMITS),
    ("log", LOG),
    ("capture", CAPTURE),
    ("recording", RECORDING),
    ("shedding", SHEDDING),
    (DYNAMIC_ROOMS_NAME, DYNAMIC_ROOMS),
    ("board", BOARD),
];

const CONTROL: &[Key<Configuration>] = &[
    Key { name: "http", field: |c| Listener(&mut c.control.http) },
    Key { name: "base_path", field: |c| UrlPath(&mut c.control.base_path) },
    Key { name: "page", field: |c| Flag(&mut c.control.page) },
    Key { name: "whip", field: |c| Flag(&mut c.control.whip) },
    Key { name: "websocket", field: |c| Listener(&mut c.control.websocket) },
    Key { name: "admin", field: |c| Listener(&mut c.control.admin) },
    Key { name: "admin_base_path", field: |c| UrlPath(&mut c.control.admin_base_path) },
    Key { name: "admin_page", field: |c| Flag(&mut c.control.admin_page) },
    Key { name: "admin_websocket", field: |c| Listener(&mut c.control.admin_websocket) },
    Key { name: "https", field: |c| Listener(&mut c.control.https) },
    Key { name: "https_api", field: |c| Listener(&mut c.control.https_api) },
    Key { name: "wss", field: |c| Listener(&mut c.control.wss) },
    Key { name: "admin_https", field: |c| Listener(&mut c.control.admin_https) },
    Key { name: "admin_wss", field: |c| Listener(&mut c.control.admin_wss) },
    Key { name: "unix", field: |c| Socket(&mut c.control.unix) },
    Key { name: "admin_unix", field: |c| Socket(&mut c.control.admin_unix) },
    Key { name: "unix_type", field: |c| Word(&mut c.control.unix_type) },
    Key { name: "metrics", field: |c| Word(&mut c.control.metrics) },
    Key { name: "http_acl", field: |c| Texts(&mut c.control.http_acl, BEGINNINGS) },
    Key { name: "websocket_acl", field: |c| Texts(&mut c.control.websocket_acl, BEGINNINGS) },
    Key { name: "admin_acl", field: |c| Texts(&mut c.control.admin_acl, BEGINNINGS) },
    Key { name: "admin_websocket_acl", field: |c| Texts(&mut c.control.admin_websocket_acl, BEGINNINGS) },
    Key { name: "admin_secret", field: |c| Text(&mut c.control.admin_secret, ADMIN_SECRET_BYTES) },
    Key { name: "server_name", field: |c| Text(&mut c.control.server_name, 64) },
    Key { name: "session_timeout", field: |c| Number(&mut c.control.session_timeout_s, 0..=86_400) },
    Key { name: "reclaim_session_timeout", field: |c| Number(&mut c.control.reclaim_session_timeout_s, 0..=86_400) },
    Key { name: "api_secret", field: |c| Text(&mut c.control.api_secret, API_SECRET_BYTES) },
    Key { name: "token_auth", field: |c| Flag(&mut c.control.token_auth) },
    Key { name: "token_secret", field: |c| Text(&mut c.control.token_secret, API_SECRET_BYTES) },
    Key { name: "admin_key", field: |c| Text(&mut c.control.admin_key, API_SECRET_BYTES) },
    Key { name: "lock_rtp_forward", field: |c| Flag(&mut c.control.lock_rtp_forward) },
    Key { name: "opaque_ids_in_api", field: |c| Flag(&mut c.control.opaque_ids_in_api) },
    Key { name: "hide_dependencies", field: |c| Flag(&mut c.control.hide_dependencies) },
    Key { name: "string_ids", field: |c| Flag(&mut c.control.string_ids) },
    Key { name: "create_rooms", field: |c| Flag(&mut c.control.create_rooms) },
    Key { name: "drain_wait", field: |c| Number(&mut c.control.drain_s, 0..=604_800) },
];

const TLS: &[Key<Configuration>] = &[
    Key { name: "certificate", field: |c| Text(&mut c.tls.certificate, 1024) },
    Key { name: "key", field: |c| Text(&mut c.tls.key, 1024) },
];

const MDNS: &[Key<Configuration>] = &[
    Key { name: "enabled", field: |c| Flag(&mut c.mdns.enabled) },
    Key { name: "name", field: |c| Text(&mut c.mdns.name, 63) },
];

const MEDIA: &[Key<Configuration>] = &[
    Key { name: "address", field: |c| Texts(&mut c.media.address, ADDRESSES) },
    Key { name: "ignore", field: |c| Texts(&mut c.media.ignore, IGNORED) },
    Key { name: "port", field: |c| Number(&mut c.media.port, 1..=65_535) },
    Key { name: "shards", field: |c| Shards(&mut c.media.shards) },
    Key { name: "audience", field: |c| Number(&mut c.media.audience, 0..=48_000) },
    Key { name: "full_trickle", field: |c| Flag(&mut c.media.full_trickle) },
    Key { name: "slowlink_threshold", field: |c| Number(&mut c.media.slowlink_threshold, 0..=1_000_000) },
    Key { name: "no_media_timer", field: |c| Number(&mut c.media.no_media_timer_s, 0..=86_400) },
];

const FORWARD: &[Key<Configuration>] = &[
    Key { name: "networks", field: |c| Networks(&mut c.forward.networks) },
    Key { name: "multicast_ttl", field: |c| Number(&mut c.forward.multicast_ttl, 0..=255) },
    Key { name: "multicast_interface", field: |c| Text(&mut c.forward.multicast_interface, INTERFACE_BYTES) },
];

/// The longest name of an interface (netdevice(7)).
const INTERFACE_BYTES: usize = 15;

const REMOTE: &[Key<Configuration>] = &[
    Key { name: "port", field: |c| Number(&mut c.remote.port, 0..=65_535) },
    Key { name: "silence", field: |c| Number(&mut c.remote.silence_s, 1..=3600) },
];

const CLUSTER: &[Key<Configuration>] = &[
    Key { name: "broker", field: |c| Text(&mut c.cluster.broker, 1024) },
    Key { name: "name", field: |c| Text(&mut c.cluster.name, 64) },
    Key { name: "topic", field: |c| Text(&mut c.cluster.topic, 256) },
    Key { name: "username", field: |c| Text(&mut c.cluster.username, 256) },
    Key { name: "password", field: |c| Text(&mut c.cluster.password, 256) },
    Key { name: "ca", field: |c| Text(&mut c.cluster.ca, 1024) },
    Key { name: "address", field: |c| Text(&mut c.cluster.address, 45) },
    Key {
        name: "rooms",
        field: |c| Texts(&mut c.cluster.rooms, "a list of names of rooms, such as [\"1234\", \"5678\"]"),
    },
];

const EVENTS: &[Key<Configuration>] =
    &[Key { name: "stats_period", field: |c| Number(&mut c.events.stats_period_s, 0..=86_400) }];

const EVENTS_HTTP: &[Key<Configuration>] = &[
    Key { name: "backend", field: |c| Text(&mut c.events.http.backend, 1024) },
    Key { name: "events", field: |c| Texts(&mut c.events.http.events, TOPICS) },
    Key { name: "grouping", field: |c| Flag(&mut c.events.http.grouping) },
    Key { name: "username", field: |c| Text(&mut c.events.http.username, 256) },
    Key { name: "password", field: |c| Text(&mut c.events.http.password, 256) },
];

const EVENTS_WEBSOCKET: &[Key<Configuration>] = &[
    Key { name: "backend", field: |c| Text(&mut c.events.websocket.backend, 1024) },
    Key { name: "events", field: |c| Texts(&mut c.events.websocket.events, TOPICS) },
    Key { name: "grouping", field: |c| Flag(&mut c.events.websocket.grouping) },
];

const EVENTS_MQTT: &[Key<Configuration>] = &[
    Key { name: "backend", field: |c| Text(&mut c.events.mqtt.backend, 1024) },
    Key { name: "events", field: |c| Texts(&mut c.events.mqtt.events, TOPICS) },
    Key { name: "grouping", field: |c| Flag(&mut c.events.mqtt.grouping) },
    Key { name: "username", field: |c| Text(&mut c.events.mqtt.username, 256) },
    Key { name: "password", field: |c| Text(&mut c.events.mqtt.password, 256) },
    Key { name: "topic", field: |c| Text(&mut c.events.mqtt.topic, 256) },
];

const SHEDDING: &[Key<Configuration>] = &[
    Key { name: "refuse_busy", field: |c| Number(&mut c.shedding.refuse_busy, 0..=100) },
    Key { name: "lowest_busy", field: |c| Number(&mut c.shedding.lowest_busy, 0..=100) },
    Key { name: "refuse_full", field: |c| Number(&mut c.shedding.refuse_full, 0..=100) },
];

const TOPICS: &str =
    "\"all\", \"none\", or a list of sessions, handles, external, jsep, webrtc, media, plugins, transports, core";

const STATE: &[Key<Configuration>] = &[Key { name: "directory", field: |c| Directory(&mut c.state.directory) }];

const LIMITS: &[Key<Configuration>] = &[
    Key { name: "connections", field: |c| Number(&mut c.limits.connections, 1..=65_000) },
    Key { name: "sessions", field: |c| Number(&mut c.limits.sessions, 1..=65_000) },
    Key { name: "handles", field: |c| Number(&mut c.limits.handles, 1..=65_000) },
    Key { name: "rooms", field: |c| Number(&mut c.limits.rooms, 1..=65_000) },
    Key { name: "tokens", field: |c| Number(&mut c.limits.tokens, 0..=65_000) },
    Key { name: "publishers", field: |c| Number(&mut c.limits.publishers, 1..=16_000) },
    Key { name: "subscribers", field: |c| Number(&mut c.limits.subscribers, 1..=48_000) },
    Key { name: "streams_per_publisher", field: |c| Number(&mut c.limits.streams_per_publisher, 1..=STREAMS) },
    Key { name: "streams_per_subscriber", field: |c| Number(&mut c.limits.streams_per_subscriber, 1..=STREAMS) },
    Key { name: "subscriptions", field: |c| Number(&mut c.limits.subscriptions, 1..=65_000) },
    Key { name: "relays", field: |c| Number(&mut c.limits.relays, 0..=16_000) },
    Key { name: "remote_publishers", field: |c| Number(&mut c.limits.remote_publishers, 0..=REMOTES) },
    Key { name: "cascades", field: |c| Number(&mut c.limits.cascades, 0..=REMOTES) },
    Key { name: "data_channels", field: |c| Number(&mut c.limits.data_channels, 0..=65_000) },
    Key { name: "data_message_bytes", field: |c| Number(&mut c.limits.data_message_bytes, 1024..=1 << 20) },
    Key { name: "data_queue_bytes", field: |c| Number(&mut c.limits.data_queue_bytes, 1024..=16 << 20) },
    Key { name: "spectra", field: |c| Number(&mut c.limits.spectra, 0..=64) },
    Key { name: "history_packets", field: |c| PowerOfTwo(&mut c.limits.history_packets, 16..=16_384) },
    Key { name: "queued_packets", field: |c| PowerOfTwo(&mut c.limits.queued_packets, 256..=1 << 20) },
    Key { name: "request_bytes", field: |c| Number(&mut c.limits.request_bytes, 4096..=1 << 20) },
];

const LOG: &[Key<Configuration>] = &[
    Key { name: "level", field: |c| Word(&mut c.log.level) },
    Key { name: "format", field: |c| Word(&mut c.log.format) },
    Key { name: "addresses", field: |c| Flag(&mut c.log.addresses) },
];

const CAPTURE: &[Key<Configuration>] = &[
    Key { name: "directory", field: |c| Folder(&mut c.capture.directory) },
    Key { name: "megabytes", field: |c| Number(&mut c.capture.megabytes, 1..=65_536) },
    Key { name: "seconds", field: |c| Number(&mut c.capture.seconds, 1..=86_400) },
];

const RECORDING: &[Key<Configuration>] = &[
    Key { name: "directory", field: |c| Folder(&mut c.recording.directory) },
    Key { name: "format", field: |c| Word(&mut c.recording.format) },
    Key { name: "megabytes", field: |c| Number(&mut c.recording.megabytes, 0..=1 << 30) },
    Key { name: "room_megabytes", field: |c| Number(&mut c.recording.room_megabytes, 0..=1 << 30) },
];

/// The section whose other keys are those of a room.
pub(super) const DYNAMIC_ROOMS_NAME: &str = "dynamic_rooms";

const DYNAMIC_ROOMS: &[Key<Configuration>] = &[Key { name: "enabled", field: |c| Flag(&mut c.dynamic_rooms.enabled) }];

const BOARD: &[Key<Configuration>] = &[
    Key { name: "interface", field: |c| Text(&mut c.board.interface, 15) },
    Key { name: "address", field: |c| Texts(&mut c.board.address, BOARD_ADDRESSES) },
    Key { name: "gateway", field: |c| Texts(&mut c.board.gateway, "an address or a list of them") },
    Key { name: "ntp", field: |c| Text(&mut c.board.ntp, 45) },
    Key { name: "state_device", field: |c| Text(&mut c.board.state_device, 256) },
    Key { name: "state_filesystem", field: |c| Text(&mut c.board.state_filesystem, 16) },
    Key { name: "watchdog", field: |c| Text(&mut c.board.watchdog, 64) },
    Key { name: "table_kib", field: |c| Number(&mut c.board.table_kib, 0..=1 << 22) },
    Key { name: "console", field: |c| Flag(&mut c.board.console) },
    Key { name: "log", field: |c| Text(&mut c.board.log, 256) },
];

const BOARD_ADDRESSES: &str = "\"dhcp\", an address with its prefix such as \"192.168.1.5/24\", or a list of them";

const BEGINNINGS: &str = "a list of beginnings of addresses, such as [\"127.\", \"192.168.\"]";

const IGNORED: &str = "a list of beginnings of addresses or of names of interfaces, such as [\"docker\", \"172.17.\"]";

const ADDRESSES: &str = "\"auto\", an address or the name of an interface, or a list of them";

/// The most publishers of other boxes, and of other shards, a shard.
const REMOTES: u64 = crate::ingress::PUBLISHERS as u64;

/// The most m-lines of a PeerConnection.
const STREAMS: u64 = 64;

/// Whether `section` is one; the error is a sentence.
pub(super) fn known(section: &str) -> Result<(), String> {
    let mut names = SECTIONS.map(|(name, _)| name).to_vec();
    if names.contains(&section) {
        return Ok(());
    }
    names.push("room");
    Err(format!("there is no such section{}", suggestion(section, &names)))
}

/// Sets what `entry` names by `section.key`.
pub(super) fn apply(configuration: &mut Configuration, entry: &Entry) -> Result<(), Refusal> {
    let (section, name) = entry
        .key
        .split_once('.')
        .ok_or_else(|| entry.refusal("a key has a section and a name, such as media.port".into()))?;
    known(section).map_err(|problem| entry.refusal(problem))?;
    if section == DYNAMIC_ROOMS_NAME && name != "enabled" {
        return room::apply_to_template(&mut configuration.dynamic_rooms.room, entry);
    }
    let keys = SECTIONS.iter().find(|(name, _)| *name == section).map_or(&[][..], |(_, keys)| keys);
    apply_key(configuration, keys, name, entry)
}

impl Configuration {
    /// Checks what no single key can be blamed for.
    pub(super) fn check(&self) -> Result<(), Refusal> {
        let refuse = |key: &str, problem: String| Err(Refusal { place: Place::Everywhere, key: key.into(), problem });
        let shards = self.media.shards.count();
        if u32::from(self.media.port) + u32::from(shards) > 65_536 {
            return refuse(
                "media.port",
                format!("{shards} shards need as many ports; too few follow {}", self.media.port),
            );
        }
        let remotes = u32::from(shards) * u32::from(self.limits.remote_publishers);
        let (first, port) = (u32::from(self.remote.port), u32::from(self.media.port));
        if first > 0 && first + remotes > 65_536 {
            return refuse("remote.port", format!("{remotes} ports are needed; too few follow {first}"));
        }
        if first > 0 && remotes > 0 && first < port + u32::from(shards) && port < first + remotes {
            return refuse("remote.port", format!("{first} and the ports after it are those of media.port"));
        }
        if self.rooms.len() > usize::from(self.limits.rooms) {
            return refuse(
                "limits.rooms",
                format!("{} is less than the {} rooms here", self.limits.rooms, self.rooms.len()),
            );
        }
        let Limits { data_channels, data_message_bytes, data_queue_bytes, .. } = self.limits;
        if data_channels > 0 && data_queue_bytes < data_message_bytes {
            return refuse(
                "limits.data_queue_bytes",
                format!("{data_queue_bytes} is less than one message takes ({data_message_bytes})"),
            );
        }
        let twice =
            self.rooms.iter().enumerate().find(|(index, room)| {
                self.rooms[..*index].iter().any(|other| other.room.to_text() == room.room.to_text())
            });
        let text = self.rooms.iter().find(|room| matches!(room.room, Name::Text(_)) && !self.control.string_ids);
        if let Some(room) = text {
            return refuse(
                "room.room",
                format!("\"{}\" is a text: rooms have numbers unless control.string_ids is true", room.room),
            );
        }
        if let Some((_, room)) = twice {
            return refuse("room.room", format!("there are two rooms {}", room.room));
        }
        for (section, backend) in [
            ("events_http", &self.events.http),
            ("events_websocket", &self.events.websocket),
            ("events_mqtt", &self.events.mqtt),
        ] {
            if let Err(problem) = crate::events::check(section, backend) {
                return refuse(section, problem);
            }
        }
        if let Err((key, problem)) = cluster::check(&self.cluster) {
            return refuse(&format!("cluster.{key}"), problem);
        }
        if !self.cluster.broker.is_empty() && self.limits.remote_publishers == 0 {
            return refuse("cluster.broker", "limits.remote_publishers is 0: nobody of another box has a place".into());
        }
        let control = &self.control;
        if [control.http, control.https, control.https_api, control.wss].iter().all(Option::is_none)
            && control.websocket.is_none()
        {
            return refuse("control.websocket", "either this, control.wss, http, https or https_api must be on".into());
        }
        if control.has_tls() && !tls::IS_BUILT {
            return refuse("control.https", "this build of Parlor has no TLS: it must be \"off\"".into());
        }
        if self.mdns.enabled && !mdns::IS_BUILT {
            return refuse("mdns.enabled", "this build of Parlor has no multicast DNS: it must be false".into());
        }
        if self.records_films() && !recording::HAS_FILMS {
            return refuse(
                "recording.format",
                "this build of Parlor makes no films: it must be \"mjr\", rooms' too".into(),
            );
        }
        if self.tls.certificate.is_empty() && !self.tls.key.is_empty() {
            return refuse("tls.key", "it needs tls.certificate".into());
        }
        let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let name = &self.mdns.name;
        if name.is_empty() || !name.bytes().all(is_letter) || name.starts_with('-') || name.ends_with('-') {
            return refuse("mdns.name", format!("{name:?} is not allowed; allowed are small letters, digits and -"));
        }
        Ok(())
    }
}
