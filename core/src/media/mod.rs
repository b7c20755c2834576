//! The media half: one shard's links, streams and subscriptions. It has never heard of Janus, JSON or SDP.

mod allocate;
pub mod command;
mod commands;
mod compound;
mod conversations;
mod feedback;
mod ingress;
pub mod memory;
mod need;
pub mod notice;
mod notices;
pub mod port;
mod receive;
mod receive_rtcp;
mod redundant;
mod relays;
mod report;
mod run;
pub mod shard;
pub mod storage;
pub mod totals;

pub use crate::forward::{
    Delivery, LayerCeiling, LimitedBy, RelayDestination, RelayKeys, RelayParameters, SentLayers, SubscriptionParameters,
};
pub use crate::link::{CloseReason, DtlsDatagram, Outbox, RemoteUfrag};
pub use crate::stream::{ConversationSettings, EncodingParameters, Feedback, Mid, Rid, StreamParameters};
pub use command::{Command, OpenIngress, OpenLink};
pub use memory::{Memory, TableSize, counts, tables};
pub use notice::{Notice, SlowSource};
pub use port::{Datagram, Port};
pub use run::run;
pub use shard::{Counters, Media, Settings};
pub use storage::Storage;
pub use totals::Totals;
