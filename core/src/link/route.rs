//! Where a link's datagrams go, and from which of our addresses they leave.

use core::net::{IpAddr, SocketAddr};

/// The two ends of a link's path. A link is keyed by both: a box has several addresses, and an answer must leave
/// from the one that was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Route {
    /// The peer's address and port.
    pub remote: SocketAddr,
    /// Our address that the peer sends to; the port is the shard's.
    pub local: IpAddr,
}
