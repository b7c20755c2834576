//! A file on its way to the disk: under a temporary name until it is closed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use parlor_core::control::RecordingRequest;
use rustix::fs::{FlockOperation, flock};

use crate::folder::{self, NAME_BYTES};

/// What the name of a file ends with that is not closed yet.
pub(super) const ENDING: &str = "part";

/// Files of one name that stand beside each other.
const TWINS: u32 = 1000;

/// A name may be longer than one that an administrator types: it tells room, publisher, time and m-line.
const RECORDING_NAME_BYTES: usize = 2 * NAME_BYTES;

/// A file that has only a temporary name, and that nobody else mends.
pub(super) struct Unfinished {
    file: File,
    path: PathBuf,
    unfinished: PathBuf,
}

impl Unfinished {
    /// Makes the file that `request` asks for, in `directory`, whose name ends like this. A refusal is a sentence.
    pub(super) fn create(directory: &Path, request: &RecordingRequest<'_>, ending: &str) -> Result<Self, String> {
        let (before, name) = request.file.rsplit_once('/').unwrap_or(("", request.file));
        let folder = Path::new(request.folder.unwrap_or_default()).join(before);
        let folder = folder::inside(directory, folder.to_str())?;
        let name = folder::checked_name(name, RECORDING_NAME_BYTES)?;
        // What is there is never written over, nor a link followed.
        for twin in 0..TWINS {
            let name = if twin == 0 { name.to_owned() } else { format!("{name}-{twin}") };
            let path = folder.join(format!("{name}.{ending}"));
            let unfinished = folder.join(format!("{name}.{ending}.{ENDING}"));
            if path.symlink_metadata().is_ok() {
                continue;
            }
            match OpenOptions::new().write(true).create_new(true).open(&unfinished) {
                Ok(file) => {
                    // So that nobody mends it while it grows.
                    flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(|error| error.to_string())?;
                    return Ok(Self { file, path, unfinished });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(format!("the file cannot be made: {error}")),
            }
        }
        Err(format!("there are {TWINS} files of this name"))
    }

    /// The file.
    #[cfg(feature = "film")]
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Gives it its name when the disk has confirmed all that was written. Says where it is.
    pub(super) fn finish(self) -> io::Result<PathBuf> {
        self.file.sync_data()?;
        fs::rename(&self.unfinished, &self.path)?;
        let folder = self.path.parent().unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()?;
        Ok(self.path)
    }

    /// There is nothing in it.
    pub(super) fn remove(&self) -> io::Result<()> {
        fs::remove_file(&self.unfinished)
    }
}

impl Write for Unfinished {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}
