//! HTTPS and WSS. Where no site gives a certificate of its own, this machine has an authority that people trust once,
//! and which signs a certificate for whatever the machine is called at the time. A build without the feature `tls`
//! serves neither.

#[cfg(not(feature = "tls"))]
mod absent;
#[cfg(feature = "tls")]
mod acceptor;
#[cfg(feature = "tls")]
mod authority;
#[cfg(feature = "tls")]
mod certificate;
mod local_name;
#[cfg(feature = "tls")]
mod names;
#[cfg(feature = "tls")]
mod own;
#[cfg(feature = "tls")]
mod places;
#[cfg(feature = "tls")]
mod site;
mod stream;

#[cfg(not(feature = "tls"))]
pub use absent::Tls;
#[cfg(feature = "tls")]
pub use acceptor::Tls;
pub use local_name::LocalName;
pub use stream::Stream;

/// Handshakes at once, of all listeners.
pub const HANDSHAKES: usize = 64;

/// What a handshake takes while it goes on, measured.
pub const HANDSHAKE_BYTES: usize = 32 * 1024;

/// What a connection keeps beside that of plain HTTP or WebSocket, measured.
pub const CONNECTION_BYTES: usize = 8 * 1024;

/// Whether this build has TLS.
pub const IS_BUILT: bool = cfg!(feature = "tls");
