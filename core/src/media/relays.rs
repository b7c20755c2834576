//! Streams on their way to addresses and files: what goes there, what is asked from there.

use crate::forward::{Relay, RelayParameters};
use crate::id::{LinkId, RelayId, StreamId};
use crate::link::{Gcm, Outbox, Route, SourcePlace};
use crate::media::Media;
use crate::random::Random;
use crate::store::{PacketId, list};
use crate::time::Instant;
use crate::wire::rtcp::{self, Packet, receiver_report, sdes, sender_report};

use super::report::{CNAME, sender_info};

impl<G: Gcm, R: Random> Media<'_, G, R> {
    pub(super) fn add_relay(&mut self, now: Instant, parameters: RelayParameters) {
        let (id, stream) = (parameters.relay, parameters.stream);
        if self.streams.get(stream).is_none() {
            return;
        }
        let relay = Relay::new(parameters, self.random.u32() as u16);
        if self.relays.insert_at(id, relay).is_err() {
            debug_assert!(false, "the place of a new relay must be vacant");
            return;
        }
        if let Some(source) = self.streams.get_mut(stream) {
            list::push(&mut self.relays, &mut source.relays, id.index, |relay| &mut relay.next_of_stream);
        }
        self.want_keyframe(now, stream);
    }

    pub(super) fn remove_relay(&mut self, id: RelayId) {
        let Some(stream) = self.relays.get(id).map(|relay| relay.parameters.stream) else { return };
        if let Some(source) = self.streams.get_mut(stream) {
            list::remove(&mut self.relays, &mut source.relays, id.index, |relay| &mut relay.next_of_stream);
        }
        self.relays.remove(id);
    }

    /// The source of all these ended.
    pub(super) fn remove_relays(&mut self, stream: StreamId) {
        while let Some(id) = self.streams.get(stream).and_then(|source| self.relays.id_at(source.relays)) {
            self.remove_relay(id.into());
        }
    }

    /// Where a relay goes, so many layers of its stream are needed.
    pub(super) fn set_relay_need(&mut self, now: Instant, id: RelayId, layers: u8) {
        let Some(relay) = self.relays.get_mut(id) else { return };
        let RelayParameters { stream, layer, .. } = relay.parameters;
        let begins = relay.set_need(layers);
        self.review_need(now, stream);
        if begins {
            self.want_keyframe_of(now, stream, layer.unwrap_or(0));
        }
    }

    /// Sends a packet that was kept to every address and file that its stream goes to; where it is not heard in its
    /// room, the room's other shards do not get it.
    pub(super) fn relay(
        &mut self,
        now: Instant,
        place: SourcePlace,
        (packet, is_heard): (PacketId, bool),
        outbox: &mut impl Outbox,
    ) {
        let Some(stream) = self.streams.get(place.stream) else { return };
        let Some(facts) = self.pool.note(packet) else { return };
        let mut wants_keyframe = false;
        let mut at = stream.relays;
        while let Some(relay) = self.relays.at_mut(at) {
            at = relay.next_of_stream;
            if relay.parameters.is_cascade && !is_heard {
                continue;
            }
            let content = (self.pool.bytes(packet), facts);
            match relay.send((place.stream, stream), place.layer, content, now, outbox) {
                Ok(choice) => wants_keyframe |= choice.wants_keyframe(),
                Err(cause) => self.drops.count(cause),
            }
        }
        if wants_keyframe {
            self.want_keyframe_of(now, place.stream, place.layer);
        }
    }

    /// What came before packet `index` and was not heard will not be sent to other shards.
    pub(super) fn close_up_cascades(&mut self, place: SourcePlace, index: u64) {
        let Some(stream) = self.streams.get(place.stream) else { return };
        let mut at = stream.relays;
        while let Some(relay) = self.relays.at_mut(at) {
            at = relay.next_of_stream;
            if relay.parameters.is_cascade {
                relay.close_up((place.stream, stream), (place.layer, index));
            }
        }
    }

    /// Tells the receivers of what `link` publishes what time it is of; before that is known, that we are here, so that
    /// they learn where their requests go.
    pub(super) fn report_to_relays(&mut self, now: Instant, link: LinkId, outbox: &mut impl Outbox) {
        let mut stream_at = self.links.get(link).map_or(list::END, |link| link.streams);
        while let Some(stream) = self.streams.at(stream_at) {
            stream_at = stream.next_of_link;
            let mut at = stream.relays;
            while let Some(relay) = self.relays.at_mut(at) {
                at = relay.next_of_stream;
                let ssrc = relay.parameters.ssrc;
                let counts = (relay.packets_sent, relay.octets_sent);
                let info = sender_info(&relay.rewriter, counts, &self.streams, now);
                // Of what time a file's packets are must be known; nobody is there to be told that we are.
                if info.is_none() && relay.is_to_file() {
                    continue;
                }
                relay.send_rtcp(outbox, |buffer| {
                    let len = match info {
                        Some(info) => sender_report::write(buffer, ssrc, &info, &[])?,
                        None => receiver_report::write(buffer, ssrc, &[])?,
                    };
                    Some(len + sdes::write(&mut buffer[len..], ssrc, CNAME)?)
                });
            }
        }
    }

    /// Takes RTCP from an address that is no peer's; false if it is no relay's either. There are few of these, and only
    /// RTCP gets here: looking through them costs less than a table of their addresses.
    pub(super) fn receive_relay_rtcp(&mut self, now: Instant, route: &Route, bytes: &mut [u8]) -> bool {
        let mut opened = None;
        for place in 0..self.relays.capacity() as u16 {
            let Some(relay) = self.relays.at_mut(place) else { continue };
            if relay.parameters.rtcp() != Some(route.remote) {
                continue;
            }
            // Relays to one address have one key: what the first opened, in place, is in clear for all.
            let len = match opened {
                Some(len) => len,
                None => match relay.open_rtcp(bytes) {
                    Ok(len) => len,
                    Err(_) => return true,
                },
            };
            opened = Some(len);
            let RelayParameters { stream, ssrc, layer, .. } = relay.parameters;
            if asks_for_keyframe(&bytes[..len], ssrc) {
                match layer {
                    Some(layer) => self.want_keyframe_of(now, stream, layer),
                    None => self.want_keyframe(now, stream),
                }
            }
        }
        opened.is_some()
    }
}

/// Whether a compound packet asks for a keyframe of `ssrc`. Some receivers ask without naming it.
fn asks_for_keyframe(bytes: &[u8], ssrc: u32) -> bool {
    let is_meant = |asked: u32| asked == ssrc || asked == 0;
    rtcp::packets(bytes).into_iter().flatten().any(|packet| match packet {
        Packet::Pli(pli) => is_meant(pli.media_ssrc),
        Packet::Fir(fir) => fir.entries().any(|entry| is_meant(entry.ssrc)),
        _ => false,
    })
}
