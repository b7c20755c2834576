//! Answers of the HTTP APIs, and what is read of their requests.

use std::convert::Infallible;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::http::uri::Authority;
use hyper::{Method, Request, Response, StatusCode};

/// A body that is there already.
#[derive(Default)]
pub struct Content(pub Option<Bytes>);

/// A sentence for people.
pub fn text(status: StatusCode, words: &'static str) -> Response<Content> {
    let mut response = Response::new(Content(Some(Bytes::from_static(words.as_bytes()))));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

/// A sentence for people that was made just now; nobody keeps it.
pub fn words(status: StatusCode, words: String) -> Response<Content> {
    let mut response = text(status, "");
    *response.body_mut() = Content(Some(words.into()));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A status without words, as an API gives it.
pub fn bare(status: StatusCode) -> Response<Content> {
    let mut response = Response::new(Content::default());
    *response.status_mut() = status;
    open_to_all(response.headers_mut());
    response
}

/// A message of an API.
pub fn json(message: String) -> Response<Content> {
    let mut response = Response::new(Content(Some(message.into())));
    let headers = response.headers_mut();
    open_to_all(headers);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// A refusal of what never reached the API itself.
pub fn refusal(code: u16, reason: &str) -> Response<Content> {
    json(format!(r#"{{"janus":"error","error":{{"code":{code},"reason":"{reason}"}}}}"#))
}

/// What any request gets whose method the API has not. A preflight (Fetch standard, section 4.8) is one.
pub fn other_method(request: &Request<Incoming>) -> Response<Content> {
    if request.method() != Method::OPTIONS {
        // Methods are tokens (RFC 9110 section 9.1): nothing in them needs an escape in JSON.
        return refusal(450, &format!("Unsupported method {}", request.method()));
    }
    bare(StatusCode::OK)
}

/// What the headers of a request ask to be allowed: all of it is, whatever the method, as with Janus.
pub fn allowances(request: &HeaderMap) -> HeaderMap {
    let mut allowed = HeaderMap::new();
    for (asked, name) in [
        (header::ACCESS_CONTROL_REQUEST_METHOD, header::ACCESS_CONTROL_ALLOW_METHODS),
        (header::ACCESS_CONTROL_REQUEST_HEADERS, header::ACCESS_CONTROL_ALLOW_HEADERS),
    ] {
        if let Some(value) = request.get(asked) {
            allowed.insert(name, value.clone());
        }
    }
    allowed
}

/// The segments of `path` below `base` in letters of any size, the last one without its slash; `None` if it is not
/// below it.
pub fn segments<'p>(path: &'p str, base: &str) -> Option<Vec<&'p str>> {
    let (first, below) = path.split_at_checked(base.len())?;
    if !first.eq_ignore_ascii_case(base) {
        return None;
    }
    if !below.is_empty() && !below.starts_with('/') {
        return None;
    }
    let below = below.trim_matches('/');
    Some(if below.is_empty() { Vec::new() } else { below.split('/').take(SEGMENTS).collect() })
}

/// More segments than any path has.
const SEGMENTS: usize = 4;

/// The body of `request`, of at most `most` bytes; nothing if it is longer or breaks off.
pub async fn body(request: Request<Incoming>, most: usize) -> Option<Vec<u8>> {
    let mut body = pin!(request.into_body());
    if body.size_hint().lower() > most as u64 {
        return None;
    }
    let mut bytes = Vec::new();
    while let Some(frame) = poll_fn(|context| body.as_mut().poll_frame(context)).await {
        // Trailers say nothing here.
        let Ok(data) = frame.ok()?.into_data() else { continue };
        if bytes.len() + data.len() > most {
            return None;
        }
        bytes.extend_from_slice(&data);
    }
    Some(bytes)
}

/// Whether a header's list has `token`, in letters of any size.
pub fn has_token(headers: &HeaderMap, name: HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|word| word.trim().eq_ignore_ascii_case(token))
}

/// The host that `request` was sent to, without its port.
pub fn host<B>(request: &Request<B>) -> Option<String> {
    let authority = request.headers().get(header::HOST)?.to_str().ok()?.parse::<Authority>().ok()?;
    Some(authority.host().to_owned()).filter(|host| !host.is_empty())
}

/// Any page may use an API, as with Janus.
fn open_to_all(headers: &mut HeaderMap) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
}

impl Body for Content {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.as_ref().map_or(0, Bytes::len) as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_cut_at_its_slashes() {
        let cases: [(&str, Option<&[&str]>); 9] = [
            ("/janus", Some(&[])),
            ("/Janus/x", Some(&["x"])),
            ("/janus/", Some(&[])),
            ("/janus/5", Some(&["5"])),
            ("/janus/5/", Some(&["5"])),
            ("/janus/5/6", Some(&["5", "6"])),
            ("/janusx", None),
            ("//janus", None),
            ("/", None),
        ];
        for (path, expected) in cases {
            assert_eq!(segments(path, "/janus").as_deref(), expected, "{path}");
        }
        assert_eq!(segments(&"/x".repeat(10_000), "/x").map(|segments| segments.len()), Some(SEGMENTS));
    }
}
