//! The part of a description that is about the PeerConnection and not about media: ICE, DTLS, candidates.

use core::net::SocketAddr;

use crate::link::{Credentials, Fingerprint, Role};
use crate::media::RemoteUfrag;

/// Our end, as answers and offers tell it.
#[derive(Clone, Copy, Debug)]
pub struct LocalTransport<'a> {
    /// The number in `o=`; the same for the life of the PeerConnection.
    pub session_id: u64,
    /// The version in `o=`; one more with every description that differs (RFC 9429 section 5.2.2).
    pub version: u64,
    /// The name and password of the link.
    pub credentials: &'a Credentials,
    /// Our certificate.
    pub fingerprint: Fingerprint,
    /// Host candidates, the best first; empty if they are sent by themselves.
    pub candidates: &'a [SocketAddr],
}

/// The peer's end, as its offer or answer told it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteTransport {
    /// The peer's user name fragment. When it changes, ICE begins anew (RFC 8839 section 4.4.1.1.1).
    pub ufrag: RemoteUfrag,
    /// Its certificate.
    pub fingerprint: Fingerprint,
    /// Our side of DTLS.
    pub role: Role,
    /// Whether it sent `a=rtcp-rsize` (RFC 5506).
    pub reduced_rtcp: bool,
}

/// Which side wrote a description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The peer offers and we answer: we are the DTLS client unless it insists on being that.
    Offer,
    /// The peer answers our offer.
    Answer,
}
