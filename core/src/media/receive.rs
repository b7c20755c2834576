//! The way of an arriving datagram: what it is, whose it is, and for RTP on to the stream and its subscribers.

use crate::drops::Drop;
use crate::id::{LinkId, StreamId};
use crate::link::{Credentials, DtlsDatagram, Gcm, IncomingIndex, Outbox, Outcome, PacketWay, Route, SourcePlace};
use crate::media::{Datagram, Media};
use crate::random::Random;
use crate::store::{PacketId, Table};
use crate::stream::Stream;
use crate::time::Instant;
use crate::wire::{Extension, PacketKind, packet_kind, rtp, sequence, stun};

use super::ingress::find_ingress_place;

impl<G: Gcm, R: Random> Media<'_, G, R> {
    /// Takes one datagram. What it causes leaves at [`Self::leave`]; answers to checks leave at once.
    pub fn receive(&mut self, now: Instant, datagram: Datagram<'_>, outbox: &mut impl Outbox) {
        let Datagram { route, bytes } = datagram;
        let kind = packet_kind(bytes);
        if kind == PacketKind::Stun {
            return self.receive_stun(now, &route, bytes, outbox);
        }
        let Some(link) = self.routes.get(&route) else {
            if kind != PacketKind::Rtcp || !self.receive_relay_rtcp(now, &route, bytes) {
                self.drops.count(Drop::UnknownAddress);
            }
            return;
        };
        let done = match kind {
            PacketKind::Dtls => self.receive_dtls(link, bytes, outbox),
            PacketKind::Rtp => self.receive_rtp(now, link, bytes, outbox),
            PacketKind::Rtcp => self.receive_rtcp(now, link, bytes, outbox),
            PacketKind::Stun | PacketKind::Unknown => Err(Drop::Malformed),
        };
        if let Err(cause) = done {
            self.drops.count(cause);
        }
    }

    fn receive_stun(&mut self, now: Instant, route: &Route, bytes: &[u8], outbox: &mut impl Outbox) {
        let Some(request) = stun::Request::new(bytes) else { return self.drops.count(Drop::Malformed) };
        let link = request.fragments().and_then(|(asked, _)| Credentials::link(asked));
        let Some(link) = link else {
            return match self.bindings.answer(now, &request, route, outbox.lend()) {
                Ok(len) => outbox.commit(route, len),
                Err(cause) => self.drops.count(cause),
            };
        };
        let Some(state) = self.links.get_mut(link).filter(|state| state.closed.is_none()) else {
            return self.drops.count(Drop::StunRefused);
        };
        let check = state.ice.check(now, &request, route, outbox.lend());
        if check.reply_len > 0 {
            outbox.commit(route, check.reply_len);
        }
        if let Outcome::Refused(cause) = check.outcome {
            return self.drops.count(cause);
        }
        self.note_route(link, check.outcome);
        // Of an early one only handshakes are taken so far: they wait for the answer.
        if !self.routes.insert(route, link) {
            self.drops.count(Drop::QueueFull);
        }
    }

    /// Tells where packets to the peer go now.
    pub(super) fn note_route(&mut self, link: LinkId, outcome: Outcome) {
        let Some(state) = self.links.get_mut(link) else { return };
        let (is_new, is_first) = match outcome {
            Outcome::Refused(_) | Outcome::Early | Outcome::Validated => return,
            Outcome::Moved => (true, false),
            Outcome::Connected => (true, true),
        };
        state.news.route |= is_new;
        state.news.connected |= is_first;
        self.has_news = true;
    }

    fn receive_dtls(&mut self, link: LinkId, bytes: &[u8], outbox: &mut impl Outbox) -> Result<(), Drop> {
        let datagram = DtlsDatagram::new(link, bytes).ok_or(Drop::Malformed)?;
        outbox.dtls(datagram).then_some(()).ok_or(Drop::QueueFull)
    }

    pub(super) fn receive_rtp(
        &mut self,
        now: Instant,
        link: LinkId,
        bytes: &mut [u8],
        outbox: &mut impl Outbox,
    ) -> Result<(), Drop> {
        let state = self.links.get_mut(link).ok_or(Drop::Stale)?;
        let ssrc = rtp::ssrc(bytes).ok_or(Drop::Malformed)?;
        let mut new_index = IncomingIndex::NEW;
        let (len, index, place) = state.open_rtp(bytes, ssrc, &mut new_index)?;
        if let Some(tap) = state.tap {
            outbox.copy(tap.copy(PacketWay::RtpIn, &bytes[..len]));
        }
        let place = match place {
            Some(place) => place,
            None => {
                let view = rtp::View::new(&bytes[..len]).ok_or(Drop::Malformed)?;
                let place = match state.ingress {
                    Some(_) => find_ingress_place(&self.streams, state.streams, ssrc),
                    None => find_place(&self.streams, state.streams, &view),
                };
                let place = place.ok_or(Drop::UnknownSource)?;
                self.adopt(link, ssrc, new_index, place)?;
                place
            }
        };
        self.counters.received_packets += 1;
        self.note_arrival(now, link, place.stream, &bytes[..len]);
        let (len, index) = if place.repair { self.unwrap_rtx(place, &mut bytes[..len])? } else { (len, index) };
        let len = self.unwrap_redundant(now, place, &mut bytes[..len], index, outbox)?;
        self.forward(now, place, &bytes[..len], index, outbox)
    }

    /// Keeps a packet and queues it for everybody who should get it.
    pub(super) fn forward(
        &mut self,
        now: Instant,
        place: SourcePlace,
        packet: &[u8],
        index: u64,
        outbox: &mut impl Outbox,
    ) -> Result<(), Drop> {
        if self.queues.vacancies() < self.subscriptions.len() {
            self.leave(now, outbox);
        }
        let (streams, mut kept) = self.kept();
        let stream = streams.get_mut(place.stream).ok_or(Drop::Stale)?;
        let accepted = stream.accept(place.layer, packet, index, now, &mut kept);
        let link = stream.parameters.link;
        let due = stream.due();
        let began = !core::mem::replace(&mut stream.receiving, true);
        let facts = accepted.and_then(|id| kept.pool.note(id));
        let talked = facts.is_some_and(|facts| stream.listen(packet, facts, now));
        let active = stream.parameters.active;
        let id = accepted.ok_or(Drop::Replay)?;
        if active {
            let is_heard = self.is_heard(now, place, index);
            if is_heard {
                self.fan_out(now, place, id);
            }
            self.relay(now, place, (id, is_heard), outbox);
            self.copy_sound(now, place.stream, packet, outbox);
        }
        if began | talked
            && let Some(state) = self.links.get_mut(link)
        {
            state.news.receiving |= began;
            state.news.talking |= talked;
            self.has_news = true;
        }
        if let Some(due) = due {
            self.wake(link.index, due);
        }
        Ok(())
    }

    /// Queues a packet that was kept for everybody who should get it.
    fn fan_out(&mut self, now: Instant, place: SourcePlace, packet: PacketId) {
        let (mut forwarding, streams, ring) = self.forwarding();
        let Some(stream) = streams.get(place.stream) else { return };
        let outcome = forwarding.fan_out((place.stream, stream), (place.layer, packet), ring, now);
        if outcome.wants_keyframe {
            self.want_keyframe_of(now, place.stream, place.layer);
        }
        self.note_outcome(outcome);
    }

    /// An SSRC is heard for the first time: an encoding begins, or begins anew.
    fn adopt(&mut self, link: LinkId, ssrc: u32, index: IncomingIndex, place: SourcePlace) -> Result<(), Drop> {
        let (streams, kept) = self.kept();
        let stream = streams.get_mut(place.stream).ok_or(Drop::Stale)?;
        let encoding = stream.encodings.get_mut(usize::from(place.layer)).ok_or(Drop::UnknownSource)?;
        if place.repair {
            encoding.parameters.rtx_ssrc = Some(ssrc);
        } else if encoding.arrived.is_some() {
            encoding.history.clear(kept.ring, kept.pool);
            encoding.restart(ssrc);
        } else {
            encoding.parameters.ssrc = Some(ssrc);
        }
        let state = self.links.get_mut(link).ok_or(Drop::Stale)?;
        state.place_source(ssrc, index, place).then_some(()).ok_or(Drop::UnknownSource)
    }

    /// Notes the transport-wide number of a packet.
    fn note_arrival(&mut self, now: Instant, link: LinkId, stream: StreamId, packet: &[u8]) {
        let Some(stream) = self.streams.get(stream) else { return };
        let Some(id) = stream.parameters.extensions.id(Extension::TransportSequence) else { return };
        let number = rtp::View::new(packet).and_then(|view| view.element(id)).and_then(|data| data.first_chunk());
        let (Some(number), Some(state)) = (number, self.links.get_mut(link)) else { return };
        let first = state.arrivals.is_empty();
        state.arrivals.note(u16::from_be_bytes(*number), now);
        if state.arrivals.is_pressing() {
            self.wake(link.index, now);
        } else if first {
            state.feedback.arrivals_due = now.after_ms(super::feedback::ARRIVALS_MS);
            let due = state.feedback.arrivals_due;
            self.wake(link.index, due);
        }
    }

    /// Makes the original out of a retransmission (RFC 4588 section 4); returns its length and extended sequence
    /// number.
    fn unwrap_rtx(&mut self, place: SourcePlace, packet: &mut [u8]) -> Result<(usize, u64), Drop> {
        let stream = self.streams.get(place.stream).ok_or(Drop::Stale)?;
        let encoding = stream.encodings.get(usize::from(place.layer)).ok_or(Drop::UnknownSource)?;
        let view = rtp::View::new(packet).ok_or(Drop::Malformed)?;
        let payload = view.payload_range();
        // Probes for bandwidth are empty or hold only padding.
        let original = view.payload().first_chunk().copied().ok_or(Drop::Stale)?;
        let newest = encoding.loss.newest().ok_or(Drop::Stale)?;
        let ssrc = encoding.parameters.ssrc.ok_or(Drop::Stale)?;
        let original = u16::from_be_bytes(original);
        packet.copy_within(payload.start + 2..payload.end, payload.start);
        rtp::set_ssrc(packet, ssrc);
        rtp::set_payload_type(packet, stream.parameters.payload_type);
        rtp::set_sequence(packet, original);
        rtp::set_padding(packet, false);
        Ok((payload.end - 2, sequence::extend(newest, original)))
    }
}

/// Which stream a packet with an unknown SSRC belongs to (RFC 8843 section 9.2): by the SDP's SSRC, by mid and rid, by
/// payload type where just one stream has it.
fn find_place(streams: &Table<'_, Stream>, first: u16, view: &rtp::View<'_>) -> Option<SourcePlace> {
    let mut by_payload_type = None;
    let mut at = first;
    while let Some(stream) = streams.at(at) {
        at = stream.next_of_link;
        let parameters = &stream.parameters;
        let payload_type = view.payload_type();
        let repair = parameters.rtx_payload_type == Some(payload_type);
        let is_own = [Some(parameters.payload_type), parameters.red_payload_type].contains(&Some(payload_type));
        if !repair && !is_own {
            continue;
        }
        let place = |layer: usize| SourcePlace { stream: parameters.stream, layer: layer as u8, repair };
        let told = stream.encodings.iter().position(|encoding| {
            let told = if repair { encoding.parameters.rtx_ssrc } else { encoding.parameters.ssrc };
            told == Some(view.ssrc())
        });
        if let Some(layer) = told {
            return Some(place(layer));
        }
        let element = |extension| parameters.extensions.id(extension).and_then(|id| view.element(id));
        let mid = element(Extension::Mid);
        if mid.is_some_and(|mid| mid != parameters.mid.as_bytes()) {
            continue;
        }
        let rid = element(if repair { Extension::RepairedRid } else { Extension::Rid });
        let layer = match rid {
            Some(rid) => stream
                .encodings
                .iter()
                .position(|encoding| encoding.parameters.rid.as_ref().is_some_and(|known| known.as_bytes() == rid)),
            None => (stream.encodings.len() == 1).then_some(0),
        };
        let Some(layer) = layer else { continue };
        if mid.is_some() {
            return Some(place(layer));
        }
        by_payload_type = match by_payload_type {
            None => Some(Some(place(layer))),
            Some(_) => Some(None),
        };
    }
    by_payload_type.flatten()
}
