//! Bytes and their meaning, without state: one file a protocol. What remembers anything lives above.

pub mod codec;
pub mod extension;
pub mod kind;
pub mod rtp;
pub mod sequence;
pub mod stun;

#[allow(dead_code)]
mod bytes;

pub use codec::{Codec, Kind};
pub use extension::{Extension, ExtensionMap};
pub use kind::{PacketKind, packet_kind};
