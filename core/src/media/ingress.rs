//! Publishers of other boxes: links without ICE and DTLS, each with a socket of its own.

use crate::drops::Drop;
use crate::forward::RelayKeys;
use crate::id::LinkId;
use crate::link::{Credentials, Gcm, IceAgent, Ingress, Link, Outbox, RemoteUfrag, SourcePlace, ingress_place};
use crate::media::{Datagram, Media, OpenIngress};
use crate::random::Random;
use crate::store::Table;
use crate::stream::Stream;
use crate::time::Instant;
use crate::wire::{PacketKind, packet_kind};

impl<G: Gcm, R: Random> Media<'_, G, R> {
    /// Takes one datagram that came to the socket of `link`.
    pub fn receive_ingress(&mut self, now: Instant, link: LinkId, datagram: Datagram<'_>, outbox: &mut impl Outbox) {
        let Datagram { route, bytes } = datagram;
        let ingress = self.links.get(link).filter(|state| state.closed.is_none()).and_then(|state| state.ingress);
        let kind = packet_kind(bytes);
        let done = match ingress {
            None => Err(Drop::Stale),
            Some(ingress) if !ingress.admits(&route, now) => Err(Drop::UnknownAddress),
            Some(_) => match kind {
                PacketKind::Rtp => self.receive_rtp(now, link, bytes, outbox),
                PacketKind::Rtcp => self.receive_rtcp(now, link, bytes, outbox),
                _ => Err(Drop::Malformed),
            },
        };
        match done {
            Ok(()) => {
                if let Some(ingress) = self.links.get_mut(link).and_then(|state| state.ingress.as_mut()) {
                    ingress.note(&route, kind == PacketKind::Rtcp, now);
                }
            }
            Err(cause) => self.drops.count(cause),
        }
    }

    pub(super) fn open_ingress(&mut self, now: Instant, open: &OpenIngress) {
        let OpenIngress { link: id, keys, silence_ms } = *open;
        // Nobody is told these: no check is ever right.
        let mut random = [0; 25];
        self.random.fill(&mut random);
        let ice = IceAgent::new(now, Credentials::new(id, random), RemoteUfrag::new());
        let mut link = Link::new(ice, true, self.random.u32(), now);
        link.ingress = Some(Ingress::new(id, keys.is_some(), silence_ms, now));
        link.srtp = keys.map(|keys| keys.session());
        let inserted = self.links.insert_at(id, link).is_ok();
        debug_assert!(inserted, "the place of a new link must be vacant");
        self.wake(id.index, now);
    }

    /// Other keys, or none, for what comes from another box.
    pub(super) fn secure_ingress(&mut self, link: LinkId, keys: Option<RelayKeys>) {
        let ssrc = self.random.u32() | 1;
        let Some(state) = self.links.get_mut(link) else { return };
        let Some(ingress) = &mut state.ingress else { return };
        ingress.is_sealed = keys.is_some();
        state.srtp = keys.map(|keys| keys.session());
        // Under keys that were used before, the count of our reports begins anew: another sender has other nonces.
        state.feedback_ssrc = ssrc;
    }

    /// Another bound of silence for what comes from another box.
    pub(super) fn bound_silence(&mut self, now: Instant, link: LinkId, silence_ms: u32) {
        let Some(ingress) = self.links.get_mut(link).and_then(|state| state.ingress.as_mut()) else { return };
        ingress.silence_ms = silence_ms;
        self.wake(link.index, now);
    }
}

/// Which m-line of another box's publisher, and which layer of it, an SSRC stands for.
pub(super) fn find_ingress_place(streams: &Table<'_, Stream>, first: u16, ssrc: u32) -> Option<SourcePlace> {
    let (number, layer) = ingress_place(ssrc);
    let mut at = first;
    while let Some(stream) = streams.at(at) {
        at = stream.next_of_link;
        if stream.parameters.ingress_stream == Some(number) {
            let has_layer = usize::from(layer) < stream.encodings.len();
            return has_layer.then_some(SourcePlace { stream: stream.parameters.stream, layer, repair: false });
        }
    }
    None
}
