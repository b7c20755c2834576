//! What was agreed on about one m-line of a subscriber.

use crate::forward::LayerCeiling;
use crate::id::{LinkId, StreamId, SubscriptionId};
use crate::stream::{Feedback, Mid};
use crate::wire::ExtensionMap;
use crate::wire::extension::PlayoutDelay;

/// One m-line of a subscriber.
#[derive(Clone)]
pub struct SubscriptionParameters {
    /// Its name.
    pub subscription: SubscriptionId,
    /// The PeerConnection that it leaves on.
    pub link: LinkId,
    /// Its source; `None` keeps the m-line silent.
    pub stream: Option<StreamId>,
    /// Its `a=mid`, written into packets where the extension was negotiated.
    pub mid: Mid,
    /// The SSRC that we chose for it.
    pub ssrc: u32,
    /// The SSRC of its retransmissions, where RTX was negotiated.
    pub rtx_ssrc: Option<u32>,
    /// The payload type that was negotiated.
    pub payload_type: u8,
    /// The payload type of its retransmissions, where RTX was negotiated.
    pub rtx_payload_type: Option<u8>,
    /// The payload type of redundant audio (RFC 2198), where it was negotiated.
    pub red_payload_type: Option<u8>,
    /// Header extensions of this m-line.
    pub extensions: ExtensionMap,
    /// Bounds of the playout delay that the subscriber wants in place of the publisher's.
    pub playout_delay: Option<PlayoutDelay>,
    /// The layers that it may get.
    pub layers: LayerCeiling,
    /// What feedback was negotiated.
    pub feedback: Feedback,
    /// Whether packets are sent.
    pub active: bool,
}
