//! A publisher of another box: its m-lines come as plain RTP, or sealed with a key that was agreed on elsewhere, to a
//! socket of their own, without ICE and DTLS. SSRCs say which m-line a packet is of.

use crate::id::LinkId;
use crate::link::Route;
use crate::time::Instant;

/// The most m-lines of one such publisher.
pub const INGRESS_STREAMS: u8 = 16;

/// SSRCs that belong to one m-line: one for each layer, and one that is free.
const SOURCES_A_STREAM: u32 = 4;

/// Those of all m-lines of a publisher: what is left of an SSRC above them is random.
const SOURCES: u32 = INGRESS_STREAMS as u32 * SOURCES_A_STREAM;

/// An origin that was silent for so long may go on from another address, as after a restart.
const MOVE_US: u64 = 2_000_000;

/// Where the packets of a link without ICE come from, and where its feedback goes.
#[derive(Clone, Copy, Debug)]
pub struct Ingress {
    /// Whose socket is used.
    pub link: LinkId,
    /// Whether packets are sealed: then the link has keys.
    pub is_sealed: bool,
    /// Silence after which the origin counts as gone; `u32::MAX`: never.
    pub silence_ms: u32,
    /// Where packets came from last.
    origin: Option<Route>,
    /// Where reports came from last.
    reporter: Option<Route>,
    heard: Instant,
}

impl Ingress {
    /// Nothing came yet.
    pub fn new(link: LinkId, is_sealed: bool, silence_ms: u32, now: Instant) -> Self {
        Self { link, is_sealed, silence_ms, origin: None, reporter: None, heard: now }
    }

    /// Whether a packet may come by `route`. What is sealed proves itself; of what is not, only the host that began is
    /// heard, until it is silent.
    pub fn admits(&self, route: &Route, now: Instant) -> bool {
        let is_same = |origin: Route| origin.remote.ip() == route.remote.ip();
        self.is_sealed || self.origin.is_none_or(is_same) || now.since_us(self.heard) >= MOVE_US
    }

    /// Something came by `route` and was taken.
    pub fn note(&mut self, route: &Route, is_report: bool, now: Instant) {
        self.heard = now;
        self.origin = Some(*route);
        if is_report {
            self.reporter = Some(*route);
        } else if self.reporter.is_some_and(|reporter| reporter.remote.ip() != route.remote.ip()) {
            self.reporter = None;
        }
    }

    /// Where feedback goes, once something came: to where reports come from, as long as there is none, to where packets
    /// do.
    pub fn feedback(&self) -> Option<&Route> {
        self.reporter.as_ref().or(self.origin.as_ref())
    }

    /// When the origin counts as gone if nothing comes before.
    pub fn deadline(&self) -> Instant {
        match self.silence_ms {
            u32::MAX => Instant::from_us(u64::MAX),
            silence_ms => self.heard.after_ms(u64::from(silence_ms)),
        }
    }
}

/// The SSRC of a layer of the m-line number `stream` of a publisher on its way to another box: the low six bits say
/// which it is, `random` fills the rest.
pub fn ingress_ssrc(random: u32, stream: u8, layer: u8) -> u32 {
    let offset = (u32::from(stream % INGRESS_STREAMS)) * SOURCES_A_STREAM + u32::from(layer) % SOURCES_A_STREAM;
    // Never 0, by which some mean any.
    (random | 1 << 31) & !(SOURCES - 1) | offset
}

/// The m-line and the layer that an SSRC stands for; whether there is such a layer is not said.
pub fn ingress_place(ssrc: u32) -> (u8, u8) {
    let offset = ssrc % SOURCES;
    ((offset / SOURCES_A_STREAM) as u8, (offset % SOURCES_A_STREAM) as u8)
}

#[cfg(test)]
mod tests {
    use core::net::IpAddr;

    use super::*;

    fn route(host: u8, port: u16) -> Route {
        Route { remote: ([10, 0, 0, host], port).into(), local: IpAddr::from([10, 0, 0, 1]) }
    }

    #[test]
    fn an_ssrc_says_which_m_line_and_layer_it_is_of_whatever_the_rest() {
        for random in [0, 1, 0x1234_5678, u32::MAX] {
            for (stream, layer) in (0..INGRESS_STREAMS).flat_map(|stream| (0..3).map(move |layer| (stream, layer))) {
                let ssrc = ingress_ssrc(random, stream, layer);
                assert_eq!(ingress_place(ssrc), (stream, layer));
                assert_ne!(ssrc, 0);
            }
        }
    }

    #[test]
    fn of_plain_packets_those_of_the_host_that_began_are_heard() {
        let start = Instant::from_ms(1000);
        let mut ingress = Ingress::new(LinkId::new(0, 0), false, 10_000, start);
        assert!(ingress.admits(&route(2, 7000), start));
        ingress.note(&route(2, 7000), true, start);
        assert!(ingress.admits(&route(2, 7001), start) && !ingress.admits(&route(3, 7000), start.after_ms(1999)));
        assert!(ingress.admits(&route(3, 7000), start.after_ms(2000)), "it was silent");
        ingress.note(&route(3, 7000), false, start.after_ms(2000));
        assert_eq!(ingress.feedback(), Some(&route(3, 7000)), "the host before gets no feedback any more");
        assert_eq!(ingress.deadline(), start.after_ms(12_000));
    }

    #[test]
    fn where_no_silence_counts_the_origin_is_never_gone() {
        let start = Instant::from_ms(1000);
        let mut ingress = Ingress::new(LinkId::new(0, 0), true, u32::MAX, start);
        assert_eq!(ingress.deadline(), Instant::from_us(u64::MAX));
        ingress.silence_ms = 2000;
        assert_eq!(ingress.deadline(), start.after_ms(2000), "what passed already counts");
    }

    #[test]
    fn what_is_sealed_may_come_from_anywhere() {
        let start = Instant::from_ms(1000);
        let mut ingress = Ingress::new(LinkId::new(0, 0), true, 10_000, start);
        ingress.note(&route(2, 7000), true, start);
        assert!(ingress.admits(&route(3, 7000), start));
    }
}
