//! What each command does to the tables.

use crate::forward::{LayerCeiling, Subscription, SubscriptionParameters};
use crate::id::{Id, LinkId, StreamId, SubscriptionId};
use crate::link::{Gcm, IceAgent, Link, Outbox, SrtpKeys, SrtpSession};
use crate::media::{Command, DtlsDatagram, Media, OpenLink};
use crate::random::Random;
use crate::store::list;
use crate::stream::{Stream, StreamParameters};
use crate::time::Instant;
use crate::wire::extension::PlayoutDelay;

impl<G: Gcm, R: Random> Media<'_, G, R> {
    /// Does what the control half asks. What it is about may be gone: then nothing happens.
    pub fn command(&mut self, now: Instant, command: Command) {
        match command {
            Command::Configure(settings) => self.settings = settings,
            Command::OpenLink(open) => self.open_link(now, open),
            Command::OpenIngress(open) => self.open_ingress(now, &open),
            Command::SecureIngress { link, keys } => self.secure_ingress(link, keys),
            Command::BoundSilence { link, silence_ms } => self.bound_silence(now, link, silence_ms),
            Command::RestartIce { link, local, remote_ufrag } => {
                let state = self.links.get_mut(link);
                if let Some(outcome) = state.and_then(|state| state.ice.restart(now, local, remote_ufrag)) {
                    self.note_route(link, outcome);
                }
            }
            Command::SecureLink { link, keys } => self.secure_link(now, link, &keys),
            Command::CloseLink { link } => self.close(link, super::CloseReason::Asked),
            Command::Capture { link, tap } => {
                if let Some(state) = self.links.get_mut(link) {
                    state.tap = tap;
                }
            }
            Command::ConfigureStream(parameters) => self.configure_stream(now, parameters),
            Command::RemoveStream { stream } => self.remove_stream(stream),
            Command::SetStreamActive { stream, active } => self.set_stream_active(now, stream, active),
            Command::WatchStream { stream, speech, keyframe_interval_s } => {
                if let Some(stream) = self.streams.get_mut(stream) {
                    stream.parameters.speech = speech;
                    stream.parameters.keyframe_interval_s = keyframe_interval_s;
                }
            }
            Command::Converse { conversation, settings } => self.set_conversation(conversation, settings),
            Command::RequestKeyframe { stream } => self.want_keyframe(now, stream),
            Command::SetBitrate { link, bitrate_bps, follows_need } => {
                self.set_bitrate(now, link, bitrate_bps, follows_need);
            }
            Command::Subscribe(parameters) => self.subscribe(now, parameters),
            Command::Switch { subscription, stream } => self.switch(now, subscription, stream),
            Command::SetSubscriptionActive { subscription, active } => {
                self.set_subscription_active(now, subscription, active);
            }
            Command::SetPlayoutDelay { subscription, playout_delay } => {
                self.set_playout_delay(subscription, playout_delay);
            }
            Command::SetLayers { subscription, layers } => self.set_layers(now, subscription, layers),
            Command::Unsubscribe { subscription } => self.unsubscribe(subscription),
            Command::AddRelay(parameters) => self.add_relay(now, parameters),
            Command::SetRelayNeed { relay, layers } => self.set_relay_need(now, relay, layers),
            Command::RemoveRelay { relay } => self.remove_relay(relay),
        }
    }

    /// Sends a datagram of the task that owns DTLS.
    pub fn send_dtls(&mut self, datagram: &DtlsDatagram, outbox: &mut impl Outbox) {
        let Some(route) = self.links.get(datagram.link).and_then(|link| link.ice.route().copied()) else { return };
        let payload = datagram.payload();
        outbox.lend()[..payload.len()].copy_from_slice(payload);
        outbox.commit(&route, payload.len());
    }

    fn open_link(&mut self, now: Instant, open: OpenLink) {
        let ice = IceAgent::new(now, open.local, open.remote_ufrag);
        let link = Link::new(ice, open.reduced_rtcp, self.random.u32(), now);
        // The control half takes a place again only after it was told that the link closed.
        let inserted = self.links.insert_at(open.link, link).is_ok();
        debug_assert!(inserted, "the place of a new link must be vacant");
        self.wake(open.link.index, now);
    }

    fn secure_link(&mut self, now: Instant, link: LinkId, keys: &SrtpKeys) {
        // Once a link: the same keys again would begin their nonces again.
        let can_begin = |state: &&mut Link<G>| state.closed.is_none() && state.srtp.is_none();
        let Some(state) = self.links.get_mut(link).filter(can_begin) else { return };
        state.srtp = Some(SrtpSession::new(keys));
        state.news.up = true;
        state.feedback.report_due = now;
        state.feedback.bitrate_due = now;
        self.has_news = true;
        self.wake(link.index, now);
        let mut at = self.links.get(link).map_or(list::END, |state| state.subscriptions);
        while let Some(subscription) = self.subscriptions.at_mut(at) {
            at = subscription.next_of_link;
            // What was chosen for it so far went nowhere.
            subscription.restart(self.random.u32());
            let subscription = subscription.parameters.subscription;
            self.begin_picture(now, subscription);
        }
    }

    fn configure_stream(&mut self, now: Instant, parameters: StreamParameters) {
        let (id, link) = (parameters.stream, parameters.link);
        if self.links.get(link).is_none_or(|state| state.closed.is_some()) {
            return;
        }
        if let Some(stream) = self.streams.get_mut(id) {
            let before = stream.parameters.conversation;
            if stream.configure(parameters.clone()) {
                self.change_conversation(id, before);
                return;
            }
            let (subscriptions, relays) = (stream.subscriptions, stream.relays);
            self.forget_sources(link, id);
            self.clear_histories(id);
            if let Some(stream) = self.streams.get_mut(id) {
                let (next_of_link, next_of_conversation) = (stream.next_of_link, stream.next_of_conversation);
                *stream = new_stream(parameters, usize::from(self.limits.history_packets));
                (stream.subscriptions, stream.relays) = (subscriptions, relays);
                (stream.next_of_link, stream.next_of_conversation) = (next_of_link, next_of_conversation);
            }
            self.change_conversation(id, before);
            return;
        }
        let stream = new_stream(parameters, usize::from(self.limits.history_packets));
        if self.streams.insert_at(id, stream).is_err() {
            debug_assert!(false, "the place of a new stream must be vacant");
            return;
        }
        if let Some(state) = self.links.get_mut(link) {
            list::push(&mut self.streams, &mut state.streams, id.index, |stream| &mut stream.next_of_link);
        }
        self.join_conversation(id);
        self.wake(link.index, now);
    }

    pub(super) fn remove_stream(&mut self, id: StreamId) {
        self.clear_histories(id);
        let Some(stream) = self.streams.get(id) else { return };
        let (link, conversation) = (stream.parameters.link, stream.parameters.conversation);
        let mut at = stream.subscriptions;
        while let Some(subscription) = self.subscriptions.at_mut(at) {
            at = subscription.next_of_stream;
            subscription.next_of_stream = list::END;
            subscription.parameters.stream = None;
        }
        self.remove_relays(id);
        self.forget_sources(link, id);
        self.leave_conversation(id, conversation);
        if let Some(state) = self.links.get_mut(link) {
            list::remove(&mut self.streams, &mut state.streams, id.index, |stream| &mut stream.next_of_link);
        }
        self.streams.remove(id);
    }

    fn set_stream_active(&mut self, now: Instant, id: StreamId, active: bool) {
        let Some(stream) = self.streams.get_mut(id) else { return };
        if stream.parameters.active == active {
            return;
        }
        stream.parameters.active = active;
        let mut at = stream.subscriptions;
        while let Some(subscription) = self.subscriptions.at_mut(at) {
            at = subscription.next_of_stream;
            subscription.rewriter.interrupt();
        }
        if active {
            self.want_keyframe(now, id);
        }
    }

    /// Asks for a keyframe of `id` as soon as its governor allows.
    pub(super) fn want_keyframe(&mut self, now: Instant, id: StreamId) {
        if let Some(stream) = self.streams.get_mut(id) {
            stream.want_keyframe();
            let place = stream.parameters.link.index;
            self.wake(place, now);
        }
    }

    /// A subscription begins, has another source, or goes on after a pause: it is sent what was kept since the last
    /// keyframe; where that is not possible, a keyframe is asked for. One whose link is not up yet begins when it is.
    pub(super) fn begin_picture(&mut self, now: Instant, id: SubscriptionId) {
        let Some(parameters) = self.subscriptions.get(id).map(|subscription| &subscription.parameters) else { return };
        let Some(source) = parameters.stream else { return };
        if !self.links.get(parameters.link).is_some_and(Link::is_up) {
            return;
        }
        self.review_need(now, source);
        let (mut forwarding, streams, ring) = self.forwarding();
        let outcome = streams.get(source).and_then(|stream| forwarding.catch_up(id.index, (source, stream), ring, now));
        match outcome {
            Some(outcome) => self.note_outcome(outcome),
            None => self.want_keyframe_for(now, id),
        }
    }

    /// Asks for a keyframe of the encodings that a subscription is sent and should be sent.
    pub(super) fn want_keyframe_for(&mut self, now: Instant, id: SubscriptionId) {
        let Some(subscription) = self.subscriptions.get(id) else { return };
        let Some(source) = subscription.parameters.stream else { return };
        let Some(stream) = self.streams.get_mut(source) else { return };
        let target = subscription.selector.target(stream, now);
        stream.want_keyframe_of(target);
        if let Some(sent) = subscription.rewriter.source().filter(|sent| sent.stream == source) {
            stream.want_keyframe_of(sent.encoding);
        }
        let place = stream.parameters.link.index;
        self.wake(place, now);
    }

    /// Asks for a keyframe of one encoding.
    pub(super) fn want_keyframe_of(&mut self, now: Instant, id: StreamId, layer: u8) {
        if let Some(stream) = self.streams.get_mut(id) {
            stream.want_keyframe_of(layer);
            let place = stream.parameters.link.index;
            self.wake(place, now);
        }
    }

    fn set_bitrate(&mut self, now: Instant, link: LinkId, bitrate_bps: u32, follows_need: bool) {
        let Some(state) = self.links.get_mut(link) else { return };
        state.feedback.bitrate_bps = bitrate_bps;
        state.feedback.follows_need = follows_need;
        state.feedback.need_due = now;
        state.feedback.bitrate_due = now;
        self.wake(link.index, now);
    }

    fn subscribe(&mut self, now: Instant, parameters: SubscriptionParameters) {
        let (id, link, stream) = (parameters.subscription, parameters.link, parameters.stream);
        if self.links.get(link).is_none_or(|state| state.closed.is_some()) {
            return;
        }
        if let Some(subscription) = self.subscriptions.get_mut(id) {
            let (before, resumes) = (subscription.parameters.stream, !subscription.parameters.active);
            let resumes = resumes && parameters.active;
            subscription.configure(SubscriptionParameters { stream: before, ..parameters });
            self.switch(now, id, stream);
            if resumes && before == stream {
                self.begin_picture(now, id);
            }
            return;
        }
        let subscription = Subscription::new(SubscriptionParameters { stream: None, ..parameters }, self.random.u32());
        if self.subscriptions.insert_at(id, subscription).is_err() {
            debug_assert!(false, "the place of a new subscription must be vacant");
            return;
        }
        if let Some(state) = self.links.get_mut(link) {
            list::push(&mut self.subscriptions, &mut state.subscriptions, id.index, |entry| &mut entry.next_of_link);
        }
        self.switch(now, id, stream);
        self.wake(link.index, now);
    }

    fn switch(&mut self, now: Instant, id: SubscriptionId, stream: Option<StreamId>) {
        let Some(subscription) = self.subscriptions.get_mut(id) else { return };
        let old = subscription.parameters.stream;
        if old == stream {
            return;
        }
        subscription.selector.begin();
        self.leave_stream(id);
        let Some(source) = stream.and_then(|stream| self.streams.get_mut(stream)) else { return };
        list::push(&mut self.subscriptions, &mut source.subscriptions, id.index, |entry| &mut entry.next_of_stream);
        if let Some(subscription) = self.subscriptions.get_mut(id) {
            subscription.parameters.stream = stream;
        }
        self.begin_picture(now, id);
    }

    fn set_subscription_active(&mut self, now: Instant, id: SubscriptionId, active: bool) {
        let Some(subscription) = self.subscriptions.get_mut(id) else { return };
        if subscription.parameters.active == active {
            return;
        }
        subscription.parameters.active = active;
        subscription.rewriter.interrupt();
        if active {
            self.begin_picture(now, id);
        }
    }

    fn set_layers(&mut self, now: Instant, id: SubscriptionId, layers: LayerCeiling) {
        let Some(subscription) = self.subscriptions.get_mut(id) else { return };
        subscription.parameters.layers = layers;
        subscription.selector.ceiling = layers;
        let sent = subscription.rewriter.source().map(|source| source.encoding);
        let stream = subscription.parameters.stream.and_then(|stream| self.streams.get(stream));
        let Some((stream, source)) = stream.zip(subscription.parameters.stream) else { return };
        let target = subscription.selector.target(stream, now);
        self.review_need(now, source);
        if sent != Some(target) {
            self.want_keyframe_of(now, source, target);
        }
    }

    fn set_playout_delay(&mut self, id: SubscriptionId, playout_delay: Option<PlayoutDelay>) {
        if let Some(subscription) = self.subscriptions.get_mut(id) {
            let parameters = SubscriptionParameters { playout_delay, ..subscription.parameters.clone() };
            subscription.configure(parameters);
        }
    }

    pub(super) fn unsubscribe(&mut self, id: SubscriptionId) {
        self.leave_stream(id);
        let Some(subscription) = self.subscriptions.get(id) else { return };
        if let Some(state) = self.links.get_mut(subscription.parameters.link) {
            list::remove(&mut self.subscriptions, &mut state.subscriptions, id.index, |entry| &mut entry.next_of_link);
        }
        self.subscriptions.remove(id);
    }

    /// Takes a subscription out of its source's list.
    fn leave_stream(&mut self, id: SubscriptionId) {
        let Some(source) = self.subscriptions.get_mut(id).and_then(|entry| entry.parameters.stream.take()) else {
            return;
        };
        if let Some(stream) = self.streams.get_mut(source) {
            list::remove(&mut self.subscriptions, &mut stream.subscriptions, id.index, |entry| {
                &mut entry.next_of_stream
            });
        }
    }

    fn clear_histories(&mut self, id: StreamId) {
        let (streams, mut kept) = self.kept();
        if let Some(stream) = streams.get_mut(id) {
            stream.clear(&mut kept);
        }
    }

    fn forget_sources(&mut self, link: LinkId, id: StreamId) {
        if let Some(state) = self.links.get_mut(link) {
            state.forget_places(|place| place.stream == id);
        }
    }
}

fn new_stream(parameters: StreamParameters, history_packets: usize) -> Stream {
    let start = usize::from(Id::from(parameters.stream).index) * history_packets;
    Stream::new(parameters, start, history_packets)
}
