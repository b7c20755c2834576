//! Signed tokens: `EXPIRY,REALM,DESCRIPTOR,...:SIGNATURE`, where the signature is the HMAC-SHA1 of what stands before
//! it, in base64 (Janus' documentation, "Token based authentication").

use core::fmt::Write;

use base64ct::{Base64, Encoding};
use heapless::String;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use crate::room::{NAME_BYTES, Name};

/// The length of a signature, in bytes.
const SIGNATURE_BYTES: usize = 20;

/// Whether `token` was signed with `secret`, is of `realm`, holds `descriptor` if one is wanted, and has not expired at
/// `now_s`, in seconds of Unix time.
pub(super) fn opens(token: &str, secret: &str, realm: &str, descriptor: Option<&str>, now_s: u64) -> bool {
    let Some((data, signature)) = token.rsplit_once(':') else { return false };
    let mut bytes = [0; SIGNATURE_BYTES + 1];
    let Ok(signature) = Base64::decode(signature, &mut bytes) else { return false };
    let Ok(mut hmac) = Hmac::<Sha1>::new_from_slice(secret.as_bytes()) else { return false };
    hmac.update(data.as_bytes());
    // Takes the same time wherever the two differ.
    if hmac.verify_slice(signature).is_err() {
        return false;
    }
    let mut parts = data.split(',');
    let expiry_s: Option<u64> = parts.next().and_then(|text| text.parse().ok());
    let is_alive = expiry_s.is_some_and(|expiry_s| now_s <= expiry_s);
    let is_of_realm = parts.next() == Some(realm);
    is_alive && is_of_realm && descriptor.is_none_or(|wanted| parts.any(|part| part == wanted))
}

/// The descriptor of tokens that open `room`.
pub(super) fn of_room(room: Name) -> String<{ NAME_BYTES + 5 }> {
    let mut descriptor = String::new();
    // It has place for the longest name.
    let _ = write!(descriptor, "room={room}");
    descriptor
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    fn sign(data: &str, secret: &str) -> std::string::String {
        let mut hmac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).unwrap();
        hmac.update(data.as_bytes());
        let mut text = [0; 32];
        let signature = Base64::encode(&hmac.finalize().into_bytes(), &mut text).unwrap();
        format!("{data}:{signature}")
    }

    #[test]
    fn the_signature_is_that_of_any_other_library() {
        // echo -n 10,janus,a | openssl dgst -sha1 -hmac key -binary | base64
        assert_eq!(sign("10,janus,a", "key"), "10,janus,a:zKtOq/Oe+Tsa+movyCUbTUtZcUY=");
    }

    #[test]
    fn a_token_opens_what_it_was_signed_for_until_it_expires() {
        let token = sign("100,janus,a,b", "key");
        assert!(opens(&token, "key", "janus", None, 100));
        assert!(opens(&token, "key", "janus", Some("b"), 99));
        assert!(!opens(&token, "key", "janus", None, 101), "expired");
        assert!(!opens(&token, "kex", "janus", None, 1), "another secret");
        assert!(!opens(&token, "key", "other", None, 1), "another realm");
        assert!(!opens(&token, "key", "janus", Some("c"), 1), "another descriptor");
        let room = sign("100,p,room=7", "key");
        assert!(opens(&room, "key", "p", Some(&of_room(Name::Number(7))), 1));
        assert!(!opens(&room, "key", "p", Some(&of_room(Name::Number(77))), 1));
    }

    #[test]
    fn what_is_no_token_opens_nothing() {
        let token = sign("100,janus,a", "key");
        for end in 0..token.len() {
            assert!(!opens(&token[..end], "key", "janus", None, 1), "{}", &token[..end]);
        }
        for text in ["", ":", ",,:", "100,janus:", "100,janus,a:====", &sign("", "key"), &sign("x,janus", "key")] {
            assert!(!opens(text, "key", "janus", None, 1), "{text}");
        }
    }
}
