//! What a start prints: what to open, in a few lines.

use std::fmt::{self, Write as _};
use std::io::{IsTerminal as _, Write as _};
use std::net::{IpAddr, SocketAddr};

use parlor_core::room::Name;

use crate::listeners::{HTTP, HTTPS};
use crate::qr;

/// Where everything is.
pub struct Banner {
    /// The keys of all listeners, and where they are.
    pub listeners: Vec<(&'static str, SocketAddr)>,
    /// Whether they serve the page.
    pub has_page: bool,
    /// The name by which the local network finds this machine, if it does.
    pub local: Option<String>,
    /// Of the authority, if devices have to trust one of this machine's own.
    pub fingerprint: Option<String>,
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
    /// Prints it to stdout, for a terminal with a picture of the address that phones begin with.
    pub fn print(&self) {
        let mut out = std::io::stdout();
        let mut text = self.to_string();
        if out.is_terminal()
            && let Some(picture) = self.first().and_then(|address| qr::picture(&address))
        {
            text += &picture;
        }
        // Parlor serves all the same if nobody reads.
        let _ = out.write_all(text.as_bytes());
    }

    /// What a device that was never here opens first: the page that explains, or the conference itself where it does
    /// not have to be explained.
    fn first(&self) -> Option<String> {
        let is_explained = self.fingerprint.is_some() && self.address(HTTP).is_some();
        let (scheme, address) = match is_explained {
            true => ("http", self.address(HTTP)?),
            false => ("https", self.address(HTTPS)?),
        };
        self.others(scheme, address).next().filter(|_| self.has_page)
    }

    fn address(&self, key: &str) -> Option<SocketAddr> {
        self.listeners.iter().find(|(other, _)| *other == key).map(|(_, address)| *address)
    }

    /// URLs by which other machines reach a listener.
    fn others(&self, scheme: &str, listener: SocketAddr) -> impl Iterator<Item = String> {
        let ip = listener.ip();
        let all = self.addresses.iter().copied().filter(move |address| {
            !address.is_loopback() && (ip == *address || ip.is_unspecified() && (ip.is_ipv6() || address.is_ipv4()))
        });
        all.map(move |address| format!("{scheme}://{}:{}/", host(address), listener.port()))
    }

    fn page(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut lines = Vec::new();
        if let Some(http) = self.address(HTTP) {
            lines.push(format!("http://{}:{}/", here(http.ip()), http.port()));
        }
        match self.address(HTTPS) {
            Some(https) => {
                let is_reached = self.others("https", https).next().is_some();
                let local = self.local.as_ref().filter(|_| is_reached);
                lines.extend(local.map(|local| format!("https://{local}:{}/", https.port())));
                lines.extend(self.others("https", https));
                if !is_reached {
                    lines.push(format!("https://{}:{}/", here(https.ip()), https.port()));
                }
            }
            None => {
                let needs = |address| format!("{address} (camera and microphone need HTTPS there)");
                lines.extend(self.address(HTTP).into_iter().flat_map(|http| self.others("http", http)).map(needs));
            }
        }
        for (index, line) in lines.iter().enumerate() {
            writeln!(out, "  {:10} {line}", if index == 0 { "Page" } else { "" })?;
        }
        if let (Some(first), Some(fingerprint)) = (self.first(), &self.fingerprint) {
            writeln!(out, "  New here?  {first} says how a device comes to trust this server, whose authority has")?;
            writeln!(out, "             SHA-256 {fingerprint}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Banner {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(out, "Parlor {}", env!("CARGO_PKG_VERSION"))?;
        if self.has_page {
            self.page(out)?;
        }
        for (key, name, scheme) in [
            ("control.websocket", "WebSocket", "ws"),
            ("control.wss", "WebSocket", "wss"),
            ("control.https_api", "HTTP API", "https"),
            ("control.admin", "Admin", "http"),
            ("control.admin_https", "Admin", "https"),
            ("control.admin_websocket", "Admin", "ws"),
            ("control.admin_wss", "Admin", "wss"),
        ] {
            if let Some(address) = self.address(key) {
                let protocol = if name == "WebSocket" { " (janus-protocol)" } else { "" };
                writeln!(out, "  {name:10} {scheme}://{}:{}/{protocol}", here(address.ip()), address.port())?;
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
        let listener = |key, address: &str| (key, address.parse().unwrap());
        let mut banner = Banner {
            listeners: vec![
                listener("control.http", "0.0.0.0:8088"),
                listener("control.https", "0.0.0.0:8443"),
                listener("control.websocket", "0.0.0.0:8188"),
                listener("control.admin_websocket", "127.0.0.1:7188"),
            ],
            has_page: true,
            local: Some("parlor.local".into()),
            fingerprint: Some("AB:CD".into()),
            metrics: Some("127.0.0.1:7088".parse().unwrap()),
            addresses: vec!["192.168.1.5".parse().unwrap(), "fd00::5".parse().unwrap()],
            media: (7000, 2),
            rooms: vec![1234.into()],
        };
        let last = [
            "  WebSocket  ws://localhost:8188/ (janus-protocol)",
            "  Admin      ws://localhost:7188/",
            "  Metrics    http://localhost:7088/metrics",
            "  Media      UDP 7000 to 7001 on 192.168.1.5, fd00::5",
            "  Rooms      1234",
        ];
        let first = [
            "  Page       http://localhost:8088/",
            "             https://parlor.local:8443/",
            "             https://192.168.1.5:8443/",
            "  New here?  http://192.168.1.5:8088/ says how a device comes to trust this server, whose authority has",
            "             SHA-256 AB:CD",
        ];
        assert_eq!(banner.to_string().lines().skip(1).collect::<Vec<_>>(), [&first[..], &last].concat());
        banner.listeners.remove(1);
        banner.fingerprint = None;
        let first = [
            "  Page       http://localhost:8088/",
            "             http://192.168.1.5:8088/ (camera and microphone need HTTPS there)",
        ];
        assert_eq!(banner.to_string().lines().skip(1).collect::<Vec<_>>(), [&first[..], &last].concat());
        assert_eq!(banner.first(), None);
    }
}
