//! Where a message came from: which transport, which connection, and what its path names.

use super::error::{Refusal, core_error, refuse};
use super::json::Value;
use crate::id::ConnectionId;

/// What carried a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Transport {
    /// A WebSocket.
    #[default]
    WebSocket,
    /// An HTTP request.
    Http,
    /// A Unix socket.
    Unix,
}

impl Transport {
    /// Its name in Janus.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::WebSocket => "janus.transport.websockets",
            Self::Http => "janus.transport.http",
            Self::Unix => "janus.transport.pfunix",
        }
    }
}

/// A connection of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Its name.
    pub connection: ConnectionId,
    /// What carries it.
    pub transport: Transport,
    /// Whether it is an administrator's.
    pub is_administrator: bool,
}

/// Where a message came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin {
    /// Where its reply goes.
    pub connection: ConnectionId,
    /// What carried it.
    pub transport: Transport,
    /// The session that its path names; 0 for a segment that is no number.
    session: Option<u64>,
    /// The handle that its path names.
    handle: Option<u64>,
}

impl Origin {
    /// A message of `connection`, which names session and handle itself.
    pub const fn new(connection: ConnectionId, transport: Transport) -> Self {
        Self { connection, transport, session: None, handle: None }
    }

    /// The same with the segments of a path that name session and handle.
    pub fn at(self, session: Option<&str>, handle: Option<&str>) -> Self {
        Self { session: session.map(number), handle: handle.map(number), ..self }
    }

    /// The session that a message with this body is about, as it was said; `None` for what Janus takes for absent.
    pub(super) fn session(&self, body: Value<'_>) -> Result<Option<i64>, Refusal> {
        let said = body.get("session_id").and_then(Value::integer).filter(|number| *number != 0);
        match self.session {
            Some(path) if said.is_some_and(|said| said as u64 != path) => Err(conflict("session")),
            Some(path) => Ok(Some(path as i64).filter(|number| *number != 0)),
            None => Ok(said),
        }
    }

    /// The handle that a message with this body is about: whether there is one, and its number if it can be one.
    pub(super) fn handle(&self, body: Value<'_>) -> Result<Option<Option<u64>>, Refusal> {
        let said = body.get("handle_id").filter(|value| value.kind() != super::json::Kind::Null).map(|value| {
            // Janus reads a negative number as a huge one.
            value.integer().filter(|number| *number != 0).map(|number| number as u64)
        });
        match self.handle {
            Some(path) if said.flatten().is_some_and(|said| said != path) => Err(conflict("handle")),
            Some(0) => Ok(None),
            Some(path) => Ok(Some(Some(path))),
            None => Ok(said),
        }
    }
}

impl From<ConnectionId> for Origin {
    fn from(connection: ConnectionId) -> Self {
        Self::new(connection, Transport::WebSocket)
    }
}

fn conflict(what: &'static str) -> Refusal {
    refuse!(core_error::INVALID_PATH, "path", "Conflicting {what} ID (payload and path)")
}

/// The number that a path's segment begins with, as C's `strtoull` reads it: 0 if it is none, the greatest if it is
/// greater.
pub(super) fn number(segment: &str) -> u64 {
    let segment = segment.trim_start();
    let (is_negative, digits) = match segment.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, segment.strip_prefix('+').unwrap_or(segment)),
    };
    let mut digits = digits.bytes().take_while(u8::is_ascii_digit);
    let number = digits.try_fold(0_u64, |sum, digit| sum.checked_mul(10)?.checked_add(u64::from(digit - b'0')));
    match number {
        Some(number) if is_negative => number.wrapping_neg(),
        Some(number) => number,
        None => u64::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::json::parse;

    #[test]
    fn a_segment_is_the_number_that_it_begins_with() {
        let cases =
            [("12", 12), ("12abc", 12), ("abc", 0), ("", 0), ("-1", u64::MAX), ("18446744073709551616", u64::MAX)];
        for (segment, expected) in cases {
            assert_eq!(number(segment), expected, "{segment}");
        }
    }

    #[test]
    fn path_and_message_name_the_same_session_and_handle() {
        let origin = Origin::from(ConnectionId::new(0, 0)).at(Some("5"), Some("6"));
        let numbers = |text: &str| {
            let body = parse(text.as_bytes()).unwrap();
            (origin.session(body).map_err(|why| why.code), origin.handle(body).map_err(|why| why.code))
        };
        for text in ["{}", r#"{"session_id":5,"handle_id":6}"#, r#"{"session_id":"x","handle_id":null}"#] {
            assert_eq!(numbers(text), (Ok(Some(5)), Ok(Some(Some(6)))), "{text}");
        }
        assert_eq!(numbers(r#"{"session_id":7,"handle_id":8}"#), (Err(457), Err(457)));
        let nothing = origin.at(Some("x"), Some("y"));
        let body = parse(b"{}").unwrap();
        assert_eq!((nothing.session(body), nothing.handle(body)), (Ok(None), Ok(None)));
    }
}
