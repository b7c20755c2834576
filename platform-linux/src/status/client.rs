//! The way to the server: requests of the admin API over a Unix socket.

use std::io;
use std::os::fd::OwnedFd;
use std::path::Path;

use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketAddrUnix, SocketFlags, SocketType, connect, recv, send, socket_with,
    sockopt,
};
use serde_json::{Value, json};

use super::model::Snapshot;

/// Longer than any message of the admin API.
const MESSAGE_BYTES: usize = 1 << 21;

/// How long an answer may take.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(5);

/// A list has no more parts than that: one for each handle.
const PARTS: usize = 1 << 16;

/// A connection.
pub(super) struct Client {
    socket: OwnedFd,
    secret: String,
    buffer: Vec<u8>,
}

impl Client {
    /// Connects to the server that listens at `path`.
    pub(super) fn connect(path: &Path, secret: &str) -> io::Result<Self> {
        let socket = socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, SocketFlags::CLOEXEC, None)?;
        connect(&socket, &SocketAddrUnix::new(path)?)?;
        sockopt::set_socket_timeout(&socket, sockopt::Timeout::Recv, Some(PATIENCE))?;
        Ok(Self { socket, secret: secret.into(), buffer: vec![0; MESSAGE_BYTES] })
    }

    /// How the server is now. The error is a sentence.
    pub(super) fn snapshot(&mut self) -> Result<Snapshot, String> {
        let server = self.ask(json!({ "janus": "server_status" }))?["status"].take();
        let (rooms, people) = (self.list("room_status", "rooms")?, self.list("people_status", "people")?);
        Ok(Snapshot::new(server, rooms, people))
    }

    /// A list of all its parts.
    fn list(&mut self, request: &str, name: &str) -> Result<Vec<Value>, String> {
        let (mut all, mut first) = (Vec::new(), Value::from(0));
        for _ in 0..PARTS {
            let mut answer = self.ask(json!({ "janus": request, "first": first }))?;
            if let Value::Array(part) = answer[name].take() {
                all.extend(part);
            }
            first = answer["next"].take();
            if first.is_null() {
                break;
            }
        }
        Ok(all)
    }

    fn ask(&mut self, mut request: Value) -> Result<Value, String> {
        request["transaction"] = "status".into();
        if !self.secret.is_empty() {
            request["admin_secret"] = self.secret.as_str().into();
        }
        let broken = |error: rustix::io::Errno| match error {
            rustix::io::Errno::AGAIN => "the server does not answer".into(),
            error => format!("the server is gone: {error}"),
        };
        send(&self.socket, request.to_string().as_bytes(), SendFlags::NOSIGNAL).map_err(broken)?;
        let (len, _) = recv(&self.socket, self.buffer.as_mut_slice(), RecvFlags::empty()).map_err(broken)?;
        if len == 0 {
            return Err("the server is gone".into());
        }
        let answer: Value = serde_json::from_slice(&self.buffer[..len])
            .map_err(|error| format!("the server's answer cannot be read: {error}"))?;
        match answer["janus"].as_str() {
            Some("success") => Ok(answer),
            _ => Err(format!("the server refuses: {}", answer["error"]["reason"].as_str().unwrap_or_default())),
        }
    }
}
