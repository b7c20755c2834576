//! `janus.plugin.videoroom.jcfg`: the plugin's rooms.

use super::folder::{Group, Groups};
use super::{Import, Key, Meaning};
use crate::config::{Datum, Entry, Refusal};

const GENERAL: &[(&str, Meaning)] = &[
    ("admin_key", Key("control.admin_key")),
    ("lock_rtp_forward", Key("control.lock_rtp_forward")),
    ("string_ids", Key("control.string_ids")),
];

/// Takes the plugin's settings and its rooms over.
pub(super) fn import(import: &mut Import, mut file: Groups) -> Result<(), Refusal> {
    import.map(file.take("general"), GENERAL)?;
    for group in file.rest() {
        match group.name.strip_prefix("room-").map(str::to_owned) {
            Some(name) => room(import, group, &name)?,
            None => import.map(Some(group), &[])?,
        }
    }
    let limits = &mut import.configuration.limits;
    let rooms = u16::try_from(2 * import.configuration.rooms.len()).unwrap_or(u16::MAX);
    limits.rooms = limits.rooms.max(rooms);
    Ok(())
}

fn room(import: &mut Import, group: Group, name: &str) -> Result<(), Refusal> {
    let datum = match name.parse() {
        Ok(number) if !import.configuration.control.string_ids => Datum::Integer(number),
        _ => Datum::Text(name.into()),
    };
    let name = Entry { key: "room.room".into(), place: group.place.clone(), datum, bare: None };
    if !import.configuration.control.string_ids && !matches!(name.datum, Datum::Integer(_)) {
        return Err(name.refuse("room- and a number, or any text where general.string_ids is true"));
    }
    for entry in import.configuration.add_room(&name, group.rest())? {
        import.note(&entry, "");
    }
    Ok(())
}
