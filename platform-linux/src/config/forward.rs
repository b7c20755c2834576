//! `[forward]`

use parlor_core::room::Network;

/// Where media may be sent to without a PeerConnection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forward {
    /// The networks.
    pub networks: Vec<Network>,
}

impl Default for Forward {
    fn default() -> Self {
        Self { networks: Network::LOCAL.iter().filter_map(|text| text.parse().ok()).collect() }
    }
}
