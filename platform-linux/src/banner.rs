//! What a start prints: what to open, in a few lines.

use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};

use parlor_core::room::Name;

/// Where everything is.
pub struct Banner {
    /// Page and WebSocket.
    pub http: Option<SocketAddr>,
    /// Janus' WebSocket.
    pub websocket: Option<SocketAddr>,
    /// The admin API over HTTP and over WebSocket.
    pub admin: [Option<SocketAddr>; 2],
    /// Metrics.
    pub metrics: Option<SocketAddr>,
    /// Where media is.
    pub addresses: Vec<IpAddr>,
    /// The first UDP port, and how many there are.
    pub media: (u16, u8),
    /// Rooms of the configuration.
    pub rooms: Vec<Name>,
}

impl Banner {
    /// Prints it to stdout.
    pub fn print(&self) {
        // Parlor serves all the same if nobody reads.
        let _ = std::io::stdout().write_all(self.to_string().as_bytes());
    }
}

impl fmt::Display for Banner {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "Parlor {}", env!("CARGO_PKG_VERSION"))?;
        if let Some(http) = self.http {
            writeln!(out, "  Page       http://{}:{}/", here(http.ip()), http.port())?;
            if http.ip().is_unspecified() {
                let others = self.addresses.iter().filter(|address| !address.is_loopback());
                for address in others.filter(|address| http.is_ipv6() || address.is_ipv4()) {
                    writeln!(
                        out,
                        "             http://{}:{}/ (camera and microphone need HTTPS there)",
                        host(*address),
                        http.port()
                    )?;
                }
            }
        }
        if let Some(websocket) = self.websocket {
            let (here, port) = (here(websocket.ip()), websocket.port());
            writeln!(out, "  WebSocket  ws://{here}:{port}/ (janus-protocol)")?;
        }
        for (scheme, address) in ["http", "ws"].into_iter().zip(self.admin) {
            if let Some(address) = address {
                writeln!(out, "  Admin      {scheme}://{}:{}/", here(address.ip()), address.port())?;
            }
        }
        if let Some(address) = self.metrics {
            writeln!(out, "  Metrics    http://{}:{}/metrics", here(address.ip()), address.port())?;
        }
        let (port, shards) = self.media;
        let last = u32::from(port) + u32::from(shards) - 1;
        let ports = if shards == 1 { format!("{port}") } else { format!("{port} to {last}") };
        let addresses: Vec<String> = self.addresses.iter().map(IpAddr::to_string).collect();
        writeln!(out, "  Media      UDP {ports} on {}", addresses.join(", "))?;
        if !self.rooms.is_empty() {
            let mut rooms = String::new();
            for (index, room) in self.rooms.iter().take(8).enumerate() {
                write!(rooms, "{}{room}", if index > 0 { ", " } else { "" })?;
            }
            let more = if self.rooms.len() > 8 { " ..." } else { "" };
            writeln!(out, "  Rooms      {rooms}{more}")?;
        }
        Ok(())
    }
}

/// The host of a URL that can be opened on this machine.
fn here(address: IpAddr) -> String {
    if address.is_unspecified() || address.is_loopback() { "localhost".into() } else { host(address) }
}

/// An address as it stands in a URL.
fn host(address: IpAddr) -> String {
    match address {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => format!("[{address}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_user_sees_what_to_open() {
        let banner = Banner {
            http: Some("0.0.0.0:8088".parse().unwrap()),
            websocket: Some("0.0.0.0:8188".parse().unwrap()),
            admin: [None, Some("127.0.0.1:7188".parse().unwrap())],
            metrics: Some("127.0.0.1:7088".parse().unwrap()),
            addresses: vec!["192.168.1.5".parse().unwrap(), "fd00::5".parse().unwrap()],
            media: (7000, 2),
            rooms: vec![1234.into()],
        };
        let lines = [
            "  Page       http://localhost:8088/",
            "             http://192.168.1.5:8088/ (camera and microphone need HTTPS there)",
            "  WebSocket  ws://localhost:8188/ (janus-protocol)",
            "  Admin      ws://localhost:7188/",
            "  Metrics    http://localhost:7088/metrics",
            "  Media      UDP 7000 to 7001 on 192.168.1.5, fd00::5",
            "  Rooms      1234",
        ];
        assert_eq!(banner.to_string().lines().skip(1).collect::<Vec<_>>(), lines);
    }
}
