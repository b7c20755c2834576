//! Bytes and their meaning, without state: one file a protocol. What remembers anything lives above.

pub mod codec;
pub mod extension;
pub mod kind;
pub mod rtcp;
pub mod rtp;
pub mod sequence;
pub mod stun;

mod bytes;

pub use codec::{Codec, Kind};
pub use extension::{Extension, ExtensionMap};
pub use kind::{PacketKind, packet_kind};
