//! Writes the offer to a subscriber.

use core::fmt::{self, Write};

use super::LocalTransport;
use crate::wire::{Codec, ExtensionMap};

/// One m-line that we offer to a subscriber. Its place in the list never changes, and [`super::section_mid`] of that
/// place is its mid.
#[derive(Clone, Copy, Debug)]
pub struct OfferedSection<'a> {
    /// Whether something flows.
    pub state: OfferedState,
    /// Sound or picture; `None` for data channels.
    pub media: Option<OfferedMedia<'a>>,
}

/// Whether something flows on an offered m-line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfferedState {
    /// We send.
    Sending,
    /// Its source is gone; the m-line waits for another of its kind.
    Inactive,
    /// Port 0.
    Removed,
}

/// The media of an offered m-line.
#[derive(Clone, Copy, Debug)]
pub struct OfferedMedia<'a> {
    /// Its format.
    pub codec: Codec,
    /// The payload type of that format; [`super::offered_payload_types`] chooses it.
    pub payload_type: u8,
    /// The payload type of its retransmissions.
    pub rtx_payload_type: Option<u8>,
    /// The format's parameters, those of the publisher; may be empty.
    pub parameters: &'a str,
    /// Header extensions; [`super::offered_extensions`] chooses them.
    pub extensions: ExtensionMap,
    /// The SSRC that we chose.
    pub ssrc: u32,
    /// The SSRC of its retransmissions.
    pub rtx_ssrc: Option<u32>,
    /// The name of the MediaStream, the same for all m-lines of one publisher, so that a player keeps them in step.
    pub stream_name: &'a str,
}

/// Writes an offer of `sections`.
pub fn write_offer(_out: &mut dyn Write, _sections: &[OfferedSection<'_>], _local: &LocalTransport<'_>) -> fmt::Result {
    Ok(())
}
