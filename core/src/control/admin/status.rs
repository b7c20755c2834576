//! How the server is, for who runs it: `server_status`, `room_status` and `people_status`, which Janus does not have.
//! Lists that are longer than a message come in parts: the answer's `next` is the `first` of the next request.

use heapless::Vec;
use serde::Serialize;
use serde::ser::{SerializeMap, Serializer};

use super::super::envelope::Envelope;
use super::super::error::{Refusal, core_error, refuse};
use super::super::memory::SHARDS;
use super::super::parameter::{CORE, Wanted, check, name_at, natural, optional};
use super::super::tables::{TableUse, table_uses};
use super::super::turn::Turn;
use super::super::{ClusterState, Outlet, ShardLoad, Shedding};
use super::part::{List, Part};
use crate::drops::Drops;
use crate::random::Random;

/// The most tables that are told: those of all shards, and of each.
const TABLES: usize = 6 + 7 * SHARDS;

impl<R: Random, O: Outlet> Turn<'_, '_, R, O> {
    /// Answers a request for the server's state, if it is one.
    pub(super) fn tell_status(&mut self, envelope: &Envelope<'_>) -> Result<bool, Refusal> {
        if envelope.request.is("server_status") {
            self.tell_server(envelope);
        } else if envelope.request.is("room_status") {
            self.tell_list(envelope, List::Rooms)?;
        } else if envelope.request.is("people_status") {
            check(envelope.body, &[optional("room", Wanted::Name)], self.codes())?;
            self.tell_list(envelope, List::People(name_at(envelope.body, "room")))?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }

    fn tell_server(&mut self, envelope: &Envelope<'_>) {
        let mut tables: Vec<TableUse, TABLES> = Vec::new();
        // There is room for all that there can be.
        let tell = |table| tables.push(table).unwrap_or_default();
        table_uses(self.state, &self.settings.limits, self.post.out, tell);
        let mut shards: Vec<Shard, SHARDS> = Vec::new();
        for number in 0..self.state.shards.len() as u8 {
            if let Some(load) = self.post.out.shard_load(number) {
                let shedding = self.state.shards[usize::from(number)].load.shedding;
                let _ = shards.push(Shard::of(number, &load, shedding));
            }
        }
        let answer = Answer {
            janus: "success",
            transaction: &envelope.transaction,
            status: Status {
                name: &self.settings.server_name,
                version: env!("CARGO_PKG_VERSION"),
                uptime_ms: self.now.us / 1000,
                log_level: self.state.options.log_level,
                draining: self.state.options.drain.is_some(),
                tables: &tables,
                shards: &shards,
                cluster: self.post.out.cluster(),
            },
        };
        self.post.send(envelope.origin.connection, &answer);
    }

    /// Tells a list, or as much of it from `first` on as one message holds.
    fn tell_list(&mut self, envelope: &Envelope<'_>, list: List) -> Result<(), Refusal> {
        check(envelope.body, &[optional("first", Wanted::Natural)], CORE)?;
        let places = list.places(self.state);
        let first = natural(envelope.body, "first").map_or(0, |first| first.min(places as u64) as usize);
        let mut count = places - first;
        loop {
            let last = first + count;
            let part = Part { state: self.state, list, places: first..last };
            let next = (last < places).then_some(last);
            let answer = ListAnswer { transaction: &envelope.transaction, part, next };
            match self.post.try_send(envelope.origin.connection, &answer) {
                Ok(()) => return Ok(()),
                Err(_) if count > 1 => count /= 2,
                Err(_) => return Err(refuse!(core_error::FULL, "message buffer", "No place left: message")),
            }
        }
    }
}

#[derive(Serialize)]
struct Answer<'a> {
    janus: &'static str,
    transaction: &'a str,
    status: Status<'a>,
}

#[derive(Serialize)]
struct Status<'a> {
    name: &'a str,
    version: &'static str,
    uptime_ms: u64,
    log_level: u8,
    draining: bool,
    tables: &'a [TableUse],
    shards: &'a [Shard],
    #[serde(skip_serializing_if = "Option::is_none")]
    cluster: Option<ClusterState>,
}

/// What a shard did since its start.
#[derive(Serialize)]
struct Shard {
    shard: u8,
    busy_percent: u8,
    shedding: &'static str,
    received_packets: u64,
    sent_packets: u64,
    received_bytes: u64,
    sent_bytes: u64,
    drops: Causes,
}

impl Shard {
    fn of(shard: u8, load: &ShardLoad, shedding: Shedding) -> Self {
        Self {
            shard,
            shedding: shedding.name(),
            busy_percent: load.busy_percent,
            received_packets: load.totals.counters.received_packets,
            sent_packets: load.totals.counters.sent_packets,
            received_bytes: load.received_bytes,
            sent_bytes: load.sent_bytes,
            drops: Causes(load.totals.drops),
        }
    }
}

/// Drops by their causes' names.
struct Causes(Drops);

impl Serialize for Causes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(cause, count)| (cause.name(), count)))
    }
}

/// "success" with a part of a list, and where the next part begins.
struct ListAnswer<'a, 'm> {
    transaction: &'a str,
    part: Part<'a, 'm>,
    next: Option<usize>,
}

impl Serialize for ListAnswer<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut answer = serializer.serialize_map(None)?;
        answer.serialize_entry("janus", "success")?;
        answer.serialize_entry("transaction", self.transaction)?;
        answer.serialize_entry(self.part.list.name(), &self.part)?;
        if let Some(next) = self.next {
            answer.serialize_entry("next", &next)?;
        }
        answer.end()
    }
}
