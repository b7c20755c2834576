//! A Janus plugin handle: one part that a client plays, with at most one PeerConnection.

use crate::id::{LinkId, SessionId};
use crate::link::{Credentials, Route, SrtpProfile};
use crate::room::{Publisher, Subscriber};
use crate::sdp::RemoteTransport;
use crate::time::Instant;

/// What a client calls a handle.
pub(crate) type OpaqueId = heapless::String<OPAQUE_ID_BYTES>;

/// The longest of them, in bytes.
const OPAQUE_ID_BYTES: usize = 128;

/// A handle of the VideoRoom.
#[derive(Clone, Debug)]
pub(crate) struct Handle {
    /// Its number, which the client names it by.
    pub(crate) number: u64,
    /// Whose.
    pub(crate) session: SessionId,
    /// When it was attached.
    pub(crate) created: Instant,
    /// What its client calls it.
    pub(crate) opaque_id: Option<OpaqueId>,
    /// What it plays.
    pub(crate) role: Role,
    /// Its PeerConnection.
    pub(crate) peer: Option<Peer>,
}

/// The part that a handle plays.
#[expect(clippy::large_enum_variant, reason = "a table of handles has the size of its largest anyway")]
#[derive(Clone, Debug)]
pub(crate) enum Role {
    /// None yet.
    Idle,
    /// Joined to publish.
    Publisher(Publisher),
    /// Joined to watch.
    Subscriber(Subscriber),
}

/// A PeerConnection as the control half knows it.
#[derive(Clone, Debug)]
pub(crate) struct Peer {
    /// The shard of its link.
    pub(crate) shard: u8,
    /// Its link.
    pub(crate) link: LinkId,
    /// Our ICE name and password.
    pub(crate) credentials: Credentials,
    /// What the peer told; `None` while our first offer waits for its answer.
    pub(crate) remote: Option<RemoteTransport>,
    /// The number in `o=` of our descriptions.
    pub(crate) description: u64,
    /// The version of our last description.
    pub(crate) version: u64,
    /// How media is protected, once DTLS agreed on it.
    pub(crate) profile: Option<SrtpProfile>,
    /// Where it is reached, once that is known.
    pub(crate) route: Option<Route>,
    /// Whether media can flow.
    pub(crate) is_up: bool,
    /// Whether our candidates are still to be told.
    pub(crate) owes_candidates: bool,
    /// Whether our last offer began ICE anew.
    pub(crate) is_restarting: bool,
    /// Whether it has, or will have, data channels.
    pub(crate) has_data: bool,
}

impl Peer {
    /// What stands for a PeerConnection of another box's publisher: media can flow at once.
    pub(crate) fn of_box(shard: u8, link: LinkId, credentials: Credentials) -> Self {
        Self {
            shard,
            link,
            credentials,
            remote: None,
            description: 0,
            version: 0,
            profile: None,
            route: None,
            is_up: true,
            owes_candidates: false,
            is_restarting: false,
            has_data: false,
        }
    }
}

impl Handle {
    /// A handle of `session` that plays no part yet.
    pub(crate) fn new(number: u64, session: SessionId, created: Instant) -> Self {
        Self { number, session, created, opaque_id: None, role: Role::Idle, peer: None }
    }

    /// The shard of its media, where it has some.
    pub(crate) fn shard(&self) -> Option<u8> {
        let dummy_shard = self.publisher().and_then(|publisher| publisher.dummy_shard);
        self.peer.as_ref().map(|peer| peer.shard).or(dummy_shard)
    }

    /// The publisher that it is.
    pub(crate) fn publisher(&self) -> Option<&Publisher> {
        match &self.role {
            Role::Publisher(publisher) => Some(publisher),
            _ => None,
        }
    }

    /// The publisher that it is.
    pub(crate) fn publisher_mut(&mut self) -> Option<&mut Publisher> {
        match &mut self.role {
            Role::Publisher(publisher) => Some(publisher),
            _ => None,
        }
    }

    /// The subscriber that it is.
    pub(crate) fn subscriber(&self) -> Option<&Subscriber> {
        match &self.role {
            Role::Subscriber(subscriber) => Some(subscriber),
            _ => None,
        }
    }

    /// The subscriber that it is.
    pub(crate) fn subscriber_mut(&mut self) -> Option<&mut Subscriber> {
        match &mut self.role {
            Role::Subscriber(subscriber) => Some(subscriber),
            _ => None,
        }
    }

    /// The shard and the link of its PeerConnection.
    pub(crate) fn link(&self) -> Option<(u8, LinkId)> {
        self.peer.as_ref().map(|peer| (peer.shard, peer.link))
    }

    /// Whether its media can flow.
    pub(crate) fn is_up(&self) -> bool {
        self.peer.as_ref().is_some_and(|peer| peer.is_up) || self.is_dummy()
    }

    /// Whether it is a publisher of another box.
    pub(crate) fn is_remote(&self) -> bool {
        self.publisher().is_some_and(|publisher| publisher.is_remote)
    }

    /// Whether no client is behind it: nobody waits for it, and it keeps nothing alive.
    pub(crate) fn is_unattended(&self) -> bool {
        self.is_dummy() || self.is_remote()
    }

    /// Whether it only stands for a publisher who never sends.
    pub(crate) fn is_dummy(&self) -> bool {
        self.publisher().is_some_and(|publisher| publisher.dummy_shard.is_some())
    }
}
