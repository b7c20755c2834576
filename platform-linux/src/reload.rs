//! The configuration, read again while the server runs: all of it is read and checked, then what can count at once
//! does.

use parlor_core::control::Rooms;
use parlor_core::link::Fingerprint;
use parlor_core::room::{Name, RoomSettings};

use crate::config::Configuration;
use crate::control::ControlTask;
use crate::{core_settings, log};

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reloaded {
    /// The keys that count from now on.
    pub changed: Vec<String>,
    /// Those that count after a restart.
    pub restart: Vec<String>,
}

/// The configuration that runs, and the way to the one that is to.
pub struct Reloading<F> {
    running: Configuration,
    fingerprint: Fingerprint,
    read: F,
}

impl<F: Fn() -> Result<Configuration, String>> Reloading<F> {
    /// Of a server that runs with `running`; `read` reads what holds now.
    pub fn new(running: &Configuration, fingerprint: Fingerprint, read: F) -> Self {
        Self { running: running.clone(), fingerprint, read }
    }

    /// Reads, checks, and swaps. The error is a sentence, and then nothing was changed.
    pub fn reload(&mut self, task: &ControlTask) -> Result<Reloaded, String> {
        let outcome = self.swap(task);
        match &outcome {
            Ok(Reloaded { changed, restart }) => {
                let list = |names: &[String]| if names.is_empty() { "nothing".into() } else { names.join(", ") };
                log::info("reload", format_args!("changed: {}; after a restart: {}", list(changed), list(restart)));
            }
            Err(why) => log::error("reload", format_args!("nothing was changed: {why}")),
        }
        outcome
    }

    fn swap(&mut self, task: &ControlTask) -> Result<Reloaded, String> {
        let new = (self.read)()?;
        let live = self.running.with_live_parts_of(&new);
        let (changed, mut restart) = (self.running.differences(&live), live.differences(&new));
        let kept = task.kept_rooms();
        let names = |rooms: &[RoomSettings]| rooms.iter().map(|room| room.room).collect::<Vec<Name>>();
        // As at the start, a room that was kept while the server ran is as it was kept.
        let with_kept = |room: &RoomSettings| kept.iter().find(|kept| kept.room == room.room).unwrap_or(room).clone();
        let wanted: Vec<RoomSettings> =
            live.rooms.iter().filter(|room| !self.running.rooms.contains(room)).map(with_kept).collect();
        let stays = [names(&live.rooms), names(&kept)].concat();
        let unwanted: Vec<Name> = names(&self.running.rooms).into_iter().filter(|name| !stays.contains(name)).collect();
        let settings = core_settings::control(&live, self.fingerprint, &[]);
        let left = task
            .reconfigure(settings, Rooms { wanted: &wanted, unwanted: &unwanted })
            .map_err(|refusal| format!("{} ({})", refusal.reason, refusal.field))?;
        restart.extend(left.iter().map(|name| format!("room.{name} (somebody is in it)")));
        task.set_configured_rooms(names(&live.rooms));
        self.running = live;
        Ok(Reloaded { changed, restart })
    }
}
