//! The names of header extensions in `a=extmap` lines.

use crate::wire::Extension;

/// The URI of an extension.
pub const fn uri(extension: Extension) -> &'static str {
    match extension {
        Extension::AudioLevel => "urn:ietf:params:rtp-hdrext:ssrc-audio-level",
        Extension::VideoOrientation => "urn:3gpp:video-orientation",
        Extension::PlayoutDelay => "http://www.webrtc.org/experiments/rtp-hdrext/playout-delay",
        Extension::TransportSequence => "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01",
        Extension::AbsoluteSendTime => "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time",
        Extension::Mid => "urn:ietf:params:rtp-hdrext:sdes:mid",
        Extension::Rid => "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id",
        Extension::RepairedRid => "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id",
        Extension::DependencyDescriptor => {
            "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"
        }
    }
}

/// The extension that has this URI.
pub(super) fn named(text: &str) -> Option<Extension> {
    Extension::ALL.into_iter().find(|extension| uri(*extension) == text)
}
