//! The thread that writes, and the one that closes: closing waits for the disk, and what is recorded meanwhile must
//! not.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use parlor_core::control::{RecordingEnd, RecordingRequest};
use parlor_core::id::RelayId;
use parlor_core::room::Name;
use parlor_core::wire::{Codec, ExtensionMap};

use super::Ended;
use super::file::{Finished, RecordingFile, unix_us};
use super::mjr;
use super::tap::RecordedPackets;
use crate::config;
use crate::log;

/// How long packets may lie in a queue: short beside the seconds that it holds.
const ROUND: Duration = Duration::from_millis(20);

/// How long packets may lie in our memory: a process that is killed loses them.
const FLUSH: Duration = Duration::from_secs(1);

/// Folders and files that are looked at to know how much recordings take.
const ENTRIES: usize = 100_000;

/// What the control thread wants.
pub(super) enum Order {
    Begin(Box<Wanted>),
    Message(Message),
    End(u8, RelayId),
    EndAll,
}

/// A message of a data channel.
pub(super) struct Message {
    pub(super) shard: u8,
    pub(super) relay: RelayId,
    pub(super) at: Instant,
    pub(super) sent: SystemTime,
    pub(super) payload: Box<[u8]>,
}

/// A [`RecordingRequest`] that outlives the call.
pub(super) struct Wanted {
    shard: u8,
    relay: RelayId,
    room: Name,
    folder: Option<String>,
    file: String,
    codec: Option<Codec>,
    codec_name: &'static str,
    parameters: String,
    extensions: ExtensionMap,
    is_end_to_end: bool,
    asked: SystemTime,
}

/// Everything that is recorded now.
pub(super) struct Writer {
    directory: PathBuf,
    most_bytes: u64,
    most_room_bytes: u64,
    orders: Receiver<Order>,
    packets: Vec<RecordedPackets>,
    /// Bytes of messages among the orders.
    waiting_bytes: Arc<AtomicUsize>,
    files: HashMap<(u8, RelayId), (Name, RecordingFile)>,
    /// What recordings take on the disk.
    bytes: u64,
    /// What those of each room took since the start.
    room_bytes: HashMap<Name, u64>,
    flushed: Instant,
    is_ending: bool,
    ended: smol::channel::Sender<Ended>,
    closing: Sender<RecordingFile>,
    closer: JoinHandle<()>,
}

impl Wanted {
    pub(super) fn new(request: &RecordingRequest<'_>, asked: SystemTime) -> Self {
        let RecordingRequest { shard, relay, room, codec, codec_name, extensions, is_end_to_end, .. } = *request;
        let (folder, file) = (request.folder.map(Into::into), request.file.into());
        let parameters = request.parameters.into();
        Self { shard, relay, room, folder, file, codec, codec_name, parameters, extensions, is_end_to_end, asked }
    }

    fn request(&self) -> RecordingRequest<'_> {
        let Self { shard, relay, room, codec, codec_name, extensions, is_end_to_end, .. } = *self;
        let (folder, file, parameters) = (self.folder.as_deref(), &*self.file, &*self.parameters);
        RecordingRequest { shard, relay, room, folder, file, codec, codec_name, parameters, extensions, is_end_to_end }
    }
}

impl Writer {
    pub(super) fn new(
        settings: &config::Recording,
        directory: PathBuf,
        (orders, packets, waiting_bytes): (Receiver<Order>, Vec<RecordedPackets>, Arc<AtomicUsize>),
        ended: smol::channel::Sender<Ended>,
    ) -> io::Result<Self> {
        let (closing, waiting) = channel();
        let closer = std::thread::Builder::new().name("recorder-close".into()).spawn(move || close_all(&waiting))?;
        Ok(Self {
            directory,
            most_bytes: megabytes(settings.megabytes),
            most_room_bytes: megabytes(settings.room_megabytes),
            orders,
            packets,
            waiting_bytes,
            files: HashMap::new(),
            bytes: 0,
            room_bytes: HashMap::new(),
            flushed: Instant::now(),
            is_ending: false,
            ended,
            closing,
            closer,
        })
    }

    /// Writes until it is told that everything ends.
    pub(super) fn run(mut self) {
        while !self.is_ending {
            let order = match self.files.is_empty() {
                true => self.orders.recv().map_err(|_| RecvTimeoutError::Disconnected),
                false => self.orders.recv_timeout(ROUND),
            };
            // What came before an end is written before it; what came for a beginning waits for it.
            if !matches!(order, Ok(Order::Begin(_))) {
                self.write();
            }
            match order {
                Ok(order) => self.follow(order),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => self.is_ending = true,
            }
        }
        for (_, (_, file)) in self.files.drain() {
            let _ = self.closing.send(file);
        }
        drop(self.closing);
        let _ = self.closer.join();
    }

    fn follow(&mut self, order: Order) {
        match order {
            Order::Begin(wanted) => self.begin(&wanted),
            Order::Message(message) => {
                let Message { shard, relay, at, sent, payload } = message;
                self.waiting_bytes.fetch_sub(payload.len(), Ordering::Relaxed);
                self.add((shard, relay), at, &mjr::message(unix_us(sent), &payload));
            }
            Order::End(shard, relay) => self.close(shard, relay),
            Order::EndAll => self.is_ending = true,
        }
    }

    fn begin(&mut self, wanted: &Wanted) {
        let (shard, relay, room) = (wanted.shard, wanted.relay, wanted.room);
        if self.files.is_empty() {
            // Others may have taken files away, or put some there.
            self.bytes = taken_bytes(&self.directory);
        }
        if self.is_over_budget(room) {
            self.tell(shard, relay, RecordingEnd::Budget);
            return;
        }
        match RecordingFile::create(&self.directory, &wanted.request(), wanted.asked) {
            Ok(file) => drop(self.files.insert((shard, relay), (room, file))),
            Err(why) => {
                log::warn("recording", format_args!("{}: {why}", wanted.file));
                self.tell(shard, relay, RecordingEnd::Refused);
            }
        }
    }

    /// Writes what the shards copied, and ends what cannot go on.
    fn write(&mut self) {
        for shard in 0..self.packets.len() {
            // At most what the queue holds: the media thread may fill it as fast as we empty it.
            for _ in 0..crate::queue::RECORDED {
                let Some(recorded) = self.packets[shard].receiver.try_recv() else { break };
                let key = (shard as u8, recorded.relay);
                if !self.files.contains_key(&key) {
                    // Its order may still wait.
                    while let Ok(order) = self.orders.try_recv() {
                        self.follow(order);
                    }
                }
                self.add(key, recorded.at, recorded.packet.copied());
            }
        }
        let overflowed = |(shard, relay): &(u8, RelayId)| self.packets[usize::from(*shard)].overflows().has(*relay);
        let slow: Vec<_> = self.files.keys().copied().filter(overflowed).collect();
        slow.into_iter().for_each(|key| self.give_up(key, RecordingEnd::SlowDisk));
        if self.flushed.elapsed() >= FLUSH {
            self.flushed = Instant::now();
            let flushed = self.files.iter_mut().filter_map(|(key, (_, file))| Some((*key, file.flush().err()?)));
            let failed: Vec<_> = flushed.collect();
            failed.iter().for_each(|(key, error)| self.fail(*key, error));
        }
    }

    /// Adds a packet, or a message with its time, to a recording that goes on.
    fn add(&mut self, key: (u8, RelayId), at: Instant, packet: &[u8]) {
        let Some((room, file)) = self.files.get_mut(&key) else { return };
        let room = *room;
        match file.add(at, packet) {
            Ok(grown) => {
                self.bytes += grown;
                *self.room_bytes.entry(room).or_default() += grown;
                if self.is_over_budget(room) {
                    self.give_up(key, RecordingEnd::Budget);
                }
            }
            Err(error) => self.fail(key, &error),
        }
    }

    fn fail(&mut self, key: (u8, RelayId), error: &io::Error) {
        log::warn("recording", format_args!("the disk takes no more: {error}"));
        self.give_up(key, RecordingEnd::DiskError);
    }

    fn give_up(&mut self, (shard, relay): (u8, RelayId), end: RecordingEnd) {
        self.close(shard, relay);
        self.tell(shard, relay, end);
    }

    fn close(&mut self, shard: u8, relay: RelayId) {
        if let Some((_, file)) = self.files.remove(&(shard, relay)) {
            let _ = self.closing.send(file);
        }
    }

    fn tell(&self, shard: u8, relay: RelayId, end: RecordingEnd) {
        // There is room for an end of each relay.
        let _ = self.ended.try_send((shard, relay, end));
    }

    fn is_over_budget(&self, room: Name) -> bool {
        let room_bytes = self.room_bytes.get(&room).copied().unwrap_or_default();
        self.bytes >= self.most_bytes || room_bytes >= self.most_room_bytes
    }
}

/// Closes one file after the other.
fn close_all(waiting: &Receiver<RecordingFile>) {
    while let Ok(file) = waiting.recv() {
        match file.finish() {
            Ok(Some(Finished { path, bytes, packets })) => {
                log::info("recording", format_args!("{}: {packets} packets, {bytes} bytes", path.display()));
            }
            Ok(None) => log::info("recording", "a recording got no packet and left no file"),
            Err(error) => log::warn("recording", format_args!("a file cannot be closed: {error}")),
        }
    }
}

/// 0: no bound.
fn megabytes(number: u32) -> u64 {
    if number == 0 { u64::MAX } else { u64::from(number) << 20 }
}

/// What lies in `directory` and below, as far as it can be read.
fn taken_bytes(directory: &Path) -> u64 {
    let (mut bytes, mut entries) = (0, 0);
    let mut folders = vec![directory.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            entries += 1;
            if entries > ENTRIES {
                return bytes;
            }
            match entry.metadata() {
                Ok(found) if found.is_dir() => folders.push(entry.path()),
                Ok(found) => bytes += found.len(),
                Err(_) => {}
            }
        }
    }
    bytes
}
