//! What the control half tells a shard. Commands are applied in order; a command about something that is gone is
//! ignored.

use heapless::{String, Vec};

use crate::id::{LinkId, StreamId, SubscriptionId};
use crate::limits::ENCODINGS;
use crate::link::{Credentials, SrtpKeys};
use crate::wire::{Codec, ExtensionMap};

/// The longest `a=mid` that is accepted.
pub type Mid = String<32>;

/// The longest `rid` that is accepted (RFC 8852 section 3.1: one-byte header extensions carry 16).
pub type Rid = String<16>;

/// The longest user name fragment of a peer that is accepted.
pub type RemoteUfrag = String<64>;

/// What the control half asks of a shard.
#[derive(Clone)]
pub enum Command {
    /// A new PeerConnection.
    OpenLink(OpenLink),
    /// New ICE credentials for a link (an ICE restart); the old path goes on until the new one is checked.
    RestartIce {
        /// Whose.
        link: LinkId,
        /// Ours.
        local: Credentials,
        /// The peer's user name fragment.
        remote_ufrag: RemoteUfrag,
    },
    /// SRTP may begin.
    SecureLink {
        /// Whose.
        link: LinkId,
        /// From DTLS.
        keys: SrtpKeys,
    },
    /// Ends a link with all its streams and subscriptions; answered by [`super::Notice::Closed`].
    CloseLink {
        /// Whose.
        link: LinkId,
    },
    /// Adds a published m-line, or changes the one that has this name.
    ConfigureStream(StreamParameters),
    /// Ends a published m-line; its subscriptions stay, without a source.
    RemoveStream {
        /// Which.
        stream: StreamId,
    },
    /// Stops or resumes forwarding of a published m-line (mute by the server, moderation).
    SetStreamActive {
        /// Which.
        stream: StreamId,
        /// Whether it is forwarded.
        active: bool,
    },
    /// Asks the publisher for a keyframe.
    RequestKeyframe {
        /// Of which stream.
        stream: StreamId,
    },
    /// Bounds what a publisher sends, by REMB (0: no bound). The first seconds ramp up to it.
    SetBitrate {
        /// The publisher's link.
        link: LinkId,
        /// The bound of the whole link.
        bitrate_bps: u32,
    },
    /// Adds an m-line of a subscriber, or changes the one that has this name.
    Subscribe(SubscriptionParameters),
    /// Gives a subscription another source without renegotiation; `None` leaves it silent.
    Switch {
        /// Which.
        subscription: SubscriptionId,
        /// Its new source, of the same codec.
        stream: Option<StreamId>,
    },
    /// Stops or resumes a subscription.
    SetSubscriptionActive {
        /// Which.
        subscription: SubscriptionId,
        /// Whether packets are sent.
        active: bool,
    },
    /// Ends an m-line of a subscriber.
    Unsubscribe {
        /// Which.
        subscription: SubscriptionId,
    },
}

/// See [`Command::OpenLink`].
#[derive(Clone)]
pub struct OpenLink {
    /// Its name; the place must be vacant.
    pub link: LinkId,
    /// Ours; [`Credentials::new`] makes them.
    pub local: Credentials,
    /// The peer's user name fragment, checked in every request of it. Empty when we offer and its answer has not come:
    /// then checks are answered and nothing else is.
    pub remote_ufrag: RemoteUfrag,
    /// Whether the peer sent `a=rtcp-rsize` (RFC 5506).
    pub reduced_rtcp: bool,
}

/// A published m-line.
#[derive(Clone)]
pub struct StreamParameters {
    /// Its name.
    pub stream: StreamId,
    /// The PeerConnection that it arrives on.
    pub link: LinkId,
    /// Its `a=mid`, by which packets with an unknown SSRC are found.
    pub mid: Mid,
    /// Its format.
    pub codec: Codec,
    /// The payload type of that format on this link.
    pub payload_type: u8,
    /// The payload type of its retransmissions (RFC 4588), if negotiated.
    pub rtx_payload_type: Option<u8>,
    /// Header extensions of this m-line.
    pub extensions: ExtensionMap,
    /// Simulcast layers from the lowest to the highest, as the SDP told them; empty if it told neither SSRC nor
    /// rid: then the stream has one encoding, whose SSRC is learned.
    pub encodings: Vec<EncodingParameters, ENCODINGS>,
    /// What feedback the publisher understands.
    pub feedback: Feedback,
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
    /// Header extensions of this m-line.
    pub extensions: ExtensionMap,
    /// What feedback was negotiated.
    pub feedback: Feedback,
    /// Whether packets are sent.
    pub active: bool,
}
