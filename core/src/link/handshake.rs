//! What passes between the control half, the media half and the one task that owns DTLS.
//!
//! The control half opens a handshake with [`HandshakeCommand`] and gets [`HandshakeEvent`]s; the datagrams go
//! between the media half and the task by [`crate::media::DtlsDatagram`].

use crate::id::LinkId;

/// Which side of DTLS we take (RFC 8842: `a=setup:active` is the client).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// We send the ClientHello.
    Client,
    /// We wait for it.
    Server,
}

/// A certificate's SHA-256 fingerprint (RFC 8122). Other hashes are refused when the SDP is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint {
    /// The digest.
    pub sha256: [u8; 32],
}

/// How SRTP protects (RFC 5764 section 4.1.2, RFC 7714 section 14.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SrtpProfile {
    /// `SRTP_AES128_CM_HMAC_SHA1_80`.
    Aes128CmSha1_80,
    /// `SRTP_AEAD_AES_128_GCM`.
    AeadAes128Gcm,
}

impl SrtpProfile {
    /// Bytes that protection adds to an RTP packet.
    pub const fn tag_bytes(self) -> usize {
        match self {
            Self::Aes128CmSha1_80 => 10,
            Self::AeadAes128Gcm => 16,
        }
    }

    /// Bytes of a master salt: 14 or 12.
    pub const fn salt_bytes(self) -> usize {
        match self {
            Self::Aes128CmSha1_80 => 14,
            Self::AeadAes128Gcm => 12,
        }
    }
}

/// A link's SRTP master keys, taken from the DTLS exporter (RFC 5764 section 4.2) and already sorted by
/// direction.
#[derive(Clone, Copy)]
pub struct SrtpKeys {
    /// How to protect.
    pub profile: SrtpProfile,
    /// What we protect with.
    pub local: MasterKey,
    /// What the peer protects with.
    pub remote: MasterKey,
}

/// One direction's master key and salt (RFC 3711 section 3.2.1).
#[derive(Clone, Copy)]
pub struct MasterKey {
    /// The key.
    pub key: [u8; 16],
    /// The salt; under GCM its first 12 bytes count.
    pub salt: [u8; 14],
}

/// Asked of the task that owns DTLS.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandshakeCommand {
    /// A link was opened: expect its datagrams. As client the handshake begins at [`Self::Start`].
    Open {
        /// Whose.
        link: LinkId,
        /// The shard that has the link.
        shard: u8,
        /// Our side.
        role: Role,
        /// The certificate that the SDP promised. Keys are given out only after it matched.
        fingerprint: Fingerprint,
    },
    /// ICE has validated an address ([`crate::media::Notice::Connected`]): a client sends its ClientHello.
    Start {
        /// Whose.
        link: LinkId,
        /// The shard that has the link.
        shard: u8,
    },
    /// The link is gone: close_notify where possible, then forget it.
    Close {
        /// Whose.
        link: LinkId,
        /// The shard that has the link.
        shard: u8,
    },
}

/// Told by the task that owns DTLS.
pub enum HandshakeEvent {
    /// The peer's certificate is the promised one, and these are the keys.
    Secured {
        /// Whose.
        link: LinkId,
        /// The shard that has the link.
        shard: u8,
        /// For [`crate::media::Command::SecureLink`].
        keys: SrtpKeys,
    },
    /// No keys: deadline, wrong certificate, no common profile, an alert.
    Failed {
        /// Whose.
        link: LinkId,
        /// The shard that has the link.
        shard: u8,
        /// Why, for a log line and Janus' `hangup` reason.
        reason: HandshakeFailure,
    },
    /// The peer closed an established connection (close_notify or a fatal alert).
    Closed {
        /// Whose.
        link: LinkId,
        /// The shard that has the link.
        shard: u8,
    },
}

/// Why a handshake gave no keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HandshakeFailure {
    /// The peer's certificate is not the one of the SDP.
    Certificate,
    /// It took too long.
    Deadline,
    /// The table of the task is full.
    Full,
    /// The engine gave up: an alert, a malformed message.
    Protocol,
}
