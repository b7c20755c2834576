//! The subscriber's side of media: select, rewrite, retransmit, fan-out. It knows no socket and no room.

pub mod parameters;

pub use parameters::SubscriptionParameters;
