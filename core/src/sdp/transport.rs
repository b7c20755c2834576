//! The part of a description that is about the PeerConnection and not about media: ICE, DTLS, candidates.

use core::net::SocketAddr;

use super::{Cause, Description, MediaKind, Refusal};
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
    /// The longest message on a data channel that we take, in bytes.
    pub most_message_bytes: u32,
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

impl Description<'_> {
    /// What it says about ICE and DTLS. All m-lines share one transport, that of the first that is not rejected
    /// (RFC 9143 section 7.2); what the m-line does not say is looked for in the lines before all m-lines.
    pub fn transport(&self, written_by: Side) -> Result<RemoteTransport, Refusal> {
        let refusal = |cause| Refusal { line: 0, cause };
        let section = self
            .sections()
            .find(|section| !section.is_rejected() && section.kind != MediaKind::Other)
            .ok_or(refusal(Cause::NoIce))?;
        let attribute = |name| section.attribute(name).or_else(|| self.attribute(name));
        let ufrag = attribute("ice-ufrag")
            .filter(|ufrag| !ufrag.is_empty() && ufrag.bytes().all(|byte| byte.is_ascii_graphic()))
            .and_then(|ufrag| RemoteUfrag::try_from(ufrag).ok())
            .ok_or(refusal(Cause::NoIce))?;
        let of_session = self.attributes().filter(|attribute| attribute.name == "fingerprint");
        let fingerprint = section
            .values("fingerprint")
            .chain(of_session.map(|attribute| attribute.value))
            .find_map(read_fingerprint)
            .ok_or(refusal(Cause::NoFingerprint))?;
        Ok(RemoteTransport {
            ufrag,
            fingerprint,
            role: role(written_by, attribute("setup").unwrap_or("")),
            reduced_rtcp: self.sections().any(|section| section.attribute("rtcp-rsize").is_some()),
        })
    }
}

/// Our role when the peer wrote `setup` (RFC 8842 section 5). We offer `actpass`, and answer that with `active`.
fn role(written_by: Side, setup: &str) -> Role {
    match (written_by, setup) {
        (_, "active") => Role::Server,
        (_, "passive") => Role::Client,
        (Side::Offer, _) => Role::Client,
        (Side::Answer, _) => Role::Server,
    }
}

/// Reads `sha-256 AB:CD:...` (RFC 8122 section 5).
fn read_fingerprint(value: &str) -> Option<Fingerprint> {
    let (hash, digits) = value.split_once(' ')?;
    if !hash.eq_ignore_ascii_case("sha-256") {
        return None;
    }
    let mut sha256 = [0; 32];
    let mut pairs = digits.trim().split(':');
    for byte in &mut sha256 {
        let pair = pairs.next().filter(|pair| pair.len() == 2 && !pair.starts_with('+'))?;
        *byte = u8::from_str_radix(pair, 16).ok()?;
    }
    pairs.next().is_none().then_some(Fingerprint { sha256 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;
    use std::string::String;

    const DIGITS: &str = "00:01:02:03:04:05:06:07:08:09:0a:0B:0C:0D:0E:0F:\
                          10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:FF";

    fn description(session: &str, section: &str) -> String {
        format!("v=0\no=- 1 1 IN IP4 0.0.0.0\ns=-\nt=0 0\n{session}m=text 9 RTP/AVP 0\nm=audio 9 RTP/AVP 0\n{section}")
    }

    fn transport(session: &str, section: &str, side: Side) -> Result<RemoteTransport, Cause> {
        let text = description(session, section);
        Description::parse(&text).unwrap().transport(side).map_err(|refusal| refusal.cause)
    }

    #[test]
    fn the_transport_is_told_once_or_per_m_line() {
        let lines =
            format!("a=ice-ufrag:abcd\na=fingerprint:sha-1 00\na=fingerprint:SHA-256 {DIGITS}\na=setup:actpass\n");
        let once = transport(&lines, "", Side::Offer).unwrap();
        assert_eq!(once, transport("", &lines, Side::Offer).unwrap());
        assert_eq!(once.ufrag, "abcd");
        assert_eq!(once.role, Role::Client);
        assert_eq!((once.fingerprint.sha256[11], once.fingerprint.sha256[31]), (11, 255));
        assert!(!once.reduced_rtcp);
        let own = transport(&lines, "a=ice-ufrag:own\na=setup:active\na=rtcp-rsize\n", Side::Offer).unwrap();
        assert_eq!((own.ufrag.as_str(), own.role, own.reduced_rtcp), ("own", Role::Server, true));
    }

    #[test]
    fn the_roles_follow_setup() {
        for (side, setup, expected) in [
            (Side::Offer, "actpass", Role::Client),
            (Side::Offer, "active", Role::Server),
            (Side::Offer, "passive", Role::Client),
            (Side::Offer, "", Role::Client),
            (Side::Answer, "active", Role::Server),
            (Side::Answer, "passive", Role::Client),
            (Side::Answer, "", Role::Server),
        ] {
            assert_eq!(role(side, setup), expected, "{side:?} {setup}");
        }
    }

    #[test]
    fn without_ice_or_a_certificate_there_is_no_transport() {
        assert_eq!(transport("", "", Side::Offer), Err(Cause::NoIce));
        assert_eq!(transport("a=ice-ufrag:abcd\n", "", Side::Offer), Err(Cause::NoFingerprint));
        for wrong in ["sha-256", "sha-256 00:01", "sha-256 zz", "sha-512 00"] {
            assert_eq!(read_fingerprint(wrong), None, "{wrong}");
        }
        assert_eq!(read_fingerprint(&format!("sha-256 {DIGITS}:00")), None);
    }
}
