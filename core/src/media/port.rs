//! What a platform gives to a shard: the only way by which the media half reaches a socket, a clock, or its queues.

use crate::link::Route;
use crate::media::{Command, DtlsDatagram, Notice};
use crate::time::Instant;

/// A datagram that arrived. The bytes are the platform's; SRTP is opened in place in them.
pub struct Datagram<'a> {
    /// Where it came from and which of our addresses it was sent to.
    pub route: Route,
    /// Its content.
    pub bytes: &'a mut [u8],
}

/// Where the media half writes what leaves it while a batch is being received. Packets to one route follow each
/// other, so that a platform can let those of equal size leave in one call.
pub trait Outbox {
    /// Lends room for one datagram of [`crate::limits::DATAGRAM_BYTES`]. Sends what it holds first if it is full; what
    /// a full socket does not take is dropped and counted, never waited for.
    fn lend(&mut self) -> &mut [u8];

    /// Sends the first `len` bytes of what was lent last to `route` (at [`Self::flush`], or before).
    fn commit(&mut self, route: &Route, len: usize);

    /// Sends everything that was committed.
    fn flush(&mut self);

    /// Hands a DTLS datagram to the task that owns DTLS; false if its queue is full.
    fn dtls(&mut self, datagram: DtlsDatagram) -> bool;
}

/// A shard's whole outer world. [`super::run`] is the loop over it.
pub trait Port {
    /// Its sending side, apart from its receiving side so that both can be used at once.
    type Outbox: Outbox;

    /// The sending side.
    fn outbox(&mut self) -> &mut Self::Outbox;

    /// The time now.
    fn now(&mut self) -> Instant;

    /// Waits until a datagram may be there, [`Self::command`] or [`Self::dtls`] has something, or it is `until`.
    fn wait(&mut self, until: Instant) -> impl Future<Output = ()>;

    /// Reads one batch, gives each datagram to `each` together with the sending side, and says how many there were; 0
    /// when nothing is waiting.
    fn receive(&mut self, each: impl FnMut(Datagram<'_>, &mut Self::Outbox)) -> usize;

    /// The next command, if there is one.
    fn command(&mut self) -> Option<Command>;

    /// Hands a notice to the control half, or gives it back if its queue is full.
    fn notice(&mut self, notice: Notice) -> Result<(), Notice>;

    /// The next DTLS datagram to send, if there is one.
    fn dtls(&mut self) -> Option<DtlsDatagram>;

    /// Whether the shard was asked to end.
    fn stopped(&self) -> bool;
}
