//! An agent and the checks of its peer.
