//! What we offer to a subscriber, and what its answer agrees to.

use core::fmt::Write;

use heapless::Vec;

use super::description::SECTIONS;
use super::{Description, OfferedSection, Refusal};
use crate::media::{Feedback, Mid};
use crate::wire::{Codec, ExtensionMap};

/// What a subscriber's answer says about one m-line of ours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AnsweredSection {
    /// Whether we may send.
    pub accepted: bool,
    /// The payload type to send with.
    pub payload_type: u8,
    /// The payload type of retransmissions, where the subscriber takes them.
    pub rtx_payload_type: Option<u8>,
    /// Header extensions that the subscriber takes.
    pub extensions: ExtensionMap,
    /// Feedback that the subscriber sends.
    pub feedback: Feedback,
}

/// The mid of our m-line number `index`.
pub fn section_mid(index: usize) -> Mid {
    let mut mid = Mid::new();
    // Ten digits at most, and a mid has room for 32.
    let _ = write!(mid, "{index}");
    mid
}

/// Payload types for one more format in a PeerConnection that already offers `taken` (codec, payload type, RTX payload
/// type, parameters): equal formats share theirs, different ones never do (RFC 9143 section 9.1).
pub fn offered_payload_types<'a>(
    _taken: impl IntoIterator<Item = (Codec, u8, Option<u8>, &'a str)>,
    _codec: Codec,
    _parameters: &str,
) -> (u8, Option<u8>) {
    (0, None)
}

/// The header extensions that we offer for a stream whose publisher agreed on `published`.
pub fn offered_extensions(_codec: Codec, _published: &ExtensionMap) -> ExtensionMap {
    ExtensionMap::EMPTY
}

/// What `answer` agrees to about each of the `offered` m-lines, in their order.
pub fn read_answer(
    _answer: &Description<'_>,
    _offered: &[OfferedSection<'_>],
) -> Result<Vec<AnsweredSection, SECTIONS>, Refusal> {
    Ok(Vec::new())
}
