//! Parlor on Linux: moves bytes between the core and the machine.
#![deny(unsafe_code)]

pub mod addresses;
pub mod config;
pub mod dtls;
pub mod identity;
pub mod queue;
pub mod shard;
pub mod udp;
