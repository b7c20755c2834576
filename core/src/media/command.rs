//! What the control half tells a shard. Commands are applied in order; a command about something that is gone is
//! ignored.

use crate::forward::{LayerCeiling, RelayKeys, RelayParameters, SubscriptionParameters};
use crate::id::{ConversationId, LinkId, RelayId, StreamId, SubscriptionId};
use crate::link::{Credentials, RemoteUfrag, SrtpKeys, Tap};
use crate::media::Settings;
use crate::stream::{ConversationSettings, SpeechSettings, StreamParameters};
use crate::wire::extension::PlayoutDelay;

/// What the control half asks of a shard.
#[derive(Clone)]
pub enum Command {
    /// Changes what a site may change about media.
    Configure(Settings),
    /// A new PeerConnection.
    OpenLink(OpenLink),
    /// A new link without ICE and DTLS: a publisher of another box, whose packets come to a socket of their own.
    OpenIngress(OpenIngress),
    /// Other keys, or none, for such a link.
    SecureIngress {
        /// Whose.
        link: LinkId,
        /// What packets are sealed with from now on, if they are.
        keys: Option<RelayKeys>,
    },
    /// Another bound of silence for such a link.
    BoundSilence {
        /// Whose.
        link: LinkId,
        /// Silence after which it closes by itself, counted from what came last; `u32::MAX`: never.
        silence_ms: u32,
    },
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
    /// Copies the packets of a link for an administrator, or ends that.
    Capture {
        /// Which link.
        link: LinkId,
        /// What is copied.
        tap: Option<Tap>,
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
    /// Changes what is watched for on a published m-line.
    WatchStream {
        /// Which.
        stream: StreamId,
        /// What counts as talking, if it is watched for.
        speech: Option<SpeechSettings>,
        /// Seconds after which a keyframe is asked for anyway; 0: never.
        keyframe_interval_s: u16,
    },
    /// Begins a conversation, or changes what the one with this name is; with `None` it ends, and its streams
    /// go on without it.
    Converse {
        /// Which.
        conversation: ConversationId,
        /// What it is.
        settings: Option<ConversationSettings>,
    },
    /// Asks the publisher for a keyframe.
    RequestKeyframe {
        /// Of which stream.
        stream: StreamId,
    },
    /// Bounds what a publisher sends, by REMB. The first seconds ramp up to it.
    SetBitrate {
        /// The publisher's link.
        link: LinkId,
        /// The bound of the whole link; 0: none.
        bitrate_bps: u32,
        /// Whether the bound is lower while nobody gets what the publisher sends.
        follows_need: bool,
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
    /// Puts other bounds of the playout delay into the packets of a subscription; `None` leaves the publisher's.
    SetPlayoutDelay {
        /// Which.
        subscription: SubscriptionId,
        /// The bounds.
        playout_delay: Option<PlayoutDelay>,
    },
    /// Allows a subscription other layers.
    SetLayers {
        /// Which.
        subscription: SubscriptionId,
        /// The most that it gets.
        layers: LayerCeiling,
    },
    /// Ends an m-line of a subscriber.
    Unsubscribe {
        /// Which.
        subscription: SubscriptionId,
    },
    /// Sends a published m-line to an address too.
    AddRelay(RelayParameters),
    /// Says how much of a stream is needed where a relay takes it; all, where nobody says.
    SetRelayNeed {
        /// Which.
        relay: RelayId,
        /// How many layers, from the lowest.
        layers: u8,
    },
    /// Ends that.
    RemoveRelay {
        /// Which.
        relay: RelayId,
    },
}

/// See [`Command::OpenIngress`].
#[derive(Clone, Copy)]
pub struct OpenIngress {
    /// Its name; the place must be vacant.
    pub link: LinkId,
    /// What its packets are sealed with, if they are.
    pub keys: Option<RelayKeys>,
    /// Silence after which it closes by itself; `u32::MAX`: never.
    pub silence_ms: u32,
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
