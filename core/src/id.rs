//! Names of table entries: an index and the generation of its use, so that a stale name finds nothing.

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name {
            /// The place in the table.
            pub index: u16,
            /// Which use of that place; grows by one each time it is taken again.
            pub generation: u16,
        }

        impl $name {
            /// Names the use `generation` of place `index`.
            pub const fn new(index: u16, generation: u16) -> Self {
                Self { index, generation }
            }
        }

        impl From<$name> for crate::id::Id {
            fn from(id: $name) -> Self {
                Self { index: id.index, generation: id.generation }
            }
        }

        impl From<crate::id::Id> for $name {
            fn from(id: crate::id::Id) -> Self {
                Self { index: id.index, generation: id.generation }
            }
        }
    };
}

/// A name without a kind; [`crate::store::Table`] works on these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id {
    /// The place in the table.
    pub index: u16,
    /// Which use of that place.
    pub generation: u16,
}

id!(
    /// One PeerConnection of one shard. The control half chooses it; a place is used again only after its
    /// [`crate::media::Notice::Closed`].
    LinkId
);
id!(
    /// One published m-line of one shard. The control half chooses it.
    StreamId
);
id!(
    /// One m-line of a subscriber. The control half chooses it.
    SubscriptionId
);
id!(
    /// One stream on its way to an address or a file, without a PeerConnection. The control half chooses it.
    RelayId
);
id!(
    /// A publisher's way to another box.
    RemoteId
);
id!(
    /// A publisher of another shard whom subscribers of this one get.
    CascadeId
);
id!(
    /// People of one shard who hear each other. The control half chooses it.
    ConversationId
);
id!(
    /// One capture of packets. The control half chooses it.
    CaptureId
);
id!(
    /// One client connection of the control channel (a WebSocket). The platform chooses it.
    ConnectionId
);
id!(
    /// A Janus session.
    SessionId
);
id!(
    /// A Janus plugin handle.
    HandleId
);
id!(
    /// A room.
    RoomId
);
