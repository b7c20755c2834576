//! What a shard tells the control half. A notice is a state, kept at its owner until it was taken: a full queue
//! delays it and loses nothing.

use crate::forward::{Delivery, SentLayers};
use crate::id::{LinkId, StreamId, SubscriptionId};
use crate::link::{CloseReason, Route};
use crate::stream::Traffic;

/// What a shard tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The way to a peer is another than before. One that was left again before it was told is not told.
    Route {
        /// Whose.
        link: LinkId,
        /// What is sent to it goes there.
        route: Route,
    },
    /// ICE validated an address: DTLS may begin.
    Connected {
        /// Whose.
        link: LinkId,
    },
    /// Media can flow: connected and secured. Once a link.
    Up {
        /// Whose.
        link: LinkId,
    },
    /// Packets of a published m-line began to arrive, or stopped for a while (Janus' `media` event).
    Receiving {
        /// Which.
        stream: StreamId,
        /// Whether they arrive.
        receiving: bool,
    },
    /// Talking began or ended on a published m-line. What began and ended before it was told is not told.
    Talking {
        /// Which.
        stream: StreamId,
        /// Whether somebody talks.
        talking: bool,
        /// The average level at that change, in hundredths of a dB below the loudest.
        average_centi: u16,
    },
    /// The floor of a conversation passed on. What passed on again before it was told is not told.
    Dominant {
        /// To whose stream.
        stream: StreamId,
    },
    /// Many packets were lost in the last second (Janus' `slowlink`).
    SlowLink {
        /// Of which m-line.
        source: SlowSource,
        /// How many.
        lost_packets: u32,
    },
    /// Other layers are sent to a subscription than before. What was undone before it was told is not told.
    Layers {
        /// Which.
        subscription: SubscriptionId,
        /// Of which stream.
        stream: StreamId,
        /// What is sent now.
        layers: SentLayers,
    },
    /// A subscription is paused because the way to its subscriber is too narrow, or is no longer. What was undone
    /// before it was told is not told.
    Paused {
        /// Which.
        subscription: SubscriptionId,
        /// Whether it is.
        is_paused: bool,
    },
    /// More or fewer encodings of a published m-line are needed than before, or spatial layers of its only one, counted
    /// from the lowest.
    Needed {
        /// Which.
        stream: StreamId,
        /// How many; 0 if nobody gets anything of it.
        layers: u8,
    },
    /// What arrived on a published m-line. The last one is as good as all.
    Arrived {
        /// Which.
        stream: StreamId,
        /// Since the beginning.
        traffic: Traffic,
    },
    /// What was sent on an m-line of a subscriber.
    Sent {
        /// Which.
        subscription: SubscriptionId,
        /// Since the beginning.
        traffic: Traffic,
        /// What it is sent less of than there is, and why.
        delivery: Delivery,
    },
    /// The link is gone and its place is vacant.
    Closed {
        /// Whose.
        link: LinkId,
        /// Why.
        reason: CloseReason,
    },
}

/// An m-line whose packets get lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SlowSource {
    /// On the way from the publisher to us.
    Stream(StreamId),
    /// On the way from us to the subscriber.
    Subscription(SubscriptionId),
}
