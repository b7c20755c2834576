//! The address of a management system or a broker: `SCHEME://HOST:PORT/PATH`.

use std::net::{SocketAddr, TcpStream, ToSocketAddrs};

use async_io::Async;

/// An address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Url {
    /// `http`, `ws`, `mqtt`, `mqtts` or `tcp`.
    pub(crate) scheme: String,
    /// A name or an address; that of IPv6 without brackets.
    pub(crate) host: String,
    /// The port.
    pub(crate) port: u16,
    /// The path with its query; at least `/`.
    pub(crate) path: String,
}

impl Url {
    /// Reads `text`.
    pub(crate) fn parse(text: &str) -> Result<Self, ()> {
        let (scheme, rest) = text.split_once("://").ok_or(())?;
        let usual = match scheme {
            "http" | "ws" => 80,
            "mqtt" | "tcp" => 1883,
            "mqtts" => 8883,
            _ => return Err(()),
        };
        let (authority, path) = rest.find('/').map_or((rest, "/"), |at| rest.split_at(at));
        let (host, port) = match authority.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, rest)) => (host, rest.strip_prefix(':')),
            None => authority.split_once(':').map_or((authority, None), |(host, port)| (host, Some(port))),
        };
        let port = port.map_or(Ok(usual), str::parse).map_err(|_| ())?;
        let is_bad = |letter: char| letter.is_ascii_control() || letter == ' ' || letter == '@';
        if host.is_empty() || port == 0 || text.contains(is_bad) {
            return Err(());
        }
        Ok(Self { scheme: scheme.into(), host: host.into(), port, path: path.into() })
    }

    /// Host and port as a header has them.
    pub(crate) fn authority(&self) -> String {
        let Self { host, port, .. } = self;
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
    }

    /// Connects; the error is a sentence.
    pub(crate) async fn connect(&self) -> Result<Async<TcpStream>, String> {
        let mut why = "it has no address".to_string();
        for address in self.addresses().await? {
            match Async::<TcpStream>::connect(address).await {
                Ok(stream) => return Ok(stream),
                Err(error) => why = error.to_string(),
            }
        }
        Err(why)
    }

    /// A name is looked up on a thread apart, for the system's way of doing so blocks.
    async fn addresses(&self) -> Result<Vec<SocketAddr>, String> {
        let (host, port) = (self.host.clone(), self.port);
        if let Ok(ip) = host.parse() {
            return Ok(vec![SocketAddr::new(ip, port)]);
        }
        let found = smol::unblock(move || (host.as_str(), port).to_socket_addrs().map(Iterator::collect)).await;
        found.map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_port_and_a_path_even_where_it_says_none() {
        let url = |text| Url::parse(text).map(|it| (it.scheme.clone(), it.authority(), it.path)).unwrap();
        assert_eq!(url("http://host"), ("http".into(), "host:80".into(), "/".into()));
        assert_eq!(url("ws://[::1]:9000/a?b=c"), ("ws".into(), "[::1]:9000".into(), "/a?b=c".into()));
        assert_eq!(url("mqtt://10.0.0.1"), ("mqtt".into(), "10.0.0.1:1883".into(), "/".into()));
        assert_eq!(url("mqtts://broker"), ("mqtts".into(), "broker:8883".into(), "/".into()));
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in ["", "host", "https://host", "http://", "http://host:0", "http://host:x", "http://a b", "ws://a@b"]
        {
            assert!(Url::parse(text).is_err(), "{text}");
        }
    }
}
