//! A published m-line that goes somewhere without a PeerConnection: to an address, or into a file.

use super::{CascadeLayer, Forwarder, RemoteStream};
use crate::id::{HandleId, StreamId};
use crate::wire::Codec;

/// An m-line's way out of the room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Relayed {
    /// To an address.
    Forwarder(Forwarder),
    /// Into a file.
    Recording(Recording),
    /// To another box.
    Remote(RemoteStream),
    /// To another shard.
    Cascade(CascadeLayer),
}

/// An m-line's way into a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recording {
    /// The publisher.
    pub handle: HandleId,
    /// The m-line.
    pub stream: StreamId,
    /// What it carries; nothing for data.
    pub codec: Option<Codec>,
}

impl Relayed {
    /// The publisher.
    pub fn handle(&self) -> HandleId {
        match self {
            Self::Forwarder(forwarder) => forwarder.handle,
            Self::Recording(recording) => recording.handle,
            Self::Remote(remote) => remote.handle,
            Self::Cascade(cascade) => cascade.handle,
        }
    }

    /// The m-line.
    pub fn stream(&self) -> StreamId {
        match self {
            Self::Forwarder(forwarder) => forwarder.stream,
            Self::Recording(recording) => recording.stream,
            Self::Remote(remote) => remote.stream,
            Self::Cascade(cascade) => cascade.stream,
        }
    }

    /// What goes to an address.
    pub fn forwarder(&self) -> Option<&Forwarder> {
        match self {
            Self::Forwarder(forwarder) => Some(forwarder),
            Self::Recording(_) | Self::Remote(_) | Self::Cascade(_) => None,
        }
    }
}
