//! Bytes and their meaning, without state: one file a protocol. What remembers anything lives above.

pub mod codec;
pub mod extension;

pub use codec::{Codec, Kind};
pub use extension::{Extension, ExtensionMap};
