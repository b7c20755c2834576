//! `parlor plan`: how much memory a configuration takes, table by table.

use std::fmt;

use parlor_core::control;
use parlor_core::media::tables;

use crate::config::Configuration;
use crate::crypto::RingGcm;
use crate::{cluster, data, mdns, recording, shard, spectrum, tls, websocket, whip};

/// What webrtc-dtls keeps for a connection, measured.
const DTLS_BYTES: usize = 39 * 1024;

/// The program itself, its threads' stacks and the runtime, measured.
const PROGRAM_BYTES: usize = 6 * 1024 * 1024;

/// The memory of a configuration.
pub struct Plan {
    rows: Vec<Row>,
}

/// A table, or an estimate.
struct Row {
    part: &'static str,
    name: &'static str,
    count: usize,
    bytes_each: usize,
    /// Whether it is an estimate of what is taken while it is used, not a table that is taken at start.
    estimate: bool,
}

impl Row {
    fn bytes(&self) -> usize {
        self.count * self.bytes_each
    }
}

impl Plan {
    /// The memory that `configuration` takes.
    pub fn new(configuration: &Configuration) -> Self {
        let limits = &configuration.limits;
        let shards = configuration.media.shards.count();
        let mut rows: Vec<Row> = Vec::new();
        control::memory(limits, shards, |name, count, bytes_each| {
            let same = rows.iter_mut().find(|row| row.name == name && row.bytes_each == bytes_each);
            match same {
                // A table of each shard.
                Some(row) => row.count += count,
                None => rows.push(Row { part: "control", name, count, bytes_each, estimate: false }),
            }
        });
        let all = usize::from(shards);
        for table in tables::<RingGcm>(limits) {
            let (name, count) = (table.name, table.count * all);
            rows.push(Row { part: "media", name, count, bytes_each: table.bytes_each, estimate: false });
        }
        let bytes_each = shard::memory_bytes();
        rows.push(Row { part: "media", name: "queues and socket buffers", count: all, bytes_each, estimate: false });
        if configuration.has_copies() {
            let bytes_each = shard::copy_bytes();
            rows.push(Row { part: "media", name: "queue of copies", count: all, bytes_each, estimate: false });
        }
        if configuration.recording.directory.is_some() {
            let bytes_each = shard::recording_bytes();
            rows.push(Row { part: "media", name: "queue of recordings", count: all, bytes_each, estimate: false });
        }
        let mut estimate = |name, count, bytes_each| {
            rows.push(Row { part: "estimate", name, count, bytes_each, estimate: true });
        };
        estimate("DTLS connections", limits.links() * all, DTLS_BYTES);
        if data::ARE_BUILT_IN {
            estimate("data channels", usize::from(limits.data_channels) * all, data::peer_bytes(limits));
            let is_recorded = limits.data_channels > 0 && configuration.recording.directory.is_some();
            estimate("messages to be recorded", usize::from(is_recorded), recording::WAITING_BYTES);
        }
        if configuration.records_films() {
            let count = usize::from(limits.relays) * all;
            estimate("m-lines recorded into films", count, recording::FILM_TRACK_BYTES);
        }
        estimate("WebSocket connections", usize::from(limits.connections), websocket::MEMORY_BYTES);
        if configuration.control.whip && whip::IS_BUILT {
            estimate("WHIP and WHEP sessions", usize::from(limits.connections), whip::SESSION_BYTES);
        }
        if configuration.control.has_tls() {
            estimate("TLS connections", usize::from(limits.connections), tls::CONNECTION_BYTES);
            estimate("TLS handshakes", tls::HANDSHAKES, tls::HANDSHAKE_BYTES);
        }
        if !configuration.cluster.broker.is_empty() && cluster::IS_BUILT {
            let others = cluster::most_publishers(limits.remote_publishers, shards);
            let ours = limits.publishers as usize * all;
            estimate("connection to the cluster", 1, cluster::CONNECTION_BYTES);
            estimate("publishers of the cluster", others + ours, cluster::PUBLISHER_BYTES);
        }
        if configuration.mdns.enabled {
            estimate("multicast DNS", 1, mdns::MEMORY_BYTES);
        }
        estimate("decoders for spectra", usize::from(limits.spectra), spectrum::STREAM_BYTES);
        estimate("program", 1, PROGRAM_BYTES);
        Self { rows }
    }

    /// Bytes of everything.
    pub fn bytes(&self) -> usize {
        self.rows.iter().map(Row::bytes).sum()
    }

    /// Bytes that are taken at start.
    pub fn table_bytes(&self) -> usize {
        self.rows.iter().filter(|row| !row.estimate).map(Row::bytes).sum()
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "{:9} {:28} {:>10} {:>11} {:>12}", "part", "table", "count", "bytes each", "bytes")?;
        for row in &self.rows {
            let Row { part, name, count, bytes_each, .. } = row;
            writeln!(out, "{part:9} {name:28} {count:>10} {bytes_each:>11} {:>12}", row.bytes())?;
        }
        writeln!(out, "{:9} {:28} {:>10} {:>11} {:>12}", "", "tables, taken at start", "", "", self.table_bytes())?;
        let estimates = self.bytes() - self.table_bytes();
        writeln!(out, "{:9} {:28} {:>10} {:>11} {:>12}", "", "estimates, when all is used", "", "", estimates)?;
        let mebibytes = self.bytes().div_ceil(1 << 20);
        writeln!(out, "{:9} {:28} {:>10} {:>11} {:>12}  ({mebibytes} MiB)", "", "total", "", "", self.bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn plan(file: &str) -> Plan {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../configs").join(file);
        let configuration = Configuration::read(Some(&path), &["media.shards=1".into()]).unwrap();
        Plan::new(&configuration)
    }

    #[test]
    fn a_gateway_of_64_mib_holds_its_configuration() {
        let plan = plan("gateway-small.toml");
        // The system and what else runs there want their part: about 30 MiB are ours.
        assert!(plan.bytes() < 30 << 20, "\n{plan}");
    }

    #[test]
    fn the_default_is_at_home_on_any_computer() {
        let plan = plan("default.toml");
        assert!(plan.bytes() < 200 << 20, "\n{plan}");
    }

    #[test]
    fn an_appliance_has_room_for_hundreds() {
        let plan = plan("appliance.toml");
        assert!(plan.bytes() < 512 << 20, "\n{plan}");
    }

    #[test]
    fn the_total_is_the_sum_of_what_is_printed() {
        let plan = plan("default.toml");
        let printed = plan.to_string();
        let last = |line: &str| line.split_whitespace().last().and_then(|word| word.parse::<usize>().ok());
        let rows = printed.lines().skip(1).take(plan.rows.len()).filter_map(last).sum::<usize>();
        assert_eq!(rows, plan.bytes());
    }
}
