//! PeerConnections: how they open, what a shard and DTLS say about them, how they end.

use core::net::SocketAddr;

use heapless::Vec;

use super::Outlet;
use super::error::Refusal;
use super::handle::{Peer, Role};
use super::notify::{HandleEvent, Subject, Topic, WebrtcEvent};
use super::reply::{RoomEvent, Whom};
use super::settings::ADDRESSES;
use super::turn::Turn;
use crate::id::{HandleId, LinkId, RoomId};
use crate::link::{Credentials, HandshakeCommand, HandshakeEvent, HandshakeFailure};
use crate::media::{CloseReason, Command, Notice, OpenLink};
use crate::random::Random;
use crate::sdp::{LocalTransport, RemoteTransport};

impl<R: Random, O: Outlet> Turn<'_, '_, R, O> {
    /// Gives `handle` a PeerConnection. `remote` is what the peer's offer told, or nothing if we offer.
    pub(crate) fn open_peer(
        &mut self,
        handle: HandleId,
        shard: u8,
        remote: Option<RemoteTransport>,
    ) -> Result<(), Refusal> {
        let is_publishing = remote.is_some();
        let limits = &self.settings.limits;
        let most = if is_publishing { limits.publishers } else { limits.subscribers };
        let Some(tables) = self.state.shard_mut(shard) else { return Err(Refusal::full("shards", 0)) };
        let link = tables.take_link(Some(handle), is_publishing, most)?;
        let credentials = self.credentials(link);
        let open = OpenLink {
            link,
            local: credentials.clone(),
            remote_ufrag: remote.as_ref().map(|remote| remote.ufrag.clone()).unwrap_or_default(),
            reduced_rtcp: remote.as_ref().is_none_or(|remote| remote.reduced_rtcp),
        };
        self.post.out.command(shard, Command::OpenLink(open));
        if let Some(remote) = &remote {
            self.open_handshake(shard, link, remote);
        }
        let description = self.random.u64() >> 2;
        let peer = Peer {
            shard,
            link,
            credentials,
            remote,
            description,
            version: 0,
            profile: None,
            route: None,
            is_up: false,
            owes_candidates: self.settings.full_trickle,
            is_restarting: false,
            has_data: false,
        };
        if let Some(entry) = self.state.handles.get_mut(handle) {
            entry.peer = Some(peer);
        }
        if let Some(tap) = self.state.capture(handle).map(|capture| capture.tap) {
            self.tell_tap(handle, Some(tap));
        }
        let event = WebrtcEvent { ice: Some("gathering"), ..WebrtcEvent::new() };
        self.post.notify_webrtc(self.state, handle, 1, event);
        Ok(())
    }

    /// New ICE credentials of `link`.
    pub(crate) fn credentials(&mut self, link: LinkId) -> Credentials {
        let mut bytes = [0; 25];
        self.random.fill(&mut bytes);
        Credentials::new(link, bytes)
    }

    /// Begins to wait for DTLS of `link`.
    pub(crate) fn open_handshake(&mut self, shard: u8, link: LinkId, remote: &RemoteTransport) {
        let (role, fingerprint) = (remote.role, remote.fingerprint);
        self.post.out.handshake(HandshakeCommand::Open { link, shard, role, fingerprint });
    }

    /// Takes what a peer told about itself again: a new name begins ICE anew (RFC 8839 section 4.4.1.1.1).
    pub(crate) fn refresh_peer(&mut self, handle: HandleId, remote: RemoteTransport, is_restarted: bool) {
        let Some(peer) = self.state.handles.get(handle).and_then(|entry| entry.peer.as_ref()) else { return };
        let (shard, link) = (peer.shard, peer.link);
        let is_renamed = peer.remote.as_ref().is_none_or(|known| known.ufrag != remote.ufrag);
        let is_first = peer.remote.is_none();
        let local = match is_renamed && !is_first && !is_restarted {
            true => self.credentials(link),
            false => peer.credentials.clone(),
        };
        if is_first {
            self.open_handshake(shard, link, &remote);
        }
        if is_renamed || is_restarted {
            let remote_ufrag = remote.ufrag.clone();
            self.post.out.command(shard, Command::RestartIce { link, local: local.clone(), remote_ufrag });
        }
        if let Some(peer) = self.state.handles.get_mut(handle).and_then(|entry| entry.peer.as_mut()) {
            peer.owes_candidates |= self.settings.full_trickle && peer.credentials != local;
            peer.credentials = local;
            peer.remote = Some(remote);
        }
    }

    /// Ends the PeerConnection of `handle`, if it has one, with all its streams and subscriptions, and tells the client
    /// why, if there is a reason.
    pub(crate) fn close_peer(&mut self, handle: HandleId, reason: Option<&'static str>) {
        self.remove_cascades(handle);
        let lost_forwarders = self.remove_relays(handle, |relayed| relayed.forwarder().is_some()) > 0;
        self.remove_relays(handle, |_| true);
        let Some(entry) = self.state.handles.get_mut(handle) else { return };
        if let Some(publisher) = entry.publisher_mut() {
            publisher.lost_forwarders |= lost_forwarders;
            // As in Janus, the next PeerConnection is recorded only if that is said again.
            (publisher.is_recorded, publisher.recording_name) = (false, None);
        }
        self.remove_subscriptions(handle);
        let Some(entry) = self.state.handles.get_mut(handle) else { return };
        let is_remote = entry.is_remote();
        let Some(peer) = entry.peer.take() else { return };
        let streams = entry.publisher_mut().map(|publisher| core::mem::take(&mut publisher.streams));
        let streams = streams.as_deref().unwrap_or_default();
        self.forget_data(peer.shard, streams);
        if let Some(tables) = self.state.shard_mut(peer.shard) {
            for stream in streams {
                tables.streams.remove(*stream);
            }
            if let Some(link) = tables.links.get_mut(peer.link) {
                link.handle = None;
            }
        }
        let (link, shard) = (peer.link, peer.shard);
        match is_remote {
            true => self.post.out.close_ingress(shard, link),
            false => self.post.out.handshake(HandshakeCommand::Close { link, shard }),
        }
        self.post.out.command(shard, Command::CloseLink { link });
        let event = WebrtcEvent { connection: Some("hangup"), reason, ..WebrtcEvent::default() };
        self.post.notify_webrtc(self.state, handle, 6, event);
        if reason.is_some() {
            self.post.notify(self.state, handle, "hangup", reason);
        }
    }

    /// Takes a subscriber's m-lines, also those that they asked for when their PeerConnection was gone.
    fn remove_subscriptions(&mut self, handle: HandleId) {
        let subscriber = self.state.handles.get_mut(handle).and_then(|entry| entry.subscriber_mut());
        let Some(subscriber) = subscriber else { return };
        (subscriber.awaits_answer, subscriber.is_stale) = (false, false);
        let (shard, subscriptions) = (subscriber.shard, core::mem::take(&mut subscriber.streams));
        self.notify_unsubscribed(handle, shard, &subscriptions);
        let Some(tables) = self.state.shard_mut(shard) else { return };
        tables.remove_data_sources(|it| subscriptions.contains(&it.subscription));
        for subscription in subscriptions {
            tables.subscriptions.remove(subscription);
        }
    }

    /// The media of `handle` ended: the others hear it, and those who watch get another offer.
    pub(crate) fn hang_up(&mut self, handle: HandleId, reason: &'static str) {
        say!(info, "a PeerConnection ended: {}", reason);
        self.tell_unpublished(handle, 1);
        let watchers = self.lose_sources(handle, true);
        self.close_peer(handle, Some(reason));
        self.offer_to(watchers);
    }

    /// Tells the others, as often as Janus does, that `handle` publishes no more.
    pub(crate) fn tell_unpublished(&mut self, handle: HandleId, times: usize) {
        let Some(publisher) = self.state.handles.get(handle).and_then(|entry| entry.publisher()) else { return };
        let Some(room) = publisher.room else { return };
        let number = Some(Whom::Other(publisher.name));
        let event = RoomEvent { room: Some(publisher.room_name), unpublished: number, ..RoomEvent::default() };
        let (room_name, name) = (publisher.room_name, publisher.name);
        for _ in 0..times {
            self.post.tell_room(self.state, room, Some(handle), &event);
            self.notify_publisher("unpublished", room_name, name);
        }
    }

    /// Takes a publisher out of their room; the handle stays and is of no more use.
    pub(crate) fn leave(&mut self, handle: HandleId) {
        self.remove_remotes(handle);
        self.remove_dummy(handle);
        self.remove_remote_publisher_of(handle);
        if let Some(publisher) = self.state.handles.get_mut(handle).and_then(|entry| entry.publisher_mut()) {
            publisher.room = None;
        }
    }

    /// Ends a handle.
    pub(crate) fn detach(&mut self, handle: HandleId) {
        let publisher = self.state.handles.get(handle).and_then(|entry| entry.publisher());
        if let Some((room, number, room_name)) =
            publisher.and_then(|publisher| Some((publisher.room?, publisher.name, publisher.room_name)))
        {
            self.tell_unpublished(handle, 2);
            let leaving = Some(Whom::Other(number));
            let event = RoomEvent { room: Some(room_name), leaving, ..RoomEvent::default() };
            self.post.tell_room(self.state, room, Some(handle), &event);
            self.notify_publisher("leaving", room_name, number);
        }
        self.leave(handle);
        let watchers = self.lose_sources(handle, true);
        self.close_peer(handle, None);
        self.stop_capture(handle);
        let event = HandleEvent::new("detached", self.state.handles.get(handle));
        self.post.notify_event(self.state, (Topic::Handle, 0), Subject::Handle(handle), &event);
        self.state.handles.remove(handle);
        self.offer_to(watchers);
    }

    /// Everybody leaves `room`, which is about to vanish.
    pub(crate) fn empty_room(&mut self, room: RoomId) {
        for index in 0..self.state.handles.capacity() as u16 {
            let is_in = |entry: &super::handle::Handle| match &entry.role {
                Role::Publisher(publisher) => publisher.room == Some(room),
                _ => false,
            };
            if let Some(handle) =
                self.state.handles.at(index).filter(|entry| is_in(entry)).and(self.state.handles.id_at(index))
            {
                let handle = handle.into();
                self.lose_sources(handle, false);
                self.leave(handle);
                self.close_peer(handle, Some("Close PC"));
            }
        }
    }

    /// What a shard tells.
    pub(crate) fn notice(&mut self, shard: u8, notice: Notice) {
        if self.cascade_notice(shard, &notice) {
            return;
        }
        match notice {
            Notice::Connected { link } => {
                if let Some(handle) = self.handle_of(shard, link) {
                    self.notify_connected(handle, shard);
                    self.post.out.handshake(HandshakeCommand::Start { link, shard });
                }
            }
            Notice::Route { link, route } => {
                let handle = self.handle_of(shard, link).and_then(|handle| self.state.handles.get_mut(handle));
                if let Some(peer) = handle.and_then(|handle| handle.peer.as_mut()) {
                    peer.route = Some(route);
                }
            }
            Notice::Up { link } => {
                if let Some(handle) = self.handle_of(shard, link) {
                    self.come_up(handle);
                }
            }
            Notice::Closed { link, reason } => self.link_closed(shard, link, reason),
            Notice::Receiving { stream, receiving } => self.media_changed(shard, stream, receiving),
            Notice::Talking { stream, talking, average_centi } => {
                self.talking_changed(shard, stream, talking, average_centi);
            }
            Notice::Dominant { stream } => self.dominant_changed(shard, stream),
            Notice::Layers { subscription, stream, layers } => {
                self.layers_changed(shard, subscription, stream, layers);
            }
            Notice::Paused { subscription, is_paused } => self.pause_changed(shard, subscription, is_paused),
            Notice::Needed { stream, layers } => self.need_changed(shard, stream, layers),
            Notice::Arrived { stream, traffic } => {
                if let Some(tables) = self.state.shard_mut(shard) {
                    tables.note_arrived(stream, traffic);
                }
                self.notify_arrived(shard, stream);
            }
            Notice::Sent { subscription, traffic, delivery } => {
                if let Some(tables) = self.state.shard_mut(shard) {
                    tables.note_sent(subscription, traffic, delivery);
                }
                self.notify_sent(shard, subscription);
            }
            Notice::SlowLink { source, lost_packets } => self.tell_slow(shard, source, lost_packets),
        }
    }

    /// What DTLS tells.
    pub(crate) fn handshake(&mut self, event: HandshakeEvent) {
        let (shard, link, reason) = match event {
            HandshakeEvent::Secured { link, shard, keys } => {
                if let Some(handle) = self.handle_of(shard, link) {
                    if let Some(peer) = self.state.handles.get_mut(handle).and_then(|entry| entry.peer.as_mut()) {
                        peer.profile = Some(keys.profile);
                    }
                    self.notify_dtls(handle, "connected");
                    self.post.out.command(shard, Command::SecureLink { link, keys });
                }
                return;
            }
            HandshakeEvent::Failed { link, shard, reason } => (shard, link, failure(reason)),
            HandshakeEvent::Closed { link, shard } => (shard, link, "DTLS alert"),
        };
        if let Some(handle) = self.handle_of(shard, link) {
            self.hang_up(handle, reason);
        }
    }

    fn come_up(&mut self, handle: HandleId) {
        let Some(peer) = self.state.handles.get_mut(handle).and_then(|entry| entry.peer.as_mut()) else { return };
        if !peer.is_up {
            peer.is_up = true;
            say!(debug, "a PeerConnection is up: link {} of shard {}", peer.link.index, peer.shard);
            self.post.notify(self.state, handle, "webrtcup", None);
            let event = WebrtcEvent { connection: Some("webrtcup"), ..WebrtcEvent::default() };
            self.post.notify_webrtc(self.state, handle, 6, event);
            self.tell_published(handle);
            self.notify_up(handle);
            self.record_as_room(handle);
            self.follow_remotes(handle);
        }
    }

    fn link_closed(&mut self, shard: u8, link: LinkId, reason: CloseReason) {
        let handle = self.handle_of(shard, link);
        if let Some(tables) = self.state.shard_mut(shard) {
            // The place is vacant on both sides from here on.
            tables.links.remove(link);
        }
        let why = match reason {
            CloseReason::Asked => "Close PC",
            CloseReason::Consent | CloseReason::NeverConnected => "ICE failed",
            CloseReason::Full => "No place left",
            CloseReason::Silent => "Silent",
        };
        match handle {
            Some(handle) if self.state.handles.get(handle).is_some_and(|entry| entry.is_remote()) => {
                say!(warn, "a publisher of another box is gone: it was silent");
                self.end_remote(handle);
            }
            Some(handle) => self.hang_up(handle, why),
            None => {}
        }
    }

    /// The handle whose link it is, unless it was told to close.
    pub(crate) fn handle_of(&self, shard: u8, link: LinkId) -> Option<HandleId> {
        self.state.shards.get(usize::from(shard))?.links.get(link)?.handle
    }
}

fn failure(reason: HandshakeFailure) -> &'static str {
    match reason {
        HandshakeFailure::Certificate => "DTLS fingerprint mismatch",
        HandshakeFailure::Deadline => "DTLS timeout",
        HandshakeFailure::Full => "No place left",
        HandshakeFailure::Protocol => "DTLS error",
    }
}

/// Our end as descriptions tell it.
pub(crate) fn local_transport<'a>(
    peer: &'a Peer,
    settings: &super::settings::Settings,
    candidates: &'a [SocketAddr],
) -> LocalTransport<'a> {
    LocalTransport {
        session_id: peer.description,
        version: peer.version,
        credentials: &peer.credentials,
        fingerprint: settings.fingerprint,
        candidates,
        most_message_bytes: settings.limits.data_message_bytes,
    }
}

/// Where clients reach `shard`.
pub(crate) fn candidates(settings: &super::settings::Settings, shard: u8) -> Vec<SocketAddr, ADDRESSES> {
    let port = settings.port.wrapping_add(u16::from(shard));
    settings.addresses.iter().map(|address| SocketAddr::new(*address, port)).collect()
}

/// What of that stands in descriptions: nothing where it follows them.
pub(crate) fn described_candidates(settings: &super::settings::Settings, shard: u8) -> Vec<SocketAddr, ADDRESSES> {
    if settings.full_trickle { Vec::new() } else { candidates(settings, shard) }
}

/// Writes text into lent memory.
pub(crate) struct TextWriter<'a> {
    bytes: &'a mut [u8],
    len: usize,
}

impl<'a> TextWriter<'a> {
    /// A writer into `bytes`.
    pub(crate) fn new(bytes: &'a mut [u8]) -> Self {
        Self { bytes, len: 0 }
    }

    /// What was written.
    pub(crate) fn finish(self) -> &'a str {
        core::str::from_utf8(&self.bytes[..self.len]).unwrap_or_default()
    }
}

impl core::fmt::Write for TextWriter<'_> {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        let place = self.bytes.get_mut(self.len..self.len + text.len()).ok_or(core::fmt::Error)?;
        place.copy_from_slice(text.as_bytes());
        self.len += text.len();
        Ok(())
    }
}
