//! Fixed tables over lent memory. They hold anything and know nothing of media or rooms.

pub mod list;
mod place;
pub mod pool;
pub mod queue;
pub mod reserve;
pub mod shares;
pub mod table;

/// What a table is lent must be of these: all zero, it is new.
pub use bytemuck::Zeroable;
pub(crate) use place::Place;
pub use pool::{PACKET_BYTES, PacketId, PacketSlot, Pool};
pub use queue::{Queue, QueueSlot, Queues};
pub use reserve::Reserve;
pub use shares::Shares;
pub use table::{Slot, Table};
