//! The files of a Janus folder, their groups, and the settings that were not looked at yet.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use super::reader::{self, FILE_BYTES, Setting, Value};
use crate::config::{Datum, Entry, Place, Refusal};

/// A folder of `.jcfg` files.
pub(super) struct Folder {
    path: PathBuf,
    /// Files that nobody asked for yet.
    unread: RefCell<BTreeSet<String>>,
}

/// The groups of a file.
pub(super) struct Groups(Vec<Group>);

/// A group: settings under their name.
pub(super) struct Group {
    /// Its name.
    pub(super) name: String,
    /// Where it begins.
    pub(super) place: Place,
    settings: Vec<Setting>,
}

impl Folder {
    /// The folder `path`.
    pub(super) fn open(path: &Path) -> Result<Self, Refusal> {
        let entries = fs::read_dir(path).map_err(|error| cannot_read(path, &error))?;
        let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
        let unread: BTreeSet<String> = names.filter(|name| name.ends_with(".jcfg")).collect();
        if unread.is_empty() {
            let problem = "has no file of Janus' (janus.jcfg and others)".into();
            return Err(Refusal { place: file_place(path), key: String::new(), problem });
        }
        Ok(Self { path: path.into(), unread: RefCell::new(unread) })
    }

    /// The groups of the file `name`; none if there is no such file.
    pub(super) fn file(&self, name: &str) -> Result<Groups, Refusal> {
        if !self.unread.borrow_mut().remove(name) {
            return Ok(Groups(Vec::new()));
        }
        let path = self.path.join(name);
        let text = bounded_text(&path).map_err(|error| cannot_read(&path, &error))?;
        let mut include = |name: &str| {
            self.unread.borrow_mut().remove(name);
            bounded_text(&self.path.join(name)).map_err(|error| format!("cannot be read: {error}"))
        };
        let settings = reader::read(name, &text, &mut include)?;
        settings.into_iter().map(Group::new).collect::<Result<_, _>>().map(Groups)
    }

    /// A sentence about the files that nobody asked for, if there are any.
    pub(super) fn unread(&self) -> Option<String> {
        let names: Vec<String> = self.unread.borrow().iter().cloned().collect();
        let sentence = || format!("not read, for Parlor has nothing that they are about: {}", names.join(", "));
        (!names.is_empty()).then(sentence)
    }
}

impl Groups {
    /// Takes the group `name` out.
    pub(super) fn take(&mut self, name: &str) -> Option<Group> {
        let index = self.0.iter().position(|group| group.name == name)?;
        Some(self.0.remove(index))
    }

    /// The groups that nobody took.
    pub(super) fn rest(self) -> Vec<Group> {
        self.0
    }
}

impl Group {
    fn new(setting: Setting) -> Result<Self, Refusal> {
        let Setting { name, place, value } = setting;
        match value {
            Value::Group(settings) => Ok(Self { name, place, settings }),
            _ => Err(Refusal { place, key: name, problem: "stands outside of any group".into() }),
        }
    }

    /// Takes the setting `name` out.
    pub(super) fn take(&mut self, name: &str) -> Option<Entry> {
        let index = self.settings.iter().position(|setting| setting.name == name)?;
        let setting = self.settings.remove(index);
        Some(self.entry(setting))
    }

    /// The settings that nobody took.
    pub(super) fn rest(mut self) -> Vec<Entry> {
        let settings = std::mem::take(&mut self.settings);
        settings.into_iter().map(|setting| self.entry(setting)).collect()
    }

    fn entry(&self, setting: Setting) -> Entry {
        let key = format!("{}.{}", self.name, setting.name);
        let bare = match &setting.value {
            Value::Boolean(value) => Some(value.to_string()),
            Value::Integer(number) => Some(number.to_string()),
            Value::Text(text) => Some(text.clone()),
            Value::List(_) | Value::Group(_) => None,
        };
        Entry { key, place: setting.place, datum: datum(&setting.value), bare: bare.map(Into::into) }
    }
}

/// To Janus every value is text that may be a number or a truth.
fn datum(value: &Value) -> Datum {
    match value {
        Value::Boolean(value) => Datum::Boolean(*value),
        Value::Integer(number) => Datum::Integer(*number),
        Value::Text(text) => text.parse().map_or_else(|_| Datum::Text(text.clone()), Datum::Integer),
        Value::List(list) => Datum::List(list.iter().map(datum).collect()),
        Value::Group(_) => Datum::Other("a group"),
    }
}

/// The text of the file at `path`, unless it is longer than the reader takes.
fn bounded_text(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(FILE_BYTES as u64 + 1).read_to_string(&mut text)?;
    Ok(text)
}

fn cannot_read(path: &Path, error: &std::io::Error) -> Refusal {
    Refusal { place: file_place(path), key: String::new(), problem: format!("cannot be read: {error}") }
}

fn file_place(path: &Path) -> Place {
    Place::File(path.display().to_string().into())
}
