//! What a room allows its publishers to negotiate.

use super::RidOrder;
use crate::wire::{Codec, Kind};

/// What a room allows. Borrowed from its settings for one negotiation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Policy<'a> {
    /// Codecs for sound, the best first.
    pub audio_codecs: &'a [Codec],
    /// Codecs for pictures, the best first.
    pub video_codecs: &'a [Codec],
    /// The H.264 `profile-level-id` that is preferred (RFC 6184 section 8.1), such as `42e01f`.
    pub h264_profile: Option<&'a str>,
    /// The VP9 `profile-id` that is preferred (RFC 9628 section 6), such as `0`.
    pub vp9_profile: Option<&'a str>,
    /// Whether Opus in-band FEC is agreed to (RFC 7587 section 6.1).
    pub opus_fec: bool,
    /// Whether Opus DTX is agreed to (RFC 7587 section 6.1).
    pub opus_dtx: bool,
    /// Whether redundant audio (RFC 2198) of Opus is agreed to.
    pub audio_red: bool,
    /// Whether lost audio is asked for again where the peer takes that.
    pub audio_nack: bool,
    /// Whether the audio level extension is agreed to.
    pub audio_level: bool,
    /// Whether the video orientation extension is agreed to.
    pub video_orientation: bool,
    /// Whether the playout delay extension is agreed to.
    pub playout_delay: bool,
    /// Whether transport-wide congestion control is agreed to.
    pub transport_wide_cc: bool,
    /// Whether layers of scalable video are selected: then the dependency descriptor is agreed to.
    pub scalable_video: bool,
    /// Whether data channels are agreed to.
    pub data_channels: bool,
    /// In which order the offer lists its rids.
    pub rid_order: RidOrder,
}

impl Policy<'_> {
    /// Opus and VP8 with every extension.
    pub const DEFAULT: Policy<'static> = Policy {
        audio_codecs: &[Codec::Opus],
        video_codecs: &[Codec::Vp8],
        h264_profile: None,
        vp9_profile: None,
        opus_fec: true,
        opus_dtx: false,
        audio_red: false,
        audio_nack: false,
        audio_level: true,
        video_orientation: true,
        playout_delay: true,
        transport_wide_cc: true,
        scalable_video: false,
        data_channels: true,
        rid_order: RidOrder::ByName,
    };

    /// The codecs of `kind`, the best first.
    pub fn codecs(&self, kind: Kind) -> &[Codec] {
        match kind {
            Kind::Audio => self.audio_codecs,
            Kind::Video => self.video_codecs,
        }
    }
}
