//! Parlor on Linux: moves bytes between the core and the machine.
#![deny(unsafe_code)]

pub mod access_list;
pub mod addresses;
#[cfg(feature = "count-allocations")]
mod allocations;
pub mod answer;
pub mod arguments;
pub mod banner;
pub mod capture;
pub mod command;
pub mod config;
mod connections;
pub mod control;
pub mod cpu;
pub mod crypto;
pub mod deadline;
mod disk;
pub mod dtls;
pub mod events;
mod folder;
pub mod gauges;
pub mod http;
pub mod identity;
pub mod janus_config;
pub mod kept;
pub mod listeners;
pub mod log;
pub mod mailbox;
pub mod mdns;
pub mod memory;
pub mod metrics;
pub mod outgoing;
pub mod page;
pub mod plan;
pub mod pulse;
pub mod qr;
pub mod queue;
pub mod random;
pub mod recording;
pub mod rest;
pub mod rooms;
pub mod server;
pub mod service_manager;
pub mod shard;
pub mod signals;
pub mod spectrum;
#[cfg(feature = "status")]
pub mod status;
pub mod tls;
pub mod trust;
pub mod udp;
pub mod unix;
pub mod unix_datagrams;
pub mod watch;
pub mod websocket;
mod whole_file;
