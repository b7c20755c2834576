//! What the scenarios and the load generator share: a foreign WebRTC peer, a Janus client, a link with loss and
//! delay, and the server under test.
//!
//! ```text
//!  Signalling ── WebSocket ──▶ server ◀── UDP ── Link ◀── Peer (str0m)
//!       └────────── Publisher, Subscriber ──────────────────┘
//! ```
//!
//! Nothing here uses Parlor's own code: what it proves, it proves from outside.

pub mod client;
pub mod http;
pub mod link;
pub mod payload;
pub mod peer;
pub mod process;
pub mod publisher;
pub mod rest;
pub mod server;
pub mod signalling;
pub mod subscriber;
pub mod whip;

pub use link::Link;
pub use peer::{Peer, Received};
pub use publisher::Publisher;
pub use server::Server;
pub use signalling::Signalling;
pub use subscriber::Subscriber;

/// What can go wrong in a test peer: a sentence.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// The result of everything that talks to a server.
pub type Result<T> = std::result::Result<T, Error>;
