//! Whose data a subscriber gets. All of it shares the one m-line of data that a PeerConnection can have.

use super::StreamPlace;
use crate::id::SubscriptionId;

/// A published m-line of data and a subscriber's that gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DataSource {
    /// The subscriber's.
    pub subscription: SubscriptionId,
    /// The publisher's.
    pub stream: StreamPlace,
}
