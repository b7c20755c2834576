//! How the local network finds this machine: multicast DNS (RFC 6762) answers its name, and DNS-SD (RFC 6763) tells
//! what it serves. A build without the feature `mdns` answers nobody.

#[cfg(not(feature = "mdns"))]
mod absent;
#[cfg(feature = "mdns")]
mod responder;

use std::net::SocketAddr;

#[cfg(not(feature = "mdns"))]
pub use absent::answer;
#[cfg(feature = "mdns")]
pub use responder::answer;

use crate::config::Control;
use crate::listeners::{HTTP, HTTPS};

/// Whether this build answers.
pub const IS_BUILT: bool = cfg!(feature = "mdns");

/// What its thread takes, measured, with as many records of others as it may keep.
pub const MEMORY_BYTES: usize = 1 << 20;

/// What is announced.
#[derive(Clone, Debug)]
pub struct Service {
    /// Its name for people.
    pub name: String,
    /// Its type, such as `_https._tcp`.
    pub kind: &'static str,
    /// Its TCP port.
    pub port: u16,
}

impl Service {
    /// The page if it is served, with TLS if it can be, or else the first of the APIs that is. `address` says where the
    /// listener of a key is; nothing if none is.
    pub fn of(control: &Control, address: impl Fn(&str) -> Option<SocketAddr>) -> Option<Self> {
        const SECURE: [&str; 3] = [HTTPS, "control.https_api", "control.wss"];
        const CLEAR: [&str; 2] = [HTTP, "control.websocket"];
        let first = |keys: &[&str]| keys.iter().find_map(|key| address(key));
        let (kind, address) = match first(&SECURE) {
            Some(address) => ("_https._tcp", address),
            None => ("_http._tcp", first(&CLEAR)?),
        };
        Some(Self { name: control.server_name.clone(), kind, port: address.port() })
    }
}
