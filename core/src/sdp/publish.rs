//! What of a publisher's offer is taken.

use heapless::{String, Vec};

use super::description::SECTIONS;
use super::{Description, Direction, MediaKind, Policy, Refusal};
use crate::limits::ENCODINGS;
use crate::media::{EncodingParameters, Feedback};
use crate::wire::{Codec, ExtensionMap};

/// The value of an `a=fmtp` without its payload type; parameters that do not fit are left out whole.
pub type FormatParameters = String<128>;

/// One m-line of a publisher's offer and what was agreed on about it. Its place in the list is its mindex.
#[derive(Clone, Debug)]
pub struct PublishedSection<'a> {
    /// What it carries.
    pub kind: MediaKind,
    /// Its `a=mid`; empty if the offer has none.
    pub mid: &'a str,
    /// Its protocol, which the answer repeats.
    pub protocol: &'a str,
    /// What became of it.
    pub state: PublishedState,
    /// Its format, for sound and pictures that have one in common with the room.
    pub codec: Option<Codec>,
    /// The payload type of that format.
    pub payload_type: u8,
    /// The payload type of its retransmissions.
    pub rtx_payload_type: Option<u8>,
    /// The format's parameters as the publisher said them.
    pub parameters: FormatParameters,
    /// Header extensions that were agreed on.
    pub extensions: ExtensionMap,
    /// Simulcast layers from the lowest to the highest, or the one encoding if its SSRC is told.
    pub encodings: Vec<EncodingParameters, ENCODINGS>,
    /// Feedback that was agreed on.
    pub feedback: Feedback,
}

/// What became of an offered m-line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PublishedState {
    /// The publisher sends.
    Active,
    /// Agreed on, but nothing flows: the offer does not send, or nothing is in common and the m-line must stay
    /// because it is the first one, which carries the transport.
    Inactive,
    /// Port 0.
    Rejected,
}

impl PublishedSection<'_> {
    /// Whether it has several layers.
    pub fn is_simulcast(&self) -> bool {
        self.encodings.len() > 1
    }

    /// One of the format's parameters.
    pub fn parameter(&self, _name: &str) -> Option<&str> {
        None
    }

    /// Whether the publisher may be sent with Opus in-band FEC, DTX, in stereo: by `useinbandfec`, `usedtx`, `stereo`.
    pub fn has_flag(&self, name: &str) -> bool {
        self.parameter(name) == Some("1")
    }

    /// Who sends, seen from us.
    pub fn direction(&self) -> Direction {
        match self.state {
            PublishedState::Active => Direction::RecvOnly,
            _ => Direction::Inactive,
        }
    }
}

/// Decides about every m-line of `offer`, in its order.
pub fn negotiate<'a>(
    _offer: &Description<'a>,
    _policy: &Policy<'_>,
) -> Result<Vec<PublishedSection<'a>, SECTIONS>, Refusal> {
    Ok(Vec::new())
}
