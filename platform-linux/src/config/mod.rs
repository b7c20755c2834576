//! The configuration: one TOML file, then `--set` options, read whole and checked before anything starts.

mod cluster;
mod entry;
mod field;
mod forward;
mod live;
mod print;
mod recording;
mod refusal;
mod remote;
mod room;
mod sections;
mod settings;
mod shedding;

use std::fs;
use std::path::Path;
use std::rc::Rc;

use parlor_core::room::{Name, RoomSettings};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

pub use cluster::Cluster;
pub(crate) use entry::{Datum, Entry};
use field::Field;
pub use forward::Forward;
pub(crate) use print::rooms_to_toml;
pub use recording::Recording;
use refusal::suggestion;
pub use refusal::{Place, Refusal};
pub use remote::Remote;
pub use settings::{
    Board, Capture, Configuration, Control, DynamicRooms, EventBackend, Events, Log, LogFormat, LogLevel, Mdns, Media,
    MetricsPlace, Shards, State, Tls, UnixType,
};
pub use shedding::Shedding;

/// The configuration of a binary that is given none; the file `configs/default.toml`.
pub const DEFAULT: &str = include_str!("../../../configs/default.toml");

/// The name by which messages call [`DEFAULT`].
pub const DEFAULT_NAME: &str = "built-in configuration";

/// A key of a section and what it names.
struct Key<T> {
    name: &'static str,
    field: fn(&mut T) -> Field<'_>,
}

impl Configuration {
    /// Reads `file`, or [`DEFAULT`] where there is none, then applies each `KEY=VALUE` of `options`.
    pub fn read(file: Option<&Path>, options: &[String]) -> Result<Self, Refusal> {
        match file {
            Some(path) => Self::read_file(path, options),
            None => Self::read_text(DEFAULT_NAME, DEFAULT, options),
        }
    }

    /// Reads the file at `path`, then applies `options`.
    pub fn read_file(path: &Path, options: &[String]) -> Result<Self, Refusal> {
        let name = path.display().to_string();
        let text = fs::read_to_string(path).map_err(|error| Refusal {
            place: Place::File(name.as_str().into()),
            key: String::new(),
            problem: format!("cannot be read: {error}"),
        })?;
        Self::read_text(&name, &text, options)
    }

    /// Reads `text`, which messages call `name`, then applies `options`.
    pub fn read_text(name: &str, text: &str, options: &[String]) -> Result<Self, Refusal> {
        let mut configuration = Self::parse(name, text)?;
        configuration.apply_all(options)?;
        Ok(configuration)
    }

    /// Applies each `KEY=VALUE` of `options`, then checks the whole.
    pub(crate) fn apply_all(&mut self, options: &[String]) -> Result<(), Refusal> {
        for option in options {
            self.set(option)?;
        }
        self.check()
    }

    /// Sets what `entry` names.
    pub(crate) fn apply(&mut self, entry: &Entry) -> Result<(), Refusal> {
        sections::apply(self, entry)
    }

    /// Adds the room `name` with what `entries` say; gives back those that no room has.
    pub(crate) fn add_room(&mut self, name: &Entry, entries: Vec<Entry>) -> Result<Vec<Entry>, Refusal> {
        let mut settings = RoomSettings::default();
        room::apply(&mut settings, &name.named("room.room"))?;
        let (known, unknown): (Vec<_>, Vec<_>) = entries.into_iter().partition(room::knows);
        known.iter().try_for_each(|entry| room::apply(&mut settings, entry))?;
        self.rooms.push(settings);
        Ok(unknown)
    }

    /// Reads the file `name` with the content `text`.
    pub(crate) fn parse(name: &str, text: &str) -> Result<Self, Refusal> {
        let mut configuration = Self::default();
        let source = Source { name: name.into(), text };
        let table = DeTable::parse(text).map_err(|error| Refusal {
            place: source.place(error.span().map_or(0, |span| span.start)),
            key: String::new(),
            problem: error.message().into(),
        })?;
        for (key, value) in table.get_ref() {
            let name: &str = key.get_ref();
            match (name, value.get_ref()) {
                ("room", DeValue::Array(rooms)) => {
                    for room in rooms {
                        configuration.rooms.push(source.room(room)?);
                    }
                }
                ("room", _) => return Err(source.refusal(value, "room", "rooms are written as [[room]]".into())),
                (_, DeValue::Table(entries)) => {
                    for (key, value) in entries {
                        let entry = source.entry(&format!("{name}.{}", key.get_ref()), key, value);
                        sections::apply(&mut configuration, &entry)?;
                    }
                    sections::known(name).map_err(|problem| source.refusal(key, name, problem))?;
                }
                _ => {
                    let problem = match sections::known(name) {
                        Ok(()) => format!("is a section, written as [{name}]"),
                        Err(problem) => problem,
                    };
                    return Err(source.refusal(key, name, problem));
                }
            }
        }
        Ok(configuration)
    }

    /// Applies one `KEY=VALUE`. Rooms are named by their number: `room.1234.publishers=9`.
    fn set(&mut self, option: &str) -> Result<(), Refusal> {
        let Some((key, value)) = option.split_once('=') else {
            return Err(Refusal {
                place: Place::Option(option.into()),
                key: String::new(),
                problem: "an option is written as --set KEY=VALUE".into(),
            });
        };
        let entry = Entry::bare(key.trim(), value.trim());
        match entry.key.strip_prefix("room.").and_then(|rest| rest.split_once('.')) {
            Some((number, _)) => {
                let room = self.rooms.iter_mut().find(|room| room.room.to_string() == number);
                let room = room.ok_or_else(|| entry.refusal(format!("the configuration has no room {number}")))?;
                room::apply(room, &entry)
            }
            None => sections::apply(self, &entry),
        }
    }
}

/// A file that is being read.
struct Source<'a> {
    name: Rc<str>,
    text: &'a str,
}

impl Source<'_> {
    fn place(&self, offset: usize) -> Place {
        let before = &self.text.as_bytes()[..offset.min(self.text.len())];
        Place::Line(self.name.clone(), 1 + before.iter().filter(|byte| **byte == b'\n').count())
    }

    fn refusal<T>(&self, at: &Spanned<T>, key: &str, problem: String) -> Refusal {
        Refusal { place: self.place(at.span().start), key: key.into(), problem }
    }

    fn entry<T>(&self, name: &str, key: &Spanned<T>, value: &Spanned<DeValue<'_>>) -> Entry {
        let datum = Datum::new(value.get_ref());
        Entry { key: name.into(), place: self.place(key.span().start), datum, bare: None }
    }

    fn room(&self, value: &Spanned<DeValue<'_>>) -> Result<RoomSettings, Refusal> {
        let DeValue::Table(entries) = value.get_ref() else {
            return Err(self.refusal(value, "room", "rooms are written as [[room]]".into()));
        };
        let mut settings = RoomSettings::default();
        for (key, value) in entries {
            room::apply(&mut settings, &self.entry(&format!("room.{}", key.get_ref()), key, value))?;
        }
        match settings.room {
            Name::Number(0) => {
                Err(self.refusal(value, "room.room", "every room needs its number, such as room = 1234".into()))
            }
            _ => Ok(settings),
        }
    }
}

/// Finds the key that `entry` names at its end and sets it.
fn apply<T>(target: &mut T, keys: &[Key<T>], name: &str, entry: &Entry) -> Result<(), Refusal> {
    match keys.iter().find(|key| key.name == name) {
        Some(key) => (key.field)(target).set(entry),
        None => {
            let names: Vec<&str> = keys.iter().map(|key| key.name).collect();
            Err(entry.refusal(format!("there is no such key{}", suggestion(name, &names))))
        }
    }
}

#[cfg(test)]
mod tests;
