//! What a platform gives to a shard: the only way by which the media half reaches a socket, a clock, or its queues.

use crate::id::LinkId;
use crate::link::{DtlsDatagram, Outbox, Route};
use crate::media::{Command, Notice, Totals};
use crate::time::Instant;

/// A datagram that arrived. The bytes are the platform's; SRTP is opened in place in them.
pub struct Datagram<'a> {
    /// Where it came from and which of our addresses it was sent to.
    pub route: Route,
    /// Its content.
    pub bytes: &'a mut [u8],
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

    /// Reads one batch from each socket that a link has for itself ([`Command::OpenIngress`]), and says how many
    /// datagrams there were. A platform without such sockets has none.
    fn receive_ingress(&mut self, _each: impl FnMut(LinkId, Datagram<'_>, &mut Self::Outbox)) -> usize {
        0
    }

    /// The next command, if there is one.
    fn command(&mut self) -> Option<Command>;

    /// Hands a notice to the control half, or gives it back if its queue is full.
    fn notice(&mut self, notice: Notice) -> Result<(), Notice>;

    /// The next DTLS datagram to send, if there is one.
    fn dtls(&mut self) -> Option<DtlsDatagram>;

    /// Shows what the shard did and holds, about once a second.
    fn show(&mut self, _totals: &Totals) {}

    /// Whether the shard was asked to end.
    fn stopped(&self) -> bool;
}
