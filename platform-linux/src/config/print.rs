//! A configuration as TOML: what differs from that which holds where a file is silent.

use std::fmt::Write;

use parlor_core::room::RoomSettings;

use super::sections::{DYNAMIC_ROOMS_NAME, SECTIONS};
use super::settings::Configuration;
use super::{Key, room};

impl Configuration {
    /// A file that means the same.
    pub fn to_toml(&self) -> String {
        let mut text = String::new();
        for (name, keys) in SECTIONS {
            let mut lines = different(keys, self, &Self::default());
            if name == DYNAMIC_ROOMS_NAME {
                lines += &different(room::template_keys(), &self.dynamic_rooms.room, &RoomSettings::default());
            }
            if !lines.is_empty() {
                let _ = write!(text, "[{name}]\n{lines}\n");
            }
        }
        text += &rooms_to_toml(&self.rooms);
        text.truncate(text.trim_end().len());
        text + "\n"
    }
}

/// Rooms as a configuration has them.
pub(crate) fn rooms_to_toml(rooms: &[RoomSettings]) -> String {
    let entry = |settings| format!("[[room]]\n{}\n", different(room::KEYS, settings, &RoomSettings::default()));
    rooms.iter().map(entry).collect()
}

fn different<T: Clone>(keys: &[Key<T>], value: &T, usual: &T) -> String {
    let (mut value, mut usual) = (value.clone(), usual.clone());
    let mut lines = String::new();
    for key in keys {
        match ((key.field)(&mut value).shown(), (key.field)(&mut usual).shown()) {
            (Some(value), usual) if Some(&value) != usual.as_ref() => {
                let _ = writeln!(lines, "{} = {value}", key.name);
            }
            _ => {}
        }
    }
    lines
}
