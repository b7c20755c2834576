//! The subscriber's side of media: select, rewrite, retransmit, fan-out. It knows no socket and no room.

pub mod allocate;
mod catch_up;
pub mod delivery;
pub mod fan_out;
mod leave;
pub mod parameters;
pub mod redundancy;
pub mod relay;
pub mod removed;
mod retransmit;
pub mod rewrite;
pub mod select;
pub mod sent;
pub mod spatial;
pub mod subscription;
pub mod target;
pub mod write;

#[cfg(test)]
mod tests;

pub use delivery::{Delivery, LimitedBy};
pub use fan_out::{Forwarding, Outcome, Pending, Queued, Turn};
pub use parameters::SubscriptionParameters;
pub use redundancy::{EARLIER, Redundancy, Repetitions};
pub use relay::{Relay, RelayDestination, RelayKeys, RelayParameters};
pub use rewrite::{Incoming, Placement, Rewriter, Source, Splice};
pub use select::{Grant, LayerCeiling, Selector, SentLayers};
pub use sent::{Changes, SENT_PACKETS, Sent, SentEntry, SentRing, SentTable};
pub use subscription::Subscription;
pub use write::{Framing, Leaving, Redundant, RtxFraming, Sending, Written, write};
