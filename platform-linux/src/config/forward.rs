//! Where media may be sent to without a PeerConnection, and how.

use parlor_core::room::Network;

/// Where media may be sent to without a PeerConnection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// The networks.
    pub networks: Vec<Network>,
    /// How many routers packets to a group may pass, and one more.
    pub multicast_ttl: u32,
    /// The name of the interface that they leave by; empty: as the routing table says.
    pub multicast_interface: String,
}

impl Default for Forward {
    fn default() -> Self {
        let networks = Network::LOCAL.iter().filter_map(|text| text.parse().ok()).collect();
        Self { networks, multicast_ttl: 1, multicast_interface: String::new() }
    }
}
