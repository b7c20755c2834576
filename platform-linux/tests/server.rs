//! The binary as an operator and a client see it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tungstenite::client::IntoClientRequest;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Error, Message, WebSocket};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

struct Server {
    child: Child,
    state: PathBuf,
    page: SocketAddr,
    websocket: SocketAddr,
    media: u16,
}

impl Server {
    fn start(options: &[&str]) -> Self {
        let media = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap().local_addr().unwrap().port();
        let state = std::env::temp_dir().join(format!("parlor-server-{}-{media}", std::process::id()));
        let mut child = parlor(media, &state, options).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        let mut port = |label: &str| {
            let line = lines.find(|line| line.contains(label)).unwrap();
            let (_, rest) = line.rsplit_once(':').unwrap();
            let port = rest.split('/').next().unwrap().parse().unwrap();
            SocketAddr::from((Ipv4Addr::LOCALHOST, port))
        };
        let (page, websocket) = (port("Page"), port("WebSocket"));
        Self { child, state, page, websocket, media }
    }

    fn client(&self, address: SocketAddr) -> WebSocket<TcpStream> {
        connect(address, Some("janus-protocol")).unwrap()
    }

    /// The head and the body of an answer.
    fn fetch(&self, request: &str) -> (String, String) {
        let mut stream = TcpStream::connect(self.page).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(stream, "{request}\r\nHost: localhost\r\nConnection: close\r\n\r\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        (head.into(), body.into())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.state);
    }
}

fn parlor(media: u16, state: &std::path::Path, options: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parlor"));
    let state = format!("state.directory={}", state.display());
    let media = format!("media.port={media}");
    let common =
        ["control.http=127.0.0.1:0", "control.websocket=127.0.0.1:0", "media.address=127.0.0.1", "media.shards=1"];
    for option in common.into_iter().chain([state.as_str(), media.as_str()]).chain(options.iter().copied()) {
        command.args(["--set", option]);
    }
    command
}

fn connect(address: SocketAddr, protocol: Option<&str>) -> Result<WebSocket<TcpStream>, String> {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    let mut request = format!("ws://{address}/").into_client_request().unwrap();
    if let Some(protocol) = protocol {
        request.headers_mut().insert("Sec-WebSocket-Protocol", protocol.parse().unwrap());
    }
    tungstenite::client(request, stream).map(|(socket, _)| socket).map_err(|error| error.to_string())
}

fn ask(client: &mut WebSocket<TcpStream>, transaction: &str) -> String {
    client.send(Message::text(format!(r#"{{"janus":"ping","transaction":"{transaction}"}}"#))).unwrap();
    client.read().unwrap().into_text().unwrap().to_string()
}

#[test]
fn the_page_is_served_whole_and_nothing_else_is() {
    let server = Server::start(&[]);
    let (head, body) = server.fetch("GET / HTTP/1.1");
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    assert!(head.contains("content-security-policy: default-src 'none'"), "{head}");
    assert!(body.contains("</html>"), "{body}");
    let tag = head.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap();
    let (head, body) = server.fetch(&format!("GET / HTTP/1.1\r\nIf-None-Match: {tag}"));
    assert!(head.starts_with("HTTP/1.1 304") && body.is_empty(), "{head}");
    let (head, body) = server.fetch("HEAD /style.css HTTP/1.1");
    assert!(head.contains("text/css") && body.is_empty(), "{head}");
    assert!(server.fetch("GET /../Cargo.toml HTTP/1.1").0.starts_with("HTTP/1.1 404"));
    assert!(server.fetch("POST / HTTP/1.1\r\nContent-Length: 0").0.starts_with("HTTP/1.1 405"));
}

#[test]
fn two_clients_on_either_port_get_their_own_answers() {
    let server = Server::start(&[]);
    let mut one = server.client(server.page);
    let mut two = server.client(server.websocket);
    let (first, second) = (ask(&mut one, "from-one"), ask(&mut two, "from-two"));
    assert!(first.contains("pong") && first.contains("from-one"), "{first}");
    assert!(second.contains("pong") && second.contains("from-two"), "{second}");
}

#[test]
fn a_foreign_subprotocol_is_refused_and_none_at_all_is_served() {
    let server = Server::start(&[]);
    assert!(connect(server.websocket, Some("chat")).is_err());
    assert!(ask(&mut connect(server.websocket, None).unwrap(), "bare").contains("pong"));
}

#[test]
fn a_message_that_is_too_long_ends_its_connection_and_no_other() {
    let server = Server::start(&["limits.request_bytes=4096"]);
    let mut other = server.client(server.websocket);
    let mut client = server.client(server.websocket);
    let _ = client.send(Message::text("x".repeat(5000)));
    match client.read().unwrap() {
        Message::Close(Some(frame)) => assert_eq!(frame.code, CloseCode::Size),
        message => panic!("{message:?}"),
    }
    assert!(ask(&mut other, "still-here").contains("still-here"));
}

#[test]
fn a_full_server_refuses_one_more_client_and_takes_it_when_another_left() {
    let server = Server::start(&["limits.connections=1"]);
    let mut first = server.client(server.websocket);
    assert!(connect(server.websocket, Some("janus-protocol")).unwrap_err().contains("503"));
    first.close(None).unwrap();
    while !matches!(first.read(), Err(Error::ConnectionClosed)) {}
    let start = Instant::now();
    while connect(server.websocket, Some("janus-protocol")).is_err() {
        assert!(start.elapsed() < PATIENCE);
    }
}

#[test]
fn a_client_that_does_not_read_holds_up_nobody() {
    let server = Server::start(&[]);
    let mut deaf = server.client(server.websocket);
    deaf.get_ref().set_write_timeout(Some(Duration::from_millis(200))).unwrap();
    let request = r#"{"janus":"info","transaction":"never-read"}"#;
    // Until what the kernel keeps for it is full both ways.
    let sent = (0..1_000_000).take_while(|_| deaf.send(Message::text(request)).is_ok()).count();
    assert!(sent < 1_000_000, "the server must stop reading");
    let mut other = server.client(server.websocket);
    for number in 0..100 {
        assert!(ask(&mut other, &format!("number-{number}")).contains("pong"));
    }
}

#[test]
fn a_signal_ends_it_within_a_second_and_well() {
    for signal in ["-TERM", "-INT"] {
        let mut server = Server::start(&[]);
        let _client = server.client(server.websocket);
        let start = Instant::now();
        assert!(Command::new("kill").args([signal, &server.child.id().to_string()]).status().unwrap().success());
        assert!(server.child.wait().unwrap().success());
        assert!(start.elapsed() < Duration::from_secs(1), "{:?}", start.elapsed());
    }
}

#[test]
fn a_port_that_is_taken_is_named_with_its_key() {
    let server = Server::start(&[]);
    let said = |output: Output| {
        assert!(!output.status.success());
        String::from_utf8(output.stderr).unwrap()
    };
    let taken = format!("control.websocket={}", server.websocket);
    let words = said(parlor(server.media, &server.state, &[&taken]).output().unwrap());
    assert!(words.contains(&format!("control.websocket: cannot listen on {}", server.websocket)), "{words}");
    let words = said(parlor(server.media, &server.state, &[]).output().unwrap());
    assert!(words.contains(&format!("media.port: UDP port {} cannot be used", server.media)), "{words}");
}

#[test]
fn plan_check_version_and_help_print_and_end() {
    let run = |words: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_parlor")).args(words).output().unwrap();
        (output.status.success(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    assert!(run(&["plan"]).1.contains("total"));
    assert!(run(&["--version"]).1.starts_with("parlor "));
    assert!(run(&["--help"]).1.contains("--set KEY=VALUE"));
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../configs/appliance.toml");
    assert!(run(&["check", file]).0);
    let (well, _, words) = run(&["--set", "media.prot=1"]);
    assert!(!well && words.contains("did you mean \"port\"?"), "{words}");
}
