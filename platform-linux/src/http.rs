//! HTTP/1.1: the page from memory, Janus' API, and the way to WebSocket.

use std::cell::Cell;
use std::convert::Infallible;
use std::net::{IpAddr, TcpListener};
use std::rc::Rc;
use std::time::Duration;

use async_io::Async;
use async_tungstenite::tungstenite::handshake::derive_accept_key;
use hyper::body::{Bytes, Incoming};
use hyper::header::{self, HeaderMap, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use parlor_core::control::Transport;
use smol::{LocalExecutor, Timer};
use smol_hyper::rt::{FuturesIo, SmolTimer};

use crate::access_list::AccessList;
use crate::answer::{Content, has_token, text, words};
use crate::control::{Api, ControlTask};
use crate::page::{File, Page};
use crate::rest::Rest;
use crate::share::Share;
use crate::tls::{Stream, Tls};
use crate::trust::Trust;
use crate::whip::Whip;
use crate::{log, trust, watch, websocket};

/// Connections beyond those of clients that poll, at once.
const CONNECTIONS: usize = 128;

/// The smallest buffer that hyper takes; longer heads of requests are refused.
const BUFFER_BYTES: usize = 8192;

/// How long the head of a request may take, and how long an idle connection is kept.
const HEAD_WITHIN: Duration = Duration::from_secs(20);

/// How long nothing is accepted after that failed, which happens when descriptors run out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// What a listener serves.
pub struct Listener {
    /// The API, by WebSocket. Nothing: neither by HTTP.
    pub api: Option<Api>,
    /// The API by HTTP, if it is served.
    pub rest: Option<Rc<Rest>>,
    /// WHIP and WHEP, if they are served.
    pub whip: Option<Rc<Whip>>,
    /// Who may connect.
    pub admitted: AccessList,
    /// The page, if it is served.
    pub page: Option<Rc<Page>>,
    /// Whether metrics are shown.
    pub shows_metrics: bool,
    /// How to trust this machine, where others need to know.
    pub trust: Option<Rc<Trust>>,
    /// How others are brought to the page, where it is the conference.
    pub share: Option<Rc<Share>>,
    /// What protects connections, if anything does.
    pub tls: Option<Rc<Tls>>,
}

/// Who asks.
struct Caller {
    address: Option<IpAddr>,
    is_secure: bool,
}

/// What all connections share.
pub struct Site {
    /// The control half.
    pub control: Rc<ControlTask>,
    /// The most clients: each may have a poll waiting on a connection of its own.
    pub clients: usize,
    /// Where connections run.
    pub executor: Rc<LocalExecutor<'static>>,
    /// The longest request of the control channel.
    pub request_bytes: usize,
    /// Connections that are not WebSockets.
    pub connections: Cell<usize>,
}

/// Accepts connections, for ever.
pub async fn listen(site: Rc<Site>, socket: Async<TcpListener>, listener: Listener) {
    let listener = Rc::new(listener);
    loop {
        match socket.accept().await {
            Ok((_, address)) if !listener.admitted.admits(address.ip()) => {
                log::warn("http", format_args!("{} may not connect", log::address(address)));
            }
            Ok((stream, address)) if site.connections.get() < CONNECTIONS + site.clients => {
                log::debug("http", format_args!("{} connected", log::address(address)));
                // An answer must not wait for the next one.
                let _ = stream.get_ref().set_nodelay(true);
                let place = ConnectionPlace::new(&site);
                site.executor.spawn(connection(Rc::clone(&site), stream, Rc::clone(&listener), place)).detach();
            }
            Ok(_) => log::warn("http", "too many HTTP connections: one was refused"),
            Err(error) => {
                log::warn("http", format_args!("no connection could be accepted: {error}"));
                Timer::after(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// One connection that is counted until it ends or becomes a WebSocket.
struct ConnectionPlace(Rc<Site>);

impl ConnectionPlace {
    fn new(site: &Rc<Site>) -> Self {
        site.connections.set(site.connections.get() + 1);
        Self(Rc::clone(site))
    }
}

impl Drop for ConnectionPlace {
    fn drop(&mut self) {
        self.0.connections.set(self.0.connections.get() - 1);
    }
}

async fn connection(
    site: Rc<Site>,
    stream: Async<std::net::TcpStream>,
    listener: Rc<Listener>,
    place: ConnectionPlace,
) {
    let address = stream.get_ref().peer_addr().ok().map(|address| address.ip().to_canonical());
    let stream = match (&listener.tls, address) {
        (None, _) => Stream::Plain(stream),
        (Some(tls), Some(address)) => match tls.accept(stream, address).await {
            Some(stream) => stream,
            None => return,
        },
        (Some(_), None) => return,
    };
    let caller = Caller { address, is_secure: stream.is_secure() };
    let service = service_fn(|request| async { Ok::<_, Infallible>(answer(&site, request, &listener, &caller).await) });
    let served = http1::Builder::new()
        .timer(SmolTimer::new())
        .header_read_timeout(HEAD_WITHIN)
        .max_buf_size(BUFFER_BYTES)
        .serve_connection(FuturesIo::new(stream), service)
        .with_upgrades()
        .await;
    if let Err(error) = served {
        log::debug("http", format_args!("a connection ended: {error}"));
    }
    drop(place);
}

async fn answer(
    site: &Rc<Site>,
    request: Request<Incoming>,
    listener: &Listener,
    caller: &Caller,
) -> Response<Content> {
    if listener.tls.is_some() && !caller.is_secure {
        return trust::moved(&request);
    }
    let (method, path) = (request.method(), request.uri().path());
    if let Some(answer) = watch::answer(&site.control, method, path, listener.shows_metrics) {
        return answer;
    }
    let Some(api) = listener.api else {
        return text(StatusCode::NOT_FOUND, "The admin API is not served: control.admin_secret is not set.\n");
    };
    if has_token(request.headers(), header::UPGRADE, "websocket") {
        return upgrade(site, request, api, caller.address);
    }
    let Some(rest) = &listener.rest else {
        let mut response = text(StatusCode::UPGRADE_REQUIRED, "This port speaks WebSocket.\n");
        response.headers_mut().insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        return response;
    };
    if let Some(whip) = listener.whip.as_ref().filter(|whip| whip.has(request.uri().path())) {
        return whip.answer(request, caller.address).await;
    }
    let Some(all) = listener.page.as_ref().filter(|_| !rest.has(request.uri().path())) else {
        return rest.answer(request, caller.address).await;
    };
    let is_here = caller.address.is_some_and(|address| address.is_loopback());
    if all.is_private && !caller.is_secure && !is_here {
        return text(StatusCode::FORBIDDEN, "From another machine this page needs HTTPS (control.admin_https).\n");
    }
    if all.is_private && request.uri().path() == "/base_path" {
        return words(StatusCode::OK, rest.base_path().into());
    }
    if request.method() != Method::GET && request.method() != Method::HEAD {
        let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "Only GET and HEAD are served here.\n");
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    if let Some(trust) = &listener.trust
        && let Some(response) = trust.answer(&request, caller.is_secure, caller.address)
    {
        return response;
    }
    if let Some(response) = listener.share.as_ref().and_then(|share| share.answer(&request)) {
        return response;
    }
    match all.file(request.uri().path()) {
        Some(file) => page(file, all.policy, &request),
        None => text(StatusCode::NOT_FOUND, "There is nothing here. The page is at /\n"),
    }
}

/// A file of the page, or the word that the browser's copy is still good.
fn page(file: &File, policy: &'static str, request: &Request<Incoming>) -> Response<Content> {
    let known = request.headers().get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let known = known.is_some_and(|tags| tags.split(',').any(|tag| tag.trim().trim_start_matches("W/") == file.tag));
    let mut response = match known {
        true => Response::new(Content::default()),
        // Hyper leaves the body of an answer to HEAD out by itself.
        false if takes_gzip(request.headers()) => Response::new(Content(Some(Bytes::from_static(file.packed)))),
        false => Response::new(Content(Some(file.plain().into()))),
    };
    if known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
    }
    let headers = response.headers_mut();
    if !known && takes_gzip(request.headers()) {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.kind));
    // Weak, for it names the content in either form.
    if let Ok(tag) = HeaderValue::from_str(&format!("W/{}", file.tag)) {
        headers.insert(header::ETAG, tag);
    }
    for (name, value) in [
        // Kept, but asked for each time: a new version is seen at once.
        (header::CACHE_CONTROL, "no-cache"),
        (header::VARY, "accept-encoding"),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Whether a client takes gzip (RFC 9110 section 12.5.3); one that says nothing may be a person with `curl`.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let codings = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    codings.flat_map(|codings| codings.split(',')).any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, "q=1"));
        let is_refused = weight.trim().trim_start_matches("q=").chars().all(|digit| matches!(digit, '0' | '.'));
        matches!(name.trim(), "gzip" | "*") && !is_refused
    })
}

/// Makes a WebSocket of the connection (RFC 6455 section 4.2). Any page may do so, as with Janus.
fn upgrade(site: &Rc<Site>, request: Request<Incoming>, api: Api, address: Option<IpAddr>) -> Response<Content> {
    let protocol = websocket::protocol(api);
    let headers = request.headers();
    let refused = |reason| text(StatusCode::BAD_REQUEST, reason);
    let Some(key) = headers.get(header::SEC_WEBSOCKET_KEY) else {
        return refused("A WebSocket needs Sec-WebSocket-Key.\n");
    };
    if request.method() != Method::GET || !has_token(headers, header::CONNECTION, "upgrade") {
        return refused("A WebSocket begins with GET and Connection: upgrade.\n");
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        let mut response = text(StatusCode::UPGRADE_REQUIRED, "WebSocket has version 13 here.\n");
        response.headers_mut().insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        return response;
    }
    // A client that names no subprotocol is served; one that names others would misunderstand us.
    let named = headers.contains_key(header::SEC_WEBSOCKET_PROTOCOL);
    if named && !has_token(headers, header::SEC_WEBSOCKET_PROTOCOL, protocol) {
        return refused("This port speaks another WebSocket subprotocol.\n");
    }
    let Ok(accept) = HeaderValue::from_str(&derive_accept_key(key.as_bytes())) else {
        return refused("Sec-WebSocket-Key is malformed.\n");
    };
    let Some(client) = site.control.connect(api, Transport::WebSocket, address) else {
        log::warn("client", "limits.connections clients are connected: one more was refused");
        return text(StatusCode::SERVICE_UNAVAILABLE, "The server is full (limits.connections).\n");
    };
    let request_bytes = site.request_bytes;
    let upgraded = hyper::upgrade::on(request);
    let serve = async move {
        let Ok(upgraded) = upgraded.await else { return };
        // Hyper's own memory of the connection ends here; only the socket goes on.
        if let Ok(parts) = upgraded.downcast::<FuturesIo<Stream>>() {
            websocket::serve(parts.io.into_inner(), parts.read_buf.into(), client, request_bytes).await;
        }
    };
    site.executor.spawn(serve).detach();
    let mut response = Response::new(Content::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    if named {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(protocol));
    }
    response
}
