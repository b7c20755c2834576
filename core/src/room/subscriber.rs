//! Somebody who joined to watch, and the m-lines that they are sent.

use heapless::{String, Vec};

use crate::id::{HandleId, StreamId, SubscriptionId};
use crate::sdp::{FormatParameters, MediaKind};
use crate::stream::Mid;
use crate::wire::{Codec, ExtensionMap};

/// The most m-lines of a subscriber, whatever the limits say.
pub const SUBSCRIBED: usize = 64;

/// Somebody who joined to watch.
#[derive(Clone, Debug)]
pub struct Subscriber {
    /// The room's number: a subscriber outlives its room.
    pub room_number: u64,
    /// The shard of the room.
    pub shard: u8,
    /// The private number of the publisher on whose behalf they watch.
    pub private_number: Option<u32>,
    /// Whether new offers are sent when publishers come and go.
    pub is_updated: bool,
    /// Whether the link closes when the last source is gone.
    pub is_closed_with_source: bool,
    /// Whether everything is held back.
    pub is_paused: bool,
    /// Whether retransmissions are offered: decided by the first offer, as in Janus.
    pub has_retransmission: bool,
    /// Whether an offer waits for its answer.
    pub awaits_answer: bool,
    /// Whether something changed since that offer.
    pub is_stale: bool,
    /// Their m-lines; a place in the list is never given up.
    pub streams: Vec<SubscriptionId, SUBSCRIBED>,
}

/// One m-line of a subscriber.
#[derive(Clone, Debug)]
pub struct SubscribedStream {
    /// Whose.
    pub handle: HandleId,
    /// What it carries.
    pub kind: MediaKind,
    /// Its source; `None` while it waits for another.
    pub source: Option<StreamId>,
    /// The number of the publisher.
    pub feed: u64,
    /// The number as text: the name of the MediaStream.
    pub feed_name: String<20>,
    /// The publisher's `a=mid`.
    pub feed_mid: Mid,
    /// Its format; `None` for data.
    pub codec: Option<Codec>,
    /// The payload type that we offer.
    pub payload_type: u8,
    /// The payload type of retransmissions that we offer.
    pub rtx_payload_type: Option<u8>,
    /// The format's parameters.
    pub parameters: FormatParameters,
    /// The header extensions that we offer.
    pub extensions: ExtensionMap,
    /// Our SSRC.
    pub ssrc: u32,
    /// Our SSRC of retransmissions.
    pub rtx_ssrc: Option<u32>,
    /// Whether the offer that holds it was sent.
    pub is_offered: bool,
    /// Whether its offer was answered.
    pub is_ready: bool,
    /// Whether the subscriber wants it.
    pub is_sent: bool,
    /// The bounds of the playout delay that it asked for, least and most, in 10 ms.
    pub playout_delay: Option<(i16, i16)>,
}
