//! What bandwidth does to a picture, as clients are told by events that Janus does not have.

use super::Outlet;
use super::changes::Changes;
use super::notify::Subject;
use super::turn::Turn;
use crate::id::{HandleId, StreamId, SubscriptionId};
use crate::media::Command;
use crate::random::Random;
use crate::room::Name;
use crate::sdp::section_mid;

impl<R: Random, O: Outlet> Turn<'_, '_, R, O> {
    /// An m-line of a subscriber is paused because the way to it is too narrow, or is no longer.
    pub(super) fn pause_changed(&mut self, shard: u8, subscription: SubscriptionId, is_paused: bool) {
        let state = &*self.state;
        let Some(tables) = state.shards.get(usize::from(shard)) else { return };
        let Some(entry) = tables.subscriptions.get(subscription) else { return };
        let Some(subscriber) = state.handles.get(entry.handle).and_then(|entry| entry.subscriber()) else { return };
        let Some(index) = subscriber.streams.iter().position(|id| *id == subscription) else { return };
        let event = PauseEvent {
            videoroom: "event",
            room: subscriber.room_name,
            mid: &section_mid(index),
            active: !is_paused,
            reason: is_paused.then_some("bandwidth"),
        };
        self.post.notify_plugin(state, Subject::Handle(entry.handle), &event);
        self.post.event(state, entry.handle, None, &event, None);
    }

    /// Other layers of a stream are needed: told to those whose clients asked for it.
    pub(super) fn need_changed(&mut self, shard: u8, stream: StreamId, layers: u8) {
        let state = &*self.state;
        let Some(entry) = state.stream(shard, stream) else { return };
        let Some(publisher) = state.handles.get(entry.handle).and_then(|handle| handle.publisher()) else { return };
        if publisher.follows_need != Some(true) {
            return;
        }
        let room = publisher.room_name;
        let event = NeedEvent { videoroom: "event", room, mid: &entry.mid, needed: layers };
        self.post.event(state, entry.handle, None, &event, None);
    }

    /// Takes in whether a publisher wants to hear what is needed.
    pub(super) fn note_follows_need(&mut self, handle: HandleId, changes: &Changes) {
        let publisher = self.state.handles.get_mut(handle).and_then(|entry| entry.publisher_mut());
        if let Some(publisher) = publisher {
            publisher.follows_need = changes.follows_need.or(publisher.follows_need);
        }
    }

    /// Tells the shard what a publisher may send.
    pub(super) fn bound_bitrate(&mut self, handle: HandleId) {
        let Some(entry) = self.state.handles.get(handle) else { return };
        let Some((peer, publisher)) = entry.peer.as_ref().zip(entry.publisher()) else { return };
        let room = publisher.room.and_then(|room| self.state.rooms.get(room));
        let by_room = room.is_some_and(|room| room.settings.follow_need);
        let follows_need = publisher.follows_need.unwrap_or(by_room);
        let command = Command::SetBitrate { link: peer.link, bitrate_bps: publisher.bitrate_bps, follows_need };
        self.post.out.command(peer.shard, command);
    }
}

/// See [`Turn::need_changed`].
#[derive(serde::Serialize)]
struct NeedEvent<'a> {
    videoroom: &'static str,
    room: Name,
    mid: &'a str,
    needed: u8,
}

/// See [`Turn::pause_changed`].
#[derive(serde::Serialize)]
struct PauseEvent<'a> {
    videoroom: &'static str,
    room: Name,
    mid: &'a str,
    active: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
}
