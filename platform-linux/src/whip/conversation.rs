//! A client of Janus' API inside the process: one session with one handle.

use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use hyper::StatusCode;
use parlor_core::control::Transport;
use serde_json::{Value, json};

use super::problem::Problem;
use crate::control::{Api, Client, ControlTask};
use crate::deadline::within;
use crate::log;

/// How long an answer may take.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

/// What a client shows: the bearer token of HTTP, and a PIN if its URL has one.
#[derive(Clone, Default)]
pub(super) struct Secrets {
    pub(super) bearer: Option<String>,
    pub(super) pin: Option<String>,
}

/// What answered a request to the VideoRoom.
pub(super) struct Reply {
    pub(super) data: Value,
    /// A description with Parlor's candidates, if one came.
    pub(super) description: Option<String>,
}

/// What happens without being asked for.
pub(super) enum Event {
    /// The media or the session ended.
    Over,
    /// Parlor offers something else.
    Offer(String),
}

/// A session and its handle.
pub(super) struct Conversation {
    client: Client,
    secrets: Secrets,
    request_bytes: usize,
    session: u64,
    handle: u64,
    transactions: u64,
    is_over: bool,
    /// What Parlor offered last: it says everything that earlier offers said.
    offer: Option<String>,
    /// Candidates that follow a description (full trickle).
    candidates: Vec<String>,
}

impl Conversation {
    /// Begins to speak, as somebody at `address`.
    pub(super) async fn begin(
        control: &Rc<ControlTask>,
        request_bytes: usize,
        address: Option<IpAddr>,
        secrets: Secrets,
    ) -> Result<Self, Problem> {
        let Some(client) = control.connect(Api::Clients, Transport::Http, address) else {
            log::warn("client", "limits.connections clients are connected: one more was refused");
            let why = "The server is full (limits.connections)";
            return Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, why));
        };
        let (session, handle, transactions, is_over) = (0, 0, 0, false);
        let (offer, candidates) = (None, Vec::new());
        let mut this =
            Self { client, secrets, request_bytes, session, handle, transactions, is_over, offer, candidates };
        this.session = this.number(json!({ "janus": "create" })).await?;
        this.handle = this.number(json!({ "janus": "attach", "plugin": "janus.plugin.videoroom" })).await?;
        Ok(this)
    }

    /// Asks the VideoRoom, with a description of this type, if any.
    pub(super) async fn ask(&mut self, body: Value, jsep: Option<(&str, &str)>) -> Result<Reply, Problem> {
        let mut request = json!({ "janus": "message", "handle_id": self.handle, "body": body });
        if let Some((kind, sdp)) = jsep {
            request["jsep"] = json!({ "type": kind, "sdp": sdp });
        }
        self.candidates.clear();
        let mut answer = self.request(request).await?;
        let data = answer["plugindata"]["data"].take();
        if !data["error_code"].is_null() {
            return Err(Problem::of_janus(&data["error_code"], &data["error"]));
        }
        // Candidates that follow the answer were told in the same turn.
        while let Some(text) = self.client.outgoing().try_next() {
            self.note(&text);
        }
        let description = answer["jsep"]["sdp"].as_str().map(|sdp| self.with_candidates(sdp));
        Ok(Reply { data, description })
    }

    /// A room and the secrets that lead into it, as members of a request.
    pub(super) fn entry(&self, request: &str, room: &Value) -> Value {
        let Secrets { bearer, pin } = &self.secrets;
        let mut body = json!({ "request": request, "room": room });
        if let Some(pin) = pin.as_ref().or(bearer.as_ref()) {
            body["pin"] = json!(pin);
        }
        if let Some(token) = bearer {
            body["token"] = json!(token);
        }
        body
    }

    /// Hands candidates of the client's on.
    pub(super) async fn trickle(&mut self, candidates: Vec<Value>) -> Result<(), Problem> {
        let request = json!({ "janus": "trickle", "handle_id": self.handle, "candidates": candidates });
        self.request(request).await.map(|_| ())
    }

    /// Says that the client is still there.
    pub(super) async fn keep_alive(&mut self) -> Result<(), Problem> {
        self.request(json!({ "janus": "keepalive" })).await.map(|_| ())
    }

    /// What happens next. Dropping the future loses nothing.
    pub(super) async fn next(&mut self) -> Event {
        loop {
            if self.is_over {
                return Event::Over;
            }
            if let Some(offer) = self.offer.take() {
                return Event::Offer(offer);
            }
            match self.client.outgoing().next().await {
                Some(text) => drop(self.note(&text)),
                None => return Event::Over,
            }
        }
    }

    /// Leaves the room, at once.
    pub(super) async fn end(mut self) {
        // It may have ended already.
        let _ = self.request(json!({ "janus": "destroy" })).await;
    }

    async fn number(&mut self, request: Value) -> Result<u64, Problem> {
        self.request(request).await?["data"]["id"].as_u64().ok_or_else(Problem::silence)
    }

    /// Says `request` and waits for what answers it.
    async fn request(&mut self, mut request: Value) -> Result<Value, Problem> {
        self.transactions += 1;
        let transaction = self.transactions.to_string();
        // A message is acknowledged first.
        let is_deferred = request["janus"] == "message";
        request["transaction"] = json!(transaction);
        if self.session != 0 {
            request["session_id"] = json!(self.session);
        }
        if let Some(bearer) = &self.secrets.bearer {
            request["token"] = json!(bearer);
            request["apisecret"] = json!(bearer);
        }
        let text = request.to_string();
        if text.len() > self.request_bytes {
            return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "Longer than limits.request_bytes"));
        }
        within(ANSWER_WITHIN, self.client.request(text.as_bytes())).await.ok_or_else(Problem::silence)?;
        let answer = async {
            while let Some(text) = self.client.outgoing().next().await {
                let Some(message) = self.note(&text) else { continue };
                let is_answer = message["transaction"] == transaction.as_str();
                if is_answer && !(is_deferred && message["janus"] == "ack") {
                    return Some(message);
                }
            }
            None
        };
        let answer = within(ANSWER_WITHIN, answer).await.flatten().ok_or_else(Problem::silence)?;
        match answer["janus"] == "error" {
            true => Err(Problem::of_janus(&answer["error"]["code"], &answer["error"]["reason"])),
            false => Ok(answer),
        }
    }

    /// Keeps what a message tells without being asked; gives those back that answer something.
    fn note(&mut self, text: &str) -> Option<Value> {
        // It is our own.
        let message: Value = serde_json::from_str(text).ok()?;
        if !message["transaction"].is_null() {
            return Some(message);
        }
        match message["janus"].as_str()? {
            "hangup" | "detached" | "timeout" => self.is_over = true,
            "trickle" => {
                if let Some(candidate) = message["candidate"]["candidate"].as_str() {
                    self.candidates.push(format!("a={candidate}\r\n"));
                }
            }
            "event" => {
                let data = &message["plugindata"]["data"];
                self.is_over |= data["leaving"] == "ok" || data["videoroom"] == "destroyed";
                if let Some(sdp) = message["jsep"]["sdp"].as_str() {
                    self.offer = Some(sdp.into());
                }
            }
            _ => {}
        }
        None
    }

    /// `sdp` with the candidates that followed it: a client by HTTP can be told nothing later.
    fn with_candidates(&self, sdp: &str) -> String {
        if self.candidates.is_empty() {
            return sdp.into();
        }
        let candidates = self.candidates.concat();
        let is_place = |line: &str| line.starts_with("a=ice-pwd:");
        sdp.split_inclusive('\n').flat_map(|line| [line, if is_place(line) { &candidates } else { "" }]).collect()
    }
}
