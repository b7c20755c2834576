//! What the server told, as values.

use serde::Deserialize;
use serde_json::{Value, json};

/// How a server was at one moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Snapshot {
    told: Value,
    /// The server itself.
    pub(super) server: Server,
    /// Its rooms.
    pub(super) rooms: Vec<Room>,
    /// Who is in them.
    pub(super) people: Vec<Person>,
}

impl Snapshot {
    /// What these answers say; what cannot be read is left out.
    pub(super) fn new(server: Value, rooms: Vec<Value>, people: Vec<Value>) -> Self {
        fn read<T: for<'a> Deserialize<'a>>(values: &[Value]) -> Vec<T> {
            values.iter().filter_map(|value| T::deserialize(value).ok()).collect()
        }
        Self {
            server: Server::deserialize(&server).unwrap_or_default(),
            rooms: read(&rooms),
            people: read(&people),
            told: json!({ "server": server, "rooms": rooms, "people": people }),
        }
    }

    /// All that was told.
    pub(super) fn to_json(&self) -> String {
        self.told.to_string()
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Server {
    pub(super) name: String,
    pub(super) version: String,
    pub(super) uptime_ms: u64,
    pub(super) draining: bool,
    pub(super) tables: Vec<Table>,
    pub(super) shards: Vec<Shard>,
    pub(super) cluster: Option<Cluster>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Cluster {
    pub(super) connected: bool,
    pub(super) boxes: u64,
    pub(super) shown: u64,
    pub(super) wanted: u64,
    pub(super) sent: u64,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) shard: Option<u8>,
    pub(super) used: u64,
    pub(super) limit: u64,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Shard {
    pub(super) shard: u8,
    pub(super) busy_percent: u8,
    pub(super) shedding: String,
    pub(super) received_packets: u64,
    pub(super) sent_packets: u64,
    pub(super) received_bytes: u64,
    pub(super) sent_bytes: u64,
    pub(super) drops: std::collections::BTreeMap<String, u64>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Room {
    pub(super) room: Value,
    pub(super) description: String,
    pub(super) participants: u64,
    pub(super) publishers: u64,
    pub(super) subscribers: u64,
    pub(super) max_publishers: u64,
    pub(super) record: bool,
    pub(super) pin_required: bool,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Person {
    pub(super) handle_id: u64,
    pub(super) room: Value,
    pub(super) role: String,
    pub(super) id: Value,
    pub(super) display: Option<String>,
    pub(super) private_id: Option<u64>,
    pub(super) ready: bool,
    pub(super) recorded: bool,
    pub(super) way_bps: Option<u64>,
    pub(super) streams: Vec<Stream>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Stream {
    pub(super) mid: String,
    pub(super) kind: String,
    pub(super) codec: Option<String>,
    pub(super) active: bool,
    pub(super) packets: u64,
    pub(super) bitrate_bps: u64,
    pub(super) lost: i64,
    pub(super) jitter_ms: u64,
    pub(super) rtt_ms: Option<u64>,
    pub(super) muted: bool,
    pub(super) talking: bool,
    pub(super) simulcast: bool,
    pub(super) watchers: u64,
    pub(super) feed: Value,
    pub(super) layers: Option<Layers>,
    pub(super) limited_by: Option<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Layers {
    pub(super) substream: Option<u8>,
    pub(super) spatial: Option<u8>,
    pub(super) temporal: Option<u8>,
}
