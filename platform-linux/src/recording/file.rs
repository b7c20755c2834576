//! A recording of one m-line in Janus' format, on its way to the disk.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use parlor_core::control::RecordingRequest;

use super::mjr;
use super::unfinished::Unfinished;

/// Bytes that wait in memory for the disk.
const BUFFER_BYTES: usize = 64 << 10;

/// A file that grows.
pub(super) struct RecordingFile {
    file: BufWriter<Unfinished>,
    description: String,
    began: Option<Instant>,
    bytes: u64,
    packets: u64,
}

impl RecordingFile {
    /// Makes the file that `request` asks for, in `directory`. A refusal is a sentence.
    pub(super) fn create(directory: &Path, request: &RecordingRequest<'_>, asked: SystemTime) -> Result<Self, String> {
        let file = Unfinished::create(directory, request, mjr::ENDING)?;
        Ok(Self {
            file: BufWriter::with_capacity(BUFFER_BYTES, file),
            description: mjr::description(request, unix_us(asked)),
            began: None,
            bytes: 0,
            packets: 0,
        })
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
    pub(super) fn finish(self) -> io::Result<Option<Finished>> {
        if self.packets == 0 {
            self.file.get_ref().remove()?;
            return Ok(None);
        }
        let path = self.file.into_inner().map_err(|error| error.into_error())?.finish()?;
        Ok(Some(Finished { path, bytes: self.bytes, packets: self.packets }))
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
