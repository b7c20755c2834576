//! What passes between the control half and the one task that owns data channels (SCTP over DTLS, RFC 8831).

use crate::id::LinkId;
use crate::link::Role;
use crate::wire::data_channel::Delivery;

/// A link carries data channels from now on, until its handshake is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenData {
    /// Whose.
    pub link: LinkId,
    /// The shard that has the link.
    pub shard: u8,
    /// Our side of DTLS, which says who begins and which numbers channels have (RFC 8832 section 6).
    pub role: Role,
    /// The peer's port of SCTP.
    pub port: u16,
    /// The longest message that the peer takes, in bytes.
    pub most_message_bytes: u32,
}

/// A message on a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataMessage<'a> {
    /// The link of who sent it.
    pub from: LinkId,
    /// The channel's number there.
    pub channel: u16,
    /// How the channel delivers.
    pub delivery: Delivery,
    /// How important the channel is.
    pub priority: u16,
    /// What its application calls it.
    pub label: &'a str,
    /// The protocol that its application speaks.
    pub protocol: &'a str,
    /// Whether it is text.
    pub is_text: bool,
    /// What it says.
    pub payload: &'a [u8],
}
