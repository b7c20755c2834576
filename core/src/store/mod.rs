//! Fixed tables over lent memory. They hold anything and know nothing of media or rooms.

pub mod table;

pub use table::{Slot, Table};
