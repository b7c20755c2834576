//! Offers to subscribers and their answers; what happens to them when publishers come and go.

use heapless::Vec;

use super::Outlet;
use super::error::{plugin, refuse};
use super::jsep::RemoteJsep;
use super::media_info::{Subscribed, SubscribedStreams};
use super::notify::{NotifiedStreams, RoomNotice, Subject};
use super::peer::{TextWriter, described_candidates, local_transport};
use super::post::Jsep;
use super::reply::RoomEvent;
use super::shard::Shard;
use super::turn::{Caller, Done, Turn};
use crate::forward::SubscriptionParameters;
use crate::id::{HandleId, LinkId, RoomId, SubscriptionId};
use crate::media::Command;
use crate::random::Random;
use crate::room::{Name, StreamPlace, SubscribedStream};
use crate::sdp::{
    AnsweredSection, OfferedMedia, OfferedSection, OfferedState, SECTIONS, Side, read_answer, section_mid, write_offer,
};
use crate::wire::{Extension, ExtensionMap};

/// Whether there are subscribers whose sources went.
pub(crate) type Watchers = bool;

/// What is said beside the m-lines.
#[derive(Clone, Copy, Debug, Default)]
struct Note<'a> {
    switched: Option<&'static str>,
    changes: Option<usize>,
    id: Option<Name>,
    warning: Option<&'static str>,
    display: Option<&'a str>,
    is_short: bool,
}

impl<R: Random, O: Outlet> Turn<'_, '_, R, O> {
    /// Everything that `handle` publishes goes: those who watch keep their m-lines without a source. Says whether there
    /// are any; [`Self::offer_to`] tells them, where they shall be told.
    pub(crate) fn lose_sources(&mut self, handle: HandleId, is_told: bool) -> Watchers {
        let Some(entry) = self.state.handles.get(handle) else { return false };
        let Some((shard, publisher)) = entry.shard().zip(entry.publisher()) else {
            return false;
        };
        let streams = publisher.streams.clone();
        // An m-line of data stays as it is, whoever is heard on it.
        self.forget_data(shard, &streams);
        let mut is_any = false;
        for index in 0..self.state.handles.capacity() as u16 {
            let Some(subscriber) = self.state.handles.at_mut(index).and_then(|entry| entry.subscriber_mut()) else {
                continue;
            };
            let Some(tables) = self.state.shards.get_mut(usize::from(subscriber.shard)) else { continue };
            for id in &subscriber.streams {
                let Some(stream) = tables.subscriptions.get_mut(*id) else { continue };
                let is_of = |place: &StreamPlace| place.shard == shard && streams.contains(&place.stream);
                if stream.source.as_ref().is_some_and(is_of) {
                    stream.source = None;
                    stream.is_ready = false;
                    subscriber.is_stale |= is_told;
                    is_any = true;
                }
            }
        }
        is_any
    }

    /// Sends an offer to every subscriber whose m-lines lost their sources.
    pub(crate) fn offer_to(&mut self, watchers: Watchers) {
        if !watchers {
            return;
        }
        for index in 0..self.state.handles.capacity() as u16 {
            let is_stale =
                self.state.handles.at(index).and_then(|entry| entry.subscriber()).is_some_and(|it| it.is_stale);
            if let Some(handle) = self.state.handles.id_at(index).filter(|_| is_stale) {
                self.offer_if_stale(handle.into());
            }
        }
    }

    /// Sends another offer if something changed, the last one was answered, and the subscriber wants to be told.
    pub(crate) fn offer_if_stale(&mut self, handle: HandleId) {
        let Some(entry) = self.state.handles.get_mut(handle) else { return };
        let has_peer = entry.peer.is_some();
        let Some(subscriber) = entry.subscriber_mut() else { return };
        if !subscriber.is_stale || subscriber.awaits_answer || !has_peer {
            return;
        }
        subscriber.is_stale = false;
        if !subscriber.is_updated {
            return;
        }
        let (is_closed, shard, streams) =
            (subscriber.is_closed_with_source, subscriber.shard, subscriber.streams.clone());
        let tables = self.state.shards.get(usize::from(shard));
        let has_source = |id: &SubscriptionId| {
            tables.is_some_and(|it| {
                it.subscriptions.get(*id).is_some_and(|stream| stream.source.is_some())
                    || it.data_sources_of(*id).next().is_some()
            })
        };
        if is_closed && !streams.iter().any(has_source) {
            return self.close_peer(handle, Some("Close PC"));
        }
        let len = self.write_offer(handle);
        self.tell_subscribed(handle, None, "updated", len, Note::default());
    }

    pub(crate) fn tell_updated(&mut self, caller: Caller<'_>, is_changed: bool) {
        let subscriber = self.state.handles.get_mut(caller.handle).and_then(|entry| entry.subscriber_mut());
        let Some(subscriber) = subscriber else { return };
        let is_waiting = is_changed && subscriber.awaits_answer;
        subscriber.is_stale |= is_waiting;
        if is_changed && !is_waiting {
            self.notify_watching(caller.handle, "updated");
        }
        let len = if is_changed && !is_waiting { self.write_offer(caller.handle) } else { None };
        let videoroom = if is_waiting { "updating" } else { "updated" };
        let note = Note { is_short: len.is_none(), ..Note::default() };
        self.tell_subscribed(caller.handle, Some(caller.transaction), videoroom, len, note);
    }

    pub(crate) fn tell_attached(&mut self, caller: Caller<'_>, room: RoomId, feed: Option<Name>) {
        self.notify_watching(caller.handle, "subscribing");
        let len = self.write_offer(caller.handle);
        let display = feed.and_then(|feed| self.state.feed(room, feed)).and_then(|(_, _, it)| it.display.clone());
        let warning = feed.map(|_| "deprecated_api");
        let note = Note { id: feed, warning, display: display.as_deref(), ..Note::default() };
        self.tell_subscribed(caller.handle, Some(caller.transaction), "attached", len, note);
    }

    /// Tells management systems what somebody watches from now on.
    fn notify_watching(&mut self, handle: HandleId, event: &'static str) {
        let state = &*self.state;
        let Some(subscriber) = state.handles.get(handle).and_then(|entry| entry.subscriber()) else { return };
        let notice = RoomNotice {
            event,
            room: subscriber.room_name,
            streams: Some(NotifiedStreams::Subscribed(SubscribedStreams::of(state, subscriber))),
            private_id: Some(subscriber.private_number.unwrap_or_default()),
            ..RoomNotice::default()
        };
        self.post.notify_plugin(state, Subject::Handle(handle), &notice);
    }

    pub(crate) fn tell_switched(&mut self, caller: Caller<'_>, changes: usize) {
        let state = &*self.state;
        if let Some(subscriber) = state.handles.get(caller.handle).and_then(|entry| entry.subscriber()) {
            let notice = RoomNotice { event: "switched", room: subscriber.room_name, ..RoomNotice::default() };
            self.post.notify_plugin(state, Subject::Handle(caller.handle), &notice);
        }
        let note = Note { switched: Some("ok"), changes: Some(changes), ..Note::default() };
        self.tell_subscribed(caller.handle, Some(caller.transaction), "event", None, note);
    }

    /// Tells a subscriber how their subscription stands, with the offer of `offer` bytes that lies in the buffer.
    fn tell_subscribed(
        &mut self,
        handle: HandleId,
        transaction: Option<&str>,
        videoroom: &'static str,
        offer: Option<usize>,
        note: Note<'_>,
    ) {
        let state = &*self.state;
        let Some(subscriber) = state.handles.get(handle).and_then(|entry| entry.subscriber()) else { return };
        let data = Subscribed {
            videoroom,
            switched: note.switched,
            room: subscriber.room_name,
            changes: note.changes,
            id: note.id,
            warning: note.warning,
            display: note.display,
            streams: (!note.is_short).then(|| SubscribedStreams::of(state, subscriber)),
        };
        let sdp = offer.and_then(|len| core::str::from_utf8(self.local.get(..len)?).ok());
        let jsep = sdp.map(|sdp| Jsep { kind: "offer", sdp, e2ee: None });
        self.post.event(state, handle, transaction, &data, jsep);
    }

    /// Begins ICE anew with an offer; false if there is no PeerConnection.
    pub(crate) fn restart(&mut self, caller: Caller<'_>) -> bool {
        let Some(entry) = self.state.handles.get(caller.handle) else { return false };
        let Some(link) = entry.peer.as_ref().map(|peer| peer.link) else { return false };
        let room = entry.subscriber().map(|subscriber| subscriber.room_name);
        let credentials = self.credentials(link);
        if let Some(peer) = self.state.handles.get_mut(caller.handle).and_then(|entry| entry.peer.as_mut()) {
            peer.credentials = credentials;
            peer.is_restarting = true;
            peer.owes_candidates = self.settings.full_trickle;
        }
        let len = self.write_offer(caller.handle);
        let event = RoomEvent { room, configured: Some("ok"), ..RoomEvent::default() };
        let sdp = len.and_then(|len| core::str::from_utf8(self.local.get(..len)?).ok());
        let jsep = sdp.map(|sdp| Jsep { kind: "offer", sdp, e2ee: None });
        self.post.event(self.state, caller.handle, Some(caller.transaction), &event, jsep);
        true
    }

    /// Writes an offer of all m-lines of a subscriber into the buffer and says how long it is.
    fn write_offer(&mut self, handle: HandleId) -> Option<usize> {
        let entry = self.state.handles.get_mut(handle)?;
        let peer = entry.peer.as_mut()?;
        peer.version += 1;
        let shard = peer.shard;
        let subscriber = entry.subscriber_mut()?;
        (subscriber.awaits_answer, subscriber.is_stale) = (true, false);
        let tables = self.state.shards.get_mut(usize::from(shard))?;
        for id in &subscriber.streams {
            if let Some(stream) = tables.subscriptions.get_mut(*id) {
                stream.is_offered = true;
                stream.is_active = stream.is_fed();
            }
        }
        let sections = offered_sections(tables, &subscriber.streams);
        let peer = entry.peer.as_ref()?;
        let candidates = described_candidates(self.settings, shard);
        let local = local_transport(peer, self.settings, &candidates);
        let mut writer = TextWriter::new(self.local);
        write_offer(&mut writer, &sections, &local).ok()?;
        Some(writer.finish().len())
    }

    /// Takes the answer to our last offer: all of it or nothing.
    pub(crate) fn take_answer(&mut self, handle: HandleId, jsep: &RemoteJsep<'_>) -> Done {
        if jsep.side != Side::Answer {
            return Err(refuse!(plugin::INVALID_SDP_TYPE, "jsep", "Only publishers send offers"));
        }
        let no_offer = || refuse!(plugin::INVALID_SDP, "jsep", "Unexpected answer (nothing was offered)");
        let entry = self.state.handles.get(handle).ok_or_else(no_offer)?;
        let (peer, subscriber) = entry.peer.as_ref().zip(entry.subscriber()).ok_or_else(no_offer)?;
        let (shard, link, is_restarting) = (peer.shard, peer.link, peer.is_restarting);
        let (streams, is_paused) = (subscriber.streams.clone(), subscriber.is_paused);
        let answered = {
            let tables = self.state.shards.get(usize::from(shard)).ok_or_else(no_offer)?;
            let invalid = |why| refuse!(plugin::INVALID_SDP, "sdp", "Invalid SDP ({why})");
            read_answer(&jsep.description, &offered_sections(tables, &streams)).map_err(invalid)?
        };
        self.refresh_peer(handle, jsep.transport.clone(), is_restarting);
        self.notify_candidates(handle, Some(jsep.text), false);
        if let Some(peer) = self.state.handles.get_mut(handle).and_then(|entry| entry.peer.as_mut()) {
            peer.is_restarting = false;
        }
        if let Some(subscriber) = self.state.handles.get_mut(handle).and_then(|entry| entry.subscriber_mut()) {
            subscriber.awaits_answer = false;
        }
        for (index, (id, section)) in streams.iter().zip(&answered).enumerate() {
            let Some(tables) = self.state.shards.get_mut(usize::from(shard)) else { return Ok(()) };
            let Some(stream) = tables.subscriptions.get_mut(*id) else { continue };
            if !stream.is_active || core::mem::replace(&mut stream.is_ready, true) {
                continue;
            }
            let parameters = subscription_parameters(*id, index, link, stream, section, is_paused);
            if let Some((parameters, place)) = parameters.zip(stream.source) {
                // It is fed already, unless its publisher gave it up and took it up again since the offer.
                if let Err(why) = self.cascade(shard, place) {
                    say!(warn, "an m-line is not fed to shard {}: {}", shard, why.reason.as_str());
                }
                let stream = self.state.stream_in(shard, place);
                self.post.out.command(shard, Command::Subscribe(SubscriptionParameters { stream, ..parameters }));
            } else if let Some(data) = section.data {
                self.open_data(handle, data);
            }
        }
        Ok(())
    }
}

/// The m-lines among `streams` that were offered: the first ones, for none is ever taken out.
fn offered_sections<'a>(tables: &'a Shard<'_>, streams: &[SubscriptionId]) -> Vec<OfferedSection<'a>, SECTIONS> {
    let streams = streams.iter().filter_map(|id| tables.subscriptions.get(*id));
    streams.take_while(|stream| stream.is_offered).map(offered_section).take(SECTIONS).collect()
}

fn offered_section(stream: &SubscribedStream) -> OfferedSection<'_> {
    let media = stream.codec.map(|codec| OfferedMedia {
        codec,
        payload_type: stream.payload_type,
        rtx_payload_type: stream.rtx_payload_type,
        red_payload_type: stream.red_payload_type,
        audio_nack: stream.audio_nack,
        parameters: &stream.parameters,
        extensions: if stream.source.is_some() { stream.extensions } else { without_source(&stream.extensions) },
        ssrc: stream.ssrc,
        rtx_ssrc: stream.rtx_ssrc,
        stream_name: &stream.feed_token,
    });
    let state = if stream.is_fed() { OfferedState::Sending } else { OfferedState::Inactive };
    OfferedSection { state, media }
}

/// Where nothing flows, what comes from the publisher is not offered.
fn without_source(offered: &ExtensionMap) -> ExtensionMap {
    let ours = [Extension::Mid, Extension::TransportSequence, Extension::AbsoluteSendTime];
    ours.iter().fold(ExtensionMap::EMPTY, |map, it| map.with(*it, offered.id(*it).unwrap_or_default()))
}

/// What the shard is told about an m-line that was answered, but for its source; nothing if nothing flows on it.
fn subscription_parameters(
    subscription: SubscriptionId,
    index: usize,
    link: LinkId,
    stream: &SubscribedStream,
    answer: &AnsweredSection,
    is_paused: bool,
) -> Option<SubscriptionParameters> {
    if !answer.accepted || stream.codec.is_none() {
        return None;
    }
    Some(SubscriptionParameters {
        subscription,
        link,
        stream: None,
        mid: section_mid(index),
        ssrc: stream.ssrc,
        rtx_ssrc: stream.rtx_ssrc.filter(|_| answer.rtx_payload_type.is_some()),
        payload_type: answer.payload_type,
        rtx_payload_type: answer.rtx_payload_type,
        red_payload_type: answer.red_payload_type,
        extensions: answer.extensions,
        playout_delay: stream.playout_delay.playout_delay(),
        layers: stream.layers.ceiling(),
        feedback: answer.feedback,
        active: stream.is_sent && !is_paused,
    })
}
