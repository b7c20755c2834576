//! Data channels: who gets which message, and who gets too many.

use super::Outlet;
use super::error::Refusal;
use super::notify::Subject;
use super::reply::RoomEvent;
use super::select::Selected;
use super::turn::{Done, Turn};
use crate::id::{HandleId, LinkId, StreamId, SubscriptionId};
use crate::link::{DataMessage, OpenData};
use crate::random::Random;
use crate::room::{DataSource, Name, Relayed, StreamPlace, SubscribedStream};
use crate::sdp::{DataTransport, MediaKind, PublishedSection, PublishedState, section_mid};

/// What clients of Janus call a channel that they give no name. Subscribers get it under the name of the publisher, as
/// in Janus.
const UNNAMED: &str = "JanusDataChannel";

impl<R: Random, O: Outlet> Turn<'_, '_, R, O> {
    /// Whether there is a place for data channels to `handle`, which may have it already.
    pub(crate) fn check_data_place(&self, handle: HandleId, shard: u8) -> Done {
        let most = usize::from(self.settings.limits.data_channels);
        let own = self.state.handles.get(handle).and_then(|entry| entry.peer.as_ref());
        let own = own.is_some_and(|peer| peer.has_data && peer.shard == shard);
        if self.state.data_peers(shard) - usize::from(own) >= most {
            Err(Refusal::full("data channels", most))
        } else {
            Ok(())
        }
    }

    /// The PeerConnection of `handle` takes a place for data channels.
    pub(crate) fn take_data_place(&mut self, handle: HandleId) {
        if let Some(peer) = self.state.handles.get_mut(handle).and_then(|entry| entry.peer.as_mut()) {
            peer.has_data = true;
        }
    }

    /// A publisher's data channels begin, where they were agreed on.
    pub(crate) fn publish_data(&mut self, handle: HandleId, sections: &[PublishedSection<'_>]) {
        if let Some(section) = agreed(sections) {
            self.take_data_place(handle);
            self.open_data(handle, section.offered.data_transport());
        }
    }

    /// The data channels of `handle` begin; nothing happens where they have.
    pub(crate) fn open_data(&mut self, handle: HandleId, theirs: DataTransport) {
        let Some(peer) = self.state.handles.get(handle).and_then(|entry| entry.peer.as_ref()) else { return };
        let Some(role) = peer.remote.as_ref().map(|remote| remote.role) else { return };
        let DataTransport { port, most_message_bytes } = theirs;
        let (link, shard) = (peer.link, peer.shard);
        self.post.out.open_data(&OpenData { link, shard, role, port, most_message_bytes });
    }

    /// Lets a subscriber get data of `selected`, by its m-line of data or by a new one. Whether it is new.
    pub(crate) fn add_data_source(&mut self, handle: HandleId, selected: &Selected) -> Result<bool, Refusal> {
        let Some(subscriber) = self.state.handles.get(handle).and_then(|entry| entry.subscriber()) else {
            return Ok(false);
        };
        let (shard, streams) = (subscriber.shard, subscriber.streams.clone());
        let Some(tables) = self.state.shard_mut(shard) else { return Ok(false) };
        let known = streams.iter().copied().find(|id| tables.is_data(*id));
        let subscription = match known {
            Some(subscription) => subscription,
            None => {
                self.take_data_place(handle);
                self.place_stream(handle, shard, None, data_stream(handle, selected))?
            }
        };
        self.join_data(shard, DataSource { subscription, stream: selected.stream })?;
        Ok(known.is_none())
    }

    /// A subscriber's m-line gets data of one source more.
    pub(crate) fn join_data(&mut self, shard: u8, source: DataSource) -> Done {
        let Some(tables) = self.state.shard_mut(shard) else { return Ok(()) };
        if tables.data_sources_of(source.subscription).any(|stream| stream == source.stream) {
            return Ok(());
        }
        let size = tables.data_sources.capacity();
        tables.data_sources.insert(source).map(|_| ()).map_err(|_| Refusal::full("data sources", size))
    }

    /// A subscriber's m-line gets no more data of `feed`, or of that m-line of theirs.
    pub(crate) fn leave_data(
        &mut self,
        shard: u8,
        subscription: SubscriptionId,
        feed: Option<Name>,
        mid: Option<&str>,
    ) {
        let state = &*self.state;
        let is_meant = |place: &StreamPlace| {
            let published = state.stream(place.shard, place.stream);
            let publisher = published.and_then(|it| state.handles.get(it.handle)?.publisher());
            publisher.is_some_and(|it| Some(it.name) == feed)
                && published.is_some_and(|it| mid.is_none_or(|mid| it.mid == mid))
        };
        let Some(tables) = state.shards.get(usize::from(shard)) else { return };
        let meant: heapless::Vec<StreamPlace, { crate::room::PUBLISHED }> =
            tables.data_sources_of(subscription).filter(is_meant).take(crate::room::PUBLISHED).collect();
        if let Some(tables) = self.state.shard_mut(shard) {
            tables.remove_data_sources(|it| it.subscription == subscription && meant.contains(&it.stream));
        }
    }

    /// A subscriber's m-line gets data of `stream` alone.
    pub(crate) fn switch_data(&mut self, shard: u8, subscription: SubscriptionId, stream: StreamPlace) -> Done {
        if let Some(tables) = self.state.shard_mut(shard) {
            tables.remove_data_sources(|it| it.subscription == subscription);
        }
        self.join_data(shard, DataSource { subscription, stream })
    }

    /// Nobody hears data of these m-lines of a shard any more.
    pub(crate) fn forget_data(&mut self, shard: u8, streams: &[StreamId]) {
        for tables in &mut self.state.shards {
            tables.remove_data_sources(|it| it.stream.shard == shard && streams.contains(&it.stream.stream));
        }
    }

    /// Somebody sent a message: whoever subscribed to it gets it, and so do forwarders and recordings.
    pub(crate) fn data_arrived(&mut self, shard: u8, message: &DataMessage<'_>) {
        let state = &*self.state;
        let Some(handle) = self.handle_of(shard, message.from) else { return };
        let Some(tables) = state.shards.get(usize::from(shard)) else { return };
        let Some(publisher) = state.handles.get(handle).and_then(|entry| entry.publisher()) else { return };
        let is_source = |id: &&StreamId| {
            tables.streams.get(**id).is_some_and(|it| it.kind == MediaKind::Application && it.is_active())
        };
        let Some(stream) = publisher.streams.iter().find(is_source).copied() else { return };
        let name = publisher.name.written();
        let label = if matches!(message.label, "" | UNNAMED) { &name } else { message.label };
        let message = DataMessage { label, ..*message };
        let place = StreamPlace { shard, stream };
        for listening in &state.shards {
            for (_, source) in listening.data_sources.iter().filter(|(_, it)| it.stream == place) {
                let subscription = listening.subscriptions.get(source.subscription);
                let subscription = subscription.filter(|it| it.is_sent && it.is_ready);
                let Some(entry) = subscription.and_then(|it| state.handles.get(it.handle)) else { continue };
                let gets = entry.subscriber().is_some_and(|subscriber| !subscriber.is_paused);
                if let Some(peer) = entry.peer.as_ref().filter(|_| gets) {
                    self.post.out.send_data(peer.shard, peer.link, &message);
                }
            }
        }
        for (relay, relayed) in tables.relays.iter().filter(|(_, it)| it.stream() == stream) {
            match relayed {
                Relayed::Forwarder(forwarder) => self.post.out.forward_data(forwarder.address, message.payload),
                Relayed::Recording(_) => self.post.out.record_data(shard, relay.into(), message.payload),
                // Other boxes get sound and pictures alone, and those in other shards got it.
                Relayed::Remote(_) | Relayed::Cascade(_) => {}
            }
        }
    }

    /// So many messages did not reach the peer of `link`, which reads too slowly or takes no such messages.
    pub(crate) fn data_lost(&mut self, shard: u8, link: LinkId, lost: u32) {
        let Some(handle) = self.handle_of(shard, link) else { return };
        let state = &*self.state;
        let Some(subscriber) = state.handles.get(handle).and_then(|entry| entry.subscriber()) else { return };
        let Some(tables) = state.shards.get(usize::from(shard)) else { return };
        let index = subscriber.streams.iter().position(|id| tables.is_data(*id));
        let mid = section_mid(index.unwrap_or_default());
        let event = RoomEvent {
            room: Some(subscriber.room_name),
            mid: Some(&mid),
            data: Some("lost"),
            messages: Some(lost),
            ..RoomEvent::default()
        };
        self.post.event(state, handle, None, &event, None);
        self.post.notify_plugin(state, Subject::Handle(handle), &event);
    }
}

/// The m-line of data that was agreed on.
pub(crate) fn agreed<'s, 'a>(sections: &'s [PublishedSection<'a>]) -> Option<&'s PublishedSection<'a>> {
    sections.iter().find(|it| it.kind() == MediaKind::Application && it.state == PublishedState::Active)
}

/// A subscriber's m-line of data, whose sources stand elsewhere.
fn data_stream(handle: HandleId, selected: &Selected) -> SubscribedStream {
    SubscribedStream {
        handle,
        kind: MediaKind::Application,
        source: None,
        feed: selected.feed,
        feed_token: selected.feed.token(),
        cross_reference: selected.cross_reference.clone(),
        feed_mid: Default::default(),
        codec: None,
        payload_type: 0,
        rtx_payload_type: None,
        red_payload_type: None,
        audio_nack: false,
        parameters: Default::default(),
        extensions: Default::default(),
        ssrc: 0,
        rtx_ssrc: None,
        traffic: Default::default(),
        delivery: Default::default(),
        told: Default::default(),
        is_offered: false,
        is_active: false,
        is_ready: false,
        is_sent: true,
        playout_delay: Default::default(),
        layers: Default::default(),
        sent_layers: Default::default(),
    }
}
