//! A client of WHIP and WHEP: an offer by POST, candidates and ICE restarts by PATCH, the end by DELETE.

use crate::{Result, http};

/// The media type of descriptions.
const SDP: &str = "application/sdp";
/// The media type of fragments.
const FRAGMENT: &str = "application/trickle-ice-sdpfrag";

/// A session that was made.
#[derive(Debug)]
pub struct Session {
    server: String,
    /// Its path.
    pub location: String,
    /// What names its state.
    pub tag: String,
    /// The answer.
    pub answer: String,
}

/// Posts `offer` to a path of `server` with a bearer token; a refusal gives its status and its text.
pub fn post(server: &str, path: &str, token: &str, offer: &str) -> Result<std::result::Result<Session, (u16, String)>> {
    let head = format!("POST {path} HTTP/1.1\r\nAuthorization: Bearer {token}\r\nContent-Type: {SDP}\r\n");
    let answered = http::exchange_body(server, &head, offer)?;
    if answered.status != 201 {
        return Ok(Err((answered.status, answered.body)));
    }
    let header = |name: &str| answered.header(name).ok_or_else(|| format!("no {name}: {}", answered.head));
    let (location, tag) = (header("location")?, header("etag")?);
    Ok(Ok(Session { server: server.into(), location, tag, answer: answered.body }))
}

impl Session {
    /// Sends a fragment for the state `tag`; gives the status and what came.
    pub fn patch(&mut self, tag: &str, fragment: &str) -> Result<(u16, String)> {
        let path = &self.location;
        let head = format!("PATCH {path} HTTP/1.1\r\nIf-Match: {tag}\r\nContent-Type: {FRAGMENT}\r\n");
        let answered = http::exchange_body(&self.server, &head, fragment)?;
        if let Some(tag) = answered.header("etag") {
            self.tag = tag;
        }
        Ok((answered.status, answered.body))
    }

    /// Ends it; gives the status.
    pub fn delete(&self) -> Result<u16> {
        Ok(http::exchange_body(&self.server, &format!("DELETE {} HTTP/1.1\r\n", self.location), "")?.status)
    }
}
