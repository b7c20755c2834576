//! How full each table is: what operators watch before somebody is refused.

use super::capture::CAPTURES;
use super::origin::Transport;
use super::state::State;
use super::{Control, Outlet, ShardLoad};
use crate::limits::Limits;
use crate::random::Random;

/// How full a table is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct TableUse {
    /// What it holds, as its limit is called in the configuration.
    pub name: &'static str,
    /// Of which shard; `None` where there is one table for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shard: Option<u8>,
    /// How many there are.
    pub used: u32,
    /// How many there can be.
    pub limit: u32,
}

impl TableUse {
    /// How full it is, in percent; a table without places is not full.
    pub fn percent(&self) -> u32 {
        (u64::from(self.used) * 100).checked_div(self.limit.into()).unwrap_or(0) as u32
    }
}

impl<R: Random> Control<'_, R> {
    /// Says how full each table is, those of all shards first.
    pub fn tables(&self, out: &mut impl Outlet, each: impl FnMut(TableUse)) {
        table_uses(&self.state, &self.settings.limits, out, each);
    }
}

/// Says how full each table is, those of all shards first.
pub(crate) fn table_uses(state: &State<'_>, limits: &Limits, out: &mut impl Outlet, mut each: impl FnMut(TableUse)) {
    let mut tell = |name, shard, used: usize, limit: usize| {
        each(TableUse { name, shard, used: used as u32, limit: limit as u32 });
    };
    let all = [Transport::WebSocket, Transport::Http, Transport::Unix];
    let kinds = all.into_iter().flat_map(|transport| [false, true].map(|is_admin| (transport, is_admin)));
    let connections: u32 = kinds.map(|(transport, is_admin)| out.connections(transport, is_admin)).sum();
    tell("connections", None, connections as usize, limits.connections.into());
    tell("sessions", None, state.sessions.len(), state.sessions.capacity());
    tell("handles", None, state.handles.len(), state.handles.capacity());
    tell("rooms", None, state.rooms.len(), state.rooms.capacity());
    tell("tokens", None, state.tokens.len(), state.tokens.capacity());
    tell("captures", None, state.captures.len(), CAPTURES);
    for (number, shard) in state.shards.iter().enumerate() {
        let (number, shard_number) = (number as u8, Some(number as u8));
        let publishers = shard.links.iter().filter(|(_, link)| link.is_publishing).count();
        tell("publishers", shard_number, publishers, limits.publishers.into());
        tell("subscribers", shard_number, shard.links.len() - publishers, limits.subscribers.into());
        tell("streams", shard_number, shard.streams.len(), shard.streams.capacity());
        tell("subscriptions", shard_number, shard.subscriptions.len(), shard.subscriptions.capacity());
        tell("relays", shard_number, shard.relays.len(), shard.relays.capacity());
        let remotes = state.handles.iter().filter(|(_, it)| it.is_remote() && it.shard() == shard_number);
        let remotes = remotes.count().max(shard.remotes.len());
        tell("remote_publishers", shard_number, remotes, limits.remote_publishers.into());
        tell("cascades", shard_number, shard.cascades.len(), shard.cascades.capacity());
        tell("data_channels", shard_number, state.data_peers(number), limits.data_channels.into());
        if let Some(ShardLoad { totals, .. }) = out.shard_load(number) {
            tell("packets", shard_number, totals.packets as usize, totals.packets_limit as usize);
            tell("queued_packets", shard_number, totals.queued as usize, totals.queued_limit as usize);
        }
    }
}
