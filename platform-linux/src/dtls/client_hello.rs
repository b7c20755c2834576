//! Which SRTP profiles a client offers, read from its ClientHello before the engine sees it.
//!
//! An engine takes the client's first profile that it knows. So that our order wins, a server's engine is started with
//! one profile alone, the best for this machine's CPU that the client has.

use parlor_core::link::SrtpProfile;

/// The longest ClientHello that is read: those with post-quantum keys have about 2 kB.
const HELLO_BYTES: usize = 8 << 10;

/// Datagrams kept until the ClientHello is whole.
const DATAGRAMS: usize = 16;

const CONTENT_HANDSHAKE: u8 = 22;
const MESSAGE_CLIENT_HELLO: u8 = 1;
const EXTENSION_USE_SRTP: u16 = 14;

/// What is known of a ClientHello.
pub(super) enum Reading {
    /// Fragments are missing.
    Incomplete,
    /// The first of our profiles that the client offers; `None` if it offers none of them.
    Complete(Option<SrtpProfile>),
}

/// A ClientHello that arrives in fragments, perhaps out of order and more than once.
#[derive(Default)]
pub(super) struct ClientHello {
    datagrams: Vec<Vec<u8>>,
    body: Vec<u8>,
    have: Vec<bool>,
}

impl ClientHello {
    /// Takes a datagram in. What is not part of a ClientHello is ignored.
    pub(super) fn push(&mut self, datagram: &[u8], preference: &[SrtpProfile]) -> Reading {
        let mut used = false;
        for fragment in fragments(datagram) {
            used |= self.place(&fragment);
        }
        if used && self.datagrams.len() < DATAGRAMS {
            self.datagrams.push(datagram.to_vec());
        }
        if self.body.is_empty() || self.have.contains(&false) {
            return Reading::Incomplete;
        }
        let offered = offered(&self.body).unwrap_or_default();
        Reading::Complete(preference.iter().copied().find(|profile| offered.contains(&number(*profile))))
    }

    /// The datagrams that it came in, for the engine.
    pub(super) fn into_datagrams(self) -> Vec<Vec<u8>> {
        self.datagrams
    }

    /// Puts a fragment in its place; one of another length begins anew.
    fn place(&mut self, fragment: &Fragment<'_>) -> bool {
        if fragment.total == 0 || fragment.total > HELLO_BYTES {
            return false;
        }
        if self.body.len() != fragment.total {
            self.datagrams.clear();
            self.body = vec![0; fragment.total];
            self.have = vec![false; fragment.total];
        }
        let range = fragment.offset..fragment.offset + fragment.bytes.len();
        let (Some(body), Some(have)) = (self.body.get_mut(range.clone()), self.have.get_mut(range)) else {
            return false;
        };
        body.copy_from_slice(fragment.bytes);
        have.fill(true);
        true
    }
}

/// The number of a profile in `use_srtp` (RFC 5764 section 4.1.2, RFC 7714 section 14.2).
fn number(profile: SrtpProfile) -> u16 {
    match profile {
        SrtpProfile::Aes128CmSha1_80 => 0x0001,
        SrtpProfile::AeadAes128Gcm => 0x0007,
    }
}

struct Fragment<'a> {
    total: usize,
    offset: usize,
    bytes: &'a [u8],
}

/// The ClientHello fragments in a datagram of records (RFC 6347 sections 4.1 and 4.2.2).
fn fragments(datagram: &[u8]) -> Vec<Fragment<'_>> {
    let mut found = Vec::new();
    let mut records = Reader(datagram);
    while let Some((content, epoch, mut record)) = records.record() {
        if content != CONTENT_HANDSHAKE || epoch != 0 {
            continue;
        }
        while let Some((message, fragment)) = record.fragment() {
            if message == MESSAGE_CLIENT_HELLO {
                found.push(fragment);
            }
        }
    }
    found
}

/// The profile numbers of a whole ClientHello; `None` if it is malformed or has no `use_srtp`.
fn offered(hello: &[u8]) -> Option<Vec<u16>> {
    let mut reader = Reader(hello);
    reader.take(2 + 32)?; // version, random
    reader.vector(1)?; // session
    reader.vector(1)?; // cookie
    reader.vector(2)?; // cipher suites
    reader.vector(1)?; // compression
    let mut extensions = Reader(reader.vector(2)?);
    loop {
        let kind = extensions.number(2)?;
        let mut extension = Reader(extensions.vector(2)?);
        if kind == usize::from(EXTENSION_USE_SRTP) {
            let profiles = extension.vector(2)?;
            return Some(profiles.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect());
        }
    }
}

/// What is left to read.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    /// A number of `len` bytes.
    fn number(&mut self, len: usize) -> Option<usize> {
        Some(self.take(len)?.iter().fold(0, |number, byte| number << 8 | usize::from(*byte)))
    }

    /// Bytes after their length, which has `len` bytes.
    fn vector(&mut self, len: usize) -> Option<&'a [u8]> {
        let count = self.number(len)?;
        self.take(count)
    }

    /// Content type, epoch and content of a record.
    fn record(&mut self) -> Option<(u8, usize, Reader<'a>)> {
        let content = self.take(1)?[0];
        self.take(2)?; // version
        let epoch = self.number(2)?;
        self.take(6)?; // sequence number
        Some((content, epoch, Reader(self.vector(2)?)))
    }

    /// Type and content of a handshake message's fragment.
    fn fragment(&mut self) -> Option<(u8, Fragment<'a>)> {
        let message = self.take(1)?[0];
        let total = self.number(3)?;
        self.take(2)?; // message sequence
        let offset = self.number(3)?;
        let bytes = self.vector(3)?;
        Some((message, Fragment { total, offset, bytes }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: [SrtpProfile; 2] = [SrtpProfile::AeadAes128Gcm, SrtpProfile::Aes128CmSha1_80];

    fn hello(extensions: &[u8]) -> Vec<u8> {
        let mut body = vec![0xfe, 0xfd];
        body.extend([7; 32]);
        body.extend([0, 0]); // session, cookie
        body.extend([0, 2, 0xc0, 0x2b, 1, 0]);
        body.extend((extensions.len() as u16).to_be_bytes());
        body.extend(extensions);
        body
    }

    fn use_srtp(profiles: &[u16]) -> Vec<u8> {
        let mut bytes = vec![0, 23, 0, 0, 0, 14, 0, 3 + 2 * profiles.len() as u8, 0, 2 * profiles.len() as u8];
        bytes.extend(profiles.iter().flat_map(|profile| profile.to_be_bytes()));
        bytes.push(0);
        bytes
    }

    fn record(body: &[u8], offset: usize, len: usize) -> Vec<u8> {
        let mut record = vec![22, 0xfe, 0xff, 0, 0, 0, 0, 0, 0, 0, 0];
        record.extend((len as u16 + 12).to_be_bytes());
        record.push(1);
        record.extend(&(body.len() as u32).to_be_bytes()[1..]);
        record.extend([0, 0]);
        record.extend(&(offset as u32).to_be_bytes()[1..]);
        record.extend(&(len as u32).to_be_bytes()[1..]);
        record.extend(&body[offset..offset + len]);
        record
    }

    #[test]
    fn our_order_wins_over_the_clients() {
        for (offered, expected) in [
            (&[1, 7][..], Some(SrtpProfile::AeadAes128Gcm)),
            (&[8, 1], Some(SrtpProfile::Aes128CmSha1_80)),
            (&[8, 2], None),
            (&[], None),
        ] {
            let body = hello(&use_srtp(offered));
            let Reading::Complete(chosen) = ClientHello::default().push(&record(&body, 0, body.len()), &OURS) else {
                panic!("a whole ClientHello is incomplete");
            };
            assert_eq!(chosen, expected);
        }
    }

    #[test]
    fn fragments_come_in_any_order_and_twice() {
        let body = hello(&use_srtp(&[1, 7]));
        let (first, second) = (record(&body, 0, 30), record(&body, 30, body.len() - 30));
        let mut reader = ClientHello::default();
        assert!(matches!(reader.push(&second, &OURS), Reading::Incomplete));
        assert!(matches!(reader.push(&[20, 1, 2], &OURS), Reading::Incomplete));
        assert!(matches!(reader.push(&second, &OURS), Reading::Incomplete));
        assert!(matches!(reader.push(&first, &OURS), Reading::Complete(Some(SrtpProfile::AeadAes128Gcm))));
        assert_eq!(reader.into_datagrams().len(), 3);
    }

    #[test]
    fn nothing_cut_or_changed_makes_it_panic() {
        let body = hello(&use_srtp(&[1, 7]));
        let whole = record(&body, 0, body.len());
        for len in 0..whole.len() {
            assert!(matches!(ClientHello::default().push(&whole[..len], &OURS), Reading::Incomplete));
        }
        for index in 0..whole.len() {
            for value in [0, 1, 0x7f, 0xff] {
                let mut changed = whole.clone();
                changed[index] = value;
                let _ = ClientHello::default().push(&changed, &OURS);
            }
        }
    }
}
