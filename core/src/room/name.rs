//! What clients call rooms and participants: by numbers, or by texts where the settings say so.

use core::fmt;

use heapless::String;
use serde::{Serialize, Serializer};

/// The longest text that is a name, in bytes.
pub const NAME_BYTES: usize = 64;

/// The name of a room or of somebody in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Name {
    /// A number; as the name of a room that is to be made, 0 lets Parlor choose.
    Number(u64),
    /// A text.
    Text(NameText),
}

/// A text that is a name; small enough to be handed around.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NameText {
    /// UTF-8; what follows the text is zero.
    bytes: [u8; NAME_BYTES],
    len: u8,
}

impl Name {
    /// The name `text`, unless it is too long.
    pub fn text(text: &str) -> Option<Self> {
        let mut bytes = [0; NAME_BYTES];
        bytes.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        Some(Self::Text(NameText { bytes, len: text.len() as u8 }))
    }

    /// The same name in digits if it is a number.
    pub fn to_text(self) -> Self {
        match self {
            Self::Number(_) => Self::text(&self.written()).unwrap_or(self),
            Self::Text(_) => self,
        }
    }

    /// The same name as a number if it is one in digits.
    pub fn to_number(self) -> Option<u64> {
        match self {
            Self::Number(number) => Some(number),
            Self::Text(text) => text.as_str().parse().ok(),
        }
    }

    /// Whether it names nothing: 0, or a text without letters.
    pub fn is_empty(self) -> bool {
        match self {
            Self::Number(number) => number == 0,
            Self::Text(text) => text.len == 0,
        }
    }

    /// As it is written.
    pub fn written(self) -> String<NAME_BYTES> {
        use fmt::Write;
        let mut written = String::new();
        // Neither a number nor a text is longer.
        let _ = write!(written, "{self}");
        written
    }

    /// As it may stand in a session description: letters, digits and a few signs (RFC 8866 section 9).
    pub fn token(self) -> String<NAME_BYTES> {
        let is_sign = |letter| "!#$%&'*+-.^_`{|}~".contains(letter);
        let allowed = |letter: char| letter.is_ascii_alphanumeric() || is_sign(letter);
        let token: String<NAME_BYTES> =
            self.written().chars().map(|letter| if allowed(letter) { letter } else { '_' }).collect();
        if token.is_empty() { "_".try_into().unwrap_or_default() } else { token }
    }
}

impl NameText {
    /// The text.
    pub fn as_str(&self) -> &str {
        self.bytes.get(..usize::from(self.len)).and_then(|bytes| str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

impl Default for Name {
    fn default() -> Self {
        Self::Number(0)
    }
}

impl From<u64> for Name {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(formatter),
            Self::Text(text) => text.as_str().fmt(formatter),
        }
    }
}

#[cfg(feature = "defmt")]
impl defmt::Format for Name {
    fn format(&self, formatter: defmt::Formatter<'_>) {
        match self {
            Self::Number(number) => defmt::write!(formatter, "{=u64}", number),
            Self::Text(text) => defmt::write!(formatter, "{=str}", text.as_str()),
        }
    }
}

impl fmt::Debug for NameText {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_str().fmt(formatter)
    }
}

impl Serialize for Name {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Number(number) => serializer.serialize_u64(*number),
            Self::Text(text) => serializer.serialize_str(text.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Name {
        Name::text(text).unwrap()
    }

    #[test]
    fn a_number_and_a_text_are_different_names() {
        assert_ne!(Name::Number(7), text("7"));
        assert_eq!(Name::Number(7).to_text(), text("7"));
        assert_eq!((text("7").to_number(), text("x").to_number()), (Some(7), None));
        assert_eq!(text("a\u{e9}").written().as_str(), "a\u{e9}");
        assert_eq!(Name::text(&"x".repeat(NAME_BYTES + 1)), None);
    }

    #[test]
    fn no_name_breaks_a_description() {
        assert_eq!(text("a b\r\nc\u{e9}\u{1f600}").token().as_str(), "a_b__c__");
        assert_eq!(text("").token().as_str(), "_");
        assert_eq!(text(&"\u{1f600}".repeat(16)).token().len(), 16);
    }
}
