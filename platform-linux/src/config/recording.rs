//! `[recording]`: what publishers send, in files.

use std::path::PathBuf;

use parlor_core::room::RecordFormat;

use super::settings::Configuration;

/// What publishers send, in files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recording {
    /// The one folder that recordings can be in, seen from that of the state. Nothing if there are none.
    pub directory: Option<PathBuf>,
    /// What recordings are, in rooms that say nothing about it.
    pub format: RecordFormat,
    /// What may lie in it before no more is recorded, in 2^20 bytes; 0: anything.
    pub megabytes: u32,
    /// What may be recorded of one room from start to end, in 2^20 bytes; 0: anything.
    pub room_megabytes: u32,
}

impl Default for Recording {
    fn default() -> Self {
        Self { directory: Some("recordings".into()), format: RecordFormat::Mjr, megabytes: 1024, room_megabytes: 0 }
    }
}

impl Configuration {
    /// Whether recordings of any room are films.
    pub fn records_films(&self) -> bool {
        let rooms = self.rooms.iter().chain([&self.dynamic_rooms.room]).map(|room| room.record_format);
        rooms.chain([Some(self.recording.format)]).any(|format| format == Some(RecordFormat::Webm))
    }
}
