//! What was wrong, as HTTP tells it (RFC 9457).

use hyper::header::{self, HeaderValue};
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

use crate::answer::{self, Content};

/// Seconds after which it is worth another try where there is no place now.
const RETRY_AFTER_S: &str = "5";

/// A refusal.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) status: StatusCode,
    detail: String,
    /// Janus' number, if the control half refused.
    code: Option<u64>,
}

impl Problem {
    /// A problem that the control half does not know of.
    pub(super) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), code: None }
    }

    /// What the control half refused: an `error` of Janus' core, or the data of the VideoRoom.
    pub(super) fn of_janus(code: &Value, reason: &Value) -> Self {
        let code = code.as_u64().unwrap_or_default();
        Self { status: status(code), detail: reason.as_str().unwrap_or_default().into(), code: Some(code) }
    }

    /// The session is gone, or never was.
    pub(super) fn gone() -> Self {
        Self::new(StatusCode::NOT_FOUND, "There is no such session")
    }

    /// The control half does not answer.
    pub(super) fn silence() -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "The server is too busy")
    }

    /// The answer.
    pub(super) fn response(&self) -> Response<Content> {
        let title = self.status.canonical_reason().unwrap_or_default();
        let mut body = json!({ "title": title, "status": self.status.as_u16(), "detail": self.detail });
        if let Some(code) = self.code {
            body["janus"] = code.into();
        }
        let mut response = answer::json(body.to_string());
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        match self.status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static(RETRY_AFTER_S));
            }
            _ => {}
        }
        response
    }
}

/// What Janus' numbers are in HTTP.
fn status(code: u64) -> StatusCode {
    match code {
        // A secret, a token or a PIN is missing or wrong.
        403 | 405 | 433 => StatusCode::UNAUTHORIZED,
        // No such room, nobody of that name in it.
        426 | 428 => StatusCode::NOT_FOUND,
        // Somebody has that name, or the handle is taken.
        425 | 436 | 468 => StatusCode::CONFLICT,
        // Too many publishers, a full table, a drain.
        432 | 472 | 490 | 499 => StatusCode::SERVICE_UNAVAILABLE,
        // What none of ours should ever get.
        421..=424 | 453..=460 => StatusCode::INTERNAL_SERVER_ERROR,
        _ => StatusCode::BAD_REQUEST,
    }
}
