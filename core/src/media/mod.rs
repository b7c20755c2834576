//! The media half: one shard's links, streams and subscriptions. It has never heard of Janus, JSON or SDP.

pub mod command;
pub mod notice;
pub mod port;

pub use command::{
    Command, EncodingParameters, Feedback, Mid, OpenLink, RemoteUfrag, Rid, StreamParameters, SubscriptionParameters,
};
pub use notice::{CloseReason, DtlsDatagram, Notice};
pub use port::{Datagram, Outbox, Port};
