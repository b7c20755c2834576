//! Janus' APIs over HTTP, one connection a request.

use crate::Result;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

/// How long an answer may take: longer than a long poll.
const PATIENCE: Duration = Duration::from_secs(40);

/// The answer to a POST of `body`.
pub fn post(address: &str, path: &str, body: &Value) -> Result<Value> {
    let body = body.to_string();
    let length = body.len();
    request(address, &format!("POST {path} HTTP/1.1\r\nContent-Length: {length}\r\n"), &body)
}

/// The text that answers a GET, and the first line of its head.
pub fn text(address: &str, path: &str) -> Result<(String, String)> {
    let (head, body) = exchange(address, &format!("GET {path} HTTP/1.1\r\n"), "")?;
    Ok((head.lines().next().unwrap_or_default().into(), body))
}

/// The answer to a GET.
pub fn get(address: &str, path: &str) -> Result<Value> {
    request(address, &format!("GET {path} HTTP/1.1\r\n"), "")
}

/// An answer as it came.
#[derive(Debug)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its head.
    pub head: String,
    /// Its body.
    pub body: String,
}

impl Answer {
    /// The value of a header.
    pub fn header(&self, name: &str) -> Option<String> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.into())
    }
}

/// The answer to a request with this beginning of its head, and this body.
pub fn exchange_body(address: &str, head: &str, body: &str) -> Result<Answer> {
    let (head, body) = exchange(address, &format!("{head}Content-Length: {}\r\n", body.len()), body)?;
    let status = head.split_ascii_whitespace().nth(1).ok_or("a status")?.parse()?;
    Ok(Answer { status, head, body })
}

fn request(address: &str, head: &str, body: &str) -> Result<Value> {
    let (head, body) = exchange(address, head, body)?;
    serde_json::from_str(&body).map_err(|error| format!("{error} in {head}: {body}").into())
}

/// Head and body of the answer.
fn exchange(address: &str, head: &str, body: &str) -> Result<(String, String)> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(format!("{head}Host: {address}\r\nConnection: close\r\n\r\n{body}").as_bytes())?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (head, body) = answer.split_once("\r\n\r\n").ok_or("an answer without a body")?;
    Ok((head.into(), body.into()))
}
