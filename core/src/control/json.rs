//! JSON as a checked, borrowed view. One pass proves a text (RFC 8259) with its depth bounded; what follows cannot
//! fail.
//!
//! Janus says which field is wrong and with which number, also where a value has any other type. A derived
//! `Deserialize` can say neither, so requests are read through this view and become typed after.

mod scanner;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};

use scanner::{Scanner, escape};

/// The most nested arrays and objects that are accepted.
pub(crate) const DEPTH: usize = 16;

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool,
    /// A number without fraction and exponent.
    Integer,
    /// Any other number.
    Real,
    /// A string.
    Text,
    /// `[...]`.
    Array,
    /// `{...}`.
    Object,
}

/// A proved value: its text, without spaces around it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Value<'a>(&'a str);

/// The text is no JSON, is too deep, or is no array or object; at which byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    /// Where.
    pub(crate) at: usize,
}

/// Proves `text`, which must be one array or object.
pub(crate) fn parse(text: &[u8]) -> Result<Value<'_>, Malformed> {
    match first(text)? {
        (value, b"") => Ok(value),
        (_, rest) => Err(Malformed { at: text.len() - rest.len() }),
    }
}

/// Proves the array or object that `text` begins with; beside it what follows, without spaces before it.
pub(crate) fn first(text: &[u8]) -> Result<(Value<'_>, &[u8]), Malformed> {
    let text = core::str::from_utf8(text).map_err(|error| Malformed { at: error.valid_up_to() })?;
    let mut scanner = Scanner { text, at: 0 };
    scanner.spaces();
    let start = scanner.at;
    if !matches!(scanner.peek(), Some(b'{' | b'[')) {
        return Err(Malformed { at: start });
    }
    scanner.value().ok_or(Malformed { at: scanner.at })?;
    let end = scanner.at;
    scanner.spaces();
    Ok((Value(&text[start..end]), &text.as_bytes()[scanner.at..]))
}

impl<'a> Value<'a> {
    /// An object without members.
    pub(crate) const EMPTY: Value<'static> = Value("{}");

    /// What it is.
    pub(crate) fn kind(self) -> Kind {
        match self.0.as_bytes()[0] {
            b'n' => Kind::Null,
            b't' | b'f' => Kind::Bool,
            b'"' => Kind::Text,
            b'[' => Kind::Array,
            b'{' => Kind::Object,
            _ if self.0.contains(['.', 'e', 'E']) => Kind::Real,
            _ => Kind::Integer,
        }
    }

    /// Its text, if it is a bounded one.
    pub(crate) fn raw<const N: usize>(self) -> Option<heapless::String<N>> {
        heapless::String::try_from(self.0).ok()
    }

    /// The member `name` of an object; the last one if there are several.
    pub(crate) fn get(self, name: &str) -> Option<Self> {
        self.members().filter(|(key, _)| key.is(name)).last().map(|(_, value)| value)
    }

    /// The members of an object; nothing of anything else.
    pub(crate) fn members(self) -> impl Iterator<Item = (Text<'a>, Self)> {
        let mut parts = self.parts(Kind::Object);
        core::iter::from_fn(move || {
            let key = parts.next()?.text()?;
            Some((key, parts.next()?))
        })
    }

    /// The elements of an array; nothing of anything else.
    pub(crate) fn elements(self) -> impl Iterator<Item = Self> {
        self.parts(Kind::Array)
    }

    /// A string's content.
    pub(crate) fn text(self) -> Option<Text<'a>> {
        (self.kind() == Kind::Text).then(|| Text(&self.0[1..self.0.len() - 1]))
    }

    /// A boolean.
    pub(crate) fn bool(self) -> Option<bool> {
        (self.kind() == Kind::Bool).then_some(self.0 == "true")
    }

    /// An integer, which the scan proved to fit.
    pub(crate) fn integer(self) -> Option<i64> {
        if self.kind() != Kind::Integer {
            return None;
        }
        self.0.parse().ok()
    }

    /// The values in an array or object, keys of an object among them.
    fn parts(self, kind: Kind) -> impl Iterator<Item = Value<'a>> {
        let whole = self.0;
        let mut scanner = Scanner { text: whole, at: 1 };
        let open = self.kind() == kind;
        core::iter::from_fn(move || {
            if !open {
                return None;
            }
            while matches!(scanner.peek(), Some(b',' | b':' | b' ' | b'\t' | b'\r' | b'\n')) {
                scanner.at += 1;
            }
            let start = scanner.at;
            if matches!(scanner.peek(), None | Some(b'}' | b']')) {
                return None;
            }
            scanner.value()?;
            Some(Value(&whole[start..scanner.at]))
        })
    }
}

impl Serialize for Value<'_> {
    /// Writes it as what it means: escapes may look different, and of a number with a fraction the last digits.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.kind() {
            Kind::Null => serializer.serialize_unit(),
            Kind::Bool => serializer.serialize_bool(self.bool() == Some(true)),
            Kind::Integer => serializer.serialize_i64(self.integer().unwrap_or_default()),
            Kind::Real => serializer.serialize_f64(self.0.parse().unwrap_or_default()),
            Kind::Text => match self.text() {
                Some(text) => serializer.collect_str(&text),
                None => serializer.serialize_unit(),
            },
            Kind::Array => {
                let mut list = serializer.serialize_seq(None)?;
                self.elements().try_for_each(|element| list.serialize_element(&element))?;
                list.end()
            }
            Kind::Object => {
                let mut map = serializer.serialize_map(None)?;
                self.members().try_for_each(|(name, value)| map.serialize_entry(&Shown(name), &value))?;
                map.end()
            }
        }
    }
}

/// A name in an object on its way out.
struct Shown<'a>(Text<'a>);

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl core::fmt::Display for Text<'_> {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let mut result = Ok(());
        self.pieces(|piece| {
            result = formatter.write_str(piece);
            result.is_ok()
        });
        result
    }
}

/// A string as it was written, with its escapes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text<'a>(&'a str);

impl<'a> Text<'a> {
    /// Whether its content is `other`.
    pub(crate) fn is(self, other: &str) -> bool {
        let mut rest = other;
        let same = self.pieces(|piece| match rest.strip_prefix(piece) {
            Some(after) => {
                rest = after;
                true
            }
            None => false,
        });
        same && rest.is_empty()
    }

    /// Whether its content is `other` but for the case of ASCII letters.
    pub(crate) fn is_any_case(self, other: &str) -> bool {
        self.0.eq_ignore_ascii_case(other)
    }

    /// Its content in `room`; `None` if it does not fit, or holds a lone half of a surrogate pair or a NUL.
    pub(crate) fn copy(self, room: &mut [u8]) -> Option<&str> {
        let mut len = 0;
        let fits = self.pieces(|piece| match room.get_mut(len..len + piece.len()) {
            Some(place) if !piece.contains('\0') => {
                place.copy_from_slice(piece.as_bytes());
                len += piece.len();
                true
            }
            _ => false,
        });
        if fits { core::str::from_utf8(&room[..len]).ok() } else { None }
    }

    /// Its content as a bounded string.
    pub(crate) fn string<const N: usize>(self) -> Option<heapless::String<N>> {
        let mut string = heapless::String::new();
        self.pieces(|piece| !piece.contains('\0') && string.push_str(piece).is_ok()).then_some(string)
    }

    /// The text between the quotes, escapes and all: for a message that cites it.
    pub(crate) fn raw(self) -> &'a str {
        self.0
    }

    /// Gives the content piece by piece until `each` says false; false if it did or an escape is wrong.
    fn pieces(self, mut each: impl FnMut(&str) -> bool) -> bool {
        let mut rest = self.0;
        while let Some(at) = rest.find('\\') {
            let Some((letter, len)) = escape(&rest[at..]) else { return false };
            if (at > 0 && !each(&rest[..at])) || !each(letter.encode_utf8(&mut [0; 4])) {
                return false;
            }
            rest = &rest[at + len..];
        }
        rest.is_empty() || each(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::string::{String, ToString};
    use std::vec::Vec;

    fn content(text: &str) -> Option<String> {
        let whole = std::format!("[{text}]");
        let value = parse(whole.as_bytes()).ok()?.elements().next()?;
        value.text()?.copy(&mut [0; 64]).map(ToString::to_string)
    }

    #[test]
    fn members_are_found_whatever_their_type() {
        let value = parse(br#" {"a":1, "b" : [true,null,{"c":"d"}], "e":-2.5e3, "a\u0062":"x"} "#).unwrap();
        assert_eq!(value.get("a").unwrap().integer(), Some(1));
        let kinds: Vec<Kind> = value.get("b").unwrap().elements().map(Value::kind).collect();
        assert_eq!(kinds, [Kind::Bool, Kind::Null, Kind::Object]);
        assert_eq!(value.get("e").unwrap().kind(), Kind::Real);
        assert!(value.get("ab").unwrap().text().unwrap().is("x"));
        assert!(value.get("c").is_none());
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for text in [
            "",
            "5",
            "\"x\"",
            "{",
            "{\"a\"}",
            "{\"a\":}",
            "[1,]",
            "[01]",
            "[1] 2",
            "[\"\\x\"]",
            "[1}",
            "{]",
            "[\"\n\"]",
        ] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(parse(b"[\xff]").is_err());
        assert!(parse(b"[9223372036854775808]").is_err());
        assert!(parse(b"[1e400]").is_err());
        assert!(parse(b"[1e-400]").is_ok());
    }

    #[test]
    fn several_are_read_one_after_the_other() {
        let (one, rest) = first(b" {\"a\":1} \n[2] ").unwrap();
        assert_eq!((one.get("a").unwrap().integer(), rest), (Some(1), &b"[2] "[..]));
        let (two, rest) = first(rest).unwrap();
        assert_eq!((two.elements().count(), rest), (1, &b""[..]));
        assert_eq!(parse(b"{} {}").unwrap_err(), Malformed { at: 3 });
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(parse(nested(DEPTH).as_bytes()).is_ok());
        assert!(parse(nested(DEPTH + 1).as_bytes()).is_err());
        assert!(parse("[".repeat(1_000_000).as_bytes()).is_err());
    }

    #[test]
    fn strings_are_unescaped() {
        assert_eq!(content(r#""a\r\n\"\\\/\u00e9\ud83d\ude00""#).as_deref(), Some("a\r\n\"\\/é😀"));
        for text in [r#""\ud83d""#, r#""\ud83d\ud83d""#, r#""\ude00""#, r#""\u+123""#, r#""\u12""#] {
            assert_eq!(content(text), None, "{text}");
        }
        assert_eq!(content(r#""\u0000""#), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = parse(&bytes).map(|value| value.members().count() + value.elements().count());
        }

        #[test]
        fn any_string_comes_back(text in "\\PC{0,16}") {
            let mut room = [0; 512];
            let len = serde_json_core::to_slice(text.as_str(), &mut room).unwrap();
            let written = core::str::from_utf8(&room[..len]).unwrap();
            prop_assert_eq!(content(written), Some(text));
        }
    }
}
