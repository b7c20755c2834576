//! What lies in the folder of recordings: looked through, and mended where a process or the power ended too early.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use super::file::UNFINISHED;
use super::mjr::{self, Content};

/// Files that are looked at.
const FILES: usize = 100_000;

/// A file of the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Where it is.
    pub path: PathBuf,
    /// How it is.
    pub state: State,
    /// Its length.
    pub bytes: u64,
    /// Whole packets in it.
    pub packets: u64,
    /// Milliseconds from the first to the last of these.
    pub duration_ms: u32,
}

/// How a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Closed, and whole.
    Whole,
    /// Under way.
    Growing,
    /// Never closed; what it holds can be kept.
    Unfinished,
    /// Ends with something that is no packet.
    Torn,
    /// Does not begin as a recording.
    Unreadable,
}

impl State {
    /// One word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Whole => "whole",
            Self::Growing => "growing",
            Self::Unfinished => "unfinished",
            Self::Torn => "torn",
            Self::Unreadable => "unreadable",
        }
    }
}

/// All recordings in `directory` and below, by name.
pub fn list(directory: &Path) -> io::Result<Vec<Kept>> {
    let mut found = Vec::new();
    let mut folders = vec![directory.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let (path, kind) = (entry.path(), entry.file_type()?);
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() && is_recording(&path) && found.len() < FILES {
                match look(path) {
                    Ok(kept) => found.push(kept),
                    // It was closed just now, and has another name.
                    Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                    Err(error) => return Err(error),
                }
            }
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(found)
}

/// Mends a file that is unfinished or torn: cuts off what is no whole packet, and closes it. Says how it is then.
pub fn repair(kept: &Kept) -> io::Result<Kept> {
    if !matches!(kept.state, State::Unfinished | State::Torn) {
        return Ok(kept.clone());
    }
    let file = OpenOptions::new().read(true).write(true).open(&kept.path)?;
    flock(&file, FlockOperation::NonBlockingLockExclusive)?;
    let Some(content) = mjr::read(&mut BufReader::new(&file)) else { return Ok(kept.clone()) };
    file.set_len(content.whole_bytes)?;
    file.sync_all()?;
    let path = finished_name(&kept.path);
    if path != kept.path {
        if path.symlink_metadata().is_ok() {
            return Err(io::Error::other(format!("{} is there already", path.display())));
        }
        fs::rename(&kept.path, &path)?;
    }
    drop(file);
    look(path)
}

fn is_recording(path: &Path) -> bool {
    finished_name(path).extension().is_some_and(|ending| ending == mjr::ENDING)
}

/// The name that a file has when it is closed.
fn finished_name(path: &Path) -> PathBuf {
    if path.extension().is_some_and(|ending| ending == UNFINISHED) { path.with_extension("") } else { path.to_owned() }
}

fn look(path: PathBuf) -> io::Result<Kept> {
    let file = File::open(&path)?;
    let bytes = file.metadata()?.len();
    let is_closed = finished_name(&path) == path;
    let is_growing = !is_closed && flock(&file, FlockOperation::NonBlockingLockShared).is_err();
    let content = mjr::read(&mut BufReader::new(&file));
    let state = match &content {
        _ if is_growing => State::Growing,
        None => State::Unreadable,
        Some(_) if !is_closed => State::Unfinished,
        Some(content) if content.whole_bytes != bytes => State::Torn,
        Some(_) => State::Whole,
    };
    let Content { packets, duration_ms, .. } = content.unwrap_or_default();
    Ok(Kept { path, state, bytes, packets, duration_ms })
}
