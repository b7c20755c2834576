//! WHIP and WHEP on the HTTP port: an encoder publishes into a room (RFC 9725), and a player watches somebody there
//! (draft-ietf-wish-whep-03), each with one URL.
//!
//! ```text
//! POST   /whip/ROOM            an offer: publishes               POST /whep/ROOM/FEED   an offer: watches FEED
//! POST   /whip/ROOM/FEED       the same, called FEED             POST /whep/ROOM        the first who publishes
//! PATCH  /whip/ROOM/FEED/KEY   candidates, or ICE begins anew    the same below /whep
//! DELETE /whip/ROOM/FEED/KEY   ends it
//! ```
//!
//! This is a client of the control half: each session makes a Janus session and speaks as a client by WebSocket would
//! ([`Conversation`](conversation::Conversation)). It knows no other way into a room, so everybody sees its publisher
//! like any other. A player's offer meets Parlor's own offer in the middle ([`meeting`]).

#[cfg(not(feature = "whip"))]
mod absent;
#[cfg(feature = "whip")]
mod conversation;
#[cfg(feature = "whip")]
mod endpoint;
#[cfg(feature = "whip")]
mod fragment;
#[cfg(feature = "whip")]
mod meeting;
#[cfg(feature = "whip")]
mod problem;
#[cfg(feature = "whip")]
mod resource;
#[cfg(feature = "whip")]
mod session;

#[cfg(not(feature = "whip"))]
pub use absent::Whip;
#[cfg(feature = "whip")]
pub use endpoint::Whip;

/// Memory of a session, estimated: its offer, its task, what waits to be read.
pub const SESSION_BYTES: usize = 16 * 1024;

/// Whether this build has it.
pub const IS_BUILT: bool = cfg!(feature = "whip");
