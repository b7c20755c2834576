//! Janus' API over HTTP: a request is a POST, and the events of a session wait until a GET asks for them (long poll).
//!
//! ```text
//! POST /janus          create, ping, info          GET /janus/info     what the server is
//! POST /janus/S        of session S                GET /janus/S        the next event of session S,
//! POST /janus/S/H      of handle H                    ?maxev=N           or up to N of them as an array
//! ```
//!
//! The admin API is the same with another path and without events.
//!
//! Every POST has a client's place of its own, by which its reply comes. The place of one that made a session stays,
//! and the session's events wait there until the session ends.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::HashMap;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{self, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use parlor_core::control::{Credentials, Transport};
use smol::LocalExecutor;
use smol::lock::Mutex;

use crate::answer::{self, Content};
use crate::control::{Api, Client, ControlTask};
use crate::deadline::within;
use crate::log;
use crate::outgoing::Outgoing;

/// How long a poll waits for an event.
const POLL_WITHIN: Duration = Duration::from_secs(30);

/// How long the body of a request may take, and how long a request may wait for the media half.
const REQUEST_WITHIN: Duration = Duration::from_secs(20);

/// What a poll is told when nothing happened.
const KEEPALIVE: &str = r#"{"janus":"keepalive"}"#;

/// An API over HTTP.
pub struct Rest {
    api: Api,
    base_path: String,
    control: Rc<ControlTask>,
    executor: Rc<LocalExecutor<'static>>,
    request_bytes: usize,
    mailboxes: RefCell<HashMap<u64, Rc<Mailbox>>>,
}

/// Where the events of a session wait.
struct Mailbox {
    outgoing: Rc<Outgoing>,
    /// Of several polls at once each waits for its turn.
    turn: Mutex<()>,
}

impl Rest {
    /// The way to `control` for requests of at most `request_bytes`, whose paths begin with `base_path`.
    pub fn new(
        api: Api,
        base_path: &str,
        control: Rc<ControlTask>,
        executor: Rc<LocalExecutor<'static>>,
        request_bytes: usize,
    ) -> Self {
        Self { api, base_path: base_path.into(), control, executor, request_bytes, mailboxes: RefCell::default() }
    }

    /// Whom it is for.
    pub fn api(&self) -> Api {
        self.api
    }

    /// The path that its paths begin with.
    pub fn base_path(&self) -> &str {
        &self.base_path
    }

    /// Whether `path` belongs to the API.
    pub fn has(&self, path: &str) -> bool {
        answer::segments(path, &self.base_path).is_some()
    }

    /// Answers a request from `address`.
    pub async fn answer(self: &Rc<Self>, request: Request<Incoming>, address: Option<IpAddr>) -> Response<Content> {
        let allowances = answer::allowances(request.headers());
        let mut response = self.find(request, address).await;
        response.headers_mut().extend(allowances);
        response
    }

    async fn find(self: &Rc<Self>, request: Request<Incoming>, address: Option<IpAddr>) -> Response<Content> {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        let Some(segments) = answer::segments(&path, &self.base_path) else {
            return match method {
                Method::GET | Method::POST => answer::bare(StatusCode::NOT_FOUND),
                _ => answer::other_method(&request),
            };
        };
        match (method, segments.as_slice()) {
            (Method::GET, [] | [_] | [_, _])
                if self.api == Api::Administrators && segments.first() != Some(&"info") =>
            {
                answer::refusal(454, "Request payload missing")
            }
            (Method::GET, ["info", ..]) => {
                self.post((None, None), address, br#"{"janus":"info","transaction":"info"}"#).await
            }
            (Method::GET, [session]) => self.poll(session, request.uri().query().unwrap_or_default()).await,
            (Method::GET, [session, _]) => moved(&format!("{}/{session}", self.base_path)),
            (Method::POST, ["info", ..]) if self.api == Api::Clients => answer::bare(StatusCode::BAD_REQUEST),
            (Method::POST, [] | [_] | [_, _]) => {
                match within(REQUEST_WITHIN, answer::body(request, self.request_bytes)).await {
                    Some(Some(body)) => {
                        self.post((segments.first().copied(), segments.get(1).copied()), address, &body).await
                    }
                    Some(None) => answer::bare(StatusCode::PAYLOAD_TOO_LARGE),
                    None => answer::bare(StatusCode::REQUEST_TIMEOUT),
                }
            }
            (Method::GET | Method::POST, _) => answer::bare(StatusCode::NOT_FOUND),
            _ => answer::other_method(&request),
        }
    }

    async fn post(
        self: &Rc<Self>,
        (session, handle): (Option<&str>, Option<&str>),
        address: Option<IpAddr>,
        body: &[u8],
    ) -> Response<Content> {
        let Some(client) = self.control.connect(self.api, Transport::Http, address) else {
            log::warn("client", "limits.connections clients are connected: one more was refused");
            return answer::bare(StatusCode::SERVICE_UNAVAILABLE);
        };
        if within(REQUEST_WITHIN, client.request_at(session, handle, body)).await.is_none() {
            return answer::bare(StatusCode::SERVICE_UNAVAILABLE);
        }
        // Nearly always it is there already; a reload takes a moment.
        let reply = within(REQUEST_WITHIN, client.outgoing().next()).await.flatten();
        if let Some(session) = client.session() {
            self.keep(session, client);
        }
        match reply {
            Some(reply) => answer::json(reply.into()),
            None => answer::bare(StatusCode::INTERNAL_SERVER_ERROR),
        }
    }

    /// Keeps the place where the events of `session` wait until it ends, or until too many wait.
    fn keep(self: &Rc<Self>, session: u64, client: Client) {
        let outgoing = Rc::clone(client.outgoing());
        let mailbox = Rc::new(Mailbox { outgoing: Rc::clone(&outgoing), turn: Mutex::new(()) });
        self.mailboxes.borrow_mut().insert(session, mailbox);
        let rest = Rc::clone(self);
        let keep = async move {
            outgoing.over().await;
            let mut mailboxes = rest.mailboxes.borrow_mut();
            if mailboxes.get(&session).is_some_and(|mailbox| Rc::ptr_eq(&mailbox.outgoing, &outgoing)) {
                mailboxes.remove(&session);
            }
            drop(mailboxes);
            drop(client);
        };
        self.executor.spawn(keep).detach();
    }

    async fn poll(&self, segment: &str, query: &str) -> Response<Content> {
        let (api_secret, token) = (first(query, "apisecret"), first(query, "token"));
        let credentials = Credentials { api_secret: api_secret.as_deref(), token: token.as_deref() };
        let number = match self.control.poll(segment, credentials) {
            Ok(number) => number,
            Err(why) if why.code == 403 => return answer::bare(StatusCode::FORBIDDEN),
            Err(_) => return answer::bare(StatusCode::NOT_FOUND),
        };
        let mailbox = self.mailboxes.borrow().get(&number).cloned();
        // A session that was made by another transport has its events there.
        let Some(mailbox) = mailbox else { return answer::bare(StatusCode::NOT_FOUND) };
        let most = most_events(query);
        let first = within(POLL_WITHIN, mailbox.next()).await.flatten().unwrap_or_else(|| KEEPALIVE.into());
        if most == 1 {
            return answer::json(first.into());
        }
        let mut events = format!("[{first}");
        for event in std::iter::from_fn(|| mailbox.outgoing.try_next()).take(most - 1) {
            events.push(',');
            events.push_str(&event);
        }
        events.push(']');
        answer::json(events)
    }
}

impl Mailbox {
    async fn next(&self) -> Option<Box<str>> {
        let _turn = self.turn.lock().await;
        self.outgoing.next().await
    }
}

/// The most events that a poll wants: its first `maxev`, read as C's `atoi` does; one if that is no number of events.
fn most_events(query: &str) -> usize {
    let wanted = first(query, "maxev");
    let digits = wanted.iter().flat_map(|value| value.trim_start().bytes()).take_while(u8::is_ascii_digit);
    let number = digits.fold(0_usize, |sum, digit| sum.saturating_mul(10).saturating_add(usize::from(digit - b'0')));
    number.max(1)
}

/// The first value that a query gives to `name`, whatever its case.
fn first<'q>(query: &'q str, name: &str) -> Option<Cow<'q, str>> {
    let mut pairs = form_urlencoded::parse(query.as_bytes());
    pairs.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// Events are a session's, not a handle's.
fn moved(location: &str) -> Response<Content> {
    let mut response = answer::bare(StatusCode::FOUND);
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_poll_says_how_many_events_it_wants() {
        let cases = [
            ("", 1),
            ("maxev=2", 2),
            ("rid=5&MAXEV=3", 3),
            ("maxev=1&maxev=2", 1),
            ("maxev=%32x", 2),
            ("maxev=x", 1),
            ("maxev=-1", 1),
            ("maxev=0", 1),
            ("maxev=+7", 7),
        ];
        for (query, expected) in cases {
            assert_eq!(most_events(query), expected, "{query}");
        }
    }
}
