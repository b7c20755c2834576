//! The HTTP side: where sessions are made, changed and ended.

use std::cell::RefCell;
use std::collections::HashMap;
use std::net::IpAddr;
use std::rc::Rc;
use std::time::Duration;

use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use parlor_core::random::Random;
use smol::LocalExecutor;
use smol::channel::{Sender, bounded};

use super::conversation::{Conversation, Secrets};
use super::fragment::{self, Fragment};
use super::problem::Problem;
use super::resource::{Purpose, Resource, name, queried};
use super::session::{Changed, Condition, Order, Session};
use crate::answer::{self, Content};
use crate::control::ControlTask;
use crate::deadline::within;
use crate::log;
use crate::random::SystemSource;

/// The media type of a description (RFC 8866 section 8.2.1).
const SDP: &str = "application/sdp";

/// How long the body of a request may take.
const BODY_WITHIN: Duration = Duration::from_secs(20);

/// Orders that wait for one session.
const ORDERS: usize = 4;

/// The most headers that a page of another origin may read.
const EXPOSED: &str = "Accept-Patch, Accept-Post, ETag, Link, Location";

const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");
const ACCEPT_POST: HeaderName = HeaderName::from_static("accept-post");

/// WHIP and WHEP.
pub struct Whip {
    control: Rc<ControlTask>,
    executor: Rc<LocalExecutor<'static>>,
    request_bytes: usize,
    string_ids: bool,
    sessions: RefCell<HashMap<String, Sender<Order>>>,
}

/// What a client offers, and to whom.
struct Offer {
    purpose: Purpose,
    room: serde_json::Value,
    feed: Option<serde_json::Value>,
    display: Option<String>,
    secrets: Secrets,
    sdp: String,
}

/// A session that was made.
struct Made {
    answer: String,
    feed: serde_json::Value,
    key: String,
    tag: String,
}

impl Whip {
    /// The way to `control` for offers of at most `request_bytes`; whether rooms and people have texts for names.
    pub fn open(
        control: &Rc<ControlTask>,
        executor: &Rc<LocalExecutor<'static>>,
        request_bytes: usize,
        string_ids: bool,
    ) -> Option<Rc<Self>> {
        let (control, executor) = (Rc::clone(control), Rc::clone(executor));
        Some(Rc::new(Self { control, executor, request_bytes, string_ids, sessions: RefCell::default() }))
    }

    /// Whether `path` belongs to it.
    pub fn has(&self, path: &str) -> bool {
        Resource::of(path).is_some()
    }

    /// Answers a request from `address`.
    pub async fn answer(self: &Rc<Self>, request: Request<Incoming>, address: Option<IpAddr>) -> Response<Content> {
        let allowances = answer::allowances(request.headers());
        let mut response = self.find(request, address).await.unwrap_or_else(|problem| problem.response());
        let headers = response.headers_mut();
        headers.extend(allowances);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
        response
    }

    async fn find(
        self: &Rc<Self>,
        request: Request<Incoming>,
        address: Option<IpAddr>,
    ) -> Result<Response<Content>, Problem> {
        let (method, path) = (request.method().clone(), request.uri().path().to_owned());
        match (method, Resource::of(&path)) {
            (Method::OPTIONS, Some(Resource::Endpoint { .. })) => Ok(options(ACCEPT_POST, SDP)),
            (Method::OPTIONS, Some(Resource::Session(_))) => Ok(options(ACCEPT_PATCH, fragment::MEDIA_TYPE)),
            (Method::POST, Some(Resource::Endpoint { purpose, room, feed })) => {
                let base = format!("{}/{room}", purpose.base());
                let room = name(room, self.string_ids)?;
                let feed = feed.map(|feed| name(feed, self.string_ids)).transpose()?;
                let query = request.uri().query();
                let display = queried(query, "display").map(Into::into);
                let pin = queried(query, "pin").map(Into::into);
                let secrets = Secrets { bearer: bearer(request.headers()), pin };
                let sdp = self.text(request, SDP).await?;
                let offer = Offer { purpose, room, feed, display, secrets, sdp };
                self.make(offer, address).await.and_then(|made| created(&base, made))
            }
            (Method::PATCH, Some(Resource::Session(key))) => {
                let orders = self.orders(key)?;
                let condition = condition(request.headers())?;
                let fragment = Fragment::read(&self.text(request, fragment::MEDIA_TYPE).await?)?;
                change(&orders, condition, fragment).await
            }
            (Method::DELETE, Some(Resource::Session(key))) => {
                let orders = self.orders(key)?;
                let (ended, end) = bounded(1);
                let _ = orders.send(Order::End(ended)).await;
                // It may end by itself meanwhile.
                let _ = end.recv().await;
                Ok(answer::bare(StatusCode::OK))
            }
            (_, Some(Resource::Endpoint { .. })) => Ok(other_method("OPTIONS, POST")),
            (_, Some(Resource::Session(_))) => Ok(other_method("DELETE, OPTIONS, PATCH")),
            (_, None) => Err(Problem::gone()),
        }
    }

    fn orders(&self, key: &str) -> Result<Sender<Order>, Problem> {
        self.sessions.borrow().get(key).cloned().ok_or_else(Problem::gone)
    }

    /// The body of a request that must be of this type.
    async fn text(&self, request: Request<Incoming>, media_type: &str) -> Result<String, Problem> {
        let said = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
        if !said.split(';').next().is_some_and(|said| said.trim().eq_ignore_ascii_case(media_type)) {
            let why = format!("The body must be of the type {media_type}");
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, why));
        }
        match within(BODY_WITHIN, answer::body(request, self.request_bytes)).await {
            Some(Some(body)) => String::from_utf8(body)
                .map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "The body is no text in UTF-8")),
            Some(None) => Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "Longer than limits.request_bytes")),
            None => Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "The body did not come")),
        }
    }

    /// Makes a session. It ends, too, if the client does not wait for the answer.
    async fn make(self: &Rc<Self>, offer: Offer, address: Option<IpAddr>) -> Result<Made, Problem> {
        let (made, wait) = bounded(1);
        let this = Rc::clone(self);
        self.executor.spawn(async move { this.live(offer, address, made).await }).detach();
        wait.recv().await.unwrap_or_else(|_| Err(Problem::silence()))
    }

    /// The life of a session.
    async fn live(self: Rc<Self>, offer: Offer, address: Option<IpAddr>, made: Sender<Result<Made, Problem>>) {
        let Offer { purpose, room, feed, display, secrets, sdp } = offer;
        let begun = Conversation::begin(&self.control, self.request_bytes, address, secrets).await;
        let conversation = match begun {
            Ok(conversation) => conversation,
            Err(why) => return drop(made.try_send(Err(why))),
        };
        let place = (&room, feed.as_ref());
        let begun = match purpose {
            Purpose::Publish => Session::publish(conversation, place, display.as_deref(), sdp).await,
            Purpose::Watch => Session::watch(conversation, place, sdp).await,
        };
        let (session, answer, feed) = match begun {
            Ok(begun) => begun,
            Err((conversation, why)) => {
                log::debug("whip", format_args!("refused: {why:?}"));
                conversation.end().await;
                return drop(made.try_send(Err(why)));
            }
        };
        let (key, tag) = (new_key(), session.tag());
        let (orders, receiver) = bounded(ORDERS);
        self.sessions.borrow_mut().insert(key.clone(), orders);
        // Where nobody waits any more, the orders end at once.
        if made.try_send(Ok(Made { answer, feed, key: key.clone(), tag })).is_err() {
            self.sessions.borrow_mut().remove(&key);
        }
        session.run(receiver).await;
        self.sessions.borrow_mut().remove(&key);
    }
}

async fn change(orders: &Sender<Order>, wanted: Condition, fragment: Fragment) -> Result<Response<Content>, Problem> {
    let (answer, changed) = bounded(1);
    let order = Order::Change { wanted, fragment, answer };
    orders.send(order).await.map_err(|_| Problem::gone())?;
    match changed.recv().await.map_err(|_| Problem::gone())?? {
        Changed::Noted => Ok(answer::bare(StatusCode::NO_CONTENT)),
        Changed::Restarted { fragment, tag } => {
            let mut response = answer::json(fragment);
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(fragment::MEDIA_TYPE));
            headers.insert(header::ETAG, header_value(&tag)?);
            Ok(response)
        }
    }
}

fn created(base: &str, made: Made) -> Result<Response<Content>, Problem> {
    let feed = match &made.feed {
        serde_json::Value::String(text) => {
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
        }
        number => number.to_string(),
    };
    let location = header_value(&format!("{base}/{feed}/{}", made.key))?;
    let mut response = answer::json(made.answer);
    *response.status_mut() = StatusCode::CREATED;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(SDP));
    headers.insert(header::LOCATION, location);
    headers.insert(header::ETAG, header_value(&made.tag)?);
    headers.insert(ACCEPT_PATCH, HeaderValue::from_static(fragment::MEDIA_TYPE));
    Ok(response)
}

fn header_value(text: &str) -> Result<HeaderValue, Problem> {
    HeaderValue::from_str(text).map_err(|_| Problem::silence())
}

fn options(name: HeaderName, accepted: &'static str) -> Response<Content> {
    let mut response = answer::bare(StatusCode::NO_CONTENT);
    response.headers_mut().insert(name, HeaderValue::from_static(accepted));
    response
}

fn other_method(allowed: &'static str) -> Response<Content> {
    let mut response = answer::bare(StatusCode::METHOD_NOT_ALLOWED);
    response.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
    response
}

/// The bearer token of a request (RFC 6750 section 2.1).
fn bearer(headers: &HeaderMap) -> Option<String> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim().into())
}

/// The state of the session that a change is meant for (RFC 9725 section 4.3.1): any where ICE begins anew.
fn condition(headers: &HeaderMap) -> Result<Condition, Problem> {
    let missing = || Problem::new(StatusCode::PRECONDITION_REQUIRED, "If-Match is missing: the session's ETag, or *");
    let value = headers.get(header::IF_MATCH).and_then(|value| value.to_str().ok()).ok_or_else(missing)?;
    match value.trim() {
        "*" | "\"*\"" => Ok(Condition::Any),
        tag => Ok(Condition::Tag(tag.into())),
    }
}

/// What a session's URL ends with: nobody guesses it.
fn new_key() -> String {
    let mut bytes = [0; 16];
    SystemSource::new().fill(&mut bytes);
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
