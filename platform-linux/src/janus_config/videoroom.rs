//! `janus.plugin.videoroom.jcfg`: the plugin's rooms.

use super::folder::{Group, Groups};
use super::{Import, Meaning};
use crate::config::{Entry, Refusal};

const GENERAL: &[(&str, Meaning)] = &[];

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
    let name = Entry { place: group.place.clone(), ..Entry::bare("room.room", name) };
    for entry in import.configuration.add_room(&name, group.rest())? {
        import.note(&entry, "");
    }
    Ok(())
}
