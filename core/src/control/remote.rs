//! Requests about publishers of ours that other boxes show in rooms of theirs: `publish_remotely`,
//! `unpublish_remotely`, `list_remotes`. Their m-lines go there as relays, to one port, told apart by SSRCs.

use core::net::SocketAddr;

use super::Outlet;
use super::error::{Refusal, plugin, refuse};
use super::forward::{host_of, keys_of};
use super::json::Value;
use super::parameter::{Parameter, Wanted, check, natural, optional, required, string};
use super::remote_info::{RemoteDone, RemoteList, remotes_of};
use super::shard::Shard;
use super::turn::{Caller, Done, Turn};
use crate::id::{HandleId, RelayId, RemoteId, StreamId};
use crate::limits::ENCODINGS;
use crate::link::ingress_ssrc;
use crate::media::{Command, RelayDestination, RelayParameters};
use crate::random::Random;
use crate::room::{PublishedStream, Relayed, Remote, RemoteStream};
use crate::sdp::MediaKind;
use crate::wire::{Extension, ExtensionMap};

/// What `publish_remotely` may hold.
pub(crate) const PUBLISH_REMOTELY: &[Parameter] = &[
    optional("secret", Wanted::Text),
    required("room", Wanted::Name),
    required("publisher_id", Wanted::Name),
    required("remote_id", Wanted::Text),
    required("host", Wanted::Text),
    optional("host_family", Wanted::Text),
    required("port", Wanted::Natural),
    optional("rtcp_port", Wanted::Natural),
    optional("srtp_suite", Wanted::Natural),
    optional("srtp_crypto", Wanted::Text),
];

/// What `unpublish_remotely` may hold.
pub(crate) const UNPUBLISH_REMOTELY: &[Parameter] = &[
    optional("secret", Wanted::Text),
    required("room", Wanted::Name),
    required("publisher_id", Wanted::Name),
    required("remote_id", Wanted::Text),
];

/// What `list_remotes` may hold.
pub(crate) const LIST_REMOTES: &[Parameter] =
    &[optional("secret", Wanted::Text), required("room", Wanted::Name), required("publisher_id", Wanted::Name)];

/// The numbers that header extensions have between boxes, where nobody says others.
pub(crate) fn extensions_between_boxes(kind: MediaKind) -> ExtensionMap {
    match kind {
        MediaKind::Audio => ExtensionMap::EMPTY.with(Extension::AudioLevel, 1),
        _ => ExtensionMap::EMPTY
            .with(Extension::VideoOrientation, 2)
            .with(Extension::PlayoutDelay, 3)
            .with(Extension::DependencyDescriptor, 4),
    }
}

impl<R: Random, O: Outlet> Turn<'_, '_, R, O> {
    pub(crate) fn publish_remotely(&mut self, caller: Caller<'_>, body: Value<'_>) -> Done {
        check(body, PUBLISH_REMOTELY, self.codes())?;
        self.check_forwarding_key(body)?;
        let (host, keys) = (host_of(body)?, keys_of(body)?);
        let port = port_of(body, "port")?.unwrap_or_default();
        let rtcp_port = port_of(body, "rtcp_port")?;
        let name = string(body, "remote_id")?.unwrap_or_default();
        let room = self.room_with_secret(body)?;
        let (handle, id) = self.forwarded_feed(room, body)?;
        self.check_network(host)?;
        let address = SocketAddr::new(host, port);
        self.begin_remote(Remote { handle, name: name.clone(), address, rtcp_port, keys })?;
        let room = self.room_name(room);
        self.say(caller, &RemoteDone { videoroom: "success", room, id, remote_id: Some(&name) });
        Ok(())
    }

    pub(crate) fn unpublish_remotely(&mut self, caller: Caller<'_>, body: Value<'_>) -> Done {
        check(body, UNPUBLISH_REMOTELY, self.codes())?;
        self.check_forwarding_key(body)?;
        let room = self.room_with_secret(body)?;
        let (handle, id) = self.forwarded_feed(room, body)?;
        let name: heapless::String<{ crate::room::REMOTE_NAME_BYTES }> = string(body, "remote_id")?.unwrap_or_default();
        let unknown = || refuse!(plugin::NO_FEED, "remote_id", "No such remote ID {name}");
        let shard = self.shard_of(handle).ok_or_else(unknown)?;
        let remote = self.remote(shard, handle, &name).ok_or_else(unknown)?;
        self.remove_remote(shard, handle, remote);
        let room = self.room_name(room);
        self.say(caller, &RemoteDone { videoroom: "success", room, id, remote_id: Some(&name) });
        Ok(())
    }

    /// A publisher of ours goes to another box, too, whose address may have media.
    pub(crate) fn begin_remote(&mut self, remote: Remote) -> Done {
        let (handle, name) = (remote.handle, &remote.name);
        let Some(shard) = self.shard_of(handle) else { return Ok(()) };
        if self.remote(shard, handle, name).is_some() {
            return Err(refuse!(plugin::ID_EXISTS, "remote_id", "Remote ID {name} already exists"));
        }
        let wanted = self.published_layers(handle).count();
        let Some(tables) = self.state.shard_mut(shard) else { return Ok(()) };
        let (size, taken) = (tables.relays.capacity(), tables.relays.len());
        if taken + wanted > size {
            return Err(Refusal::full("relays", size));
        }
        let size = tables.remotes.capacity();
        tables.remotes.insert(remote).map_err(|_| Refusal::full("remote_publishers", size))?;
        say!(info, "a publisher goes to another box, too");
        self.follow_remotes(handle);
        Ok(())
    }

    /// Ends the way of `handle` to another box that is called `name`, if there is one.
    pub(crate) fn end_remote_way(&mut self, handle: HandleId, name: &str) {
        let Some(shard) = self.shard_of(handle) else { return };
        if let Some(remote) = self.remote(shard, handle, name) {
            self.remove_remote(shard, handle, remote);
        }
    }

    pub(crate) fn list_remotes(&mut self, caller: Caller<'_>, body: Value<'_>) -> Done {
        check(body, LIST_REMOTES, self.codes())?;
        let room = self.room_with_secret(body)?;
        let (handle, id) = self.forwarded_feed(room, body)?;
        let tables = self.shard_of(handle).and_then(|shard| self.state.shards.get(usize::from(shard)));
        let room = self.room_name(room);
        let list = RemoteList { videoroom: "success", room, id, list: remotes_of(tables, handle) };
        self.post.reply(self.state, caller, &list);
        Ok(())
    }

    /// Begins to send what `handle` publishes now to each box that shall have it, and was not sent before.
    pub(crate) fn follow_remotes(&mut self, handle: HandleId) {
        let Some(shard) = self.shard_of(handle) else { return };
        let Some(tables) = self.state.shards.get(usize::from(shard)) else { return };
        for index in 0..tables.remotes.capacity() as u16 {
            let layers: heapless::Vec<_, { crate::room::PUBLISHED * ENCODINGS }> =
                self.published_layers(handle).collect();
            let Some(tables) = self.state.shards.get(usize::from(shard)) else { return };
            let remote = tables.remotes.at(index).filter(|remote| remote.handle == handle);
            let Some((remote, id)) = remote.cloned().zip(tables.remotes.id_at(index)) else { continue };
            for (number, stream, layer) in layers {
                let relayed = RemoteStream { handle, stream, remote: id.into(), layer };
                self.relay_to_box(shard, &remote, relayed, number);
            }
        }
    }

    /// Sends a layer of m-line `number` to another box, unless that is done already.
    fn relay_to_box(&mut self, shard: u8, remote: &Remote, relayed: RemoteStream, number: u8) {
        let RemoteStream { stream, layer, .. } = relayed;
        let random = self.random.u32();
        let Some(tables) = self.state.shard_mut(shard) else { return };
        if tables.relays.iter().any(|(_, other)| *other == Relayed::Remote(relayed)) {
            return;
        }
        let Some((kind, payload_type)) = tables.streams.get(stream).map(|it| (it.kind, it.payload_type)) else {
            return;
        };
        let Ok(relay) = tables.relays.insert(Relayed::Remote(relayed)).map(RelayId::from) else {
            say!(warn, "the table of relays is full: another box does not get all of a publisher");
            return;
        };
        let parameters = RelayParameters {
            relay,
            stream,
            layer,
            destination: RelayDestination::Address {
                remote: remote.address,
                rtcp: remote.rtcp_port.map(|port| SocketAddr::new(remote.address.ip(), port)),
                keys: remote.keys,
            },
            // Under one key no two beginnings may have the same SSRC: each has another.
            ssrc: ingress_ssrc(random, number, layer.unwrap_or_default()),
            payload_type,
            extensions: extensions_between_boxes(kind),
            is_cascade: false,
        };
        self.post.out.command(shard, Command::AddRelay(parameters));
    }

    /// The publisher leaves: no box gets it any more.
    pub(crate) fn remove_remotes(&mut self, handle: HandleId) {
        let Some(shard) = self.shard_of(handle) else { return };
        let Some(tables) = self.state.shards.get(usize::from(shard)) else { return };
        for index in 0..tables.remotes.capacity() as u16 {
            let Some(tables) = self.state.shards.get(usize::from(shard)) else { return };
            if tables.remotes.at(index).is_some_and(|remote| remote.handle == handle)
                && let Some(remote) = tables.remotes.id_at(index)
            {
                self.remove_remote(shard, handle, remote.into());
            }
        }
    }

    fn remove_remote(&mut self, shard: u8, handle: HandleId, remote: RemoteId) {
        self.remove_relays(handle, |relayed| matches!(relayed, Relayed::Remote(it) if it.remote == remote));
        if let Some(tables) = self.state.shard_mut(shard) {
            tables.remotes.remove(remote);
        }
    }

    fn remote(&self, shard: u8, handle: HandleId, name: &str) -> Option<RemoteId> {
        let tables: &Shard<'_> = self.state.shards.get(usize::from(shard))?;
        let mut remotes = tables.remotes.iter();
        remotes.find(|(_, it)| it.handle == handle && it.name == name).map(|(id, _)| id.into())
    }

    /// All that can go to another box of what `handle` publishes: the m-line's number, its name, and of simulcast each
    /// layer.
    fn published_layers(&self, handle: HandleId) -> impl Iterator<Item = (u8, StreamId, Option<u8>)> {
        let entry = self.state.handles.get(handle);
        let shard = self.shard_of(handle).unwrap_or_default();
        let streams = entry.and_then(|entry| entry.publisher()).map_or(&[][..], |publisher| &publisher.streams);
        let flows = |it: &&PublishedStream| !it.is_disabled && it.codec.is_some();
        let known = streams.iter().enumerate().filter_map(move |(number, id)| {
            let stream = self.state.stream(shard, *id).filter(flows)?;
            Some((number as u8, *id, stream.is_simulcast && stream.kind == MediaKind::Video))
        });
        known.flat_map(|(number, id, is_simulcast)| {
            let layers = if is_simulcast { ENCODINGS as u8 } else { 1 };
            (0..layers).map(move |layer| (number, id, is_simulcast.then_some(layer)))
        })
    }
}

/// The port `name`, if it is there.
pub(crate) fn port_of(body: Value<'_>, name: &'static str) -> Result<Option<u16>, Refusal> {
    let Some(number) = natural(body, name) else { return Ok(None) };
    let port = u16::try_from(number).ok().filter(|port| *port > 0);
    port.map(Some).ok_or_else(|| refuse!(plugin::INVALID, name, "Invalid element ({name} should be a port)"))
}
