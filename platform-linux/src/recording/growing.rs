//! What is written now: packets of one m-line as they are, or a film of several.

use std::io;
use std::path::Path;
use std::time::{Instant, SystemTime};

use parlor_core::control::RecordingRequest;
use parlor_core::id::RelayId;
use parlor_core::link::PacketWay;

use super::file::{Finished, RecordingFile};
#[cfg(feature = "film")]
use super::film::Film;

/// A recording.
pub(super) enum Growing {
    Packets(RecordingFile),
    #[cfg(feature = "film")]
    Film(Box<Film>),
}

impl Growing {
    /// Makes the file that `requests` ask for, in `directory`: one, or more that go into a film. A refusal is a
    /// sentence.
    pub(super) fn create(
        directory: &Path,
        requests: &[RecordingRequest<'_>],
        asked: SystemTime,
    ) -> Result<Self, String> {
        match requests {
            [request] if request.film.is_none() => RecordingFile::create(directory, request, asked).map(Self::Packets),
            #[cfg(feature = "film")]
            _ => Film::create(directory, requests).map(|film| Self::Film(Box::new(film))),
            #[cfg(not(feature = "film"))]
            _ => Err("this build of Parlor makes no films: the format must be mjr".into()),
        }
    }

    /// Adds what came `at` for `relay`; says how many bytes the file grew by.
    pub(super) fn add(&mut self, relay: RelayId, at: Instant, way: PacketWay, packet: &[u8]) -> io::Result<u64> {
        #[cfg(not(feature = "film"))]
        let _ = relay;
        match self {
            Self::Packets(_) if way.is_rtcp() => Ok(0),
            Self::Packets(file) => file.add(at, packet),
            #[cfg(feature = "film")]
            Self::Film(film) => film.add(relay, at, way, packet),
        }
    }

    /// Hands to the system what waits: it outlives this process then. Says how many bytes the file grew by.
    pub(super) fn flush(&mut self) -> io::Result<u64> {
        match self {
            Self::Packets(file) => file.flush().map(|()| 0),
            #[cfg(feature = "film")]
            Self::Film(film) => film.flush(),
        }
    }

    /// Closes the file under its name; an empty one vanishes. Waits for the disk. Says where it is.
    pub(super) fn finish(self) -> io::Result<Option<Finished>> {
        match self {
            Self::Packets(file) => file.finish(),
            #[cfg(feature = "film")]
            Self::Film(film) => film.finish(),
        }
    }
}
