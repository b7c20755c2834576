//! Fragments of descriptions that carry candidates or new ICE credentials (RFC 8840).

use std::fmt::Write;

use hyper::StatusCode;
use serde_json::{Value, json};

use super::problem::Problem;

/// The media type of a fragment.
pub(super) const MEDIA_TYPE: &str = "application/trickle-ice-sdpfrag";

/// The most candidates of a fragment that are handed on.
const CANDIDATES: usize = 64;

/// What a client's fragment says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fragment {
    /// Its `ice-ufrag` and `ice-pwd`.
    pub(super) credentials: Option<(String, String)>,
    /// Candidates, as Janus' `trickle` takes them; the end of them comes last.
    pub(super) candidates: Vec<Value>,
}

impl Fragment {
    /// Reads a fragment.
    pub(super) fn read(text: &str) -> Result<Self, Problem> {
        let malformed = || Problem::new(StatusCode::BAD_REQUEST, "This is no fragment of a session description");
        let mut mid = "";
        let mut fragment = Self { credentials: credentials(text), candidates: Vec::new() };
        for line in text.lines().map(str::trim_end).filter(|line| !line.is_empty()) {
            let (kind, value) = line.split_once('=').ok_or_else(malformed)?;
            if kind.len() != 1 {
                return Err(malformed());
            }
            let (name, value) = value.split_once(':').unwrap_or((value, ""));
            match (kind, name) {
                ("m", _) => mid = "",
                ("a", "mid") => mid = value,
                ("a", "candidate") if fragment.candidates.len() < CANDIDATES => {
                    let candidate = format!("candidate:{value}");
                    fragment.candidates.push(json!({ "sdpMid": mid, "sdpMLineIndex": 0, "candidate": candidate }));
                }
                ("a", "end-of-candidates") => fragment.candidates.push(json!({ "completed": true })),
                _ => {}
            }
        }
        if fragment.credentials.is_none() && fragment.candidates.is_empty() {
            return Err(malformed());
        }
        Ok(fragment)
    }
}

/// Our end after ICE began anew: what `description` of ours says about it, about the m-line called `mid`.
pub(super) fn write(description: &str, mid: &str) -> String {
    let line = |name: &str| description.lines().map(str::trim_end).find(|line| line.starts_with(name));
    let mut text = format!("a=ice-lite\r\na=ice-options:trickle\r\nm=audio 9 UDP/TLS/RTP/SAVPF 0\r\na=mid:{mid}\r\n");
    for found in [line("a=ice-ufrag:"), line("a=ice-pwd:")].into_iter().flatten() {
        // Strings take everything.
        let _ = write!(text, "{found}\r\n");
    }
    let mut known: Vec<&str> = Vec::new();
    for candidate in description.lines().map(str::trim_end).filter(|line| line.starts_with("a=candidate:")) {
        // Each m-line repeats them.
        if !known.contains(&candidate) {
            known.push(candidate);
            let _ = write!(text, "{candidate}\r\n");
        }
    }
    text.push_str("a=end-of-candidates\r\n");
    text
}

/// The first ICE credentials that `text` tells: a name and a password.
pub(super) fn credentials(text: &str) -> Option<(String, String)> {
    let value = |name| text.lines().find_map(|line| line.strip_prefix(name)).map(|value| value.trim_end().to_owned());
    Some((value("a=ice-ufrag:")?, value("a=ice-pwd:")?))
}

/// `description` with other ICE credentials.
pub(super) fn renamed(description: &str, (ufrag, password): &(String, String)) -> String {
    let mut text = String::with_capacity(description.len());
    for line in description.lines() {
        if line.starts_with("a=ice-ufrag:") {
            text.push_str("a=ice-ufrag:");
            text.push_str(ufrag);
        } else if line.starts_with("a=ice-pwd:") {
            text.push_str("a=ice-pwd:");
            text.push_str(password);
        } else {
            text.push_str(line);
        }
        text.push_str("\r\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn candidates_and_credentials_are_read() {
        let text = "a=ice-ufrag:abcd\r\na=ice-pwd:secret\r\nm=audio 9 RTP/AVP 0\r\na=mid:x\r\n\
                    a=candidate:1 1 udp 1 192.0.2.1 5000 typ host\r\na=end-of-candidates\r\n";
        let fragment = Fragment::read(text).unwrap();
        assert_eq!(fragment.credentials, Some(("abcd".into(), "secret".into())));
        let candidate = "candidate:1 1 udp 1 192.0.2.1 5000 typ host";
        let expected =
            [json!({ "sdpMid": "x", "sdpMLineIndex": 0, "candidate": candidate }), json!({ "completed": true })];
        assert_eq!(fragment.candidates, expected);
    }

    #[test]
    fn what_is_no_fragment_is_refused() {
        for text in ["", "hello", "a=ice-ufrag:abcd\r\n", "m=audio 9 RTP/AVP 0\r\na=mid:0\r\n", "aa=candidate:1\r\n"] {
            assert!(Fragment::read(text).is_err(), "{text}");
        }
        let many = "a=candidate:1 1 udp 1 192.0.2.1 5000 typ host\r\n".repeat(1000);
        assert_eq!(Fragment::read(&many).unwrap().candidates.len(), CANDIDATES);
    }

    #[test]
    fn ours_is_told_once() {
        let section = "a=ice-ufrag:a\r\na=ice-pwd:b\r\na=candidate:1 1 udp 1 192.0.2.1 7000 typ host\r\n";
        let told = write(&section.repeat(2), "5");
        assert_eq!(told.matches("a=candidate").count(), 1);
        assert!(told.contains("a=mid:5\r\na=ice-ufrag:a\r\na=ice-pwd:b\r\n"), "{told}");
        let renamed = renamed(section, &("c".into(), "d".into()));
        assert!(renamed.starts_with("a=ice-ufrag:c\r\na=ice-pwd:d\r\na=candidate"), "{renamed}");
    }
}
