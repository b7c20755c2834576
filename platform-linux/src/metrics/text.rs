//! The text, made anew for each request from a copy of what is counted.

use std::fmt::Error;
use std::time::{SystemTime, UNIX_EPOCH};

use parlor_core::control::{ShardLoad, TableUse};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, text::encode};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use super::process::Process;
use crate::cluster::Counts;
use crate::control::ControlTask;

/// Whether there are any.
pub(crate) const ARE_KNOWN: bool = true;

/// All metrics as they are now.
pub(crate) fn text(control: &ControlTask) -> String {
    let mut registry = Registry::default();
    registry.register("parlor_build", "The version that runs", Info::new(vec![("version", env!("CARGO_PKG_VERSION"))]));
    registry.register_collector(Box::new(Snapshot::of(control)));
    let mut text = String::new();
    match encode(&mut text, &registry) {
        Ok(()) => text,
        // A string takes everything.
        Err(_) => String::new(),
    }
}

/// A copy of what is counted.
#[derive(Debug)]
struct Snapshot {
    tables: Vec<TableUse>,
    shards: Vec<ShardLoad>,
    slow_clients: u64,
    uptime_s: f64,
    process: Option<Process>,
    /// Nothing where there is none.
    cluster: Option<Cluster>,
}

/// What the cluster is and did.
#[derive(Debug)]
struct Cluster {
    gauges: [(&'static str, &'static str, usize); 6],
    dropped: [(&'static str, u64); 3],
}

impl Cluster {
    fn of(counts: &Counts) -> Option<Self> {
        counts.is_on.get().then(|| Self {
            gauges: [
                ("parlor_cluster_connected", "Whether the broker is there", usize::from(counts.is_connected.get())),
                ("parlor_cluster_boxes", "Other boxes that are there", counts.boxes.get()),
                ("parlor_cluster_announced", "Publishers that other boxes are told of", counts.announced.get()),
                ("parlor_cluster_shown", "Publishers of other boxes that are shown", counts.shown.get()),
                ("parlor_cluster_wanted", "Those of them whose media comes", counts.wanted.get()),
                ("parlor_cluster_sent", "Ways of publishers to other boxes", counts.sent.get()),
            ],
            dropped: [
                ("malformed", counts.malformed.get()),
                ("full", counts.full.get()),
                ("refused", counts.refused.get()),
            ],
        })
    }
}

impl Snapshot {
    fn of(control: &ControlTask) -> Self {
        let mut tables = Vec::new();
        control.tables(|table| tables.push(table));
        let shards = (0..=u8::MAX).map_while(|index| control.watch().load(index)).collect();
        let (slow_clients, uptime_s) = (control.slow_clients(), control.uptime().as_secs_f64());
        let cluster = Cluster::of(control.cluster());
        Self { tables, shards, slow_clients, uptime_s, process: Process::read(), cluster }
    }

    fn encode_tables(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), Error> {
        type Value = fn(&TableUse) -> u32;
        let metrics: [(&str, &str, Value); 2] = [
            ("parlor_table_used", "Entries of each table", |table| table.used),
            ("parlor_table_limit", "How many entries each table can have", |table| table.limit),
        ];
        for (name, help, value) in metrics {
            let mut family = encoder.encode_descriptor(name, help, None, ConstGauge::new(0_i64).metric_type())?;
            for table in &self.tables {
                // A table of all shards has no shard.
                let shard = table.shard.map(|shard| shard.to_string()).unwrap_or_default();
                let labels = [("table", table.name.to_owned()), ("shard", shard)];
                ConstGauge::new(i64::from(value(table))).encode(family.encode_family(&labels)?)?;
            }
        }
        Ok(())
    }

    fn encode_shards(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), Error> {
        type Value = fn(&ShardLoad) -> u64;
        let counters: [(&str, &str, Option<Unit>, Value); 4] = [
            ("parlor_rtp_received_packets", "Authentic RTP packets that arrived", None, |load| {
                load.totals.counters.received_packets
            }),
            ("parlor_rtp_sent_packets", "RTP packets that were sent", None, |load| load.totals.counters.sent_packets),
            ("parlor_udp_received", "Datagrams that arrived", Some(Unit::Bytes), |load| load.received_bytes),
            ("parlor_udp_sent", "Datagrams that were sent", Some(Unit::Bytes), |load| load.sent_bytes),
        ];
        let kind = || ConstCounter::new(0_u64).metric_type();
        for (name, help, unit, value) in counters {
            let mut family = encoder.encode_descriptor(name, help, unit.as_ref(), kind())?;
            for (shard, load) in self.shards.iter().enumerate() {
                ConstCounter::new(value(load)).encode(family.encode_family(&[("shard", shard.to_string())])?)?;
            }
        }
        let help = "Packets that went no further, by cause";
        let mut family = encoder.encode_descriptor("parlor_dropped_packets", help, None, kind())?;
        for (shard, load) in self.shards.iter().enumerate() {
            for (cause, count) in load.totals.drops.iter() {
                let labels = [("shard", shard.to_string()), ("cause", cause.name().to_owned())];
                ConstCounter::new(count).encode(family.encode_family(&labels)?)?;
            }
        }
        let (help, ratio) =
            ("The part of the last second that a media thread did not sleep", Unit::Other("ratio".into()));
        let gauge = ConstGauge::new(0.0).metric_type();
        let mut family = encoder.encode_descriptor("parlor_shard_busy", help, Some(&ratio), gauge)?;
        for (shard, load) in self.shards.iter().enumerate() {
            let busy = ConstGauge::new(f64::from(load.busy_percent) / 100.0);
            busy.encode(family.encode_family(&[("shard", shard.to_string())])?)?;
        }
        Ok(())
    }

    fn encode_cluster(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), Error> {
        let Some(Cluster { gauges, dropped }) = &self.cluster else { return Ok(()) };
        for (name, help, value) in gauges {
            let gauge = ConstGauge::new(*value as i64);
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
        }
        let help = "What other boxes said or wanted that came to nothing, by cause";
        let kind = ConstCounter::new(0_u64).metric_type();
        let mut family = encoder.encode_descriptor("parlor_cluster_dropped_messages", help, None, kind)?;
        for (cause, count) in dropped {
            ConstCounter::new(*count).encode(family.encode_family(&[("cause", *cause)])?)?;
        }
        Ok(())
    }

    /// What every program tells that has a Prometheus client.
    fn encode_process(&self, encoder: &mut DescriptorEncoder<'_>) -> Result<(), Error> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
        let gauge = |encoder: &mut DescriptorEncoder<'_>, name, help, unit: Unit, value: f64| {
            let gauge = ConstGauge::new(value);
            gauge.encode(encoder.encode_descriptor(name, help, Some(&unit), gauge.metric_type())?)
        };
        let start = now - self.uptime_s;
        gauge(encoder, "process_start_time", "When the process started, in Unix time", Unit::Seconds, start)?;
        let Some(process) = &self.process else { return Ok(()) };
        let resident = process.resident_bytes as f64;
        gauge(encoder, "process_resident_memory", "Memory that the process has touched", Unit::Bytes, resident)?;
        let cpu = ConstCounter::new(process.cpu_s);
        let help = "CPU time of all threads";
        cpu.encode(encoder.encode_descriptor("process_cpu", help, Some(&Unit::Seconds), cpu.metric_type())?)
    }
}

impl Collector for Snapshot {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        self.encode_tables(&mut encoder)?;
        self.encode_shards(&mut encoder)?;
        self.encode_cluster(&mut encoder)?;
        let slow = ConstCounter::new(self.slow_clients);
        let help = "Clients that were given up because they did not read";
        slow.encode(encoder.encode_descriptor("parlor_slow_clients", help, None, slow.metric_type())?)?;
        self.encode_process(&mut encoder)
    }
}
