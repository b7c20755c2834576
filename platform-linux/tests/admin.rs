//! The admin API as an operator uses it.

mod common;

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::Stdio;

use common::{Server, connect, fetch, number};
use tungstenite::Message;

const SECRET: [&str; 3] =
    ["control.admin=127.0.0.1:0", "control.admin_websocket=127.0.0.1:0", "control.admin_secret=overlord"];

/// The addresses that the banner tells of, over HTTP and over WebSocket.
fn addresses(server: &mut Server) -> [SocketAddr; 2] {
    [(); 2].map(|()| {
        let line = server.banner.by_ref().map(Result::unwrap).find(|line| line.contains("Admin")).unwrap();
        let port = line.trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap();
        SocketAddr::from(([127, 0, 0, 1], port))
    })
}

fn post(address: SocketAddr, path: &str, body: &str) -> (String, String) {
    fetch(address, &format!("POST {path} HTTP/1.1\r\nContent-Length: {}", body.len()), body)
}

#[test]
fn an_operator_sees_a_session_and_ends_it_over_http_and_websocket() {
    let mut server = Server::start(&SECRET);
    let [http, websocket] = addresses(&mut server);
    let mut client = server.client(server.websocket);
    client.send(Message::text(r#"{"janus":"create","transaction":"c"}"#)).unwrap();
    let session = number(&client.read().unwrap().into_text().unwrap(), "id");

    let (head, said) = post(http, "/admin", r#"{"janus":"list_sessions","transaction":"l"}"#);
    assert!(head.starts_with("HTTP/1.1 200") && said.contains("403"), "{head} {said}");
    let list = r#"{"janus":"list_sessions","transaction":"l","admin_secret":"overlord"}"#;
    let (_, said) = post(http, "/admin", list);
    assert!(said.contains(&format!("[{session}]")), "{said}");

    let mut operator = connect(websocket, Some("janus-admin-protocol")).unwrap();
    let destroy = r#""janus":"destroy_session","transaction":"d","admin_secret":"overlord""#;
    operator.send(Message::text(format!(r#"{{{destroy},"session_id":{session}}}"#))).unwrap();
    assert!(operator.read().unwrap().into_text().unwrap().contains("success"));
    let (_, said) = post(http, "/admin", list);
    assert!(said.contains("[]"), "{said}");
}

#[test]
fn clients_and_administrators_have_ports_of_their_own() {
    let mut server = Server::start(&SECRET);
    let [http, websocket] = addresses(&mut server);
    assert!(connect(websocket, Some("janus-protocol")).is_err());
    assert!(connect(server.websocket, Some("janus-admin-protocol")).is_err());
    assert!(post(http, "/janus", "{}").0.starts_with("HTTP/1.1 405"));
    assert!(fetch(server.page, "POST /admin HTTP/1.1\r\nContent-Length: 2", "{}").0.starts_with("HTTP/1.1 405"));
}

#[test]
fn without_a_secret_the_network_has_no_admin_api() {
    let mut server = Server::start(&SECRET[..2]);
    server.child.kill().unwrap();
    assert!(server.banner.by_ref().all(|line| !line.unwrap().contains("Admin")));
}

#[test]
fn the_log_says_what_an_operator_has_it_say() {
    let mut server = Server::begin(&[&SECRET[..], &["log.level=error"]].concat(), Stdio::piped());
    let [http, _] = addresses(&mut server);
    let ask = |request: &str| {
        post(http, "/admin", &format!(r#"{{"transaction":"t","admin_secret":"overlord",{request}}}"#)).1
    };
    ask(r#""janus":"custom_logline","line":"not yet""#);
    assert!(ask(r#""janus":"set_log_level","level":4"#).contains(r#""level":4"#));
    ask(r#""janus":"custom_logline","line":"the \"doors\" open""#);
    server.child.kill().unwrap();
    let said: Vec<String> = BufReader::new(server.child.stderr.take().unwrap()).lines().map(Result::unwrap).collect();
    assert!(said.iter().any(|line| line.contains(r#"the "doors" open"#)), "{said:?}");
    assert!(!said.iter().any(|line| line.contains("not yet")), "{said:?}");
}

#[test]
fn who_guesses_the_secret_has_to_wait_even_with_the_right_one() {
    let mut server = Server::start(&SECRET);
    let [http, _] = addresses(&mut server);
    let ask = |secret: &str| {
        post(http, "/admin", &format!(r#"{{"janus":"get_status","transaction":"s","admin_secret":"{secret}"}}"#)).1
    };
    assert!(ask("overlord").contains("success"));
    for _ in 0..5 {
        assert!(ask("overlore").contains("Unauthorized"));
    }
    assert!(ask("overlord").contains("Too many wrong secrets"));
    std::thread::sleep(std::time::Duration::from_millis(1100));
    assert!(ask("overlord").contains("success"));
}

#[test]
fn the_administrators_page_stands_beside_their_api() {
    let mut server = Server::start(&[&SECRET[..], &["control.admin_base_path=/steer"]].concat());
    let [http, _] = addresses(&mut server);
    let (head, body) = fetch(http, "GET / HTTP/1.1", "");
    assert!(head.starts_with("HTTP/1.1 200") && body.contains("admin.js"), "{head}");
    let policy = head.to_lowercase().lines().find(|line| line.starts_with("content-security-policy")).map(String::from);
    let policy = policy.expect("a policy");
    assert!(policy.contains("default-src 'none'") && !policy.contains("inline"), "{policy}");
    assert_eq!(fetch(http, "GET /base_path HTTP/1.1", "").1, "/steer");
    assert!(fetch(http, "GET /admin.css HTTP/1.1", "").0.contains("text/css"));
    let mut bare = Server::start(&[&SECRET[..], &["control.admin_page=false"]].concat());
    let [http, _] = addresses(&mut bare);
    assert!(fetch(http, "GET / HTTP/1.1", "").0.starts_with("HTTP/1.1 404"));
}
