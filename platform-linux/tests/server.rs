//! The binary as an operator and a client see it.

mod common;

use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::{Error, Message, WebSocket};

use common::{PATIENCE, Server, connect, parlor};

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
    let packed = server.fetch("HEAD /style.css HTTP/1.1\r\nAccept-Encoding: br, gzip;q=0.8").0;
    assert!(packed.contains("content-encoding: gzip"), "{packed}");
    let length = |head: &str| head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse::<u32>().ok());
    assert!(length(&packed).unwrap() < length(&head).unwrap() / 2, "{packed}\n{head}");
    let refused = server.fetch("HEAD /style.css HTTP/1.1\r\nAccept-Encoding: gzip;q=0").0;
    assert_eq!(length(&refused), length(&head));
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

#[test]
fn the_cores_lines_are_written_as_ours_are() {
    let mut server = Server::begin(&["log.format=json"], Stdio::piped());
    let log = BufReader::new(server.child.stderr.take().unwrap());
    let line = log.lines().map(Result::unwrap).find(|line| line.contains("room 1234")).unwrap();
    assert!(line.ends_with(r#""level":"info","kind":"rooms","message":"room 1234 was made"}"#), "{line}");
}
