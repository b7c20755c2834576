//! `parlor status`: asks the server on this machine how it is, over its admin socket, and shows it in a terminal.

mod client;
mod model;
mod screen;
mod table;
mod view;

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::config::{Configuration, UnixType};
use client::Client;
use model::Snapshot;
use screen::Screen;

/// What to show, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// Again and again, every so often.
    pub watch: Option<Duration>,
    /// As JSON.
    pub json: bool,
}

/// Shows how the server with this configuration is. The error is a sentence.
pub fn show(configuration: &Configuration, request: Request) -> Result<(), String> {
    let path = socket_path(configuration)?;
    let mut client =
        Client::connect(&path, &configuration.control.admin_secret).map_err(|error| cannot(&path, &error))?;
    let screen = Screen::new();
    let mut before: Option<Snapshot> = None;
    loop {
        let snapshot = client.snapshot()?;
        if request.json {
            println!("{}", snapshot.to_json());
        } else {
            let lines = view::lines(&snapshot, before.as_ref(), screen.columns());
            screen.show(&lines, request.watch.is_some());
        }
        let Some(period) = request.watch else { return Ok(()) };
        before = Some(snapshot);
        std::thread::sleep(period);
    }
}

/// Where the server listens to administrators of this machine.
fn socket_path(configuration: &Configuration) -> Result<PathBuf, String> {
    let control = &configuration.control;
    let Some(path) = &control.admin_unix else {
        return Err("control.admin_unix is off: there is no way to ask".into());
    };
    match control.unix_type {
        UnixType::Packets => Ok(configuration.state.directory.join(path)),
        UnixType::Datagrams => Err("control.unix_type is SOCK_DGRAM: status needs SOCK_SEQPACKET".into()),
    }
}

fn cannot(path: &Path, error: &std::io::Error) -> String {
    let why = match error.kind() {
        std::io::ErrorKind::PermissionDenied => "it belongs to another user: ask as that user, or as root",
        std::io::ErrorKind::NotFound | std::io::ErrorKind::ConnectionRefused => {
            "no Parlor serves there; one with another configuration is asked with its --config and --set"
        }
        _ => return format!("{}: {error}", path.display()),
    };
    format!("{}: {why}", path.display())
}
