//! A setting's place in memory: what may be written to it, and how it is written back as TOML.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;

use heapless::String as ShortString;
use parlor_core::room::{CodecList, NAME_BYTES, NETWORKS, Name, Network, RecordFormat};
use parlor_core::wire::Kind;
use toml::Value;

use super::entry::{Datum, Entry};
use super::refusal::Refusal;
use super::settings::{LogFormat, LogLevel, MetricsPlace, Shards, UnixType};

/// Where a value is kept, and what is allowed there.
pub(super) enum Field<'a> {
    Flag(&'a mut bool),
    Number(&'a mut dyn Number, RangeInclusive<u64>),
    PowerOfTwo(&'a mut dyn Number, RangeInclusive<u64>),
    /// A text of so many bytes at most.
    Text(&'a mut String, usize),
    /// A text that may be absent.
    Short(&'a mut dyn Short),
    /// One of a few words.
    Word(&'a mut dyn Word),
    /// A text or a list of them, and what is allowed.
    Texts(&'a mut Vec<String>, &'static str),
    Directory(&'a mut PathBuf),
    /// A folder; nothing for `"off"`.
    Folder(&'a mut Option<PathBuf>),
    /// The path of a Unix socket; nothing for `"off"`.
    Socket(&'a mut Option<PathBuf>),
    Listener(&'a mut Option<SocketAddr>),
    Shards(&'a mut Shards),
    UrlPath(&'a mut String),
    Networks(&'a mut Vec<Network>),
    Codecs(&'a mut CodecList, Kind),
    /// The name of a room.
    Name(&'a mut Name),
}

impl Field<'_> {
    /// Keeps what `entry` says if it is allowed.
    pub(super) fn set(self, entry: &Entry) -> Result<(), Refusal> {
        match self {
            Self::Flag(place) => *place = entry.boolean()?,
            Self::Number(place, range) => place.set(entry.integer(range)?),
            Self::PowerOfTwo(place, range) => place.set(power_of_two(entry, range)?),
            Self::Text(place, most) => *place = entry.short_text(most)?.into(),
            Self::Short(place) => place.set(entry.short_text(place.most())?),
            Self::Word(place) => place.choose(entry.choice(place.words())?),
            Self::Texts(place, allowed) => *place = entry.texts(allowed)?,
            Self::Directory(place) => *place = entry.text()?.into(),
            Self::Folder(place) => *place = Some(entry.text()?).filter(|text| *text != "off").map(Into::into),
            Self::Socket(place) => *place = socket(entry)?,
            Self::Listener(place) => *place = entry.listener()?,
            Self::Shards(place) => *place = shards(entry)?,
            Self::UrlPath(place) => *place = entry.path()?,
            Self::Networks(place) => *place = networks(entry)?,
            Self::Codecs(place, kind) => *place = codecs(entry, kind)?,
            Self::Name(place) => *place = name(entry)?,
        }
        Ok(())
    }

    /// The value as TOML has it; nothing if it is absent.
    pub(super) fn shown(self) -> Option<Value> {
        Some(match self {
            Self::Flag(place) => Value::Boolean(*place),
            Self::Number(place, _) | Self::PowerOfTwo(place, _) => Value::Integer(place.get() as i64),
            Self::Text(place, _) | Self::UrlPath(place) => Value::String(place.clone()),
            Self::Short(place) => Value::String(place.get()?.into()),
            Self::Word(place) => Value::String(place.word()?.into()),
            Self::Texts(place, _) => Value::Array(place.iter().cloned().map(Value::String).collect()),
            Self::Directory(place) => Value::String(place.to_string_lossy().into()),
            Self::Socket(Some(path)) | Self::Folder(Some(path)) => Value::String(path.to_string_lossy().into()),
            Self::Listener(Some(address)) => Value::String(address.to_string()),
            Self::Socket(None) | Self::Folder(None) | Self::Listener(None) => Value::String("off".into()),
            Self::Shards(Shards::Auto) => Value::String("auto".into()),
            Self::Shards(Shards::Count(count)) => Value::Integer((*count).into()),
            Self::Networks(place) => Value::Array(place.iter().map(|it| Value::String(it.to_string())).collect()),
            Self::Codecs(place, _) => Value::String(place.to_string()),
            Self::Name(Name::Number(number)) => Value::Integer(*number as i64),
            Self::Name(name) => Value::String(name.to_string()),
        })
    }
}

/// The longest path of a Unix socket (unix(7)).
const SOCKET_PATH_BYTES: usize = 107;

fn socket(entry: &Entry) -> Result<Option<PathBuf>, Refusal> {
    match entry.short_text(SOCKET_PATH_BYTES)? {
        "off" => Ok(None),
        path if path.starts_with('/') || is_name(path) => Ok(Some(path.into())),
        _ => Err(entry.refuse("a path that begins with \"/\", the name of a file in the state directory, or \"off\"")),
    }
}

/// Whether it names a file and no other folder.
fn is_name(text: &str) -> bool {
    !text.is_empty() && !text.contains('/') && !text.starts_with('.')
}

/// A whole number of any size.
pub(super) trait Number {
    fn get(&self) -> u64;
    fn set(&mut self, number: u64);
}

macro_rules! number {
    ($($kind:ty)*) => {$(
        impl Number for $kind {
            fn get(&self) -> u64 {
                u64::from(*self)
            }

            fn set(&mut self, number: u64) {
                // The range of the field fits its type.
                *self = <$kind>::try_from(number).unwrap_or(<$kind>::MAX);
            }
        }
    )*};
}

number!(u8 u16 u32 u64);

/// A text of bounded length that may be absent.
pub(super) trait Short {
    fn get(&self) -> Option<&str>;
    fn set(&mut self, text: &str);
    fn most(&self) -> usize;
}

impl<const N: usize> Short for Option<ShortString<N>> {
    fn get(&self) -> Option<&str> {
        self.as_deref()
    }

    fn set(&mut self, text: &str) {
        *self = Some(text.chars().collect());
    }

    fn most(&self) -> usize {
        N
    }
}

/// One of a few words.
pub(super) trait Word {
    fn words(&self) -> &'static [&'static str];
    /// The one that holds; nothing where none was chosen.
    fn word(&self) -> Option<&'static str>;
    fn choose(&mut self, word: &'static str);
}

macro_rules! word {
    ($kind:ident: $($word:literal $value:ident),*) => {
        impl Word for $kind {
            fn words(&self) -> &'static [&'static str] {
                &[$($word),*]
            }

            fn word(&self) -> Option<&'static str> {
                match self {
                    $(Self::$value => Some($word),)*
                }
            }

            fn choose(&mut self, word: &'static str) {
                $(if word == $word {
                    *self = Self::$value;
                })*
            }
        }
    };
}

word!(LogLevel: "error" Error, "warn" Warn, "info" Info, "debug" Debug);
word!(LogFormat: "text" Text, "json" Json);
word!(MetricsPlace: "off" Off, "admin" Admin, "http" Http);
word!(RecordFormat: "mjr" Mjr, "webm" Webm);
word!(UnixType: "SOCK_SEQPACKET" Packets, "SOCK_DGRAM" Datagrams);

impl<W: Word + Default> Word for Option<W> {
    fn words(&self) -> &'static [&'static str] {
        W::default().words()
    }

    fn word(&self) -> Option<&'static str> {
        self.as_ref()?.word()
    }

    fn choose(&mut self, word: &'static str) {
        self.get_or_insert_default().choose(word);
    }
}

fn power_of_two(entry: &Entry, range: RangeInclusive<u64>) -> Result<u64, Refusal> {
    match entry.integer(range.clone()) {
        Ok(number) if number.is_power_of_two() => Ok(number),
        _ => Err(entry.refuse(&format!("a power of two from {} to {}", range.start(), range.end()))),
    }
}

fn shards(entry: &Entry) -> Result<Shards, Refusal> {
    match entry.text() {
        Ok("auto") => Ok(Shards::Auto),
        _ => match entry.integer(1..=32) {
            Ok(count) => Ok(Shards::Count(count as u8)),
            Err(_) => Err(entry.refuse("\"auto\" or a whole number from 1 to 32")),
        },
    }
}

fn networks(entry: &Entry) -> Result<Vec<Network>, Refusal> {
    let allowed = format!("at most {NETWORKS} networks such as \"10.0.0.0/8\" or \"::1\"");
    let texts = entry.texts(&allowed)?;
    let networks: Result<Vec<Network>, _> = texts.iter().map(|text| text.parse()).collect();
    networks.ok().filter(|networks| networks.len() <= NETWORKS).ok_or_else(|| entry.refuse(&allowed))
}

/// A number that every JSON reader holds exactly, or a text.
fn name(entry: &Entry) -> Result<Name, Refusal> {
    match entry.integer(1..=(1 << 53) - 1) {
        Ok(number) => Ok(Name::Number(number)),
        Err(refusal) => match &entry.datum {
            Datum::Text(_) => Ok(Name::text(entry.short_text(NAME_BYTES)?).unwrap_or_default()),
            _ => Err(refusal),
        },
    }
}

/// Codecs as Janus writes them, or as a list.
fn codecs(entry: &Entry, kind: Kind) -> Result<CodecList, Refusal> {
    let allowed = match kind {
        Kind::Audio => "a list of opus, pcma, pcmu, g722, the best first, such as \"opus,pcmu\"",
        Kind::Video => "a list of vp8, vp9, h264, av1, h265, the best first, such as \"vp8,h264\"",
    };
    let names = entry.texts(allowed)?.join(",");
    CodecList::parse(&names).filter(|list| list.is_all(kind)).ok_or_else(|| entry.refuse(allowed))
}
