//! A client of the Janus API over WebSocket: one connection, one session, any number of handles.

use crate::{Error, Result};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::io::ErrorKind;
use std::net::TcpStream;
use std::time::{Duration, Instant};
use tungstenite::client::IntoClientRequest;
use tungstenite::http::HeaderValue;
use tungstenite::{Message, WebSocket};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// How often a session is kept alive; Janus ends it after 60 s.
const KEEPALIVE: Duration = Duration::from_secs(20);
/// How long a look at the connection may block: as short as a socket's timeout may be.
const GLANCE: Duration = Duration::from_millis(1);

/// One session.
#[derive(Debug)]
pub struct Signalling {
    socket: WebSocket<TcpStream>,
    session: u64,
    transactions: u64,
    kept_alive: Instant,
    /// Events that nobody has asked for yet.
    pub events: VecDeque<Value>,
}

impl Signalling {
    /// Connects to `ws://ADDRESS` and creates a session.
    pub fn connect(address: &str) -> Result<Signalling> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut request = format!("ws://{address}/").into_client_request()?;
        request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static("janus-protocol"));
        let (socket, _) = tungstenite::client(request, stream)?;
        let mut signalling =
            Signalling { socket, session: 0, transactions: 0, kept_alive: Instant::now(), events: VecDeque::new() };
        let answer = signalling.request(json!({ "janus": "create" }))?;
        signalling.session = answer["data"]["id"].as_u64().ok_or("a session without an id")?;
        Ok(signalling)
    }

    /// The session's number.
    pub fn session(&self) -> u64 {
        self.session
    }

    /// Claims the session of a connection that broke; from here on this one speaks for it.
    pub fn claim(&mut self, session: u64) -> Result<()> {
        self.session = session;
        self.request(json!({ "janus": "claim" })).map(|_| ())
    }

    /// Attaches to the VideoRoom.
    pub fn attach(&mut self) -> Result<u64> {
        let answer = self.request(json!({ "janus": "attach", "plugin": "janus.plugin.videoroom" }))?;
        Ok(answer["data"]["id"].as_u64().ok_or("a handle without an id")?)
    }

    /// Sends a VideoRoom request; gives the data and the session description of what answers it.
    pub fn message(&mut self, handle: u64, body: Value, jsep: Option<Value>) -> Result<(Value, Option<String>)> {
        let mut request = json!({ "janus": "message", "handle_id": handle, "body": body });
        if let Some(jsep) = jsep {
            request["jsep"] = jsep;
        }
        let answer = self.request(request)?;
        let data = answer["plugindata"]["data"].clone();
        if data.get("error_code").is_some() {
            return Err(format!("{body} was refused: {data}").into());
        }
        Ok((data, answer["jsep"]["sdp"].as_str().map(str::to_owned)))
    }

    /// Sends any request of the session and waits for its final answer.
    pub fn request(&mut self, mut request: Value) -> Result<Value> {
        self.transactions += 1;
        let transaction = self.transactions.to_string();
        request["transaction"] = json!(transaction);
        if self.session != 0 {
            request["session_id"] = json!(self.session);
        }
        let kind = request["janus"].clone();
        self.socket.send(Message::text(request.to_string()))?;
        let start = Instant::now();
        loop {
            let left = PATIENCE.checked_sub(start.elapsed()).ok_or_else(|| unanswered(&request))?;
            let Some(answer) = self.read(left)? else { return Err(unanswered(&request)) };
            if answer["transaction"] != transaction {
                self.events.push_back(answer);
            } else if answer["janus"] == "error" {
                return Err(format!("{request} was refused: {}", answer["error"]).into());
            } else if answer["janus"] != "ack" || kind == "keepalive" || kind == "trickle" {
                return Ok(answer);
            }
        }
    }

    /// Sends `request` `count` times before it reads the first answer, and reads all; each must be a success.
    pub fn pipeline(&mut self, mut request: Value, count: usize) -> Result<()> {
        request["session_id"] = json!(self.session);
        for _ in 0..count {
            self.transactions += 1;
            request["transaction"] = json!(self.transactions.to_string());
            self.socket.write(Message::text(request.to_string()))?;
        }
        self.socket.flush()?;
        for _ in 0..count {
            let answer = self.read(PATIENCE)?.ok_or_else(|| unanswered(&request))?;
            if answer["janus"] != "success" || answer["plugindata"]["data"].get("error_code").is_some() {
                return Err(format!("{request} was refused: {answer}").into());
            }
        }
        Ok(())
    }

    /// Waits for an event that `wanted` accepts, among those that came before as well.
    pub fn wait(&mut self, patience: Duration, mut wanted: impl FnMut(&Value) -> bool) -> Result<Option<Value>> {
        if let Some(place) = self.events.iter().position(&mut wanted) {
            return Ok(self.events.remove(place));
        }
        let start = Instant::now();
        while let Some(left) = patience.checked_sub(start.elapsed()) {
            match self.read(left.max(GLANCE))? {
                Some(event) if wanted(&event) => return Ok(Some(event)),
                Some(event) => self.events.push_back(event),
                None => return Ok(None),
            }
        }
        Ok(None)
    }

    /// Keeps the session alive and forgets all events: for those who only want to stay.
    pub fn stay(&mut self) -> Result<()> {
        if self.kept_alive.elapsed() > KEEPALIVE {
            self.kept_alive = Instant::now();
            self.request(json!({ "janus": "keepalive" }))?;
        }
        self.socket.get_ref().set_nonblocking(true)?;
        let read = self.read_all();
        self.socket.get_ref().set_nonblocking(false)?;
        read?;
        self.events.clear();
        Ok(())
    }

    /// Ends the session.
    pub fn leave(mut self) -> Result<()> {
        self.request(json!({ "janus": "destroy" }))?;
        self.socket.close(None)?;
        Ok(())
    }

    fn read_all(&mut self) -> Result<()> {
        while self.read(GLANCE)?.is_some() {}
        Ok(())
    }

    fn read(&mut self, patience: Duration) -> Result<Option<Value>> {
        self.socket.get_ref().set_read_timeout(Some(patience))?;
        loop {
            match self.socket.read() {
                Ok(Message::Text(text)) => return Ok(Some(serde_json::from_str(&text)?)),
                Ok(Message::Close(_)) => return Err("the server closed the connection".into()),
                Ok(_) => {}
                Err(tungstenite::Error::Io(error))
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) =>
                {
                    return Ok(None);
                }
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn unanswered(request: &Value) -> Error {
    format!("no answer to {request}").into()
}
