//! Captures on disk: copies of packets that administrators asked for, written by the control thread into one folder,
//! bounded in size and time.

mod pcap;
mod text;

use std::cell::RefCell;
use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parlor_core::control::{CaptureFormat, CapturePath, CaptureRequest};
use parlor_core::id::CaptureId;
use parlor_core::link::{CopiedPacket, TapReader};

use crate::config;
use crate::folder::{self, NAME_BYTES, checked_name};
use crate::log;
use crate::queue::Sender;

/// A copy on its way from a media thread.
pub struct Copied {
    /// When it was made.
    at: SystemTime,
    /// How many before it found no place in the queue.
    lost_before: u32,
    packet: CopiedPacket,
}

/// A media thread's end: never waits, and counts what finds no place.
pub struct Tapping {
    sender: Sender<Copied>,
    lost: u32,
}

impl Copied {
    /// Whom it is for.
    pub fn reader(&self) -> TapReader {
        self.packet.reader
    }

    /// What was copied.
    pub fn bytes(&self) -> &[u8] {
        self.packet.copied()
    }
}

impl Tapping {
    /// Copies go into `sender`.
    pub(crate) fn new(sender: Sender<Copied>) -> Self {
        Self { sender, lost: 0 }
    }

    /// Hands a copy on, if there is a place.
    pub(crate) fn push(&mut self, packet: CopiedPacket) {
        let copied = Copied { at: SystemTime::now(), lost_before: self.lost, packet };
        self.lost = match self.sender.try_send(copied) {
            Ok(()) => 0,
            Err(_) => self.lost.saturating_add(1),
        };
    }
}

/// All captures.
pub struct Captures {
    settings: Option<Settings>,
    running: RefCell<Vec<Capture>>,
}

/// Why none begins where no folder was configured.
const OFF: &str = "captures are off: set capture.directory to a folder, then restart";

/// Where captures go, and how big they may become.
struct Settings {
    directory: PathBuf,
    most_bytes: u64,
    lasts: Duration,
}

/// A file that grows.
struct Capture {
    id: CaptureId,
    format: CaptureFormat,
    path: PathBuf,
    file: BufWriter<File>,
    began: Instant,
    bytes: u64,
    packets: u64,
    lost: u64,
}

impl Captures {
    /// Captures as `configuration` wants them.
    pub fn new(configuration: &config::Capture, state_directory: &Path) -> Self {
        let settings = configuration.directory.as_ref().map(|directory| Settings {
            directory: state_directory.join(directory),
            most_bytes: u64::from(configuration.megabytes) << 20,
            lasts: Duration::from_secs(configuration.seconds.into()),
        });
        Self { settings, running: RefCell::default() }
    }

    /// Begins a file and says where it is; the error is a sentence.
    pub fn start(&self, request: &CaptureRequest<'_>) -> Result<CapturePath, String> {
        let settings = self.settings.as_ref().ok_or(OFF)?;
        let folder = folder::inside(&settings.directory, request.folder)?;
        let name = request
            .file
            .map_or_else(|| Ok(usual_name(request)), |name| checked_name(name, NAME_BYTES).map(Into::into))?;
        let path = folder.join(name);
        let shown = CapturePath::try_from(path.to_str().unwrap_or_default()).map_err(|_| "the path is too long")?;
        // What is there is never written over, nor a link followed.
        let file = OpenOptions::new().write(true).create_new(true).open(&path);
        let mut file = BufWriter::new(file.map_err(|error| format!("the file cannot be made: {error}"))?);
        if request.format == CaptureFormat::Pcap {
            file.write_all(&pcap::FILE_HEADER).map_err(|error| format!("the file cannot be written: {error}"))?;
        }
        log::info("capture", format_args!("packets are written to {shown}"));
        let (id, format, began) = (request.capture, request.format, Instant::now());
        self.running.borrow_mut().push(Capture { id, format, path, file, began, bytes: 0, packets: 0, lost: 0 });
        Ok(shown)
    }

    /// Ends a file.
    pub fn stop(&self, id: CaptureId) {
        let mut running = self.running.borrow_mut();
        if let Some(at) = running.iter().position(|capture| capture.id == id) {
            running.swap_remove(at).end();
        }
    }

    /// Writes a copy; false if its file takes no more.
    pub fn write(&self, copied: &Copied) -> bool {
        let (mut running, Some(settings)) = (self.running.borrow_mut(), &self.settings) else { return true };
        let capture = running.iter_mut().find(|capture| TapReader::Capture(capture.id) == copied.packet.reader);
        capture.is_none_or(|capture| capture.add(copied, settings.most_bytes))
    }

    /// What lasted long enough. What waits in memory goes to the disk.
    pub fn due(&self) -> Option<CaptureId> {
        let lasts = self.settings.as_ref()?.lasts;
        let mut running = self.running.borrow_mut();
        let is_due = |capture: &mut Capture| capture.file.flush().is_err() || capture.began.elapsed() >= lasts;
        running.iter_mut().find_map(|capture| is_due(capture).then_some(capture.id))
    }
}

impl Capture {
    /// Writes a copy; false if that is the last.
    fn add(&mut self, copied: &Copied, most_bytes: u64) -> bool {
        self.lost += u64::from(copied.lost_before);
        let record = match self.format {
            CaptureFormat::Pcap => pcap::record(copied.at, &copied.packet),
            CaptureFormat::Text => text::record(copied.at, &copied.packet).into_bytes(),
        };
        if self.bytes + record.len() as u64 > most_bytes {
            return false;
        }
        self.bytes += record.len() as u64;
        self.packets += 1;
        self.file.write_all(&record).is_ok()
    }

    fn end(mut self) {
        let (path, packets, lost) = (self.path.display(), self.packets, self.lost);
        match self.file.flush() {
            Ok(()) => log::info("capture", format_args!("{path}: {packets} packets, {lost} were lost on the way")),
            Err(error) => log::warn("capture", format_args!("{path}: cannot be written: {error}")),
        }
    }
}

/// The name of a file whose name nobody said.
fn usual_name(request: &CaptureRequest<'_>) -> String {
    let time_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis());
    let ending = if request.format == CaptureFormat::Pcap { "pcap" } else { "txt" };
    format!("parlor-{}-{time_ms}-{}.{ending}", request.format.name(), request.capture.index)
}

#[cfg(test)]
mod tests;
