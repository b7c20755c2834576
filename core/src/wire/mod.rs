//! Bytes and their meaning, without state: one file a protocol. What remembers anything lives above.

pub mod av1;
pub mod codec;
pub mod data_channel;
pub mod extension;
pub mod h264;
pub mod h265;
pub mod kind;
pub mod opus;
pub mod picture_id;
pub mod red;
pub mod rtcp;
pub mod rtp;
pub mod sequence;
pub mod stun;
pub mod vp8;
pub mod vp9;

mod bits;
mod bytes;

pub use codec::{Codec, Kind};
pub use extension::{Extension, ExtensionMap};
pub use kind::{PacketKind, packet_kind};
pub use picture_id::PictureId;
