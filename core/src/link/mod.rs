//! One PeerConnection: demultiplexing, ICE-lite, the DTLS contract, SRTP. It knows neither streams nor rooms.

pub mod arrivals;
pub mod bandwidth;
pub mod binding;
pub mod cipher;
pub mod credentials;
pub mod data;
pub mod demux;
pub mod handshake;
pub mod ice;
pub mod ingress;
pub mod outbox;
pub mod pacer;
pub mod patience;
pub mod peer;
pub mod receiver_clocks;
pub mod route;
pub mod srtp;
pub mod tap;

pub use arrivals::{ARRIVALS, Arrivals};
pub use bandwidth::{Bandwidth, DEPARTURES, DepartureEntry, DepartureTable};
pub use binding::BindingServer;
pub use cipher::{Gcm, NoGcm};
pub use credentials::Credentials;
pub use data::{DataMessage, OpenData};
pub use demux::{RouteMap, RouteSlot};
pub use handshake::{
    Fingerprint, HandshakeCommand, HandshakeEvent, HandshakeFailure, MasterKey, Role, SrtpKeys, SrtpProfile,
};
pub use ice::{Check, Expiry, IceAgent, Outcome, RemoteUfrag};
pub use ingress::{INGRESS_STREAMS, Ingress, ingress_place, ingress_ssrc};
pub use outbox::{DtlsDatagram, Outbox};
pub use pacer::Pacer;
pub use patience::Patience;
pub use peer::{CloseReason, INCOMING_SOURCES, IncomingSource, Link, LinkFeedback, News, SourcePlace};
pub use receiver_clocks::ReceiverClocks;
pub use route::Route;
pub use srtp::{IncomingIndex, SrtpSession};
pub use tap::{CopiedPacket, PacketWay, Tap, TapExtent, TapReader};
