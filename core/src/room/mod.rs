//! Rooms and who is in them: publishers, subscribers, access. No JSON, no packet.

pub mod settings;

pub use settings::{CodecList, RoomSettings};
