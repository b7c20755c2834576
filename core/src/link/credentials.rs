//! The name and password of a link in ICE (RFC 8445 section 5.3).

use heapless::String;

use crate::id::LinkId;

/// Our user name fragment and password for one link. The fragment holds the link's name, so that a check from an
/// unknown address finds its link without a search.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// 16 characters: the link in hexadecimal, then 8 random ones.
    pub ufrag: String<16>,
    /// 32 characters: 160 random bits.
    pub password: String<32>,
}

impl Credentials {
    /// Credentials of `link` from `random` bytes of a cryptographic source.
    pub fn new(link: LinkId, random: [u8; 25]) -> Self {
        let mut ufrag = String::new();
        for byte in link.index.to_be_bytes().into_iter().chain(link.generation.to_be_bytes()) {
            push_hexadecimal(&mut ufrag, byte);
        }
        let (name, secret) = random.split_at(5);
        push_base32(&mut ufrag, name);
        let mut password = String::new();
        push_base32(&mut password, secret);
        Self { ufrag, password }
    }

    /// The link that a user name fragment of ours names, if it is one.
    pub fn link(ufrag: &[u8]) -> Option<LinkId> {
        if ufrag.len() != 16 {
            return None;
        }
        let digits = core::str::from_utf8(&ufrag[..8]).ok()?;
        let number = u32::from_str_radix(digits, 16).ok()?;
        Some(LinkId::new((number >> 16) as u16, number as u16))
    }
}

/// Appends `byte` as two digits; the capacity is known to suffice.
fn push_hexadecimal<const N: usize>(text: &mut String<N>, byte: u8) {
    for digit in [byte >> 4, byte & 15] {
        let _ = text.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
    }
}

/// Appends `bytes` (a multiple of 5) as base32; the capacity is known to suffice.
fn push_base32<const N: usize>(text: &mut String<N>, bytes: &[u8]) {
    for group in bytes.chunks(5) {
        let number = group.iter().fold(0_u64, |number, byte| number << 8 | u64::from(*byte));
        for step in (0..8).rev() {
            let digit = (number >> (5 * step)) & 31;
            let _ = text.push(char::from(b"abcdefghijklmnopqrstuvwxyz234567"[digit as usize]));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fragment_names_its_link() {
        let link = LinkId::new(0x1234, 0xfffe);
        let credentials = Credentials::new(link, [0xa5; 25]);
        assert_eq!(credentials.ufrag.len(), 16);
        assert_eq!(credentials.password.len(), 32);
        assert_eq!(Credentials::link(credentials.ufrag.as_bytes()), Some(link));
        assert_eq!(Credentials::link(b"short"), None);
        assert_eq!(Credentials::link(b"zzzzzzzzaaaaaaaa"), None);
    }
}
