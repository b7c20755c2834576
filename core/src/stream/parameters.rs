//! What was agreed on about a published m-line.

use heapless::{String, Vec};

use crate::id::{ConversationId, LinkId, StreamId};
use crate::limits::ENCODINGS;
use crate::stream::SpeechSettings;
use crate::wire::{Codec, ExtensionMap};

/// The longest `a=mid` that is accepted.
pub type Mid = String<32>;

/// The longest `rid` that is accepted (RFC 8852 section 3.1: one-byte header extensions carry 16).
pub type Rid = String<16>;

/// A published m-line.
#[derive(Clone)]
pub struct StreamParameters {
    /// Its name.
    pub stream: StreamId,
    /// The PeerConnection that it arrives on.
    pub link: LinkId,
    /// The conversation whose voices it is compared with, if it is sound.
    pub conversation: Option<ConversationId>,
    /// Its `a=mid`, by which packets with an unknown SSRC are found.
    pub mid: Mid,
    /// Its format.
    pub codec: Codec,
    /// The payload type of that format on this link.
    pub payload_type: u8,
    /// The payload type of its retransmissions (RFC 4588), if negotiated.
    pub rtx_payload_type: Option<u8>,
    /// The payload type of redundant audio (RFC 2198) in that format, if negotiated.
    pub red_payload_type: Option<u8>,
    /// Whether nobody but other participants can read its payload: then it goes on as it is.
    pub is_end_to_end: bool,
    /// Header extensions of this m-line.
    pub extensions: ExtensionMap,
    /// Simulcast layers from the lowest to the highest, as the SDP told them; empty if it told neither SSRC nor
    /// rid: then the stream has one encoding, whose SSRC is learned.
    pub encodings: Vec<EncodingParameters, ENCODINGS>,
    /// Its number among the m-lines of another box's publisher, by which its SSRCs are known; nothing of others.
    pub ingress_stream: Option<u8>,
    /// What feedback the publisher understands.
    pub feedback: Feedback,
    /// What counts as talking, where it is watched for.
    pub speech: Option<SpeechSettings>,
    /// Seconds after which a keyframe is asked for anyway; 0: never.
    pub keyframe_interval_s: u16,
    /// Whether it is forwarded.
    pub active: bool,
}

/// One simulcast layer as the SDP told it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EncodingParameters {
    /// Its `rid`, if the layers are told apart by it.
    pub rid: Option<Rid>,
    /// Its SSRC, where the SDP has it.
    pub ssrc: Option<u32>,
    /// The SSRC of its retransmissions, where the SDP has it.
    pub rtx_ssrc: Option<u32>,
}

/// The `a=rtcp-fb` lines that were agreed on (RFC 4585, RFC 5104).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Feedback {
    /// `nack`.
    pub nack: bool,
    /// `nack pli`.
    pub pli: bool,
    /// `ccm fir`.
    pub fir: bool,
    /// `goog-remb`.
    pub remb: bool,
    /// `transport-cc`.
    pub transport_cc: bool,
}

impl Feedback {
    /// What both sides agree to.
    pub fn common(self, other: Self) -> Self {
        Self {
            nack: self.nack && other.nack,
            pli: self.pli && other.pli,
            fir: self.fir && other.fir,
            remb: self.remb && other.remb,
            transport_cc: self.transport_cc && other.transport_cc,
        }
    }
}
