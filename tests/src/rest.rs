//! A client of the Janus API over HTTP: requests by POST, events by long polls.

use crate::{Error, Result, http};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::time::{Duration, Instant};

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// One session.
#[derive(Debug)]
pub struct Rest {
    address: String,
    session: u64,
    transactions: u64,
    events: VecDeque<Value>,
}

impl Rest {
    /// Creates a session at `http://ADDRESS/janus`.
    pub fn connect(address: &str) -> Result<Rest> {
        let mut rest = Rest { address: address.into(), session: 0, transactions: 0, events: VecDeque::new() };
        let created = rest.post("/janus", json!({ "janus": "create" }))?;
        rest.session = created["data"]["id"].as_u64().ok_or("a session without an id")?;
        Ok(rest)
    }

    /// Attaches to the VideoRoom.
    pub fn attach(&mut self) -> Result<u64> {
        let path = format!("/janus/{}", self.session);
        let attached = self.post(&path, json!({ "janus": "attach", "plugin": "janus.plugin.videoroom" }))?;
        Ok(attached["data"]["id"].as_u64().ok_or("a handle without an id")?)
    }

    /// Sends a VideoRoom request; gives the data and the session description of what answers it, whenever it comes.
    pub fn message(&mut self, handle: u64, body: Value, jsep: Option<Value>) -> Result<(Value, Option<String>)> {
        let mut request = json!({ "janus": "message", "body": body });
        if let Some(jsep) = jsep {
            request["jsep"] = jsep;
        }
        let path = format!("/janus/{}/{handle}", self.session);
        let mut answer = self.post(&path, request)?;
        if answer["janus"] == "ack" {
            let transaction = answer["transaction"].clone();
            answer = self.wait(|event| event["transaction"] == transaction)?;
        }
        Ok((answer["plugindata"]["data"].clone(), answer["jsep"]["sdp"].as_str().map(str::to_owned)))
    }

    /// Polls for an event that `wanted` accepts, among those that came before as well.
    pub fn wait(&mut self, mut wanted: impl FnMut(&Value) -> bool) -> Result<Value> {
        let start = Instant::now();
        while start.elapsed() < PATIENCE {
            if let Some(place) = self.events.iter().position(&mut wanted) {
                return self.events.remove(place).ok_or_else(|| Error::from("an event"));
            }
            let polled = http::get(&self.address, &format!("/janus/{}?maxev=5", self.session))?;
            self.events.extend(polled.as_array().cloned().ok_or("a list of events")?);
        }
        Err(format!("the event did not come; there are {:?}", self.events).into())
    }

    fn post(&mut self, path: &str, mut request: Value) -> Result<Value> {
        self.transactions += 1;
        request["transaction"] = json!(self.transactions.to_string());
        let answer = http::post(&self.address, path, &request)?;
        match answer["janus"] == "error" {
            true => Err(format!("{request} was refused: {answer}").into()),
            false => Ok(answer),
        }
    }
}
