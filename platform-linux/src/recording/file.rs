//! One recording on its way to the disk: under a temporary name until it is closed.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use parlor_core::control::RecordingRequest;
use rustix::fs::{FlockOperation, flock};

use super::mjr;
use crate::folder::{self, NAME_BYTES};

/// What the name of a file ends with that is not closed yet.
pub(super) const UNFINISHED: &str = "part";

/// Bytes that wait in memory for the disk.
const BUFFER_BYTES: usize = 64 << 10;

/// Files of one name that stand beside each other.
const TWINS: u32 = 1000;

/// A name may be longer than one that an administrator types: it tells room, publisher, time and m-line.
const RECORDING_NAME_BYTES: usize = 2 * NAME_BYTES;

/// A file that grows.
pub(super) struct RecordingFile {
    path: PathBuf,
    unfinished: PathBuf,
    file: BufWriter<File>,
    description: String,
    began: Option<Instant>,
    bytes: u64,
    packets: u64,
}

impl RecordingFile {
    /// Makes the file that `request` asks for, in `directory`. A refusal is a sentence.
    pub(super) fn create(directory: &Path, request: &RecordingRequest<'_>, asked: SystemTime) -> Result<Self, String> {
        let (before, name) = request.file.rsplit_once('/').unwrap_or(("", request.file));
        let folder = Path::new(request.folder.unwrap_or_default()).join(before);
        let folder = folder::inside(directory, folder.to_str())?;
        let name = folder::checked_name(name, RECORDING_NAME_BYTES)?;
        // What is there is never written over, nor a link followed.
        for twin in 0..TWINS {
            let name = if twin == 0 { name.to_owned() } else { format!("{name}-{twin}") };
            let path = folder.join(format!("{name}.{}", mjr::ENDING));
            let unfinished = folder.join(format!("{name}.{}.{UNFINISHED}", mjr::ENDING));
            if path.symlink_metadata().is_ok() {
                continue;
            }
            match OpenOptions::new().write(true).create_new(true).open(&unfinished) {
                Ok(file) => {
                    // So that nobody mends it while it grows.
                    flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(|error| error.to_string())?;
                    return Ok(Self {
                        path,
                        unfinished,
                        file: BufWriter::with_capacity(BUFFER_BYTES, file),
                        description: mjr::description(request, unix_us(asked)),
                        began: None,
                        bytes: 0,
                        packets: 0,
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(format!("the file cannot be made: {error}")),
            }
        }
        Err(format!("there are {TWINS} files of this name"))
    }

    /// Adds a packet that came `at`; says how many bytes the file grew by.
    pub(super) fn add(&mut self, at: Instant, packet: &[u8]) -> io::Result<u64> {
        let mut grown = 0;
        let began = match self.began {
            Some(began) => began,
            None => {
                let came = SystemTime::now() - at.elapsed();
                let header = mjr::header(&self.description, unix_us(came));
                self.file.write_all(&header)?;
                grown += header.len() as u64;
                *self.began.insert(at)
            }
        };
        let since_ms = at.saturating_duration_since(began).as_millis() as u32;
        self.file.write_all(&mjr::frame_header(since_ms, packet.len()))?;
        self.file.write_all(packet)?;
        grown += (mjr::FRAME_HEADER_BYTES + packet.len()) as u64;
        self.bytes += grown;
        self.packets += 1;
        Ok(grown)
    }

    /// Hands to the system what waits: it outlives this process then.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }

    /// Closes the file under its name; one without packets vanishes. Waits for the disk. Says where it is.
    pub(super) fn finish(mut self) -> io::Result<Option<Finished>> {
        if self.packets == 0 {
            fs::remove_file(&self.unfinished)?;
            return Ok(None);
        }
        self.file.flush()?;
        self.file.get_ref().sync_data()?;
        fs::rename(&self.unfinished, &self.path)?;
        let folder = self.path.parent().unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()?;
        Ok(Some(Finished { path: self.path, bytes: self.bytes, packets: self.packets }))
    }
}

/// A file that was closed.
pub(super) struct Finished {
    pub(super) path: PathBuf,
    pub(super) bytes: u64,
    pub(super) packets: u64,
}

pub(super) fn unix_us(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64)
}
