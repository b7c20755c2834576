//! A link that loses and delays: what a wireless network does to one peer's datagrams.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

/// A datagram and where it goes.
pub type Outgoing = (SocketAddr, Vec<u8>);

/// How a peer's datagrams fare on their way out and in. The default link is perfect.
#[derive(Debug)]
pub struct Link {
    /// Share of outgoing media and RTCP that is lost, 0.0 to 1.0.
    pub loss_out: f64,
    /// Share of incoming media and RTCP that is lost, 0.0 to 1.0.
    pub loss_in: f64,
    /// How long everything outgoing is held back.
    pub delay_out: Duration,
    /// Datagrams lost so far, both ways.
    pub lost: u64,
    held: VecDeque<(Instant, Outgoing)>,
    random: u64,
}

impl Default for Link {
    fn default() -> Self {
        Link::seeded(0x9e37_79b9_7f4a_7c15)
    }
}

impl Link {
    /// A perfect link whose later losses follow from `seed`, so that a failing run can be repeated.
    pub fn seeded(seed: u64) -> Self {
        Link {
            loss_out: 0.0,
            loss_in: 0.0,
            delay_out: Duration::ZERO,
            lost: 0,
            held: VecDeque::new(),
            random: seed | 1,
        }
    }

    /// A link that loses a share of media and RTCP in both directions.
    pub fn lossy(seed: u64, share: f64) -> Self {
        Link { loss_out: share, loss_in: share, ..Link::seeded(seed) }
    }

    /// Whether an incoming datagram arrives.
    pub fn arrives(&mut self, datagram: &[u8]) -> bool {
        !self.loses(datagram, self.loss_in)
    }

    /// Takes an outgoing datagram: gives it back if it leaves at once, keeps it if it is delayed, drops it if lost.
    pub fn send(&mut self, now: Instant, outgoing: Outgoing) -> Option<Outgoing> {
        if self.loses(&outgoing.1, self.loss_out) {
            return None;
        }
        if self.delay_out.is_zero() {
            return Some(outgoing);
        }
        self.held.push_back((now + self.delay_out, outgoing));
        None
    }

    /// The next delayed datagram whose time has come.
    pub fn due(&mut self, now: Instant) -> Option<Outgoing> {
        let (at, _) = self.held.front()?;
        if *at > now {
            return None;
        }
        self.held.pop_front().map(|(_, outgoing)| outgoing)
    }

    /// Only media and RTCP are lost (first byte 128 to 191, RFC 7983): handshakes have tests of their own.
    fn loses(&mut self, datagram: &[u8], share: f64) -> bool {
        let media = datagram.first().is_some_and(|first| (128..192).contains(first));
        let lost = media && share > 0.0 && self.uniform() < share;
        self.lost += u64::from(lost);
        lost
    }

    /// xorshift64*, as a number from 0.0 to below 1.0.
    fn uniform(&mut self) -> f64 {
        self.random ^= self.random >> 12;
        self.random ^= self.random << 25;
        self.random ^= self.random >> 27;
        (self.random.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11) as f64 / (1u64 << 53) as f64
    }
}
