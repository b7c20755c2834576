//! What management systems hear about PeerConnections.

use super::Outlet;
use super::json::Value;
use super::notify::{Candidate, NotifiedStreams, RoomNotice, SelectedCandidates, Subject, Topic, WebrtcEvent};
use super::peer::candidates;
use super::publish::describe;
use super::reply::Shown;
use super::statistics::StatisticsEvent;
use super::turn::Turn;
use crate::id::{HandleId, StreamId, SubscriptionId};
use crate::random::Random;
use crate::room::Name;
use crate::stream::Traffic;

/// A longer candidate is not told.
const CANDIDATE_BYTES: usize = 256;

impl<R: Random, O: Outlet> Turn<'_, '_, R, O> {
    /// Tells management systems what ICE did, which with ICE-lite is all at once.
    pub(crate) fn notify_connected(&mut self, handle: HandleId, shard: u8) {
        let ours = candidates(self.settings, shard).first().copied();
        for ice in ["connecting", "", "connected", "ready"] {
            let event = match (ice, ours) {
                ("", Some(ours)) => WebrtcEvent {
                    selected_pair: Some(Shown(ours)),
                    candidates: Some(SelectedCandidates { local: Candidate::Ours(ours) }),
                    ..WebrtcEvent::new()
                },
                ("", None) => continue,
                (ice, _) => WebrtcEvent { ice: Some(ice), ..WebrtcEvent::new() },
            };
            self.post.notify_webrtc(self.state, handle, if ice.is_empty() { 4 } else { 1 }, event);
        }
        self.notify_dtls(handle, "trying");
    }

    /// Tells management systems the candidates in a peer's description, and ours.
    pub(crate) fn notify_candidates(&mut self, handle: HandleId, remote: Option<&str>, are_ours_new: bool) {
        let lines = remote.into_iter().flat_map(str::lines).filter_map(|line| line.strip_prefix("a=candidate:"));
        for line in lines {
            let remote_candidate = Some(Candidate::Text(line));
            self.post.notify_webrtc(self.state, handle, 3, WebrtcEvent { remote_candidate, ..WebrtcEvent::new() });
        }
        let peer = self.state.handles.get(handle).and_then(|entry| entry.peer.as_ref());
        let Some(shard) = peer.map(|peer| peer.shard).filter(|_| are_ours_new) else { return };
        for ours in candidates(self.settings, shard) {
            let local_candidate = Some(Candidate::Ours(ours));
            self.post.notify_webrtc(self.state, handle, 2, WebrtcEvent { local_candidate, ..WebrtcEvent::new() });
        }
    }

    /// Tells management systems the candidates that a peer told after its description.
    pub(crate) fn notify_trickled(&mut self, handle: HandleId, body: Value<'_>) {
        let list = body.get("candidates").into_iter().flat_map(Value::elements);
        for element in body.get("candidate").into_iter().chain(list) {
            let text = element.get("candidate").and_then(Value::text);
            let Some(text) = text.and_then(|text| text.string::<CANDIDATE_BYTES>()) else { continue };
            // An empty one says that there are no more.
            let Some(candidate) = text.strip_prefix("candidate:") else { continue };
            let remote_candidate = Some(Candidate::Text(candidate));
            self.post.notify_webrtc(self.state, handle, 3, WebrtcEvent { remote_candidate, ..WebrtcEvent::new() });
        }
    }

    pub(crate) fn notify_dtls(&mut self, handle: HandleId, dtls: &'static str) {
        let event = WebrtcEvent { dtls: Some(dtls), retransmissions: Some(0), ..WebrtcEvent::new() };
        self.post.notify_webrtc(self.state, handle, 5, event);
    }

    /// Tells management systems who publishes or watches from now on.
    pub(crate) fn notify_up(&mut self, handle: HandleId) {
        let state = &*self.state;
        let Some(entry) = state.handles.get(handle) else { return };
        let notice = match (entry.publisher(), entry.subscriber()) {
            (Some(publisher), _) => RoomNotice {
                event: "published",
                room: publisher.room_name,
                id: Some(publisher.name),
                display: publisher.display.as_deref(),
                streams: describe(state, handle).map(NotifiedStreams::Published),
                ..RoomNotice::default()
            },
            (_, Some(subscriber)) => {
                RoomNotice { event: "subscribed", room: subscriber.room_name, ..RoomNotice::default() }
            }
            _ => return,
        };
        self.post.notify_plugin(state, Subject::Handle(handle), &notice);
    }

    /// Tells management systems which m-lines a subscriber is sent no more.
    pub(crate) fn notify_unsubscribed(&mut self, handle: HandleId, shard: u8, subscriptions: &[SubscriptionId]) {
        let state = &*self.state;
        let Some(tables) = state.shards.get(usize::from(shard)) else { return };
        let subscriber = state.handles.get(handle).and_then(|entry| entry.subscriber());
        let Some(room) = subscriber.map(|subscriber| subscriber.room_name) else { return };
        let streams = subscriptions.iter().filter_map(|id| tables.subscriptions.get(*id));
        for stream in streams.filter(|stream| stream.source.is_some()) {
            let (feed, mid) = (Some(stream.feed), Some(stream.feed_mid.as_str()));
            let notice = RoomNotice { event: "unsubscribed", room, feed, mid, ..RoomNotice::default() };
            self.post.notify_plugin(state, Subject::Handle(handle), &notice);
        }
    }

    /// Tells management systems how an m-line arrives, where they want to know.
    pub(crate) fn notify_arrived(&mut self, shard: u8, stream: StreamId) {
        let (now, period_s) = (self.now, self.settings.statistics_period_s);
        let entry = self.state.shard_mut(shard).and_then(|tables| tables.streams.get_mut(stream));
        if !entry.is_some_and(|entry| entry.told.is_due(now, period_s)) {
            return;
        }
        let Some(entry) = self.state.stream(shard, stream) else { return };
        let publisher = self.state.handles.get(entry.handle).and_then(|handle| handle.publisher());
        let mindex = publisher.and_then(|publisher| publisher.streams.iter().position(|id| *id == stream));
        let line = (entry.mid.as_str(), mindex.unwrap_or_default(), entry.kind, entry.codec);
        let event = StatisticsEvent::of(line, entry.traffic, Traffic::default());
        self.post.notify_event(self.state, (Topic::Media, 3), Subject::Handle(entry.handle), &event);
    }

    /// Tells management systems how an m-line is sent to a subscriber, where they want to know.
    pub(crate) fn notify_sent(&mut self, shard: u8, subscription: SubscriptionId) {
        let (now, period_s) = (self.now, self.settings.statistics_period_s);
        let entry = self.state.shard_mut(shard).and_then(|tables| tables.subscriptions.get_mut(subscription));
        if !entry.is_some_and(|entry| entry.told.is_due(now, period_s)) {
            return;
        }
        let tables = self.state.shards.get(usize::from(shard));
        let Some(entry) = tables.and_then(|tables| tables.subscriptions.get(subscription)) else { return };
        let subscriber = self.state.handles.get(entry.handle).and_then(|handle| handle.subscriber());
        let mindex = subscriber.and_then(|it| it.streams.iter().position(|id| *id == subscription));
        let (mindex, mid) = (mindex.unwrap_or_default(), crate::sdp::section_mid(mindex.unwrap_or_default()));
        let line = (mid.as_str(), mindex, entry.kind, entry.codec);
        let event = StatisticsEvent::of(line, Traffic::default(), entry.traffic);
        self.post.notify_event(self.state, (Topic::Media, 3), Subject::Handle(entry.handle), &event);
    }

    /// Tells management systems something about a publisher who did it, or to whom it was done.
    pub(crate) fn notify_publisher(&mut self, event: &'static str, room: Name, id: Name) {
        let notice = RoomNotice { event, room, id: Some(id), ..RoomNotice::default() };
        self.post.notify_plugin(self.state, Subject::Nobody, &notice);
    }
}
