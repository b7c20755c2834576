//! Recordings: which m-lines go into files, and what these are called. Files are the platform's.

use core::fmt::Write;

use heapless::{String, Vec};

use super::Outlet;
use super::changes::Changes;
use super::error::Refusal;
use super::forward::of_content;
use super::json::Value;
use super::media_info::{codec_name, kind_name};
use super::notify::{RoomNotice, Subject};
use super::reply::RoomEvent;
use super::rooms::check_lock;
use super::turn::{Done, Turn};
use crate::id::{HandleId, RelayId, RoomId, StreamId};
use crate::media::{Command, RelayDestination, RelayParameters};
use crate::random::Random;
use crate::room::{Name, PUBLISHED, Publisher, RecordFormat, Recording, Relayed, Room};
use crate::sdp::MediaKind;
use crate::wire::{Codec, ExtensionMap};

/// The longest name of a file, in bytes, without what tells its format.
const FILE_BYTES: usize = 256;

/// One m-line that goes into a file.
#[derive(Clone, Copy, Debug)]
pub struct RecordingRequest<'a> {
    /// The shard that copies its packets.
    pub shard: u8,
    /// What the copies will be called.
    pub relay: RelayId,
    /// The film that it is a track of, if it goes into one.
    pub film: Option<Film>,
    /// Its room.
    pub room: Name,
    /// The folder that the room names, if it does.
    pub folder: Option<&'a str>,
    /// The file, with folders before it where the publisher named some; without what tells the format.
    pub file: &'a str,
    /// What the m-line carries; nothing for data.
    pub codec: Option<Codec>,
    /// Janus' name of that.
    pub codec_name: &'static str,
    /// The format's parameters as the publisher said them.
    pub parameters: &'a str,
    /// The header extensions in the packets.
    pub extensions: ExtensionMap,
    /// Whether the payload is encrypted end to end.
    pub is_end_to_end: bool,
}

/// A file that several m-lines go into; all are asked for in one turn, and the first gives it its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Film {
    /// What the copies of the first are called.
    pub first: RelayId,
    /// How many m-lines there are.
    pub tracks: u8,
}

/// An m-line of a publisher, and its place in the offer.
#[derive(Clone, Copy)]
struct Line {
    index: usize,
    recording: Recording,
}

type Lines = Vec<Line, PUBLISHED>;

/// Why a recording ended though nobody asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordingEnd {
    /// Packets came faster than the disk took them.
    SlowDisk,
    /// The disk is full, or failed.
    DiskError,
    /// What recordings may take is used up.
    Budget,
    /// The file would lie outside the folder of recordings, or cannot be made.
    Refused,
    /// All places of relays are taken.
    NoPlace,
}

impl RecordingEnd {
    /// As a sentence.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::SlowDisk => "The disk is too slow",
            Self::DiskError => "The disk is full or failed",
            Self::Budget => "Recordings take all the space they may",
            Self::Refused => "The file cannot be made there",
            Self::NoPlace => "No place left (relays)",
        }
    }
}

impl<R: Random, O: Outlet> Turn<'_, '_, R, O> {
    /// Whether there is a relay's place for each m-line of `handle`, if `changes` want them recorded.
    pub(crate) fn check_recording(&self, handle: HandleId, changes: &Changes, body: Value<'_>) -> Done {
        let publisher = self.state.handles.get(handle).and_then(|entry| entry.publisher());
        let begins = changes.record == Some(true) && self.may_record(handle, body);
        let Some(publisher) = publisher.filter(|it| begins && !it.is_recorded) else {
            return Ok(());
        };
        let tables = self.shard_of(handle).and_then(|shard| self.state.shards.get(usize::from(shard)));
        let (size, taken) = tables.map_or((0, 0), |tables| (tables.relays.capacity(), tables.relays.len()));
        if taken + publisher.streams.len() > size { Err(Refusal::full("relays", size)) } else { Ok(()) }
    }

    /// Whether `body` may say something about recording: in a room that locks it, only with the room's secret.
    fn may_record(&self, handle: HandleId, body: Value<'_>) -> bool {
        let publisher = self.state.handles.get(handle).and_then(|entry| entry.publisher());
        let room = publisher.and_then(|publisher| self.state.rooms.get(publisher.room?));
        room.is_some_and(|Room { settings, .. }| {
            !settings.lock_record || check_lock(settings.secret.as_deref(), body, "secret").is_ok()
        })
    }

    /// Takes from `changes` what is said about recording; nothing where that is locked, as in Janus.
    pub(crate) fn take_recording(&mut self, handle: HandleId, changes: &Changes, body: Value<'_>) {
        if !self.may_record(handle, body) {
            return;
        }
        let Some(publisher) = self.state.handles.get_mut(handle).and_then(|entry| entry.publisher_mut()) else {
            return;
        };
        publisher.is_recorded = changes.record.unwrap_or(publisher.is_recorded);
        publisher.recording_name = changes.recording_name.clone().or(publisher.recording_name.take());
    }

    /// Everybody in `room` is recorded from now on, or nobody.
    pub(crate) fn record_room(&mut self, room: RoomId, record: bool) {
        for index in 0..self.state.handles.capacity() as u16 {
            let Some(handle) = self.state.handles.id_at(index).map(HandleId::from) else { continue };
            let publisher = self.state.handles.get_mut(handle).and_then(|entry| entry.publisher_mut());
            let Some(publisher) = publisher.filter(|publisher| publisher.room == Some(room)) else { continue };
            publisher.is_recorded = record;
            self.begin_and_end_recordings(handle);
        }
        self.tell_recorded(room);
    }

    /// The media of `handle` came up: they are recorded if their room is.
    pub(crate) fn record_as_room(&mut self, handle: HandleId) {
        let Some(publisher) = self.state.handles.get_mut(handle).and_then(|entry| entry.publisher_mut()) else {
            return;
        };
        let room = publisher.room.and_then(|room| self.state.rooms.get(room));
        publisher.is_recorded |= room.is_some_and(|room| room.settings.record);
        self.follow_recording(handle);
    }

    /// Begins and ends recordings of `handle`, so that what flows and is to be recorded is, and nothing else.
    pub(crate) fn follow_recording(&mut self, handle: HandleId) {
        let was_recorded = self.state.is_in_files(handle);
        self.begin_and_end_recordings(handle);
        if self.state.is_in_files(handle) != was_recorded {
            self.tell_room_of(handle);
        }
    }

    fn begin_and_end_recordings(&mut self, handle: HandleId) {
        let Some(entry) = self.state.handles.get(handle) else { return };
        let Some((peer, publisher)) = entry.peer.as_ref().zip(entry.publisher()) else { return };
        if !publisher.is_recorded {
            self.remove_relays(handle, |relayed| matches!(relayed, Relayed::Recording(_)));
            return;
        }
        if !peer.is_up {
            return;
        }
        let (shard, records_film) = (peer.shard, self.records_film(publisher));
        let lines = publisher.streams.iter().enumerate().filter_map(|(index, stream)| {
            let published = self.state.stream(shard, *stream).filter(|published| !published.is_disabled)?;
            let is_known = published.codec.is_some() || published.kind == MediaKind::Application;
            is_known.then_some(Line { index, recording: Recording { handle, stream: *stream, codec: published.codec } })
        });
        // Of a film all tracks are known when it begins.
        let (film, single): (Lines, Lines) = lines.partition(|line| records_film && line.recording.codec.is_some());
        if film.iter().any(|line| !self.is_recorded(shard, line.recording)) {
            self.remove_relays(handle, |relayed| matches!(relayed, Relayed::Recording(it) if it.codec.is_some()));
            self.begin_recordings(shard, handle, &film, true);
        }
        for line in single {
            if !self.is_recorded(shard, line.recording) {
                let stream = line.recording.stream;
                self.remove_relays(handle, |it| matches!(it, Relayed::Recording(_)) && it.stream() == stream);
                self.begin_recordings(shard, handle, &[line], false);
            }
        }
    }

    /// Whether sound and pictures of `publisher` go into a film: of what is encrypted there is none.
    fn records_film(&self, publisher: &Publisher) -> bool {
        let room = publisher.room.and_then(|room| self.state.rooms.get(room));
        let format = room.and_then(|room| room.settings.record_format).unwrap_or(self.settings.record_format);
        format == RecordFormat::Webm && !publisher.is_end_to_end
    }

    fn is_recorded(&self, shard: u8, recording: Recording) -> bool {
        let tables = self.state.shards.get(usize::from(shard));
        tables.is_some_and(|tables| tables.relays.iter().any(|(_, it)| *it == Relayed::Recording(recording)))
    }

    /// Begins to record m-lines of `handle`, all in one film or each in a file of its own.
    fn begin_recordings(&mut self, shard: u8, handle: HandleId, lines: &[Line], is_film: bool) {
        let mut relays = Vec::<(RelayId, Line), PUBLISHED>::new();
        for line in lines {
            let Some(tables) = self.state.shard_mut(shard) else { return };
            match tables.relays.insert(Relayed::Recording(line.recording)) {
                // A publisher has no more m-lines than these.
                Ok(relay) => drop(relays.push((relay.into(), *line))),
                Err(_) => self.tell_recording_ended(shard, line.recording, RecordingEnd::NoPlace),
            }
        }
        let Some((first, _)) = relays.first().copied() else { return };
        let film = is_film.then_some(Film { first, tracks: relays.len() as u8 });
        for (relay, line) in &relays {
            self.request_recording(shard, handle, *relay, *line, film);
        }
        // Not before the platform knows all of them: a film begins with all its tracks.
        for (relay, line) in &relays {
            self.copy_packets(shard, *relay, line.recording.stream);
        }
    }

    fn request_recording(&mut self, shard: u8, handle: HandleId, relay: RelayId, line: Line, film: Option<Film>) {
        let Some(published) = self.state.stream(shard, line.recording.stream) else { return };
        let Some(publisher) = self.state.handles.get(handle).and_then(|entry| entry.publisher()) else { return };
        let room = publisher.room.and_then(|room| self.state.rooms.get(room));
        let track = film.is_none().then_some((kind_name(published.kind), line.index));
        self.post.out.start_recording(&RecordingRequest {
            shard,
            relay,
            film,
            room: publisher.room_name,
            folder: room.and_then(|room| room.settings.rec_dir.as_deref()),
            file: &file_name(publisher, track, self.post.emitter.time_us),
            codec: published.codec,
            // Janus says so of all data.
            codec_name: published.codec.map_or("text", codec_name),
            parameters: &published.parameters,
            extensions: of_content(&published.extensions),
            is_end_to_end: publisher.is_end_to_end,
        });
    }

    /// Has the shard copy the packets of an m-line. Messages of data come to the control half.
    fn copy_packets(&mut self, shard: u8, relay: RelayId, stream: StreamId) {
        let ssrc = self.random.u32();
        let Some(published) = self.state.stream(shard, stream).filter(|it| it.codec.is_some()) else { return };
        let parameters = RelayParameters {
            relay,
            stream,
            layer: None,
            destination: RelayDestination::File,
            ssrc,
            payload_type: published.payload_type,
            extensions: of_content(&published.extensions),
            is_cascade: false,
        };
        self.post.out.command(shard, Command::AddRelay(parameters));
    }

    /// The platform takes no more of what `relay` brings.
    pub(crate) fn recording_ended(&mut self, shard: u8, relay: RelayId, end: RecordingEnd) {
        let Some(tables) = self.state.shard_mut(shard) else { return };
        let Some(Relayed::Recording(recording)) = tables.relays.get(relay).copied() else { return };
        tables.relays.remove(relay);
        self.post.out.command(shard, Command::RemoveRelay { relay });
        self.tell_recording_ended(shard, recording, end);
        if !self.state.is_in_files(recording.handle) {
            self.tell_room_of(recording.handle);
        }
    }

    /// Tells a publisher, and management systems, that an m-line is recorded no more though they want it.
    fn tell_recording_ended(&mut self, shard: u8, recording: Recording, end: RecordingEnd) {
        let Recording { handle, stream, .. } = recording;
        say!(warn, "a recording ended: {}", end.reason());
        let state = &*self.state;
        let Some(publisher) = state.handles.get(handle).and_then(|entry| entry.publisher()) else { return };
        let Some(mid) = state.stream(shard, stream).map(|published| published.mid.as_str()) else { return };
        let (room, id, mid) = (publisher.room_name, publisher.name, Some(mid));
        let event = RoomEvent {
            room: Some(room),
            id: Some(id),
            mid,
            recording: Some("ended"),
            reason: Some(end.reason()),
            ..RoomEvent::default()
        };
        self.post.event(state, handle, None, &event, None);
        let notice = RoomNotice { event: "recording-ended", room, id: Some(id), mid, ..RoomNotice::default() };
        self.post.notify_plugin(state, Subject::Handle(handle), &notice);
    }
}

/// What the file of an m-line, or a film of all, is called: as its publisher wants it, or by room, publisher and time.
fn file_name(publisher: &Publisher, track: Option<(&str, usize)>, unix_time_us: u64) -> String<FILE_BYTES> {
    let mut name = String::new();
    // There is room for the longest of each.
    let _ = match &publisher.recording_name {
        Some(wanted) => write!(name, "{wanted}"),
        None => {
            let (room, user) = (Plain(publisher.room_name), Plain(publisher.name));
            write!(name, "videoroom-{room}-user-{user}-{unix_time_us}")
        }
    };
    if let Some((kind, index)) = track {
        let _ = write!(name, "-{kind}-{index}");
    }
    name
}

/// A name as a part of a file's, which has no folders.
struct Plain(Name);

impl core::fmt::Display for Plain {
    fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        struct Replacing<'a, 'f>(&'a mut core::fmt::Formatter<'f>);
        impl Write for Replacing<'_, '_> {
            fn write_str(&mut self, text: &str) -> core::fmt::Result {
                text.chars().try_for_each(|it| self.0.write_char(if it == '/' || it.is_control() { '_' } else { it }))
            }
        }
        write!(Replacing(formatter), "{}", self.0)
    }
}
