//! Recordings: copies of packets from the media threads to files in one folder, written by two threads of their own, so
//! that a disk that is slow or full delays nobody. Janus' words are not here; what a file is called is the core's.

mod file;
#[cfg(feature = "film")]
mod film;
mod growing;
mod kept;
mod mjr;
mod tap;
mod unfinished;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant, SystemTime};

use parlor_core::control::{RecordingEnd, RecordingRequest};
use parlor_core::id::RelayId;

use crate::config;
use crate::log;

pub use kept::{Kept, list, repair};
pub use tap::RecordedPackets;
pub(crate) use tap::{RecordingTap, memory_bytes, tap};
use writer::{Message, Order, Wanted, Writer};

/// Orders that wait for the thread that writes.
const ORDERS: usize = 1024;

/// Bytes of messages of data channels that wait for the thread that writes.
pub const WAITING_BYTES: usize = 2 << 20;

/// How long the server's end waits for the disk.
const CLOSED_WITHIN: Duration = Duration::from_millis(500);

/// A recording that ended though nobody asked for it: of which shard, which relay, why.
pub type Ended = (u8, RelayId, RecordingEnd);

/// Whether this binary makes films: recordings that play as they are.
pub const HAS_FILMS: bool = cfg!(feature = "film");

/// The most that a recorded m-line has in memory on its way into a film.
pub const FILM_TRACK_BYTES: usize = {
    #[cfg(feature = "film")]
    let bytes = film::TRACK_MEMORY_BYTES;
    #[cfg(not(feature = "film"))]
    let bytes = 0;
    bytes
};

/// All recordings, seen from the control thread.
pub struct Recordings {
    threads: Option<Threads>,
    ended: smol::channel::Sender<Ended>,
    overflows: Vec<tap::Overflows>,
}

struct Threads {
    orders: SyncSender<Order>,
    waiting_bytes: Arc<AtomicUsize>,
    /// Is hung up when the last file is closed.
    closed: Receiver<()>,
}

impl Recordings {
    /// Recordings as `settings` want them, of the packets that each shard copies; and where their ends are told.
    pub fn start(
        settings: &config::Recording,
        state_directory: &Path,
        packets: Vec<RecordedPackets>,
    ) -> Result<(Self, smol::channel::Receiver<Ended>), String> {
        // Each relay of each shard ends once.
        let places = packets.iter().map(RecordedPackets::relays).sum::<usize>().max(1);
        let (ended, ends) = smol::channel::bounded(2 * places);
        let overflows = packets.iter().map(RecordedPackets::overflows).collect();
        let threads = match directory(settings, state_directory) {
            Some(directory) => Some(Threads::start(settings, directory, packets, ended.clone())?),
            None => None,
        };
        Ok((Self { threads, ended, overflows }, ends))
    }

    /// Begins a recording.
    pub fn begin(&self, request: &RecordingRequest<'_>) {
        let Some(threads) = &self.threads else {
            log::warn("recording", "recordings are off (recording.directory)");
            self.refuse(request.shard, request.relay, RecordingEnd::Refused);
            return;
        };
        if let Some(overflows) = self.overflows.get(usize::from(request.shard)) {
            overflows.forget(request.relay);
        }
        let wanted = Order::Begin(Box::new(Wanted::new(request, SystemTime::now())));
        if threads.orders.try_send(wanted).is_err() {
            self.refuse(request.shard, request.relay, RecordingEnd::SlowDisk);
        }
    }

    /// Adds a message to a recording of data. One that finds too many waiting ends it.
    pub fn add_message(&self, shard: u8, relay: RelayId, payload: &[u8]) {
        let Some(threads) = &self.threads else { return };
        if payload.len() > mjr::MESSAGE_BYTES {
            log::warn("recording", "a message is too long for Janus' files and was left out");
            return;
        }
        let waiting = threads.waiting_bytes.fetch_add(payload.len(), Ordering::Relaxed);
        let message = Message { shard, relay, at: Instant::now(), sent: SystemTime::now(), payload: payload.into() };
        let is_bounded = waiting + payload.len() <= WAITING_BYTES;
        if !is_bounded || threads.orders.try_send(Order::Message(message)).is_err() {
            threads.waiting_bytes.fetch_sub(payload.len(), Ordering::Relaxed);
            self.refuse(shard, relay, RecordingEnd::SlowDisk);
            self.end(shard, relay);
        }
    }

    /// Ends one.
    pub fn end(&self, shard: u8, relay: RelayId) {
        if let Some(threads) = &self.threads {
            // A thread that is so far behind ends it when the publisher's packets stay away: at the server's end.
            let _ = threads.orders.try_send(Order::End(shard, relay));
        }
    }

    /// Ends all, and waits a moment until they are closed: what is not keeps its temporary name.
    pub fn close(&self) {
        let Some(threads) = &self.threads else { return };
        let is_closed = threads.orders.try_send(Order::EndAll).is_ok()
            && threads.closed.recv_timeout(CLOSED_WITHIN) == Err(RecvTimeoutError::Disconnected);
        if !is_closed {
            log::warn("recording", "the disk is slow: some recordings are not closed (parlor recordings --repair)");
        }
    }

    fn refuse(&self, shard: u8, relay: RelayId, end: RecordingEnd) {
        let _ = self.ended.try_send((shard, relay, end));
    }
}

impl Threads {
    fn start(
        settings: &config::Recording,
        directory: PathBuf,
        packets: Vec<RecordedPackets>,
        ended: smol::channel::Sender<Ended>,
    ) -> Result<Self, String> {
        let (orders, waiting) = sync_channel(ORDERS);
        let (closing, closed) = sync_channel(1);
        let waiting_bytes = Arc::new(AtomicUsize::new(0));
        let writer = Writer::new(settings, directory, (waiting, packets, Arc::clone(&waiting_bytes)), ended);
        let started = writer.and_then(|writer| {
            let write = move || {
                writer.run();
                drop(closing);
            };
            std::thread::Builder::new().name("recorder".into()).spawn(write)
        });
        started.map_err(|error| format!("recordings cannot be written: {error}"))?;
        Ok(Self { orders, waiting_bytes, closed })
    }
}

/// The folder of recordings, if there are any.
pub fn directory(settings: &config::Recording, state_directory: &Path) -> Option<PathBuf> {
    settings.directory.as_ref().map(|directory| state_directory.join(directory))
}

#[cfg(test)]
mod tests;
