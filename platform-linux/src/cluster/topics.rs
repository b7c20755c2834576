//! The names of topics: where a box says something, and what a topic that something came by is about.

use parlor_core::room::Name;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// The version of what boxes say to each other: those of another one do not hear it.
const VERSION: u32 = 1;

/// A publisher of another box: which box, in which of its lives, and the publisher's number there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FeedKey {
    pub(super) owner: String,
    pub(super) instance: String,
    pub(super) number: u64,
}

/// The topics of one cluster, as one box sees them.
pub(super) struct Topics {
    prefix: String,
    own: String,
}

/// What came by a topic.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Topic<'a> {
    /// A box says that it is there.
    Box(&'a str),
    /// A publisher in a room, whose name is [`written`].
    Publisher(&'a str, FeedKey),
    /// What a box wants of this one.
    Wants(&'a str),
}

impl Topics {
    /// Those that begin with `topic`, for the box `own`.
    pub(super) fn new(topic: &str, own: &str) -> Self {
        Self { prefix: format!("{topic}/{VERSION}"), own: own.into() }
    }

    /// The name of this box.
    pub(super) fn own(&self) -> &str {
        &self.own
    }

    /// Where this box says that it is there.
    pub(super) fn presence(&self) -> String {
        format!("{}/box/{}", self.prefix, self.own)
    }

    /// Where this box tells of a publisher of its own.
    pub(super) fn publisher(&self, room: Name, instance: &str, number: u64) -> String {
        format!("{}/room/{}/{}/{instance}.{number}", self.prefix, written(room), self.own)
    }

    /// Where this box says what it wants of `owner`.
    pub(super) fn wants_of(&self, owner: &str) -> String {
        format!("{}/want/{owner}/{}", self.prefix, self.own)
    }

    /// What is heard whatever rooms there are: who is there, and what they want.
    pub(super) fn always(&self) -> [String; 2] {
        [format!("{}/box/+", self.prefix), format!("{}/want/{}/+", self.prefix, self.own)]
    }

    /// What is heard of a room.
    pub(super) fn of_room(&self, room: Name) -> String {
        format!("{}/room/{}/+/+", self.prefix, written(room))
    }

    /// What `topic` is about; nothing if it is none of ours.
    pub(super) fn read<'a>(&self, topic: &'a str) -> Option<Topic<'a>> {
        let mut parts = topic.strip_prefix(&self.prefix)?.strip_prefix('/')?.split('/');
        let (kind, first) = (parts.next()?, parts.next()?);
        let read = match (kind, parts.next(), parts.next(), parts.next()) {
            ("box", None, ..) if super::is_name(first) => Topic::Box(first),
            ("want", Some(from), None, _) if first == self.own && super::is_name(from) => Topic::Wants(from),
            ("room", Some(owner), Some(key), None) if super::is_name(owner) => {
                let (instance, number) = key.split_once('.')?;
                let number = number.parse().ok()?;
                if !is_instance(instance) {
                    return None;
                }
                Topic::Publisher(first, FeedKey { owner: owner.into(), instance: instance.into(), number })
            }
            _ => return None,
        };
        Some(read)
    }
}

/// A room's name as a level of a topic.
pub(super) fn written(room: Name) -> String {
    utf8_percent_encode(&room.written(), NON_ALPHANUMERIC).to_string()
}

/// Whether a life of a box can be called so.
pub(super) fn is_instance(text: &str) -> bool {
    text.len() == 16 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    const INSTANCE: &str = "0123456789abcdef";

    #[test]
    fn what_is_said_is_understood() {
        let (a, b) = (Topics::new("site/parlor", "a"), Topics::new("site/parlor", "b"));
        assert_eq!(b.read(&a.presence()), Some(Topic::Box("a")));
        assert_eq!(b.read(&a.wants_of("b")), Some(Topic::Wants("a")));
        assert_eq!(a.read(&a.wants_of("b")), None, "what others are asked for is not for us");
        let room = Name::text("a/b +#").unwrap();
        let key = FeedKey { owner: "a".into(), instance: INSTANCE.into(), number: 7 };
        let topic = a.publisher(room, INSTANCE, 7);
        assert_eq!(b.read(&topic), Some(Topic::Publisher(&written(room), key)));
        assert_eq!(topic.matches('/').count(), b.of_room(room).matches('/').count(), "{topic}");
        assert_eq!(written(Name::Number(12)), written(Name::text("12").unwrap()));
    }

    #[test]
    fn what_is_of_another_kind_or_version_is_not() {
        let topics = Topics::new("parlor", "a");
        for topic in [
            "",
            "parlor",
            "parlor/1",
            "parlor/2/box/b",
            "parlor/1/box",
            "parlor/1/box/b/c",
            "parlor/1/box/b c",
            "other/1/box/b",
            "parlor/1/room/1/b",
            "parlor/1/room/1/b/0123456789abcdef",
            "parlor/1/room/1/b/x.7",
            "parlor/1/room/1/b/0123456789abcdef.x",
            "parlor/1/want/b/c",
            "parlor/1/thing/b",
        ] {
            assert_eq!(topics.read(topic), None, "{topic}");
        }
    }
}
