//! `janus.plugin.videoroom.jcfg`: the plugin's rooms.

use std::path::{Path, PathBuf};

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
    if let Some(directory) = recordings(import) {
        import.configuration.recording.directory = Some(directory);
    }
    Ok(())
}

/// The folder that all rooms record into, where they name absolute ones: here there is one, elsewhere nothing is
/// written.
fn recordings(import: &Import) -> Option<PathBuf> {
    let rooms = import.configuration.rooms.iter();
    let mut folders = rooms.filter_map(|room| Some(Path::new(room.rec_dir.as_deref()?))).filter(|it| it.is_absolute());
    let first = folders.next()?.to_owned();
    let common = folders.fold(first, |common, folder| {
        let parts = common.components().zip(folder.components());
        parts.take_while(|(one, other)| one == other).map(|(part, _)| part).collect()
    });
    // Not everywhere.
    common.parent().is_some().then_some(common)
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
