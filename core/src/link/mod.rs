//! One PeerConnection: demultiplexing, ICE-lite, the DTLS contract, SRTP. It knows neither streams nor rooms.

pub mod cipher;
pub mod credentials;
pub mod handshake;
pub mod outbox;
pub mod route;
pub mod srtp;

pub use cipher::Gcm;
pub use credentials::Credentials;
pub use handshake::{
    Fingerprint, HandshakeCommand, HandshakeEvent, HandshakeFailure, MasterKey, Role, SrtpKeys, SrtpProfile,
};
pub use outbox::{DtlsDatagram, Outbox};
pub use route::Route;
pub use srtp::{IncomingIndex, SrtpSession};
