//! One UDP socket a shard: batches in, groups out.
//!
//! Receiving: `recvmmsg` of buffers that the kernel fills with trains of equal datagrams (UDP GRO). Sending:
//! datagrams are written one after the other into an arena; neighbours of equal size to one peer are one message that
//! the kernel cuts (UDP GSO), and many messages are one `sendmmsg`. Where the kernel lacks one of these, the rest still
//! works. The address that a datagram was sent to is read, and is the source of every answer (PKTINFO); a socket of one
//! address needs neither.

use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

mod ancillary;
mod multicast;
mod receive;
#[allow(unsafe_code)] // the one file of the product
pub(crate) mod system;
#[cfg(test)]
mod tests;
mod transmit;

pub use multicast::Multicast;
pub use receive::Receive;
pub use transmit::{Method, Transmit};

/// A bound socket, and what its kernel can do.
pub struct Socket {
    pub(crate) descriptor: UdpSocket,
    family: Family,
    /// The one address that it is bound to, if it is not bound to all.
    address: Option<Ipv4Addr>,
    segments: bool,
    trains: bool,
}

/// Which addresses a socket speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Family {
    /// IPv4 alone.
    V4,
    /// IPv6, and IPv4 as mapped addresses.
    Dual,
}

/// Which of the machine's addresses a socket has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binding {
    /// All of both families, where the machine has IPv6.
    All,
    /// All of IPv4: sending is a little cheaper where nobody is offered an IPv6 address.
    V4,
    /// This one alone, if the machine has it: sending costs the kernel a twentieth less when no packet has to say where
    /// it comes from.
    One(Ipv4Addr),
}

impl Socket {
    /// Binds `port` (0: the system chooses).
    pub fn bind(binding: Binding, port: u16) -> io::Result<Arc<Self>> {
        let bound = match binding {
            Binding::All => Self::open(Family::Dual, None, port),
            Binding::V4 => return Self::open(Family::V4, None, port),
            Binding::One(address) => Self::open(Family::V4, Some(address), port),
        };
        // A machine without IPv6, or an address that is another's (who translates it) or still to come.
        bound.or_else(|error| match error.kind() {
            io::ErrorKind::AddrInUse => Err(error),
            _ => Self::open(Family::V4, None, port),
        })
    }

    fn open(family: Family, address: Option<Ipv4Addr>, port: u16) -> io::Result<Arc<Self>> {
        let descriptor = system::open(family, address, port)?;
        let segments = system::probe_segmentation();
        let trains = system::enable_trains(&descriptor);
        Ok(Arc::new(Self { descriptor, family, address, segments, trains }))
    }

    /// Makes packets to groups leave so.
    pub fn set_multicast(&self, multicast: Multicast) -> io::Result<()> {
        Ok(multicast.apply(&self.descriptor, self.family == Family::Dual)?)
    }

    /// The port that it is bound to.
    pub fn port(&self) -> io::Result<u16> {
        Ok(self.descriptor.local_addr()?.port())
    }

    /// How many datagrams the kernel dropped because the socket was not read in time; 0 where it does not tell.
    pub(crate) fn lost(&self) -> u64 {
        system::lost(&self.descriptor).into()
    }

    /// Whether one message can hold several datagrams of equal size (UDP GSO).
    pub fn can_segment(&self) -> bool {
        self.segments
    }
}

/// What passed a socket. Written by its one thread, read by any.
#[derive(Debug, Default)]
pub struct Counters {
    received: AtomicU64,
    received_bytes: AtomicU64,
    receive_calls: AtomicU64,
    receive_malformed: AtomicU64,
    sent: AtomicU64,
    sent_bytes: AtomicU64,
    send_calls: AtomicU64,
    dropped_full: AtomicU64,
    dropped_too_long: AtomicU64,
    dropped_unreachable: AtomicU64,
    segmentation_refused: AtomicU64,
    ingress_full: AtomicU64,
}

/// A copy of [`Counters`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Datagrams that arrived.
    pub received: u64,
    /// Their bytes.
    pub received_bytes: u64,
    /// Calls that brought them.
    pub receive_calls: u64,
    /// Messages that were cut short, or whose addresses were missing.
    pub receive_malformed: u64,
    /// Datagrams that the kernel took.
    pub sent: u64,
    /// Their bytes.
    pub sent_bytes: u64,
    /// Calls that sent them.
    pub send_calls: u64,
    /// Datagrams dropped because the socket or its device was full.
    pub dropped_full: u64,
    /// Datagrams dropped because the path takes none so long.
    pub dropped_too_long: u64,
    /// Datagrams dropped because there is no way to the peer, or our address is gone.
    pub dropped_unreachable: u64,
    /// Groups that the kernel would not cut and that went one by one.
    pub segmentation_refused: u64,
    /// Datagrams from other shards and boxes that the kernel dropped because they were not read in time.
    pub ingress_full: u64,
}

impl Counters {
    /// So many datagrams from other shards and boxes were lost until now.
    pub(crate) fn set_ingress_full(&self, lost: u64) {
        self.ingress_full.store(lost, Ordering::Relaxed);
    }

    /// How it stands now.
    pub fn counts(&self) -> Counts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counts {
            received: read(&self.received),
            received_bytes: read(&self.received_bytes),
            receive_calls: read(&self.receive_calls),
            receive_malformed: read(&self.receive_malformed),
            sent: read(&self.sent),
            sent_bytes: read(&self.sent_bytes),
            send_calls: read(&self.send_calls),
            dropped_full: read(&self.dropped_full),
            dropped_too_long: read(&self.dropped_too_long),
            dropped_unreachable: read(&self.dropped_unreachable),
            segmentation_refused: read(&self.segmentation_refused),
            ingress_full: read(&self.ingress_full),
        }
    }
}

/// Adds to a counter that only this thread writes: without the cost of a locked instruction.
fn add(counter: &AtomicU64, amount: usize) {
    counter.store(counter.load(Ordering::Relaxed).wrapping_add(amount as u64), Ordering::Relaxed);
}
