//! Janus' API over HTTP as a client sees it.

mod common;

use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

use common::{PATIENCE, Server, number};

const CREATE: &str = r#"{"janus":"create","transaction":"c"}"#;

/// A session with a handle: the handle's path.
fn attach(server: &Server) -> (String, String) {
    let session = format!("/janus/{}", number(&server.post("/janus", CREATE), "id"));
    let attach = r#"{"janus":"attach","plugin":"janus.plugin.videoroom","transaction":"a"}"#;
    let handle = format!("{session}/{}", number(&server.post(&session, attach), "id"));
    (session, handle)
}

fn join(server: &Server, handle: &str, room: u64) {
    let body = format!(r#"{{"request":"join","ptype":"publisher","room":{room}}}"#);
    let answer = server.post(handle, &format!(r#"{{"janus":"message","transaction":"j","body":{body}}}"#));
    assert!(answer.contains(r#""janus":"ack""#), "{answer}");
}

fn poll(server: &Server, session: &str, query: &str) -> String {
    let (head, body) = server.fetch(&format!("GET {session}{query} HTTP/1.1"));
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    body
}

#[test]
fn events_wait_in_their_order_until_they_are_asked_for() {
    let server = Server::start(&[]);
    let (session, handle) = attach(&server);
    for room in 1..=4 {
        join(&server, &handle, room);
    }
    let one = poll(&server, &session, "");
    assert!(one.starts_with('{') && one.contains("No such room (1)"), "{one}");
    let two = poll(&server, &session, "?maxev=2");
    assert!(two.starts_with('[') && two.contains("(2)") && two.contains("(3)") && !two.contains("(4)"), "{two}");
    assert!(poll(&server, &session, "?maxev=9").contains("(4)"));
}

#[test]
fn a_poll_waits_for_its_event_and_one_that_breaks_off_loses_none() {
    let server = Server::start(&[]);
    let (session, handle) = attach(&server);
    let mut broken = TcpStream::connect(server.page).unwrap();
    write!(broken, "GET {session} HTTP/1.1\r\nHost: localhost\r\n\r\n").unwrap();
    std::thread::sleep(Duration::from_millis(200));
    drop(broken);
    std::thread::sleep(Duration::from_millis(200));
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| poll(&server, &session, ""));
        std::thread::sleep(Duration::from_millis(200));
        assert!(!waiting.is_finished());
        join(&server, &handle, 7);
        assert!(waiting.join().unwrap().contains("No such room (7)"));
    });
}

#[test]
fn the_end_of_a_session_ends_its_poll() {
    let server = Server::start(&["limits.connections=2"]);
    let (session, _) = attach(&server);
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| poll(&server, &session, "?maxev=2"));
        std::thread::sleep(Duration::from_millis(200));
        server.post(&session, r#"{"janus":"destroy","transaction":"d"}"#);
        assert_eq!(waiting.join().unwrap(), r#"[{"janus":"keepalive"}]"#);
    });
    assert!(server.fetch(&format!("GET {session} HTTP/1.1")).0.starts_with("HTTP/1.1 404"));
    // The place where its events waited is free again.
    attach(&server);
}

#[test]
fn a_client_that_does_not_poll_is_given_up_and_its_session_too() {
    let server = Server::start(&[]);
    let (session, handle) = attach(&server);
    let body = r#"{"janus":"message","transaction":"j","body":{"request":"join","ptype":"publisher","room":5}}"#;
    let start = Instant::now();
    while !server.post(&handle, body).contains(r#""code":458"#) {
        assert!(start.elapsed() < PATIENCE, "its events must be bounded");
    }
    assert!(server.fetch(&format!("GET {session} HTTP/1.1")).0.starts_with("HTTP/1.1 404"));
    attach(&server);
}

#[test]
fn a_session_is_polled_only_where_it_was_made() {
    let server = Server::start(&[]);
    let mut client = server.client(server.websocket);
    client.send(tungstenite::Message::text(CREATE)).unwrap();
    let session = format!("/janus/{}", number(&client.read().unwrap().into_text().unwrap(), "id"));
    assert!(server.post(&session, r#"{"janus":"keepalive","transaction":"k"}"#).contains("ack"));
    assert!(server.fetch(&format!("GET {session} HTTP/1.1")).0.starts_with("HTTP/1.1 404"));
    // By a claim its events move.
    assert!(server.post(&session, r#"{"janus":"claim","transaction":"c"}"#).contains("success"));
    server.post(&session, r#"{"janus":"destroy","transaction":"d"}"#);
}

#[test]
fn a_request_that_is_too_long_or_breaks_off_takes_no_place() {
    let server = Server::start(&["limits.request_bytes=4096", "limits.connections=1"]);
    let long = "x".repeat(5000);
    let request = format!("POST /janus HTTP/1.1\r\nContent-Length: {}", long.len());
    assert!(common::fetch(server.page, &request, &long).0.starts_with("HTTP/1.1 413"));
    let mut broken = TcpStream::connect(server.page).unwrap();
    write!(broken, "POST /janus HTTP/1.1\r\nHost: localhost\r\nContent-Length: 40\r\n\r\n{{").unwrap();
    assert!(server.post("/janus", r#"{"janus":"ping","transaction":"p"}"#).contains("pong"));
}

#[test]
fn any_page_may_ask() {
    let server = Server::start(&[]);
    let preflight = "OPTIONS /janus HTTP/1.1\r\nOrigin: http://a.invalid\r\n\
        Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: content-type";
    let (head, _) = server.fetch(preflight);
    for line in ["access-control-allow-origin: *", "allow-methods: POST", "allow-headers: content-type"] {
        assert!(head.contains(line), "{head}");
    }
    let (head, body) = server.fetch("PUT /janus HTTP/1.1");
    assert!(head.contains("access-control-allow-origin: *") && body.contains(r#""code":450"#), "{head} {body}");
}
