//! What the command line asks for, done.

use std::process::ExitCode;

use crate::arguments::{Action, Arguments, HELP, Source};
use crate::config::Configuration;
use crate::memory::Tables;
use crate::plan::Plan;
use crate::service_manager::ServiceManager;
use crate::{janus_config, kept, recording, server};

/// What makes a binary `parlor` different from another.
pub struct Product<T: Tables + 'static> {
    /// The name and the text of the configuration that holds where no other is named.
    pub built_in: (&'static str, &'static str),
    /// Where the core's tables are.
    pub tables: &'static T,
    /// Says where log lines go from now on.
    pub log: fn(&Configuration),
}

impl<T: Tables> Product<T> {
    /// Does what the process was called for.
    pub fn main(&self) -> ExitCode {
        match self.act() {
            Ok(()) => ExitCode::SUCCESS,
            Err(sentence) => {
                eprintln!("parlor: {sentence}");
                ExitCode::FAILURE
            }
        }
    }

    fn act(&self) -> Result<(), String> {
        let Arguments { action, source, options } = Arguments::read(std::env::args_os().skip(1))?;
        match action {
            Action::Help => print!("{HELP}"),
            Action::Version => println!("parlor {}", env!("CARGO_PKG_VERSION")),
            Action::Check(file) => {
                self.configuration(&Source::File(file.clone()), &options)?;
                println!("{}: all is well", file.display());
            }
            Action::Keep(file) => {
                self.configuration(&Source::File(file.clone()), &[])?;
                println!("kept as {}", kept::keep(self.built_in, &file, &options)?);
            }
            Action::Import(folder) => print!("{}", self.configuration(&Source::Janus(folder), &options)?.to_toml()),
            Action::Plan => {
                print!("{}", Plan::new(&self.configuration(&source, &options)?));
                if let Some(line) = self.tables.described() {
                    println!("{line}");
                }
            }
            Action::Recordings { repair } => recordings(&self.configuration(&source, &options)?, repair)?,
            Action::Status { watch, json } => status(&self.configuration(&source, &options)?, watch, json)?,
            Action::Run => {
                let configuration = self.configuration(&source, &options)?;
                (self.log)(&configuration);
                let read = || self.configuration(&source, &options);
                server::run(&configuration, self.tables, ServiceManager::of_environment(), read)?;
            }
        }
        Ok(())
    }

    fn configuration(&self, source: &Source, options: &[String]) -> Result<Configuration, String> {
        let configuration = match source {
            Source::BuiltIn => {
                let (configuration, remark) = kept::configuration(self.built_in, options)?;
                if let Some(remark) = remark {
                    eprintln!("parlor: {remark}");
                }
                configuration
            }
            Source::File(file) => Configuration::read_file(file, options).map_err(|refusal| refusal.to_string())?,
            Source::Janus(folder) => {
                let imported = janus_config::read(folder, options).map_err(|refusal| refusal.to_string())?;
                for note in imported.notes {
                    eprintln!("parlor: {note}");
                }
                imported.configuration
            }
        };
        self.tables.hold(&configuration.limits, configuration.media.shards.count())?;
        Ok(configuration)
    }
}

/// Shows how the server is, again and again if it is watched.
#[cfg(feature = "status")]
fn status(configuration: &Configuration, watch: bool, json: bool) -> Result<(), String> {
    let watch = watch.then_some(std::time::Duration::from_secs(2));
    crate::status::show(configuration, crate::status::Request { watch, json })
}

/// Not in this binary.
#[cfg(not(feature = "status"))]
fn status(_configuration: &Configuration, _watch: bool, _json: bool) -> Result<(), String> {
    Err("this binary has no status".into())
}

/// Lists recordings, mended first if that is wanted.
fn recordings(configuration: &Configuration, repair: bool) -> Result<(), String> {
    let Some(directory) = recording::directory(&configuration.recording, &configuration.state.directory) else {
        return Err("recordings are off (recording.directory)".into());
    };
    if !directory.exists() {
        println!("{}: no recordings yet", directory.display());
        return Ok(());
    }
    let cannot = |error| format!("{}: {error}", directory.display());
    println!("{:10} {:>9} {:>9} {:>12}  file", "state", "seconds", "packets", "bytes");
    for kept in recording::list(&directory).map_err(cannot)? {
        let kept = match repair {
            true => recording::repair(&kept).map_err(|error| format!("{}: {error}", kept.path.display()))?,
            false => kept,
        };
        let path = kept.path.strip_prefix(&directory).unwrap_or(&kept.path);
        let (state, seconds) = (kept.state.name(), kept.duration_ms as f64 / 1e3);
        println!("{state:10} {seconds:>9.1} {:>9} {:>12}  {}", kept.packets, kept.bytes, path.display());
    }
    Ok(())
}
