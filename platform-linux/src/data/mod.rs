//! Data channels: SCTP (RFC 9260, RFC 8831) over the connections of DTLS, on the control thread. Who gets which message
//! the control half decides; here are associations, channels and what waits.
//!
//! Whoever sends faster than those take it who get it is held back for a moment, by not reading: SCTP tells the sender.
//! Who is behind for longer is not waited for any more, and loses messages until most of what waits has gone.

#[cfg(not(feature = "data-channels"))]
mod absent;
#[cfg(feature = "data-channels")]
mod association;
#[cfg(feature = "data-channels")]
mod channels;
mod forward;
#[cfg(all(test, feature = "data-channels"))]
mod tests;

use parlor_core::id::LinkId;
use parlor_core::limits::Limits;
use parlor_core::link::DataMessage;
use parlor_core::wire::data_channel::Delivery;

#[cfg(not(feature = "data-channels"))]
pub use absent::DataChannels;
#[cfg(feature = "data-channels")]
pub use channels::DataChannels;
pub use forward::DataForwarder;

/// Whether this build has data channels.
pub const ARE_BUILT_IN: bool = cfg!(feature = "data-channels");

/// What a peer's association and its channels take beside messages, estimated.
const ASSOCIATION_BYTES: usize = 16 << 10;

/// The longest messages that may wait to become whole.
const INCOMING_MESSAGES: u32 = 2;

/// What may be taken by one peer.
pub const fn peer_bytes(limits: &Limits) -> usize {
    ASSOCIATION_BYTES + receive_bytes(limits) as usize + limits.data_queue_bytes as usize
}

/// Bytes of messages that are not whole or not read yet. Less would slow down who is far away.
const fn receive_bytes(limits: &Limits) -> u32 {
    let wanted = INCOMING_MESSAGES.saturating_mul(limits.data_message_bytes);
    if wanted > 64 << 10 { wanted } else { 64 << 10 }
}

/// What the channels have to tell.
pub enum Event {
    /// Somebody sent a message.
    Message(Arrived),
    /// So many messages did not reach a peer.
    Lost {
        /// The shard of its link.
        shard: u8,
        /// Its link.
        link: LinkId,
        /// How many since this was told last.
        lost: u32,
    },
}

/// A message.
pub struct Arrived {
    /// The shard of its sender.
    pub shard: u8,
    link: LinkId,
    channel: u16,
    delivery: Delivery,
    priority: u16,
    label: Box<str>,
    protocol: Box<str>,
    is_text: bool,
    payload: Vec<u8>,
}

impl Arrived {
    /// As the control half takes it.
    pub fn message(&self) -> DataMessage<'_> {
        DataMessage {
            from: self.link,
            channel: self.channel,
            delivery: self.delivery,
            priority: self.priority,
            label: &self.label,
            protocol: &self.protocol,
            is_text: self.is_text,
            payload: &self.payload,
        }
    }
}
