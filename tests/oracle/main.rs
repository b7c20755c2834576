//! Ours against the crates `rtp`, `rtcp` and `webrtc-srtp`, byte for byte.
//!
//! Those crates panic on some hostile bytes, so they are only given what one of the two sides has written.

mod codecs;
mod rtcp_packets;
mod rtp_packets;
mod srtp;
