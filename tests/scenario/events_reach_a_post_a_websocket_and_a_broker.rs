//! Management systems of all three kinds hear of a room, and one that is away disturbs nobody.

use parlor_tests::{Result, Server};
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(10);

#[test]
fn events_reach_a_post_a_websocket_and_a_broker() -> Result<()> {
    let http = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let websocket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let broker = Broker::start()?;
    let (http_port, websocket_port) = (http.local_addr()?.port(), websocket.local_addr()?.port());
    // Without a broker on this machine, there is one backend that is always away.
    let broker_port = broker.as_ref().map_or(9, |broker| broker.port);
    let (posts, posted) = channel();
    thread::spawn(move || serve_http(&http, &posts));
    let (messages, said) = channel();
    thread::spawn(move || serve_websocket(&websocket, &messages));
    let published = broker.as_ref().map(Broker::subscribe).transpose()?;
    let server = Server::start(&[
        &format!("events_http.backend=http://127.0.0.1:{http_port}/events"),
        "events_http.events=plugins",
        &format!("events_websocket.backend=ws://127.0.0.1:{websocket_port}"),
        "events_websocket.grouping=false",
        &format!("events_mqtt.backend=mqtt://127.0.0.1:{broker_port}"),
    ])?;
    let room = server.create_room(3)?;
    let created = format!(r#""data":{{"event":"created","room":{room}}}"#);
    let post = heard(&posted, &created).ok_or("no POST")?;
    assert!(post.starts_with("POST /events HTTP/1.1\r\n"), "{post}");
    assert!(post.contains("\r\n\r\n[{\"emitter\":\"Parlor\",\"type\":64,"), "{post}");
    let message = heard(&said, &created).ok_or("no message")?;
    assert!(message.starts_with("{\"emitter\":\"Parlor\",\"type\":64,"), "{message}");
    if let Some(published) = &published {
        let message = heard(published, &created).ok_or("nothing was published")?;
        assert!(message.contains("/janus/events/plugin{\"emitter\""), "{message}");
    } else {
        eprintln!("mosquitto is not installed: MQTT was not tried");
    }
    Ok(())
}

/// The first text with `wanted` in it.
fn heard(texts: &Receiver<String>, wanted: &str) -> Option<String> {
    let start = Instant::now();
    while let Some(left) = PATIENCE.checked_sub(start.elapsed()) {
        let text = texts.recv_timeout(left).ok()?;
        if text.contains(wanted) {
            return Some(text);
        }
    }
    None
}

/// Takes every POST and answers 200.
fn serve_http(listener: &TcpListener, posts: &Sender<String>) {
    for mut stream in listener.incoming().flatten() {
        let mut text = Vec::new();
        let mut bytes = [0; 4096];
        while let Ok(len @ 1..) = stream.read(&mut bytes) {
            text.extend_from_slice(&bytes[..len]);
            if text.ends_with(b"]") {
                break;
            }
        }
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        let _ = posts.send(String::from_utf8_lossy(&text).into_owned());
    }
}

/// Takes every message.
fn serve_websocket(listener: &TcpListener, messages: &Sender<String>) {
    let Ok((stream, _)) = listener.accept() else { return };
    let Ok(mut socket) = tungstenite::accept(stream) else { return };
    while let Ok(message) = socket.read() {
        if let Ok(text) = message.to_text() {
            let _ = messages.send(text.to_owned());
        }
    }
}

/// Debian's mosquitto, on a port of its own.
struct Broker {
    process: Child,
    port: u16,
}

impl Broker {
    /// Nothing if it is not installed.
    fn start() -> Result<Option<Self>> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let names = ["mosquitto", "/usr/sbin/mosquitto"];
        let start = |name: &&str| {
            let mut command = Command::new(name);
            command.args(["-p", &port.to_string()]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()
        };
        let Some(process) = names.iter().find_map(start) else { return Ok(None) };
        let broker = Self { process, port };
        let start = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if start.elapsed() > PATIENCE {
                return Err("mosquitto does not answer".into());
            }
            thread::sleep(Duration::from_millis(20));
        }
        Ok(Some(broker))
    }

    /// Everything that is published, as it comes (MQTT 3.1.1 sections 3.1 and 3.8).
    fn subscribe(&self) -> Result<Receiver<String>> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.write_all(b"\x10\x10\x00\x04MQTT\x04\x02\x00\x00\x00\x04test")?;
        stream.read_exact(&mut [0; 4])?;
        stream.write_all(b"\x82\x06\x00\x01\x00\x01#\x00")?;
        stream.read_exact(&mut [0; 5])?;
        let (texts, published) = channel();
        thread::spawn(move || {
            let mut all = Vec::new();
            let mut bytes = [0; 4096];
            while let Ok(len @ 1..) = stream.read(&mut bytes) {
                all.extend_from_slice(&bytes[..len]);
                let _ = texts.send(String::from_utf8_lossy(&all).into_owned());
            }
        });
        Ok(published)
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
