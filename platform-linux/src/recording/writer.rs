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

use parlor_core::control::{Film, RecordingEnd, RecordingRequest};
use parlor_core::id::RelayId;
use parlor_core::link::PacketWay;
use parlor_core::room::Name;
use parlor_core::wire::{Codec, ExtensionMap};

use super::Ended;
use super::file::{Finished, unix_us};
use super::growing::Growing;
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
    film: Option<Film>,
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

/// A relay of a shard.
type Key = (u8, RelayId);

/// Everything that is recorded now.
pub(super) struct Writer {
    directory: PathBuf,
    most_bytes: u64,
    most_room_bytes: u64,
    orders: Receiver<Order>,
    packets: Vec<RecordedPackets>,
    /// Bytes of messages among the orders.
    waiting_bytes: Arc<AtomicUsize>,
    /// By a number of their own.
    files: HashMap<u64, (Name, Growing)>,
    /// What goes into which file.
    numbers: HashMap<Key, u64>,
    next: u64,
    /// Films of which not all tracks are known, and since when.
    films: HashMap<Key, (Instant, Vec<Wanted>)>,
    /// What recordings take on the disk.
    bytes: u64,
    /// What those of each room took since the start.
    room_bytes: HashMap<Name, u64>,
    flushed: Instant,
    is_ending: bool,
    ended: smol::channel::Sender<Ended>,
    closing: Sender<Growing>,
    closer: JoinHandle<()>,
}

impl Wanted {
    pub(super) fn new(request: &RecordingRequest<'_>, asked: SystemTime) -> Self {
        let RecordingRequest { shard, relay, film, room, codec, codec_name, extensions, is_end_to_end, .. } = *request;
        let (folder, file) = (request.folder.map(Into::into), request.file.into());
        let parameters = request.parameters.into();
        Self { shard, relay, film, room, folder, file, codec, codec_name, parameters, extensions, is_end_to_end, asked }
    }

    fn request(&self) -> RecordingRequest<'_> {
        let Self { shard, relay, film, room, codec, codec_name, extensions, is_end_to_end, .. } = *self;
        let (folder, file, parameters) = (self.folder.as_deref(), &*self.file, &*self.parameters);
        RecordingRequest {
            shard,
            relay,
            film,
            room,
            folder,
            file,
            codec,
            codec_name,
            parameters,
            extensions,
            is_end_to_end,
        }
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
            numbers: HashMap::new(),
            next: 0,
            films: HashMap::new(),
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
            let order = match self.files.is_empty() && self.films.is_empty() {
                true => self.orders.recv().map_err(|_| RecvTimeoutError::Disconnected),
                false => self.orders.recv_timeout(ROUND),
            };
            // What came before an end is written before it; what came for a beginning waits for it.
            if !matches!(order, Ok(Order::Begin(_))) {
                self.write();
                self.begin_films();
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
            Order::Begin(wanted) => self.want(*wanted),
            Order::Message(message) => {
                let Message { shard, relay, at, sent, payload } = message;
                self.waiting_bytes.fetch_sub(payload.len(), Ordering::Relaxed);
                let message = mjr::message(unix_us(sent), &payload);
                self.add((shard, relay), at, PacketWay::RtpOut, &message);
            }
            Order::End(shard, relay) => self.end((shard, relay)),
            Order::EndAll => self.is_ending = true,
        }
    }

    /// Begins what is wanted, a film when all its tracks are known.
    fn want(&mut self, wanted: Wanted) {
        let Some(film) = wanted.film else { return self.begin(&[wanted]) };
        let first = (wanted.shard, film.first);
        let (_, tracks) = self.films.entry(first).or_insert_with(|| (Instant::now(), Vec::new()));
        tracks.push(wanted);
        if tracks.len() >= usize::from(film.tracks) {
            let tracks = std::mem::take(tracks);
            self.films.remove(&first);
            self.begin(&tracks);
        }
    }

    /// Begins films that a track is missing of for long: there was no room for its order.
    fn begin_films(&mut self) {
        let late: Vec<_> = self.films.extract_if(|_, (since, _)| since.elapsed() >= FLUSH).collect();
        late.into_iter().for_each(|(_, (_, tracks))| self.begin(&tracks));
    }

    fn begin(&mut self, wanted: &[Wanted]) {
        let Some(first) = wanted.first() else { return };
        let room = first.room;
        let keys = wanted.iter().map(|wanted| (wanted.shard, wanted.relay));
        if self.files.is_empty() {
            // Others may have taken files away, or put some there.
            self.bytes = taken_bytes(&self.directory);
        }
        if self.is_over_budget(room) {
            keys.for_each(|key| self.tell(key, RecordingEnd::Budget));
            return;
        }
        let requests: Vec<_> = wanted.iter().map(Wanted::request).collect();
        match Growing::create(&self.directory, &requests, first.asked) {
            Ok(file) => {
                self.next += 1;
                self.files.insert(self.next, (room, file));
                self.numbers.extend(keys.map(|key| (key, self.next)));
            }
            Err(why) => {
                log::warn("recording", format_args!("{}: {why}", first.file));
                keys.for_each(|key| self.tell(key, RecordingEnd::Refused));
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
                if !self.numbers.contains_key(&key) {
                    // Its order may still wait.
                    while let Ok(order) = self.orders.try_recv() {
                        self.follow(order);
                    }
                }
                self.add(key, recorded.at, recorded.packet.way, recorded.packet.copied());
            }
        }
        let overflowed = |(shard, relay): &(u8, RelayId)| self.packets[usize::from(*shard)].overflows().has(*relay);
        let slow: Vec<_> = self.numbers.keys().copied().filter(overflowed).collect();
        for key in slow {
            if let Some(number) = self.numbers.get(&key) {
                self.give_up(*number, RecordingEnd::SlowDisk);
            }
        }
        if self.flushed.elapsed() >= FLUSH {
            self.flushed = Instant::now();
            let numbers: Vec<_> = self.files.keys().copied().collect();
            numbers.into_iter().for_each(|number| self.grow(number, Growing::flush));
        }
    }

    /// Adds a packet, or a message with its time, to a recording that goes on.
    fn add(&mut self, key: Key, at: Instant, way: PacketWay, packet: &[u8]) {
        if let Some(number) = self.numbers.get(&key) {
            self.grow(*number, |file| file.add(key.1, at, way, packet));
        }
    }

    /// Writes to a file, and ends it where that goes too far.
    fn grow(&mut self, number: u64, write: impl FnOnce(&mut Growing) -> io::Result<u64>) {
        let Some((room, file)) = self.files.get_mut(&number) else { return };
        let room = *room;
        match write(file) {
            Ok(grown) => {
                self.bytes += grown;
                *self.room_bytes.entry(room).or_default() += grown;
                if grown > 0 && self.is_over_budget(room) {
                    self.give_up(number, RecordingEnd::Budget);
                }
            }
            Err(error) => {
                log::warn("recording", format_args!("the disk takes no more: {error}"));
                self.give_up(number, RecordingEnd::DiskError);
            }
        }
    }

    /// Ends a file, and tells so of all that goes into it.
    fn give_up(&mut self, number: u64, end: RecordingEnd) {
        let keys: Vec<_> = self.numbers.extract_if(|_, of| *of == number).map(|(key, _)| key).collect();
        keys.into_iter().for_each(|key| self.tell(key, end));
        self.close(number);
    }

    /// No more comes for `key`. A film goes on as long as more comes for another of its tracks.
    fn end(&mut self, key: Key) {
        let Some(number) = self.numbers.remove(&key) else {
            // It may belong to a film that has not begun.
            let is_other = |wanted: &Wanted| (wanted.shard, wanted.relay) != key;
            return self.films.values_mut().for_each(|(_, tracks)| tracks.retain(is_other));
        };
        if !self.numbers.values().any(|other| *other == number) {
            self.close(number);
        }
    }

    fn close(&mut self, number: u64) {
        if let Some((_, file)) = self.files.remove(&number) {
            let _ = self.closing.send(file);
        }
    }

    fn tell(&self, (shard, relay): Key, end: RecordingEnd) {
        // There is room for an end of each relay.
        let _ = self.ended.try_send((shard, relay, end));
    }

    fn is_over_budget(&self, room: Name) -> bool {
        let room_bytes = self.room_bytes.get(&room).copied().unwrap_or_default();
        self.bytes >= self.most_bytes || room_bytes >= self.most_room_bytes
    }
}

/// Closes one file after the other.
fn close_all(waiting: &Receiver<Growing>) {
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
