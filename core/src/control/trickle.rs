//! Our candidates, told after the description instead of in it (full trickle, RFC 8838).

use core::net::SocketAddr;

use serde::{Serialize, Serializer};

use super::Outlet;
use super::peer::candidates;
use super::post::Address;
use super::turn::Turn;
use crate::id::HandleId;
use crate::random::Random;
use crate::sdp::candidate_priority;

impl<R: Random, O: Outlet> Turn<'_, '_, R, O> {
    /// Tells the client our candidates, unless it knows them.
    pub(super) fn trickle_candidates(&mut self, handle: HandleId) {
        let Some(peer) = self.state.handles.get_mut(handle).and_then(|entry| entry.peer.as_mut()) else { return };
        // Not before there is a description that they belong to.
        if !peer.owes_candidates || peer.version == 0 {
            return;
        }
        peer.owes_candidates = false;
        let ours = candidates(self.settings, peer.shard);
        let Some(Address { connection, session, handle, opaque_id }) = Address::of(self.state, handle) else { return };
        let told = ours.iter().enumerate().map(|(index, address)| Trickled::Candidate(index, *address));
        for candidate in told.chain([Trickled::Completed]) {
            let (session_id, sender) = (session, handle);
            let event = TrickleEvent { janus: "trickle", session_id, sender, opaque_id, candidate };
            self.post.send(connection, &event);
        }
    }
}

#[derive(Serialize)]
struct TrickleEvent<'a> {
    janus: &'static str,
    session_id: u64,
    sender: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    opaque_id: Option<&'a str>,
    candidate: Trickled,
}

/// What is told.
enum Trickled {
    /// The candidate of so many before it; all m-lines share them.
    Candidate(usize, SocketAddr),
    /// There are no more.
    Completed,
}

impl Serialize for Trickled {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Candidate {
            #[serde(rename = "sdpMLineIndex")]
            line: u8,
            candidate: Line,
        }
        #[derive(Serialize)]
        struct Completed {
            completed: bool,
        }
        match self {
            Self::Candidate(index, address) => {
                Candidate { line: 0, candidate: Line(*index, *address) }.serialize(serializer)
            }
            Self::Completed => Completed { completed: true }.serialize(serializer),
        }
    }
}

/// A candidate as it stands in a description (RFC 8839 section 5.1).
struct Line(usize, SocketAddr);

impl Serialize for Line {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let (number, priority) = (self.0 + 1, candidate_priority(self.0));
        let (address, port) = (self.1.ip(), self.1.port());
        serializer.collect_str(&format_args!("candidate:{number} 1 udp {priority} {address} {port} typ host"))
    }
}
