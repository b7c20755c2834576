//! The sections of a file and their keys.

use std::ops::RangeInclusive;

use parlor_core::room::{NETWORKS, Network};

use super::entry::Entry;
use super::refusal::{Place, Refusal, suggestion};
use super::settings::{Configuration, LogFormat, LogLevel, Shards};
use super::{Key, apply as apply_key, put};

const SECTIONS: [(&str, &[Key<Configuration>]); 6] =
    [("control", CONTROL), ("media", MEDIA), ("forward", FORWARD), ("state", STATE), ("limits", LIMITS), ("log", LOG)];

const CONTROL: &[Key<Configuration>] = &[
    Key { name: "http", set: |c, e| put(&mut c.control.http, e.listener()) },
    Key { name: "base_path", set: |c, e| put(&mut c.control.base_path, e.path()) },
    Key { name: "page", set: |c, e| put(&mut c.control.page, e.boolean()) },
    Key { name: "websocket", set: |c, e| put(&mut c.control.websocket, e.listener()) },
    Key { name: "admin", set: |c, e| put(&mut c.control.admin, e.listener()) },
    Key { name: "server_name", set: |c, e| put(&mut c.control.server_name, e.short_text(64).map(Into::into)) },
    Key { name: "session_timeout", set: |c, e| put(&mut c.control.session_timeout_s, e.integer(0..=86_400)) },
    Key {
        name: "reclaim_session_timeout",
        set: |c, e| put(&mut c.control.reclaim_session_timeout_s, e.integer(0..=86_400)),
    },
    Key { name: "create_rooms", set: |c, e| put(&mut c.control.create_rooms, e.boolean()) },
];

const MEDIA: &[Key<Configuration>] = &[
    Key { name: "address", set: |c, e| put(&mut c.media.address, e.texts(ADDRESSES)) },
    Key { name: "port", set: |c, e| put(&mut c.media.port, e.integer(1..=65_535)) },
    Key { name: "shards", set: |c, e| put(&mut c.media.shards, shards(e)) },
];

const FORWARD: &[Key<Configuration>] =
    &[Key { name: "networks", set: |c, e| put(&mut c.forward.networks, networks(e)) }];

const STATE: &[Key<Configuration>] =
    &[Key { name: "directory", set: |c, e| put(&mut c.state.directory, e.text().map(Into::into)) }];

const LIMITS: &[Key<Configuration>] = &[
    Key { name: "connections", set: |c, e| put(&mut c.limits.connections, e.integer(1..=65_000)) },
    Key { name: "sessions", set: |c, e| put(&mut c.limits.sessions, e.integer(1..=65_000)) },
    Key { name: "handles", set: |c, e| put(&mut c.limits.handles, e.integer(1..=65_000)) },
    Key { name: "rooms", set: |c, e| put(&mut c.limits.rooms, e.integer(1..=65_000)) },
    Key { name: "publishers", set: |c, e| put(&mut c.limits.publishers, e.integer(1..=16_000)) },
    Key { name: "subscribers", set: |c, e| put(&mut c.limits.subscribers, e.integer(1..=48_000)) },
    Key { name: "streams_per_publisher", set: |c, e| put(&mut c.limits.streams_per_publisher, e.integer(1..=STREAMS)) },
    Key {
        name: "streams_per_subscriber",
        set: |c, e| put(&mut c.limits.streams_per_subscriber, e.integer(1..=STREAMS)),
    },
    Key { name: "subscriptions", set: |c, e| put(&mut c.limits.subscriptions, e.integer(1..=65_000)) },
    Key { name: "relays", set: |c, e| put(&mut c.limits.relays, e.integer(0..=16_000)) },
    Key { name: "history_packets", set: |c, e| put(&mut c.limits.history_packets, power_of_two(e, 16..=16_384)) },
    Key { name: "queued_packets", set: |c, e| put(&mut c.limits.queued_packets, power_of_two(e, 256..=1 << 20)) },
    Key { name: "request_bytes", set: |c, e| put(&mut c.limits.request_bytes, e.integer(4096..=1 << 20)) },
];

const LOG: &[Key<Configuration>] = &[
    Key {
        name: "level",
        set: |c, e| {
            let levels = [
                ("error", LogLevel::Error),
                ("warn", LogLevel::Warn),
                ("info", LogLevel::Info),
                ("debug", LogLevel::Debug),
            ];
            put(&mut c.log.level, e.choice(&levels))
        },
    },
    Key {
        name: "format",
        set: |c, e| put(&mut c.log.format, e.choice(&[("text", LogFormat::Text), ("json", LogFormat::Json)])),
    },
    Key { name: "addresses", set: |c, e| put(&mut c.log.addresses, e.boolean()) },
];

const ADDRESSES: &str = "\"auto\", an address or the name of an interface, or a list of them";

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
    let keys = SECTIONS.iter().find(|(name, _)| *name == section).map_or(&[][..], |(_, keys)| keys);
    apply_key(configuration, keys, name, entry)
}

fn networks(entry: &Entry) -> Result<Vec<Network>, Refusal> {
    let allowed = format!("at most {NETWORKS} networks such as \"10.0.0.0/8\" or \"::1\"");
    let texts = entry.texts(&allowed)?;
    let networks: Result<Vec<Network>, _> = texts.iter().map(|text| text.parse()).collect();
    networks.ok().filter(|networks| networks.len() <= NETWORKS).ok_or_else(|| entry.refuse(&allowed))
}

fn shards(entry: &Entry) -> Result<Shards, Refusal> {
    match entry.text() {
        Ok("auto") => Ok(Shards::Auto),
        _ => match entry.integer(1..=32) {
            Ok(count) => Ok(Shards::Count(count)),
            Err(_) => Err(entry.refuse("\"auto\" or a whole number from 1 to 32")),
        },
    }
}

fn power_of_two<T: TryFrom<u64>>(entry: &Entry, range: RangeInclusive<u64>) -> Result<T, Refusal> {
    match entry.integer::<u64>(range.clone()) {
        Ok(number) if number.is_power_of_two() => entry.integer(range),
        _ => Err(entry.refuse(&format!("a power of two from {} to {}", range.start(), range.end()))),
    }
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
        if self.rooms.len() > usize::from(self.limits.rooms) {
            return refuse(
                "limits.rooms",
                format!("{} is less than the {} rooms here", self.limits.rooms, self.rooms.len()),
            );
        }
        let twice = self
            .rooms
            .iter()
            .enumerate()
            .find(|(index, room)| self.rooms[..*index].iter().any(|other| other.room == room.room));
        if let Some((_, room)) = twice {
            return refuse("room.room", format!("there are two rooms {}", room.room));
        }
        if self.control.http.is_none() && self.control.websocket.is_none() {
            return refuse("control.websocket", "either this or control.http must be on".into());
        }
        Ok(())
    }
}
