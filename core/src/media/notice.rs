//! What a shard tells the control half. A notice is a state, kept at its owner until it was taken: a full queue
//! delays it and loses nothing.

use crate::id::{LinkId, StreamId};
use crate::limits::DATAGRAM_BYTES;

/// What a shard tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// ICE validated an address: DTLS may begin.
    Connected {
        /// Whose.
        link: LinkId,
    },
    /// Media can flow: connected and secured. Once a link.
    Up {
        /// Whose.
        link: LinkId,
    },
    /// Packets of a published m-line began to arrive, or stopped for a while (Janus' `media` event).
    Receiving {
        /// Which.
        stream: StreamId,
        /// Whether they arrive.
        receiving: bool,
    },
    /// Many packets were lost in the last second (Janus' `slowlink`).
    SlowLink {
        /// Whose.
        link: LinkId,
        /// True if the peer's packets get lost on the way to us.
        uplink: bool,
        /// How many.
        lost_packets: u32,
    },
    /// The link is gone and its place is vacant.
    Closed {
        /// Whose.
        link: LinkId,
        /// Why.
        reason: CloseReason,
    },
}

/// Why a link closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CloseReason {
    /// The control half asked.
    Asked,
    /// The peer stopped its consent checks (RFC 7675).
    Consent,
    /// No address was validated in time.
    NeverConnected,
    /// The shard has no place for the link.
    Full,
}

/// A DTLS datagram on its way between a shard and the task that owns DTLS. One that finds its queue full is dropped and
/// counted: DTLS sends again.
#[derive(Clone)]
pub struct DtlsDatagram {
    /// Whose.
    pub link: LinkId,
    /// How many of `bytes` count.
    pub len: u16,
    /// The datagram.
    pub bytes: [u8; DATAGRAM_BYTES],
}

impl DtlsDatagram {
    /// A datagram of `bytes`; `None` if they are too many.
    pub fn new(link: LinkId, payload: &[u8]) -> Option<Self> {
        let mut bytes = [0; DATAGRAM_BYTES];
        bytes.get_mut(..payload.len())?.copy_from_slice(payload);
        Some(Self { link, len: payload.len() as u16, bytes })
    }

    /// Its content.
    pub fn payload(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }
}
