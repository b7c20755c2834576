//! A server that is started for a test, and what is said to it.
#![allow(dead_code, reason = "each test binary uses a part")]

use std::io::{BufRead, BufReader, Lines, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

use tungstenite::WebSocket;
use tungstenite::client::IntoClientRequest;

/// Longer than anything here takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A server; it ends with its value.
pub(crate) struct Server {
    pub(crate) child: Child,
    pub(crate) state: PathBuf,
    pub(crate) page: SocketAddr,
    pub(crate) https: SocketAddr,
    pub(crate) websocket: SocketAddr,
    pub(crate) wss: SocketAddr,
    pub(crate) media: u16,
    /// What it prints after the addresses above.
    pub(crate) banner: Lines<BufReader<ChildStdout>>,
}

impl Server {
    /// A server with `--set` options, when it serves.
    pub(crate) fn start(options: &[&str]) -> Self {
        Self::begin(options, Stdio::inherit())
    }

    /// The same with another place for its log.
    pub(crate) fn begin(options: &[&str], log: Stdio) -> Self {
        let media = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap().local_addr().unwrap().port();
        let state = std::env::temp_dir().join(format!("parlor-server-{}-{media}", std::process::id()));
        let mut child = parlor(media, &state, options).stdout(Stdio::piped()).stderr(log).spawn().unwrap();
        let mut banner = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut port = |label: &str| {
            let line = banner.by_ref().map(Result::unwrap).find(|line| line.contains(label)).unwrap();
            let (_, rest) = line.rsplit_once(':').unwrap();
            let port = rest.split('/').next().unwrap().parse().unwrap();
            SocketAddr::from((Ipv4Addr::LOCALHOST, port))
        };
        let (page, https) = (port("Page"), port("https://"));
        let (websocket, wss) = (port("ws://"), port("wss://"));
        Self { child, state, page, https, websocket, wss, media, banner }
    }

    /// A WebSocket client.
    pub(crate) fn client(&self, address: SocketAddr) -> WebSocket<TcpStream> {
        connect(address, Some("janus-protocol")).unwrap()
    }

    /// The head and the body of an answer.
    pub(crate) fn fetch(&self, request: &str) -> (String, String) {
        fetch(self.page, request, "")
    }

    /// The answer to a POST of `body`.
    pub(crate) fn post(&self, path: &str, body: &str) -> String {
        let (head, answer) = fetch(self.page, &format!("POST {path} HTTP/1.1\r\nContent-Length: {}", body.len()), body);
        assert!(head.starts_with("HTTP/1.1 200"), "{path}: {head}");
        answer
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.state);
    }
}

/// The binary with ports of its own.
pub(crate) fn parlor(media: u16, state: &Path, options: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parlor"));
    let state = format!("state.directory={}", state.display());
    let media = format!("media.port={media}");
    let common = [
        "control.http=127.0.0.1:0",
        "control.https=127.0.0.1:0",
        "control.websocket=127.0.0.1:0",
        "control.wss=127.0.0.1:0",
        "control.https_api=off",
        "mdns.enabled=false",
        "media.address=127.0.0.1",
        "media.shards=1",
    ];
    for option in common.into_iter().chain([state.as_str(), media.as_str()]).chain(options.iter().copied()) {
        command.args(["--set", option]);
    }
    command
}

/// A WebSocket client that offers `protocol`.
pub(crate) fn connect(address: SocketAddr, protocol: Option<&str>) -> Result<WebSocket<TcpStream>, String> {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    let mut request = format!("ws://{address}/").into_client_request().unwrap();
    if let Some(protocol) = protocol {
        request.headers_mut().insert("Sec-WebSocket-Protocol", protocol.parse().unwrap());
    }
    tungstenite::client(request, stream).map(|(socket, _)| socket).map_err(|error| error.to_string())
}

/// The head and the body of the answer to a request with `body`.
pub(crate) fn fetch(address: SocketAddr, request: &str, body: &str) -> (String, String) {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    write!(stream, "{request}\r\nHost: localhost\r\nConnection: close\r\n\r\n{body}").unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    (head.into(), body.into())
}

/// The first number called `name` in `message`.
pub(crate) fn number(message: &str, name: &str) -> u64 {
    let (_, rest) = message.split_once(&format!("\"{name}\":")).unwrap_or_else(|| panic!("no {name} in {message}"));
    rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap()
}
