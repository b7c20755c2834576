//! One outgoing RTCP datagram, put together in the outbox and sealed there.

use crate::link::{Gcm, Link, Outbox, PacketWay};
use crate::wire::rtcp::receiver_report;

/// A compound packet under way. Nothing is sent if nothing was added.
pub(super) struct Compound {
    bytes: [u8; COMPOUND_BYTES],
    len: usize,
    /// What stands there before anything was added.
    empty_len: usize,
    own_ssrc: u32,
}

impl Compound {
    /// A compound packet of feedback: begins with an empty report unless the peer takes reduced ones (RFC 5506).
    pub(super) fn new<G: Gcm>(link: &Link<G>) -> Self {
        let mut compound = Self::bare(link);
        if !link.feedback.reduced_size {
            compound.add(empty_report);
        }
        compound.empty_len = compound.len;
        compound
    }

    /// A compound packet whose first part is a report of the caller's.
    pub(super) fn bare<G: Gcm>(link: &Link<G>) -> Self {
        Self { bytes: [0; COMPOUND_BYTES], len: 0, empty_len: 0, own_ssrc: link.feedback_ssrc }
    }

    /// Adds what `write` writes into the rest of the room, given the SSRC we speak as; false if it did not fit.
    pub(super) fn add(&mut self, write: impl FnOnce(&mut [u8], u32) -> Option<usize>) -> bool {
        match write(&mut self.bytes[self.len..], self.own_ssrc) {
            Some(len) => {
                self.len += len;
                true
            }
            None => false,
        }
    }

    /// Whether nothing was added.
    pub(super) fn is_empty(&self) -> bool {
        self.len == self.empty_len
    }

    /// Seals and sends it, if there is something in it.
    pub(super) fn send<G: Gcm>(self, link: &mut Link<G>, outbox: &mut impl Outbox) {
        let (false, Some(route)) = (self.is_empty(), link.feedback_route()) else { return };
        if let Some(tap) = link.tap {
            outbox.copy(tap.copy(PacketWay::RtcpOut, &self.bytes[..self.len]));
        }
        let buffer = outbox.lend();
        buffer[..self.len].copy_from_slice(&self.bytes[..self.len]);
        let Ok(len) = link.seal_rtcp(buffer, self.len) else { return };
        match &link.ingress {
            Some(ingress) => outbox.commit_ingress(ingress.link, &route, len),
            None => outbox.commit(&route, len),
        }
    }
}

/// An empty receiver report, with which a compound packet must begin (RFC 3550 section 6.1).
fn empty_report(buffer: &mut [u8], own: u32) -> Option<usize> {
    receiver_report::write(buffer, own, &[])
}

/// Room for one datagram without its SRTCP index and tag.
const COMPOUND_BYTES: usize = 1200;
