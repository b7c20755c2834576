//! Sockets for links without ICE: which ports they get.

use core::net::{Ipv4Addr, SocketAddr};

/// Where a socket for a link without ICE is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IngressPort {
    /// At this port.
    Numbered(u16),
    /// At one of the ports that the configuration has for publishers of other boxes.
    Configured,
    /// At any port, for this machine alone.
    Loopback,
}

impl IngressPort {
    /// Where packets go that shall come to a socket of this machine alone.
    pub fn loopback(port: u16) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, port))
    }
}
