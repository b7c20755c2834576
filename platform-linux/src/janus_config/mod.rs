//! Parlor's configuration from a folder of Janus' `.jcfg` files, so that a site migrates by one option.
//!
//! ```text
//! folder ─▶ reader (libconfig) ─▶ folder (groups) ─▶ core, transports, videoroom ─▶ Configuration, notes
//! ```

mod core;
mod folder;
mod handlers;
pub mod reader;
mod transports;
mod videoroom;

use std::path::Path;

use crate::config::{Configuration, Refusal};

use folder::{Folder, Group};

/// What a folder says.
pub struct Imported {
    /// What Parlor makes of it.
    pub configuration: Configuration,
    /// A sentence for each setting that Parlor does not have.
    pub notes: Vec<String>,
}

/// Reads the Janus files in `folder`, then applies each `KEY=VALUE` of `options`.
pub fn read(folder: &Path, options: &[String]) -> Result<Imported, Refusal> {
    let mut import = Import { configuration: Configuration::default(), notes: Vec::new() };
    // Janus' ports have no pages.
    let control = &mut import.configuration.control;
    (control.page, control.admin_page, control.whip) = (false, false, false);
    import.configuration.control.https = None;
    // And nobody finds it by a name of ours.
    import.configuration.mdns.enabled = false;
    // Janus captures packets wherever an administrator says; here only there.
    import.configuration.capture.directory = Some("captures".into());
    let folder = Folder::open(folder)?;
    let disabled = core::import(&mut import, folder.file("janus.jcfg")?)?;
    transports::websockets(&mut import, folder.file("janus.transport.websockets.jcfg")?, &disabled)?;
    transports::http(&mut import, folder.file("janus.transport.http.jcfg")?, &disabled)?;
    transports::pfunix(&mut import, folder.file("janus.transport.pfunix.jcfg")?, &disabled)?;
    handlers::import(&mut import, &folder, &disabled)?;
    videoroom::import(&mut import, folder.file("janus.plugin.videoroom.jcfg")?)?;
    import.notes.extend(folder.unread());
    import.configuration.apply_all(options)?;
    Ok(Imported { configuration: import.configuration, notes: import.notes })
}

/// What a setting of Janus means to Parlor.
#[derive(Clone, Copy)]
enum Meaning {
    /// It is a key of Parlor's, which takes the same values.
    Key(&'static str),
    /// It has no place in Parlor, which works as if it were off, or needs none: why.
    Without(&'static str),
}

use Meaning::{Key, Without};

/// An import on its way.
struct Import {
    configuration: Configuration,
    notes: Vec<String>,
}

impl Import {
    /// Maps what is left of `group` by `meanings`.
    fn map(&mut self, group: Option<Group>, meanings: &[(&str, Meaning)]) -> Result<(), Refusal> {
        let Some(mut group) = group else { return Ok(()) };
        for (name, meaning) in meanings {
            let Some(entry) = group.take(name) else { continue };
            match meaning {
                Key(key) => self.configuration.apply(&entry.named(key))?,
                Without(_) if entry.is_off() => {}
                Without(why) => self.note(&entry, why),
            }
        }
        for entry in group.rest() {
            self.note(&entry, "");
        }
        Ok(())
    }

    /// Says that Parlor has no such setting, and why.
    fn note(&mut self, entry: &crate::config::Entry, why: &str) {
        let colon = if why.is_empty() { "" } else { ": " };
        self.notes.push(entry.refusal(format!("Parlor has no such setting{colon}{why}")).to_string());
    }
}

#[cfg(test)]
mod tests;
