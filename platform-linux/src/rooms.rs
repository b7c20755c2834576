//! Permanent rooms: what clients asked to keep (`permanent` in `create`, `edit`, `destroy`), on disk.

use std::io;
use std::path::{Path, PathBuf};

use parlor_core::room::{Name, RoomSettings};

use crate::config::{Configuration, rooms_to_toml};
use crate::disk::Directory;
use crate::whole_file;

/// The file, in the state directory, written as the configuration is.
const FILE: &str = "rooms.toml";

/// Longer is no file of ours.
const FILE_BYTES: usize = 16 << 20;

/// The permanent rooms. What memory holds is what the disk holds.
pub struct PermanentRooms {
    directory: PathBuf,
    rooms: Vec<RoomSettings>,
    /// Rooms of the configuration: they come back whatever is forgotten here.
    configured: Vec<Name>,
}

impl PermanentRooms {
    /// Reads what `directory` keeps beside the rooms of the configuration. What is worth a line in the log comes beside
    /// it; the error is a sentence.
    pub fn open(directory: &Path, configured: Vec<Name>) -> Result<(Self, Option<String>), String> {
        let (rooms, remark) = whole_file::read(&mut Directory::new(directory), FILE, FILE_BYTES, rooms_in)
            .map_err(|error| format!("{} cannot be read: {error}", directory.join(FILE).display()))?;
        Ok((Self { directory: directory.into(), rooms: rooms.unwrap_or_default(), configured }, remark))
    }

    /// The rooms.
    pub fn rooms(&self) -> &[RoomSettings] {
        &self.rooms
    }

    /// What the rooms of the configuration and the permanent ones are called.
    pub fn all(&self) -> impl Iterator<Item = Name> {
        let kept = self.rooms.iter().map(|room| room.room).filter(|name| !self.configured.contains(name));
        self.configured.iter().copied().chain(kept)
    }

    /// These are the rooms of the configuration from now on.
    pub fn set_configured(&mut self, names: Vec<Name>) {
        self.configured = names;
    }

    /// Keeps a room as it is now.
    pub fn keep(&mut self, room: &RoomSettings) -> io::Result<()> {
        let mut rooms = self.rooms.clone();
        match rooms.iter_mut().find(|kept| kept.room == room.room) {
            Some(kept) => *kept = room.clone(),
            None => rooms.push(room.clone()),
        }
        self.replace(rooms)
    }

    /// Forgets a room; false if it comes back nevertheless, because it is one of the configuration.
    pub fn forget(&mut self, room: Name) -> io::Result<bool> {
        if self.rooms.iter().any(|kept| kept.room == room) {
            self.replace(self.rooms.iter().filter(|kept| kept.room != room).cloned().collect())?;
        }
        Ok(!self.configured.contains(&room))
    }

    fn replace(&mut self, rooms: Vec<RoomSettings>) -> io::Result<()> {
        whole_file::write(&mut Directory::new(&self.directory), FILE, &rooms_to_toml(&rooms))?;
        self.rooms = rooms;
        Ok(())
    }
}

/// The rooms in a text, or what is wrong with it.
fn rooms_in(text: &str) -> Result<Vec<RoomSettings>, String> {
    let read = Configuration::parse(FILE, text);
    read.map(|configuration| configuration.rooms).map_err(|refusal| refusal.to_string())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("parlor-rooms-{}-{name}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            Self(path)
        }

        fn open(&self) -> (PermanentRooms, Option<String>) {
            PermanentRooms::open(&self.0, vec![Name::Number(1)]).unwrap()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn room(number: u64) -> RoomSettings {
        let pin = Some("se\"cret".try_into().unwrap());
        RoomSettings { room: Name::Number(number), pin, publishers: 9, is_private: true, ..RoomSettings::default() }
    }

    #[test]
    fn a_room_is_kept_changed_and_forgotten() {
        let folder = Folder::new("kept");
        let (mut rooms, remark) = folder.open();
        assert!(remark.is_none() && rooms.rooms().is_empty());
        let named = RoomSettings { room: Name::text("kitchen \u{e9}").unwrap(), ..room(0) };
        for settings in [room(7), named.clone()] {
            rooms.keep(&settings).unwrap();
        }
        rooms.keep(&RoomSettings { publishers: 4, ..room(7) }).unwrap();
        assert_eq!(folder.open().0.rooms(), [RoomSettings { publishers: 4, ..room(7) }, named.clone()]);
        assert!(rooms.forget(Name::Number(7)).unwrap());
        assert!(!rooms.forget(Name::Number(1)).unwrap(), "it stands in the configuration");
        assert_eq!(folder.open().0.rooms(), [named]);
    }

    #[test]
    fn what_was_not_renamed_does_not_count_and_what_is_damaged_is_set_aside() {
        let folder = Folder::new("damaged");
        folder.open().0.keep(&room(7)).unwrap();
        fs::write(folder.0.join("rooms.toml.new"), "[[room]]\nroom = ").unwrap();
        assert_eq!(folder.open().0.rooms(), [room(7)]);
        fs::write(folder.0.join(FILE), "[[room]]\nroom = ").unwrap();
        let (rooms, remark) = folder.open();
        assert!(rooms.rooms().is_empty());
        assert!(remark.unwrap().contains("rooms.toml:2"));
        assert!(folder.0.join("rooms.toml.broken").exists());
    }

    #[test]
    fn rooms_whose_last_change_is_damaged_are_as_before() {
        let folder = Folder::new("rotten");
        let (mut rooms, _) = folder.open();
        rooms.keep(&room(7)).unwrap();
        rooms.keep(&room(8)).unwrap();
        let text = fs::read_to_string(folder.0.join(FILE)).unwrap();
        fs::write(folder.0.join(FILE), text.replace("room = 8", "room = 9")).unwrap();
        let (rooms, remark) = folder.open();
        assert_eq!(rooms.rooms(), [room(7)]);
        assert!(remark.unwrap().contains("checksum"));
    }

    #[test]
    fn a_room_that_cannot_be_written_is_told_and_not_kept() {
        let folder = Folder::new("file");
        fs::write(&folder.0, "a file where the directory should be").unwrap();
        let mut rooms = PermanentRooms { directory: folder.0.join("state"), rooms: Vec::new(), configured: Vec::new() };
        assert!(rooms.keep(&room(7)).is_err());
        assert!(rooms.rooms().is_empty());
        let _ = fs::remove_file(&folder.0);
    }
}
