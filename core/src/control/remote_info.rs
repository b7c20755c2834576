//! What the plugin says about publishers that go to other boxes, and those of other boxes.

use core::net::IpAddr;

use serde::Serialize;

use super::reply::{Each, Shown};
use super::shard::Shard;
use crate::id::HandleId;
use crate::room::{Name, Remote};

/// What was asked for is done.
#[derive(Serialize)]
pub(crate) struct RemoteDone<'a> {
    pub(crate) videoroom: &'static str,
    pub(crate) room: Name,
    pub(crate) id: Name,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) remote_id: Option<&'a str>,
}

/// A publisher of another box was added: where its packets shall go.
#[derive(Serialize)]
pub(crate) struct RemoteAdded {
    pub(crate) videoroom: &'static str,
    pub(crate) room: Name,
    pub(crate) id: Name,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ip: Option<Shown<IpAddr>>,
    pub(crate) port: u16,
    pub(crate) rtcp_port: u16,
}

/// The boxes that a publisher goes to.
#[derive(Serialize)]
pub(crate) struct RemoteList<L: Serialize> {
    pub(crate) videoroom: &'static str,
    pub(crate) room: Name,
    pub(crate) id: Name,
    pub(crate) list: L,
}

/// One of them.
#[derive(Serialize)]
pub(crate) struct RemoteInfo<'a> {
    id: &'a str,
    host: Shown<IpAddr>,
    port: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    rtcp_port: Option<u16>,
    srtp: bool,
}

/// Those that `handle` goes to, by the tables of its shard.
pub(crate) fn remotes_of<'a>(
    tables: Option<&'a Shard<'_>>,
    handle: HandleId,
) -> Each<impl Iterator<Item = RemoteInfo<'a>> + Clone> {
    let size = tables.map_or(0, |tables| tables.remotes.capacity() as u16);
    let remotes = (0..size).filter_map(move |index| tables?.remotes.at(index));
    Each(remotes.filter(move |remote| remote.handle == handle).map(RemoteInfo::of))
}

impl<'a> RemoteInfo<'a> {
    fn of(remote: &'a Remote) -> Self {
        Self {
            id: &remote.name,
            host: Shown(remote.address.ip()),
            port: remote.address.port(),
            rtcp_port: remote.rtcp_port,
            srtp: remote.keys.is_some(),
        }
    }
}
