//! The media half: one shard's links, streams and subscriptions. It has never heard of Janus, JSON or SDP.

pub mod command;
pub mod notice;
pub mod port;

pub use crate::forward::SubscriptionParameters;
pub use crate::link::{DtlsDatagram, Outbox};
pub use crate::stream::{EncodingParameters, Feedback, Mid, Rid, StreamParameters};
pub use command::{Command, OpenLink, RemoteUfrag};
pub use notice::{CloseReason, Notice};
pub use port::{Datagram, Port};
