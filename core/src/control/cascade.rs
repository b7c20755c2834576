//! Publishers that are fed to a shard that is not theirs, for those who watch them there. It is the way from box to
//! box, within one: relays of their own shard send each m-line and simulcast layer to a socket of the other one,
//! sealed, where it is a published m-line of no participant. What a shard says of such an m-line is nobody's news but
//! ours: their own shard has told it.

use heapless::Vec;

use super::Outlet;
use super::changes::Changes;
use super::error::{Refusal, plugin, refuse};
use super::forward::of_content;
use super::ingress::IngressPort;
use super::rooms::conversation_of;
use super::select::Selection;
use super::turn::{Done, Turn};
use crate::id::{CascadeId, HandleId, RelayId, StreamId};
use crate::limits::ENCODINGS;
use crate::link::{MasterKey, ingress_ssrc};
use crate::media::{
    Command, ConversationSettings, EncodingParameters, Feedback, Notice, OpenIngress, RelayDestination, RelayKeys,
    RelayParameters, SlowSource, StreamParameters,
};
use crate::random::Random;
use crate::room::{Cascade, CascadeLayer, CascadedStream, PublishedStream, Relayed, StreamPlace};
use crate::sdp::MediaKind;

/// Who published an m-line of another shard: nobody here.
const NOBODY: HandleId = HandleId::new(u16::MAX, u16::MAX);

/// An m-line that nobody watches is fed for so long, for whoever comes next or comes back.
const LINGER_US: u64 = 5_000_000;

impl<R: Random, O: Outlet> Turn<'_, '_, R, O> {
    /// Has all of `selection` fed to `shard`, if it is not there.
    pub(crate) fn cascade_selection(&mut self, shard: u8, selection: &Selection) -> Done {
        selection.0.iter().try_for_each(|selected| self.cascade(shard, selected.stream))
    }

    /// Has an m-line fed to `shard`, if it is not there.
    pub(crate) fn cascade(&mut self, shard: u8, place: StreamPlace) -> Done {
        if place.shard == shard || !self.flows(place) {
            return Ok(());
        }
        let Some(handle) = self.state.stream(place.shard, place.stream).map(|it| it.handle) else { return Ok(()) };
        let known = self.state.shards.get(usize::from(shard)).and_then(|tables| tables.cascade_of(handle));
        let id = match known {
            Some(id) => id,
            None => self.open_cascade(shard, place.shard, handle)?,
        };
        let now = self.now;
        let Some(cascade) = self.cascade_mut(shard, id) else { return Ok(()) };
        match cascade.streams.iter_mut().find(|it| it.source == place.stream) {
            Some(known) => known.used = now,
            None => self.add_cascaded(shard, id, place)?,
        }
        Ok(())
    }

    /// Whether there are packets of an m-line: not of data, which the control half hands on, nor of somebody who is
    /// only listed.
    fn flows(&self, place: StreamPlace) -> bool {
        let stream = self.state.stream(place.shard, place.stream);
        stream.is_some_and(|it| {
            let is_linked = self.state.handles.get(it.handle).is_some_and(|entry| entry.peer.is_some());
            is_linked && it.kind != MediaKind::Application && it.codec.is_some() && !it.is_disabled
        })
    }

    /// Gives `shard` a link for what `handle` publishes.
    fn open_cascade(&mut self, shard: u8, home: u8, handle: HandleId) -> Result<CascadeId, Refusal> {
        let mut master = MasterKey { key: [0; 16], salt: [0; 14] };
        self.random.fill(&mut master.key);
        self.random.fill(&mut master.salt);
        let keys = RelayKeys { master, has_short_tags: false };
        let most = self.settings.limits.publishers;
        let Some(tables) = self.state.shard_mut(shard) else { return Err(Refusal::full("shards", 0)) };
        if tables.cascades.len() >= tables.cascades.capacity() {
            return Err(Refusal::full("cascades", tables.cascades.capacity()));
        }
        let link = tables.take_link(None, true, most)?;
        let opened = self.post.out.open_ingress(shard, link, IngressPort::Loopback);
        let Some(tables) = self.state.shard_mut(shard) else { return Err(Refusal::full("shards", 0)) };
        let Some(port) = opened else {
            tables.links.remove(link);
            return Err(refuse!(plugin::FULL, "port", "No port can be opened between shards"));
        };
        let cascade = Cascade { handle, home, link, port, keys, streams: Vec::new() };
        let size = tables.cascades.capacity();
        let id = tables.cascades.insert(cascade).map_err(|_| Refusal::full("cascades", size))?.into();
        say!(info, "a publisher of shard {} is fed to shard {}", home, shard);
        // It ends when we say so, however silent its publisher is.
        let open = OpenIngress { link, keys: Some(keys), silence_ms: u32::MAX };
        self.post.out.command(shard, Command::OpenIngress(open));
        let follow = Command::SetBitrate { link, bitrate_bps: 0, follows_need: true };
        self.post.out.command(shard, follow);
        let room = self.state.handles.get(handle).and_then(|entry| entry.publisher()?.room);
        if let Some(conversation) = room.map(conversation_of) {
            // Who is heard is decided at home. Here it is only seen who has the floor.
            let settings = Some(ConversationSettings { loudest: 0, copies_sound: false });
            self.post.out.command(shard, Command::Converse { conversation, settings });
        }
        Ok(id)
    }

    fn add_cascaded(&mut self, shard: u8, id: CascadeId, place: StreamPlace) -> Done {
        let Some(published) = self.state.stream(place.shard, place.stream).cloned() else { return Ok(()) };
        let publisher = self.state.handles.get(published.handle).and_then(|entry| entry.publisher());
        let number = publisher.and_then(|it| it.streams.iter().position(|stream| *stream == place.stream));
        let Some(number) = number else { return Ok(()) };
        let Some(home) = self.state.shards.get(usize::from(place.shard)) else { return Ok(()) };
        if home.relays.capacity() - home.relays.len() < layers_of(&published).count() {
            return Err(Refusal::full("relays", home.relays.capacity()));
        }
        let now = self.now;
        let Some(tables) = self.state.shard_mut(shard) else { return Ok(()) };
        let size = tables.streams.capacity();
        let entry = PublishedStream { handle: NOBODY, ..published };
        let stream: StreamId = tables.streams.insert(entry).map_err(|_| Refusal::full("streams", size))?.into();
        let cascaded = CascadedStream {
            source: place.stream,
            number: number as u8,
            stream,
            needed_layers: u8::MAX,
            relayed_layers: u8::MAX,
            begun: now,
            used: now,
        };
        if let Some(cascade) = tables.cascades.get_mut(id) {
            // A publisher has no more m-lines than that.
            let _ = cascade.streams.push(cascaded);
        }
        self.configure_cascaded(shard, id, &cascaded);
        Ok(())
    }

    /// Tells both shards what an m-line is now that is fed from one to the other.
    fn configure_cascaded(&mut self, shard: u8, id: CascadeId, cascaded: &CascadedStream) {
        let Some(cascade) = self.cascade_mut(shard, id) else { return };
        let (handle, home, link) = (cascade.handle, cascade.home, cascade.link);
        let (speech, _) = self.watched(handle, &Changes::default());
        let Some(published) = self.state.stream(home, cascaded.source) else { return };
        let Some(codec) = published.codec else { return };
        let publisher = self.state.handles.get(handle).and_then(|entry| entry.publisher());
        let room = publisher.and_then(|publisher| publisher.room);
        let requires_e2ee = room.and_then(|room| Some(self.state.rooms.get(room)?.settings.require_e2ee));
        let (stream, active) = (cascaded.stream, published.is_active());
        let parameters = StreamParameters {
            stream,
            link,
            conversation: room.filter(|_| published.kind == MediaKind::Audio).map(conversation_of),
            mid: published.mid.clone(),
            codec,
            payload_type: published.payload_type,
            rtx_payload_type: None,
            red_payload_type: None,
            is_end_to_end: publisher.is_some_and(|it| it.is_end_to_end) || requires_e2ee == Some(true),
            extensions: of_content(&published.extensions),
            encodings: layers_of(published).map(|_| EncodingParameters::default()).collect(),
            ingress_stream: Some(cascaded.number),
            feedback: Feedback { pli: true, ..Feedback::default() },
            speech,
            keyframe_interval_s: 0,
            active,
        };
        let layers: Vec<Option<u8>, ENCODINGS> = layers_of(published).collect();
        let entry = PublishedStream { handle: NOBODY, ..published.clone() };
        if let Some(known) = self.state.shard_mut(shard).and_then(|tables| tables.streams.get_mut(stream)) {
            *known = entry;
        }
        self.post.out.command(shard, Command::SetStreamActive { stream, active });
        self.post.out.command(shard, Command::ConfigureStream(parameters));
        self.remove_relays(handle, |relayed| is_to(relayed, shard, cascaded.source, |it| !layers.contains(&it)));
        for layer in layers {
            self.relay_to_shard((shard, id), cascaded, layer);
        }
    }

    /// Sends one layer of an m-line to another shard, unless that is done already.
    fn relay_to_shard(&mut self, (shard, id): (u8, CascadeId), cascaded: &CascadedStream, layer: Option<u8>) {
        let Some(cascade) = self.cascade_mut(shard, id).cloned() else { return };
        let random = self.random.u32();
        let relayed = CascadeLayer { handle: cascade.handle, stream: cascaded.source, shard, layer };
        let Some(home) = self.state.shard_mut(cascade.home) else { return };
        if home.relays.iter().any(|(_, other)| *other == Relayed::Cascade(relayed)) {
            return;
        }
        let Some(published) = home.streams.get(cascaded.source) else { return };
        let (payload_type, extensions) = (published.payload_type, of_content(&published.extensions));
        let Ok(relay) = home.relays.insert(Relayed::Cascade(relayed)).map(RelayId::from) else {
            say!(warn, "the table of relays is full: shard {} does not get all of a publisher", shard);
            return;
        };
        let address = IngressPort::loopback(cascade.port);
        let destination = RelayDestination::Address { remote: address, rtcp: Some(address), keys: Some(cascade.keys) };
        let parameters = RelayParameters {
            relay,
            stream: cascaded.source,
            layer,
            destination,
            // As between boxes: each beginning has another.
            ssrc: ingress_ssrc(random, cascaded.number, layer.unwrap_or_default()),
            payload_type,
            extensions,
            is_cascade: true,
        };
        self.post.out.command(cascade.home, Command::AddRelay(parameters));
        if cascaded.relayed_layers != u8::MAX {
            let command = Command::SetRelayNeed { relay, layers: cascaded.relayed_layers };
            self.post.out.command(cascade.home, command);
        }
    }

    /// What `handle` publishes changed: so does what other shards get of it.
    pub(crate) fn follow_cascades(&mut self, handle: HandleId) {
        for shard in 0..self.state.shards.len() as u8 {
            let tables = self.state.shards.get(usize::from(shard));
            let Some(id) = tables.and_then(|tables| tables.cascade_of(handle)) else { continue };
            let Some(cascade) = self.cascade_mut(shard, id).cloned() else { continue };
            for cascaded in &cascade.streams {
                match self.flows(StreamPlace { shard: cascade.home, stream: cascaded.source }) {
                    true => self.configure_cascaded(shard, id, cascaded),
                    false => self.remove_cascaded(shard, id, cascaded),
                }
            }
        }
    }

    /// `handle` publishes no more: no shard gets it.
    pub(crate) fn remove_cascades(&mut self, handle: HandleId) {
        for shard in 0..self.state.shards.len() as u8 {
            let tables = self.state.shards.get(usize::from(shard));
            if let Some(id) = tables.and_then(|tables| tables.cascade_of(handle)) {
                self.close_cascade(shard, id);
            }
        }
    }

    /// Lets go of what nobody watches any more, about once a second.
    pub(crate) fn let_go_of_cascades(&mut self) {
        for shard in 0..self.state.shards.len() as u8 {
            let now = self.now;
            let Some(tables) = self.state.shard_mut(shard).filter(|tables| !tables.cascades.is_empty()) else {
                continue;
            };
            tables.note_watched(shard, now);
            for index in 0..tables.cascades.capacity() as u16 {
                let Some(tables) = self.state.shards.get(usize::from(shard)) else { break };
                let Some((id, cascade)) = tables.cascades.id_at(index).zip(tables.cascades.at(index).cloned()) else {
                    continue;
                };
                let id = CascadeId::from(id);
                for cascaded in &cascade.streams {
                    if now.since_us(cascaded.used) >= LINGER_US {
                        self.remove_cascaded(shard, id, cascaded);
                    } else if now.since_us(cascaded.begun) >= LINGER_US {
                        self.relay_needed(shard, id, cascaded.stream);
                    }
                }
                if self.cascade_mut(shard, id).is_some_and(|cascade| cascade.streams.is_empty()) {
                    self.close_cascade(shard, id);
                }
            }
        }
    }

    /// Takes what a shard says of an m-line that is fed to it; false if it is about something else.
    pub(super) fn cascade_notice(&mut self, shard: u8, notice: &Notice) -> bool {
        let stream = match *notice {
            Notice::Receiving { stream, .. }
            | Notice::Talking { stream, .. }
            | Notice::Dominant { stream }
            | Notice::Arrived { stream, .. }
            | Notice::Needed { stream, .. }
            | Notice::SlowLink { source: SlowSource::Stream(stream), .. } => stream,
            _ => return false,
        };
        let now = self.now;
        let Some(tables) = self.state.shard_mut(shard) else { return false };
        let Some((id, cascaded)) = tables.cascaded_mut(stream) else { return false };
        if let Notice::Needed { layers, .. } = *notice {
            cascaded.needed_layers = layers;
            // Those for whom it began are still on their way: it must not stop before they are here.
            if layers > 0 || now.since_us(cascaded.begun) >= LINGER_US {
                self.relay_needed(shard, id, stream);
            }
        }
        true
    }

    /// Has its own shard send as much of an m-line as the other one needs.
    fn relay_needed(&mut self, shard: u8, id: CascadeId, stream: StreamId) {
        let Some(cascade) = self.cascade_mut(shard, id) else { return };
        let home = cascade.home;
        let Some(cascaded) = cascade.streams.iter_mut().find(|it| it.stream == stream) else { return };
        let (source, layers) = (cascaded.source, cascaded.needed_layers);
        if core::mem::replace(&mut cascaded.relayed_layers, layers) == layers {
            return;
        }
        let Some(tables) = self.state.shards.get(usize::from(home)) else { return };
        for (relay, _) in tables.relays.iter().filter(|(_, relayed)| is_to(relayed, shard, source, |_| true)) {
            self.post.out.command(home, Command::SetRelayNeed { relay: relay.into(), layers });
        }
    }

    fn remove_cascaded(&mut self, shard: u8, id: CascadeId, cascaded: &CascadedStream) {
        let Some(cascade) = self.cascade_mut(shard, id) else { return };
        cascade.streams.retain(|it| it.stream != cascaded.stream);
        let handle = cascade.handle;
        self.remove_relays(handle, |relayed| is_to(relayed, shard, cascaded.source, |_| true));
        if let Some(tables) = self.state.shard_mut(shard) {
            tables.streams.remove(cascaded.stream);
        }
        self.post.out.command(shard, Command::RemoveStream { stream: cascaded.stream });
    }

    fn close_cascade(&mut self, shard: u8, id: CascadeId) {
        let Some(cascade) = self.state.shard_mut(shard).and_then(|tables| tables.cascades.remove(id)) else { return };
        say!(info, "a publisher of shard {} is fed to shard {} no more", cascade.home, shard);
        self.remove_relays(cascade.handle, |it| matches!(it, Relayed::Cascade(layer) if layer.shard == shard));
        if let Some(tables) = self.state.shard_mut(shard) {
            for cascaded in &cascade.streams {
                tables.streams.remove(cascaded.stream);
            }
        }
        self.post.out.close_ingress(shard, cascade.link);
        self.post.out.command(shard, Command::CloseLink { link: cascade.link });
    }

    fn cascade_mut(&mut self, shard: u8, id: CascadeId) -> Option<&mut Cascade> {
        self.state.shard_mut(shard)?.cascades.get_mut(id)
    }
}

/// The layers of an m-line; `None` stands for the only one.
fn layers_of(published: &PublishedStream) -> impl Iterator<Item = Option<u8>> + use<> {
    let is_simulcast = published.is_simulcast && published.kind == MediaKind::Video;
    let layers = if is_simulcast { ENCODINGS as u8 } else { 1 };
    (0..layers).map(move |layer| is_simulcast.then_some(layer))
}

/// Whether it is a layer that is `meant` of m-line `source` on its way to `shard`.
fn is_to(relayed: &Relayed, shard: u8, source: StreamId, meant: impl Fn(Option<u8>) -> bool) -> bool {
    matches!(relayed, Relayed::Cascade(it) if it.shard == shard && it.stream == source && meant(it.layer))
}
