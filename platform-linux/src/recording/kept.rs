//! What lies in the folder of recordings: looked through, and mended where a process or the power ended too early.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

#[cfg(feature = "film")]
use super::film;
use super::mjr;
use super::unfinished::ENDING as UNFINISHED;

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
    /// Whole packets in it; of a film, frames.
    pub packets: u64,
    /// Milliseconds from the first to the last of these.
    pub duration_ms: u64,
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
    /// Ends with something that is no packet, or does not say where one can jump to.
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

/// Mends a file that is unfinished or torn: cuts off what is not whole, says of a film where one can jump to, closes
/// it. Says how it is then.
pub fn repair(kept: &Kept) -> io::Result<Kept> {
    if !matches!(kept.state, State::Unfinished | State::Torn) {
        return Ok(kept.clone());
    }
    let file = OpenOptions::new().read(true).write(true).open(&kept.path)?;
    flock(&file, FlockOperation::NonBlockingLockExclusive)?;
    let path = finished_name(&kept.path);
    let Some(content) = Content::read(&path, &file) else { return Ok(kept.clone()) };
    if path != kept.path && path.symlink_metadata().is_ok() {
        return Err(io::Error::other(format!("{} is there already", path.display())));
    }
    content.mend(&file)?;
    file.sync_all()?;
    if path != kept.path {
        fs::rename(&kept.path, &path)?;
    }
    drop(file);
    look(path)
}

/// What a file holds, as far as it is whole.
enum Content {
    Packets(mjr::Content),
    #[cfg(feature = "film")]
    Film(Box<film::Content>),
}

impl Content {
    /// Reads a file that is or will be called this. Nothing where it does not begin as a recording.
    fn read(finished: &Path, file: &File) -> Option<Self> {
        let mut file = BufReader::new(file);
        match finished.extension()?.to_str()? {
            mjr::ENDING => mjr::read(&mut file).map(Self::Packets),
            #[cfg(feature = "film")]
            film::WEBM | film::MATROSKA => film::read(&mut file).map(|content| Self::Film(Box::new(content))),
            _ => None,
        }
    }

    /// Whether it needs no mending, in a file of so many bytes.
    fn is_whole(&self, bytes: u64) -> bool {
        match self {
            Self::Packets(content) => content.whole_bytes == bytes,
            #[cfg(feature = "film")]
            Self::Film(content) => content.is_closed,
        }
    }

    fn packets(&self) -> u64 {
        match self {
            Self::Packets(content) => content.packets,
            #[cfg(feature = "film")]
            Self::Film(content) => content.frames(),
        }
    }

    fn duration_ms(&self) -> u64 {
        match self {
            Self::Packets(content) => content.duration_ms.into(),
            #[cfg(feature = "film")]
            Self::Film(content) => content.duration_ms(),
        }
    }

    fn mend(&self, file: &File) -> io::Result<()> {
        match self {
            Self::Packets(content) => file.set_len(content.whole_bytes),
            #[cfg(feature = "film")]
            Self::Film(content) => {
                file.set_len(content.whole_bytes)?;
                film::close(file, &content.closing().0)
            }
        }
    }
}

fn is_recording(path: &Path) -> bool {
    let path = finished_name(path);
    let ending = path.extension().and_then(|ending| ending.to_str());
    ending.is_some_and(|ending| {
        #[cfg(feature = "film")]
        if [film::WEBM, film::MATROSKA].contains(&ending) {
            return true;
        }
        ending == mjr::ENDING
    })
}

/// The name that a file has when it is closed.
fn finished_name(path: &Path) -> PathBuf {
    if path.extension().is_some_and(|ending| ending == UNFINISHED) { path.with_extension("") } else { path.to_owned() }
}

fn look(path: PathBuf) -> io::Result<Kept> {
    let file = File::open(&path)?;
    let bytes = file.metadata()?.len();
    let finished = finished_name(&path);
    let is_closed = finished == path;
    let is_growing = !is_closed && flock(&file, FlockOperation::NonBlockingLockShared).is_err();
    let content = Content::read(&finished, &file);
    let state = match &content {
        _ if is_growing => State::Growing,
        None => State::Unreadable,
        Some(_) if !is_closed => State::Unfinished,
        Some(content) if !content.is_whole(bytes) => State::Torn,
        Some(_) => State::Whole,
    };
    let (packets, duration_ms) = content.map_or((0, 0), |content| (content.packets(), content.duration_ms()));
    Ok(Kept { path, state, bytes, packets, duration_ms })
}
