//! What a platform needs for rooms that span boxes: who publishes here, and the publishers of other boxes, who come and
//! go without a request. What one box says of its publishers, another reads as it is: a member of `publishers`.

use core::net::{IpAddr, SocketAddr};

use heapless::String;
use serde::Serialize;

use super::changes::{Changes, metadata_of};
use super::error::{Refusal, core_error, plugin, refuse};
use super::handle::Handle;
use super::json;
use super::media_info::PublisherInfo;
use super::parameter::{Parameter, Wanted, check, check_elements, name_at, optional, required};
use super::remote_line::REMOTE_LINE;
use super::remote_publisher::{Ingoing, first_lines_of};
use super::{Control, Outlet, Turn};
use crate::id::{HandleId, StreamId};
use crate::media::{Command, RelayKeys};
use crate::random::Random;
use crate::room::{Name, Relayed, Remote, StreamPlace};
use crate::time::Instant;

/// What is read of a member of `publishers`.
const PUBLISHER: &[Parameter] = &[
    required("id", Wanted::Name),
    optional("display", Wanted::Text),
    optional("metadata", Wanted::Object),
    required("streams", Wanted::Array),
];

/// Somebody who publishes here.
#[derive(Clone, Copy, Debug)]
pub struct OwnPublisher<'a> {
    /// What nobody else is called, as long as they are there.
    pub number: u64,
    /// The room.
    pub room: Name,
    /// What `publishers` says of them, as JSON.
    pub shown: &'a [u8],
}

/// Where a publisher of ours goes.
#[derive(Clone)]
pub struct WayOut<'a> {
    /// What this way is called; another of the same publisher has another name.
    pub name: &'a str,
    /// Where packets go, and reports come from.
    pub address: SocketAddr,
    /// What both are sealed with.
    pub keys: RelayKeys,
}

/// How the cluster is.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct ClusterState {
    /// Whether the place where boxes meet is there.
    pub connected: bool,
    /// Other boxes that are there.
    pub boxes: usize,
    /// Publishers of theirs that are shown here.
    pub shown: usize,
    /// Those of them whose media comes.
    pub wanted: usize,
    /// Ways of ours to other boxes.
    pub sent: usize,
}

impl<R: Random> Control<'_, R> {
    /// All rooms.
    pub fn rooms(&self) -> impl Iterator<Item = Name> {
        self.state.rooms.iter().map(|(_, room)| room.settings.room)
    }

    /// The best of the addresses that are offered.
    pub fn offered_address(&self) -> Option<IpAddr> {
        self.settings.addresses.first().copied()
    }

    /// Tells of everybody who publishes sound or pictures here, and is not a publisher of another box.
    pub fn own_publishers(&mut self, mut each: impl FnMut(OwnPublisher<'_>)) {
        for (_, handle) in self.state.handles.iter().filter(|(_, handle)| is_own(handle)) {
            let Some((publisher, shard)) = handle.publisher().zip(handle.shard()) else { continue };
            let flows =
                |id: &StreamId| self.state.stream(shard, *id).is_some_and(|it| it.codec.is_some() && !it.is_disabled);
            let Some(info) = PublisherInfo::of(&self.state, handle, publisher, false) else { continue };
            if !publisher.streams.iter().any(flows) {
                continue;
            }
            // The buffer holds a list of all publishers, so it holds one.
            if let Ok(len) = serde_json_core::to_slice(&info, self.message) {
                let shown = &self.message[..len];
                each(OwnPublisher { number: handle.number, room: publisher.room_name, shown });
            }
        }
    }

    /// Tells of every subscription, recording and forwarder of a publisher of another box whose that is.
    pub fn wanted_of_boxes(&self, mut each: impl FnMut(HandleId)) {
        for (tables, shard) in self.state.shards.iter().zip(0..) {
            let sources = tables.subscriptions.iter().filter_map(|(_, subscription)| subscription.source);
            // Who watches by another shard is among its subscriptions.
            let relays = tables.relays.iter().filter(|(_, relayed)| !matches!(relayed, Relayed::Cascade(_)));
            let relayed = relays.map(|(_, relayed)| StreamPlace { shard, stream: relayed.stream() });
            for stream in sources.chain(relayed).filter_map(|it| self.state.stream(it.shard, it.stream)) {
                if self.state.handles.get(stream.handle).is_some_and(Handle::is_remote) {
                    each(stream.handle);
                }
            }
        }
    }

    /// Whether that publisher of another box is still in a room.
    pub fn has_publisher_of_box(&self, handle: HandleId) -> bool {
        self.state.handles.get(handle).is_some_and(Handle::is_remote)
    }

    /// A publisher of another box, of whom it says `shown`, comes into `room`; their packets are sealed with `keys`.
    /// They keep their name where it is free in the room, and have a random one otherwise. What they are called by the
    /// other methods, and the port of their socket. However silent they are, they stay.
    pub fn add_publisher_of_box(
        &mut self,
        now: Instant,
        (room, shown): (Name, &[u8]),
        keys: RelayKeys,
        out: &mut impl Outlet,
    ) -> Result<(HandleId, u16), Refusal> {
        let (mut turn, _) = self.turn(now, out);
        let body = read(shown)?;
        check(body, PUBLISHER, turn.codes())?;
        check_elements(body, "streams", turn.codes(), REMOTE_LINE)?;
        let lines = first_lines_of(body)?;
        let unknown = || refuse!(plugin::NO_ROOM, "room", "No such room ({room})");
        let room = turn.state.room(room).ok_or_else(unknown)?;
        let changes = Changes { metadata: metadata_of(body)?, ..Changes::default() };
        let own = name_at(body, "id").unwrap_or_default();
        let name = match own.is_empty() || turn.state.feed(room, own).is_some() {
            true => turn.new_name(|turn, name| turn.state.feed(room, name).is_some()),
            false => own,
        };
        let publisher = turn.new_publisher_called(name, room, body, &changes)?;
        turn.add_remote(room, publisher, &lines, Ingoing { port: None, keys: Some(keys), silence_ms: u32::MAX })
    }

    /// Of that publisher their box now says `shown`.
    pub fn update_publisher_of_box(
        &mut self,
        now: Instant,
        handle: HandleId,
        shown: &[u8],
        out: &mut impl Outlet,
    ) -> Result<(), Refusal> {
        let (mut turn, _) = self.turn(now, out);
        let body = read(shown)?;
        check(body, PUBLISHER, turn.codes())?;
        check_elements(body, "streams", turn.codes(), REMOTE_LINE)?;
        match turn.room_of_remote(handle) {
            Some(room) => turn.update_remote(handle, room, body, None),
            None => Ok(()),
        }
    }

    /// Packets of that publisher are sealed with `keys` from now on.
    pub fn secure_publisher_of_box(&mut self, now: Instant, handle: HandleId, keys: RelayKeys, out: &mut impl Outlet) {
        self.command_publisher_of_box(now, handle, out, |link| Command::SecureIngress { link, keys: Some(keys) });
    }

    /// That publisher is gone after so much silence, counted from what came last; `u32::MAX`: never.
    pub fn bound_silence_of_box(&mut self, now: Instant, handle: HandleId, silence_ms: u32, out: &mut impl Outlet) {
        self.command_publisher_of_box(now, handle, out, |link| Command::BoundSilence { link, silence_ms });
    }

    /// That publisher is there no more.
    pub fn remove_publisher_of_box(&mut self, now: Instant, handle: HandleId, out: &mut impl Outlet) {
        let (mut turn, _) = self.turn(now, out);
        if turn.room_of_remote(handle).is_some() {
            turn.end_remote(handle);
        }
        turn.end_empty_rooms();
    }

    /// The publisher `number` of this box goes another way, too. Publishers of other boxes go nowhere.
    pub fn send_to_box(
        &mut self,
        now: Instant,
        number: u64,
        way: &WayOut<'_>,
        out: &mut impl Outlet,
    ) -> Result<(), Refusal> {
        let (mut turn, _) = self.turn(now, out);
        let unknown = || refuse!(plugin::NO_FEED, "publisher", "No such publisher ({number})");
        let handle = turn.handle_of_number(number, is_own).ok_or_else(unknown)?;
        turn.check_network(way.address.ip())?;
        let too_long = |_| refuse!(plugin::INVALID, "name", "The name of a way is too long");
        turn.begin_remote(Remote {
            handle,
            name: String::try_from(way.name).map_err(too_long)?,
            address: way.address,
            rtcp_port: Some(way.address.port()),
            keys: Some(way.keys),
        })
    }

    /// It goes the way `name` no more.
    pub fn stop_to_box(&mut self, now: Instant, number: u64, name: &str, out: &mut impl Outlet) {
        let (mut turn, _) = self.turn(now, out);
        // They may have unpublished since.
        if let Some(handle) = turn.handle_of_number(number, |handle| !handle.is_unattended()) {
            turn.end_remote_way(handle, name);
        }
    }

    fn command_publisher_of_box(
        &mut self,
        now: Instant,
        handle: HandleId,
        out: &mut impl Outlet,
        command: impl FnOnce(crate::id::LinkId) -> Command,
    ) {
        let (turn, _) = self.turn(now, out);
        let entry = turn.state.handles.get(handle).filter(|entry| entry.is_remote());
        if let Some((shard, link)) = entry.and_then(Handle::link) {
            turn.post.out.command(shard, command(link));
        }
    }
}

impl<R: Random, O: Outlet> Turn<'_, '_, R, O> {
    fn handle_of_number(&self, number: u64, is_meant: impl Fn(&Handle) -> bool) -> Option<HandleId> {
        let mut handles = self.state.handles.iter();
        handles.find(|(_, handle)| handle.number == number && is_meant(handle)).map(|(id, _)| id.into())
    }

    fn room_of_remote(&self, handle: HandleId) -> Option<crate::id::RoomId> {
        self.state.handles.get(handle).filter(|entry| entry.is_remote())?.publisher()?.room
    }
}

/// Whether somebody publishes here who is of this box.
fn is_own(handle: &Handle) -> bool {
    let is_inside = handle.publisher().is_some_and(|publisher| publisher.room.is_some());
    is_inside && handle.is_up() && !handle.is_unattended()
}

fn read(shown: &[u8]) -> Result<json::Value<'_>, Refusal> {
    json::parse(shown)
        .map_err(|json::Malformed { at }| refuse!(core_error::INVALID_JSON, "publisher", "No JSON, at byte {at}"))
}
