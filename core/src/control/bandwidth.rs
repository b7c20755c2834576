//! What bandwidth does to a picture, as clients are told by events that Janus does not have.

use super::Outlet;
use super::notify::Subject;
use super::turn::Turn;
use crate::id::SubscriptionId;
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
