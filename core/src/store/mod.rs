//! Fixed tables over lent memory. They hold anything and know nothing of media or rooms.

pub mod list;
pub mod pool;
pub mod queue;
pub mod reserve;
pub mod shares;
pub mod table;

pub use pool::{PACKET_BYTES, PacketId, PacketSlot, Pool};
pub use queue::{Queue, QueueSlot, Queues};
pub use reserve::Reserve;
pub use shares::Shares;
pub use table::{Slot, Table};
