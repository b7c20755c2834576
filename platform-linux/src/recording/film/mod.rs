//! Films: all that somebody publishes in one file that plays as it is, WebM or Matroska. Sound and pictures are placed
//! beside each other by the publisher's sender reports. What is written is whole clusters, so that a film can be played
//! wherever it ends; where one can jump to is added when it is closed.

mod av1;
mod bits;
mod clock;
mod crop;
mod h264;
mod h265;
mod index;
mod layout;
mod parameters;
mod picture;
mod read;
mod reorder;
mod track;
mod units;
mod vp8;
mod vp9;

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Instant, SystemTime};

use parlor_core::control::RecordingRequest;
use parlor_core::id::RelayId;
use parlor_core::link::PacketWay;

use super::file::Finished;
use super::unfinished::Unfinished;
use index::{Index, TRACKS};
use layout::{Block, CLUSTER_MS};
use picture::{Frame, PICTURE_BYTES};
use track::Track;

pub(super) use read::{Content, read};

/// What a film's name ends with, where WebM has a place for its codecs and where only Matroska has.
pub(super) const WEBM: &str = "webm";
pub(super) const MATROSKA: &str = "mkv";

/// A cluster is written when it is this long, if it was not before.
const CLUSTER_BYTES: usize = 1 << 20;

/// The most that a track has in memory: packets that wait, a picture that grows, a cluster.
pub(super) const TRACK_MEMORY_BYTES: usize =
    reorder::PACKETS * parlor_core::limits::DATAGRAM_BYTES + 2 * PICTURE_BYTES + CLUSTER_BYTES;

/// A film that grows.
pub(super) struct Film {
    file: Unfinished,
    is_webm: bool,
    tracks: Vec<(RelayId, Track)>,
    /// When its first frame came.
    began: Option<Instant>,
    segment_at: u64,
    info: Vec<u8>,
    cluster: Vec<Block>,
    cluster_bytes: usize,
    index: Index,
    bytes: u64,
}

impl Film {
    /// Makes the file of these m-lines, which the first names. A refusal is a sentence.
    pub(super) fn create(directory: &Path, requests: &[RecordingRequest<'_>]) -> Result<Self, String> {
        let first = requests.first().ok_or("a film has no track")?;
        let codecs = requests.iter().filter_map(|request| Some((request, request.codec?))).take(TRACKS);
        let tracks: Vec<_> = (1..)
            .zip(codecs)
            .map(|(number, (request, codec))| {
                (request.relay, Track::new(number, codec, request.parameters, &request.extensions))
            })
            .collect();
        let is_webm = requests.iter().filter_map(|request| request.codec).all(layout::is_webm);
        let file = Unfinished::create(directory, first, if is_webm { WEBM } else { MATROSKA })?;
        Ok(Self {
            file,
            is_webm,
            tracks,
            began: None,
            segment_at: 0,
            info: Vec::new(),
            cluster: Vec::new(),
            cluster_bytes: 0,
            index: Index::default(),
            bytes: 0,
        })
    }

    /// Adds a packet, or a report, of an m-line that came `at`; says how many bytes the file grew by.
    pub(super) fn add(&mut self, relay: RelayId, at: Instant, way: PacketWay, packet: &[u8]) -> io::Result<u64> {
        let Some(index) = self.tracks.iter().position(|(of, _)| *of == relay) else { return Ok(0) };
        let track = &mut self.tracks[index].1;
        if way.is_rtcp() {
            track.report(packet);
            return Ok(0);
        }
        track.push(at, packet);
        let frames = track.frames(at, false);
        frames.into_iter().try_fold(0, |grown, frame| Ok(grown + self.place(index, frame)?))
    }

    /// Hands to the system what waits: it outlives this process then. Says how many bytes the file grew by.
    pub(super) fn flush(&mut self) -> io::Result<u64> {
        Ok(self.take_late(false)? + self.write_cluster()?)
    }

    /// Closes the film under its name; one without frames vanishes. Waits for the disk. Says where it is.
    pub(super) fn finish(mut self) -> io::Result<Option<Finished>> {
        self.take_late(true)?;
        self.write_cluster()?;
        if self.index.frames() == 0 {
            self.file.remove()?;
            return Ok(None);
        }
        let (patches, bytes) = read::closing(self.segment_at, &self.info, &self.index, self.bytes);
        close(self.file.file(), &patches)?;
        let path = self.file.finish()?;
        Ok(Some(Finished { path, bytes, packets: self.index.frames() }))
    }

    /// Takes in what was waited for long enough; at the end, all that is there.
    fn take_late(&mut self, is_end: bool) -> io::Result<u64> {
        let mut grown = 0;
        for index in 0..self.tracks.len() {
            for frame in self.tracks[index].1.frames(Instant::now(), is_end) {
                grown += self.place(index, frame)?;
            }
        }
        Ok(grown)
    }

    /// Adds a frame to the cluster, which is written first if the frame does not go into it.
    fn place(&mut self, index: usize, frame: Frame) -> io::Result<u64> {
        // Sound has the steadier clock.
        let reference = self.tracks.iter().position(|(_, track)| !track.is_video());
        let Some(is_news) = self.tracks[index].1.introduce(&frame) else { return Ok(0) };
        let began = *self.began.get_or_insert(frame.at);
        let ticks = self.tracks[index].1.clock.ticks(frame.timestamp, clock::since(began, frame.at));
        let reference =
            reference.filter(|reference| *reference != index).map(|index| self.tracks[index].1.clock.clone());
        let track = &mut self.tracks[index].1;
        let time_ms = track.place(ticks, reference.as_ref());
        let begins = track.is_video() && frame.is_key;
        let mut grown = if is_news { self.describe(frame.at)? } else { 0 };
        let is_far = |block: &Block| block.time_ms.abs_diff(time_ms) > CLUSTER_MS;
        let is_full = self.cluster_bytes + frame.bytes.len() > CLUSTER_BYTES;
        if begins || is_full || self.cluster.first().is_some_and(is_far) {
            grown += self.write_cluster()?;
        }
        self.cluster_bytes += frame.bytes.len();
        let number = index as u8 + 1;
        self.cluster.push(Block { track: number, time_ms, is_key: frame.is_key, bytes: frame.bytes });
        Ok(grown)
    }

    /// Writes what the file begins with, or its tracks once more: there is something new about one.
    fn describe(&mut self, first_came: Instant) -> io::Result<u64> {
        let mut grown = 0;
        if self.bytes == 0 {
            let header = layout::header(self.is_webm);
            self.segment_at = header.len() as u64;
            self.info = layout::info(SystemTime::now() - first_came.elapsed());
            let begin = [header, layout::no_seek_head(), layout::info_of(&self.info)].concat();
            self.file.file().write_all_at(&begin, 0)?;
            grown = self.segment_at + layout::tracks_end(self.tracks.len()) as u64;
            self.bytes = grown;
        }
        let described = self.tracks.iter().filter_map(|(_, track)| track.described());
        let tracks = layout::tracks(described, self.tracks.len());
        self.file.file().write_all_at(&tracks, self.segment_at + layout::tracks_end(0) as u64)?;
        Ok(grown)
    }

    fn write_cluster(&mut self) -> io::Result<u64> {
        if self.cluster.is_empty() {
            return Ok(0);
        }
        self.cluster.sort_by_key(|block| block.time_ms);
        let at = self.bytes - self.segment_at;
        for Block { track, time_ms, is_key, .. } in &self.cluster {
            let is_video = self.tracks.get(usize::from(*track) - 1).is_some_and(|(_, it)| it.is_video());
            self.index.note((*track, is_video), *time_ms, *is_key, at);
        }
        let bytes = layout::cluster(&self.cluster);
        (self.cluster, self.cluster_bytes) = (Vec::new(), 0);
        self.file.file().write_all_at(&bytes, self.bytes)?;
        self.bytes += bytes.len() as u64;
        Ok(bytes.len() as u64)
    }
}

/// Writes what closes a film.
pub(super) fn close(file: &File, patches: &[read::Patch]) -> io::Result<()> {
    for (at, bytes) in patches {
        file.write_all_at(bytes, *at)?;
    }
    file.sync_data()
}

#[cfg(test)]
mod tests;
