//! Reads what a board is told while it starts: answers of DHCP and of time servers, the kernel's command line. Bytes
//! and their meaning, and no socket: `platform-arm/src` asks and acts, `tests/fuzz` tries them with anything.
#![forbid(unsafe_code)]

pub mod command_line;
pub mod dhcp;
pub mod sntp;

pub use command_line::{CommandLine, Ip};
pub use dhcp::{Answer, Lease, Question};
