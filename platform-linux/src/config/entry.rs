//! One value of a configuration on its way to its setting.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::rc::Rc;

use toml::de::DeValue;

use super::refusal::{Place, Refusal};

/// What can be written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Datum {
    Text(String),
    Integer(i64),
    Boolean(bool),
    List(Vec<Datum>),
    /// What no setting takes: a number with a fraction, a date, a table.
    Other(&'static str),
}

/// A key, its value, and where both were written.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) key: String,
    pub(crate) place: Place,
    pub(crate) datum: Datum,
    /// The value letter by letter, if it came by `--set`, where text needs no quotes, or from Janus, to which every
    /// value is text.
    pub(crate) bare: Option<Rc<str>>,
}

impl Entry {
    /// The value of `--set key=value`.
    pub(crate) fn bare(key: &str, value: &str) -> Self {
        let option: Rc<str> = format!("{key}={value}").into();
        Self { key: key.into(), place: Place::Option(option), datum: Datum::bare(value), bare: Some(value.into()) }
    }

    /// The same value under another key.
    pub(crate) fn named(&self, key: &str) -> Self {
        Self { key: key.into(), ..self.clone() }
    }

    /// Another value under another key, at the same place.
    pub(crate) fn with(&self, key: &str, value: &str) -> Self {
        Self { place: self.place.clone(), ..Self::bare(key, value) }
    }

    /// Whether it switches something off.
    pub(crate) fn is_off(&self) -> bool {
        matches!(self.boolean(), Ok(false)) || self.bare.as_deref() == Some("")
    }

    /// What to answer when the value is not `allowed`.
    pub(crate) fn refuse(&self, allowed: &str) -> Refusal {
        self.refusal(format!("{} is not allowed; allowed is {allowed}", self.datum.shown()))
    }

    /// What to answer when something else is wrong.
    pub(crate) fn refusal(&self, problem: String) -> Refusal {
        Refusal { place: self.place.clone(), key: self.key.clone(), problem }
    }

    pub(crate) fn text(&self) -> Result<&str, Refusal> {
        match (&self.datum, &self.bare) {
            (Datum::Text(text), _) => Ok(text),
            (Datum::Integer(_) | Datum::Boolean(_) | Datum::Other(_), Some(bare)) => Ok(bare),
            _ => Err(self.refuse("text")),
        }
    }

    /// Text of at most `most` bytes.
    pub(crate) fn short_text(&self, most: usize) -> Result<&str, Refusal> {
        match self.text()? {
            text if text.len() <= most => Ok(text),
            text => Err(self.refusal(format!("a text of {} bytes is too long; allowed are {most}", text.len()))),
        }
    }

    /// A whole number of `range`.
    pub(crate) fn integer(&self, range: RangeInclusive<u64>) -> Result<u64, Refusal> {
        let number = match self.datum {
            Datum::Integer(number) => u64::try_from(number).ok().filter(|number| range.contains(number)),
            _ => None,
        };
        let refuse = || self.refuse(&format!("a whole number from {} to {}", range.start(), range.end()));
        number.ok_or_else(refuse)
    }

    pub(crate) fn boolean(&self) -> Result<bool, Refusal> {
        match (&self.datum, self.bare.as_deref()) {
            (Datum::Boolean(value), _) => Ok(*value),
            (_, Some("yes" | "1")) => Ok(true),
            (_, Some("no" | "0")) => Ok(false),
            _ => Err(self.refuse("true or false")),
        }
    }

    /// One of a few words.
    pub(crate) fn choice(&self, words: &[&'static str]) -> Result<&'static str, Refusal> {
        let chosen = |text: &str| words.iter().find(|word| **word == text).copied();
        self.text().ok().and_then(chosen).ok_or_else(|| {
            let names: Vec<String> = words.iter().map(|word| format!("\"{word}\"")).collect();
            self.refuse(&names.join(" or "))
        })
    }

    /// An address to listen on; nothing for `"off"`.
    pub(crate) fn listener(&self) -> Result<Option<SocketAddr>, Refusal> {
        let allowed = "an address and a port such as \"0.0.0.0:8088\" or \"[::]:8088\", or \"off\"";
        match self.text().map_err(|_| self.refuse(allowed))? {
            "off" => Ok(None),
            text => text.parse().map(Some).map_err(|_| self.refuse(allowed)),
        }
    }

    /// The path of an API: it begins with a slash and does not end with one.
    pub(super) fn path(&self) -> Result<String, Refusal> {
        let is_path = |text: &str| text.len() > 1 && text.starts_with('/') && !text.ends_with('/');
        let text = self.text().ok().filter(|text| is_path(text));
        text.map(Into::into).ok_or_else(|| self.refuse("a path such as \"/janus\""))
    }

    /// A text, or a list of them.
    pub(crate) fn texts(&self, allowed: &str) -> Result<Vec<String>, Refusal> {
        match &self.datum {
            Datum::List(list) => list
                .iter()
                .map(|datum| match datum {
                    Datum::Text(text) => Ok(text.clone()),
                    _ => Err(self.refuse(allowed)),
                })
                .collect(),
            _ => self.text().map(|text| vec![text.into()]).map_err(|_| self.refuse(allowed)),
        }
    }
}

impl Datum {
    pub(crate) fn new(value: &DeValue<'_>) -> Self {
        match value {
            DeValue::String(text) => Self::Text(text.to_string()),
            DeValue::Boolean(value) => Self::Boolean(*value),
            DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
                Ok(number) => Self::Integer(number),
                Err(_) => Self::Other("a number of more than 64 bits"),
            },
            DeValue::Array(list) => Self::List(list.iter().map(|value| Self::new(value.get_ref())).collect()),
            DeValue::Float(_) => Self::Other("a number with a fraction"),
            DeValue::Datetime(_) => Self::Other("a date or time"),
            DeValue::Table(_) => Self::Other("a table"),
        }
    }

    /// Text without quotes, or whatever TOML it is.
    fn bare(text: &str) -> Self {
        if let Ok(value) = DeValue::parse(text) {
            return Self::new(value.get_ref());
        }
        match text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
            Some(list) if !list.contains(['[', ']']) => {
                Self::List(list.split(',').map(|part| Self::Text(part.trim().into())).collect())
            }
            _ => Self::Text(text.into()),
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::Text(text) => format!("{text:?}"),
            Self::Integer(number) => number.to_string(),
            Self::Boolean(value) => value.to_string(),
            Self::List(_) => "this list".into(),
            Self::Other(kind) => (*kind).into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_option_needs_no_quotes() {
        assert_eq!(Entry::bare("a", "127.0.0.1:8188").listener().unwrap(), Some("127.0.0.1:8188".parse().unwrap()));
        assert_eq!(Entry::bare("a", "off").listener().unwrap(), None);
        assert_eq!(Entry::bare("a", "12").integer(0..=20).unwrap(), 12);
        assert_eq!(Entry::bare("a", "12").text().unwrap(), "12");
        assert_eq!(Entry::bare("a", "0x10").text().unwrap(), "0x10");
        assert!(Entry::bare("a", "true").boolean().unwrap());
        for list in ["[10.0.0.1, fe80::1]", "[\"10.0.0.1\", \"fe80::1\"]"] {
            assert_eq!(Entry::bare("a", list).texts("").unwrap(), ["10.0.0.1", "fe80::1"]);
        }
    }

    #[test]
    fn a_refusal_names_the_option_the_key_and_what_is_allowed() {
        let refusal = Entry::bare("media.port", "70000").integer(1..=65535).unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "--set media.port=70000: media.port: 70000 is not allowed; allowed is a whole number from 1 to 65535"
        );
    }
}
