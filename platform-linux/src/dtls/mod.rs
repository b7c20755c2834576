//! DTLS for SRTP keys (RFC 5764): one task owns all connections, for the life of their links.

use std::future;

use parlor_core::link::{HandshakeCommand, HandshakeEvent, SrtpProfile};
use parlor_core::media::DtlsDatagram;

use crate::identity::Identity;
use crate::queue::{Receiver, Sender};

/// The two queues between a shard and the task that owns DTLS.
pub struct DtlsQueues {
    /// From peers.
    pub incoming: Receiver<DtlsDatagram>,
    /// To peers.
    pub outgoing: Sender<DtlsDatagram>,
}

/// All DTLS connections of the process.
pub struct Handshakes {
    queues: Vec<DtlsQueues>,
}

impl Handshakes {
    /// No connection yet. As server the first profile of `preference` that the client offers is taken; as client all of them are offered in this
    /// order. `queues` are those of shard 0, 1, ...; there are at most `capacity` connections.
    pub fn new(
        identity: &Identity,
        preference: [SrtpProfile; 2],
        queues: Vec<DtlsQueues>,
        capacity: usize,
    ) -> Result<Self, String> {
        let _ = (identity, preference, capacity);
        Ok(Self { queues })
    }

    /// Does what the control half asks; what comes of it is told by [`Self::next_event`].
    pub fn command(&mut self, command: HandshakeCommand) {
        let _ = (command, &self.queues);
    }

    /// Runs all connections until there is something to tell. Dropping the future loses nothing, but nothing moves
    /// unless it is polled.
    pub async fn next_event(&mut self) -> HandshakeEvent {
        future::pending().await
    }
}
