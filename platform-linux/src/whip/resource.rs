//! What a URL names.

use std::borrow::Cow;

use form_urlencoded::parse;
use hyper::StatusCode;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::problem::Problem;
use crate::answer;

/// Whether somebody publishes or watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Publish,
    Watch,
}

impl Purpose {
    /// What its paths begin with.
    pub(super) const fn base(self) -> &'static str {
        match self {
            Self::Publish => "/whip",
            Self::Watch => "/whep",
        }
    }
}

/// What a path names.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Resource<'p> {
    /// Where sessions are made: a room, and who is meant there.
    Endpoint { purpose: Purpose, room: &'p str, feed: Option<&'p str> },
    /// A session.
    Session(&'p str),
}

impl<'p> Resource<'p> {
    /// What `path` names, if it is one of these.
    pub(super) fn of(path: &'p str) -> Option<Self> {
        let below = |purpose: Purpose| Some((purpose, answer::segments(path, purpose.base())?));
        let (purpose, segments) = below(Purpose::Publish).or_else(|| below(Purpose::Watch))?;
        match segments[..] {
            [room] => Some(Self::Endpoint { purpose, room, feed: None }),
            [room, feed] => Some(Self::Endpoint { purpose, room, feed: Some(feed) }),
            [_, _, key] => Some(Self::Session(key)),
            _ => None,
        }
    }
}

/// A name as requests tell it: a text where names are texts, else a number.
pub(super) fn name(segment: &str, are_texts: bool) -> Result<Value, Problem> {
    let unknown =
        || Problem::new(StatusCode::NOT_FOUND, format!("Rooms and people have numbers here, not '{segment}'"));
    let text = percent_decode_str(segment).decode_utf8().map_err(|_| unknown())?;
    match are_texts {
        true => Ok(text.into_owned().into()),
        false => text.parse::<u64>().map(Value::from).map_err(|_| unknown()),
    }
}

/// The value that a query gives to `key`.
pub(super) fn queried<'q>(query: Option<&'q str>, key: &str) -> Option<Cow<'q, str>> {
    parse(query?.as_bytes()).find(|(known, _)| known == key).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_a_room_somebody_or_a_session() {
        let endpoint = |purpose, room, feed| Some(Resource::Endpoint { purpose, room, feed });
        assert_eq!(Resource::of("/whip/1234"), endpoint(Purpose::Publish, "1234", None));
        assert_eq!(Resource::of("/whep/1234/5/"), endpoint(Purpose::Watch, "1234", Some("5")));
        assert_eq!(Resource::of("/whep/1234/5/k"), Some(Resource::Session("k")));
        for path in ["/whip", "/whip/", "/whipped/1", "/whip/1/2/3/4", "/"] {
            assert_eq!(Resource::of(path), None, "{path}");
        }
    }

    #[test]
    fn a_name_is_a_number_or_a_text() {
        assert_eq!(name("12", false).unwrap(), 12);
        assert_eq!(name("my%20room", true).unwrap(), "my room");
        for wrong in ["room", "-1", "1.5", "%ff"] {
            assert_eq!(name(wrong, false).unwrap_err().status, StatusCode::NOT_FOUND, "{wrong}");
        }
    }
}
