//! Captures under way: which handle's packets are copied, and where to.

use super::Outlet;
use super::turn::Turn;
use crate::id::{CaptureId, HandleId};
use crate::link::Tap;
use crate::media::Command;
use crate::random::Random;

/// The most captures at once.
pub(crate) const CAPTURES: usize = 4;

/// Where a capture is written, as administrators are told.
pub type CapturePath = heapless::String<256>;

/// Why one cannot begin, as a sentence.
pub type CaptureFailure = heapless::String<112>;

/// How packets are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CaptureFormat {
    /// A pcap file.
    Pcap,
    /// What the program text2pcap makes one of.
    Text,
}

impl CaptureFormat {
    /// Janus' name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Pcap => "pcap",
            Self::Text => "text2pcap",
        }
    }
}

/// What an administrator wants written.
#[derive(Clone, Copy, Debug)]
pub struct CaptureRequest<'a> {
    /// What the copies will be called.
    pub capture: CaptureId,
    /// How they are written.
    pub format: CaptureFormat,
    /// The folder, if one was named.
    pub folder: Option<&'a str>,
    /// The name of the file, if one was named.
    pub file: Option<&'a str>,
}

/// A capture under way.
#[derive(Clone, Debug)]
pub(crate) struct RunningCapture {
    pub(crate) handle: HandleId,
    pub(crate) capture: CaptureId,
    pub(crate) format: CaptureFormat,
    pub(crate) tap: Tap,
    pub(crate) path: CapturePath,
}

impl<R: Random, O: Outlet> Turn<'_, '_, R, O> {
    /// Ends the capture of `handle`; false if there is none.
    pub(crate) fn stop_capture(&mut self, handle: HandleId) -> bool {
        let Some(at) = self.state.captures.iter().position(|capture| capture.handle == handle) else { return false };
        let ended = self.state.captures.swap_remove(at);
        self.tell_tap(handle, None);
        self.post.out.stop_capture(ended.capture);
        true
    }

    /// The platform takes no more copies of `capture`.
    pub(crate) fn capture_ended(&mut self, capture: CaptureId) {
        let ended = self.state.captures.iter().find(|running| running.capture == capture);
        if let Some(handle) = ended.map(|running| running.handle) {
            self.stop_capture(handle);
        }
    }

    /// Tells the shard of `handle`, if it has a PeerConnection, what is copied of it.
    pub(crate) fn tell_tap(&mut self, handle: HandleId, tap: Option<Tap>) {
        let peer = self.state.handles.get(handle).and_then(|entry| entry.peer.as_ref());
        if let Some((shard, link)) = peer.map(|peer| (peer.shard, peer.link)) {
            self.post.out.command(shard, Command::Capture { link, tap });
        }
    }
}
