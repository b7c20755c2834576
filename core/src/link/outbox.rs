//! What leaves a link: the sending side of a platform's socket, and the way to the task that owns DTLS.

use crate::id::LinkId;
use crate::limits::DATAGRAM_BYTES;
use crate::link::{CopiedPacket, Route};

/// Where the media half writes what leaves it while a batch is being received. Packets to one route follow each
/// other, so that a platform can let those of equal size leave in one call.
pub trait Outbox {
    /// Lends room for one datagram of [`crate::limits::DATAGRAM_BYTES`]. Sends what it holds first if it is full; what
    /// a full socket does not take is dropped and counted, never waited for.
    fn lend(&mut self) -> &mut [u8];

    /// Sends the first `len` bytes of what was lent last to `route` (at [`Self::flush`], or before).
    fn commit(&mut self, route: &Route, len: usize);

    /// The same from the socket of a link that has one of its own ([`crate::media::Command::OpenIngress`]). There are
    /// few of these: they need not be gathered. A platform without such sockets drops them.
    fn commit_ingress(&mut self, _link: LinkId, _route: &Route, _len: usize) {}

    /// Sends everything that was committed.
    fn flush(&mut self);

    /// Hands a DTLS datagram to the task that owns DTLS; false if its queue is full.
    fn dtls(&mut self, datagram: DtlsDatagram) -> bool;

    /// Hands on the copy of a packet. One that finds its queue full is lost and counted, and ends the recording that it
    /// is for; a platform without captures, recordings and spectra has no use for any.
    fn copy(&mut self, _packet: CopiedPacket) {}
}

/// A DTLS datagram on its way between a shard and the task that owns DTLS. One that finds its queue full is dropped and
/// counted: DTLS sends again.
#[derive(Clone)]
pub struct DtlsDatagram {
    /// Whose.
    pub link: LinkId,
    /// How many of `bytes` count.
    pub len: u16,
    /// The datagram.
    pub bytes: [u8; DATAGRAM_BYTES],
}

impl DtlsDatagram {
    /// A datagram of `bytes`; `None` if they are too many.
    pub fn new(link: LinkId, payload: &[u8]) -> Option<Self> {
        let mut bytes = [0; DATAGRAM_BYTES];
        bytes.get_mut(..payload.len())?.copy_from_slice(payload);
        Some(Self { link, len: payload.len() as u16, bytes })
    }

    /// Its content.
    pub fn payload(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}
