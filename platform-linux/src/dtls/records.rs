//! What protects application data once a handshake is done: records of DTLS 1.2 under AES-128-GCM (RFC 6347, RFC 5288).
//!
//! The library would keep 39 kB, and a task on another thread, for each connection that carries data. Keys are enough.

use parlor_core::link::Role;
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hmac;

pub(super) const CONTENT_ALERT: u8 = 21;
pub(super) const CONTENT_DATA: u8 = 23;

/// Content type, version, epoch, sequence number, length.
const HEADER_BYTES: usize = 13;

const VERSION_1_2: [u8; 2] = [0xfe, 0xfd];
const EXPLICIT_NONCE_BYTES: usize = 8;
const TAG_BYTES: usize = 16;
const KEY_BYTES: usize = 16;
const SALT_BYTES: usize = NONCE_LEN - EXPLICIT_NONCE_BYTES;

/// Sequence numbers have 48 bits; a connection ends before they are used up.
const SEQUENCE_MAX: u64 = (1 << 48) - 1;

/// TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 and the same with RSA.
const SUITES: [u16; 2] = [0xc02b, 0xc02f];

/// Both directions of a connection.
pub(super) struct Records {
    local: Direction,
    remote: Direction,
    epoch: u16,
    next_sequence: u64,
    received: Received,
}

struct Direction {
    key: LessSafeKey,
    salt: [u8; SALT_BYTES],
}

/// Which sequence numbers came (RFC 6347 section 4.1.2.6).
#[derive(Default)]
struct Received {
    /// One more than the highest; 0: none came.
    next: u64,
    /// Bit i: the one i below the highest.
    window: u64,
}

impl Records {
    /// What follows from the library's state of an established connection, as the library writes it (`State` in
    /// bincode): epochs, randoms, cipher suite, master secret, the next sequence number. Nothing if another cipher was
    /// chosen.
    pub(super) fn of_state(state: &[u8], role: Role) -> Option<Self> {
        let (epoch, rest) = split::<2>(state)?;
        let (_remote_epoch, rest) = split::<2>(rest)?;
        let (local_random, rest) = split::<32>(rest)?;
        let (remote_random, rest) = split::<32>(rest)?;
        let (suite, rest) = split::<2>(rest)?;
        let (secret_bytes, rest) = split::<8>(rest)?;
        let (secret, rest) = rest.split_at_checked(u64::from_le_bytes(secret_bytes).try_into().ok()?)?;
        let (sequence, _) = split::<8>(rest)?;
        if !SUITES.contains(&u16::from_le_bytes(suite)) {
            return None;
        }
        let (client, server) = match role {
            Role::Client => (local_random, remote_random),
            Role::Server => (remote_random, local_random),
        };
        let seed = [b"key expansion".as_slice(), &server, &client].concat();
        let block = expand(secret, &seed, 2 * (KEY_BYTES + SALT_BYTES));
        let (client, server) = (Direction::of(&block, 0)?, Direction::of(&block, 1)?);
        let (local, remote) = if role == Role::Client { (client, server) } else { (server, client) };
        let next_sequence = u64::from_le_bytes(sequence);
        Some(Self { local, remote, epoch: u16::from_le_bytes(epoch), next_sequence, received: Received::default() })
    }

    /// A record of `content`.
    pub(super) fn seal(&mut self, content_type: u8, content: &[u8]) -> Option<Vec<u8>> {
        if self.next_sequence > SEQUENCE_MAX {
            return None;
        }
        let number = u64::from(self.epoch) << 48 | self.next_sequence;
        self.next_sequence += 1;
        let mut sealed = content.to_vec();
        let additional = additional_data(number, content_type, content.len());
        let nonce = self.local.nonce(number.to_be_bytes());
        self.local.key.seal_in_place_append_tag(nonce, Aad::from(additional), &mut sealed).ok()?;
        let len = (EXPLICIT_NONCE_BYTES + sealed.len()) as u16;
        let number = number.to_be_bytes();
        Some([&[content_type][..], &VERSION_1_2, &number, &len.to_be_bytes(), &number, &sealed].concat())
    }

    /// The authentic and new records of a datagram: what they are and what they hold.
    pub(super) fn open(&mut self, mut datagram: &[u8]) -> Vec<(u8, Vec<u8>)> {
        let mut opened = Vec::new();
        while let Some((header, rest)) = split::<HEADER_BYTES>(datagram) {
            let len = usize::from(u16::from_be_bytes([header[11], header[12]]));
            let Some((sealed, rest)) = rest.split_at_checked(len) else { break };
            datagram = rest;
            opened.extend(self.open_one(&header, sealed).map(|content| (header[0], content)));
        }
        opened
    }

    fn open_one(&mut self, header: &[u8; HEADER_BYTES], sealed: &[u8]) -> Option<Vec<u8>> {
        let (_, numbered) = header.split_at(3);
        let number = u64::from_be_bytes(*numbered.first_chunk()?);
        let sequence = number & SEQUENCE_MAX;
        if header[1..3] != VERSION_1_2 || (number >> 48) as u16 != self.epoch || !self.received.is_new(sequence) {
            return None;
        }
        let (explicit, sealed) = split::<EXPLICIT_NONCE_BYTES>(sealed)?;
        let content_bytes = sealed.len().checked_sub(TAG_BYTES)?;
        let mut content = sealed.to_vec();
        let additional = additional_data(number, header[0], content_bytes);
        let nonce = self.remote.nonce(explicit);
        self.remote.key.open_in_place(nonce, Aad::from(additional), &mut content).ok()?;
        content.truncate(content_bytes);
        self.received.note(sequence);
        Some(content)
    }
}

impl Direction {
    /// That of the client (0) or the server (1) in a key block (RFC 5246 section 6.3).
    fn of(block: &[u8], side: usize) -> Option<Self> {
        let key = block.get(KEY_BYTES * side..)?.first_chunk::<KEY_BYTES>()?;
        let salt = *block.get(2 * KEY_BYTES + SALT_BYTES * side..)?.first_chunk()?;
        Some(Self { key: LessSafeKey::new(UnboundKey::new(&AES_128_GCM, key).ok()?), salt })
    }

    fn nonce(&self, explicit: [u8; EXPLICIT_NONCE_BYTES]) -> Nonce {
        let mut nonce = [0; NONCE_LEN];
        nonce[..SALT_BYTES].copy_from_slice(&self.salt);
        nonce[SALT_BYTES..].copy_from_slice(&explicit);
        Nonce::assume_unique_for_key(nonce)
    }
}

impl Received {
    fn is_new(&self, sequence: u64) -> bool {
        match self.next.checked_sub(sequence + 1) {
            None => true,
            Some(age) => age < 64 && self.window & 1 << age == 0,
        }
    }

    fn note(&mut self, sequence: u64) {
        let next = sequence + 1;
        if next > self.next {
            let step = next - self.next;
            self.window = if step < 64 { self.window << step } else { 0 } | 1;
            self.next = next;
        } else {
            self.window |= 1 << (self.next - next);
        }
    }
}

/// What a tag vouches for beside the content (RFC 5246 section 6.2.3.3).
fn additional_data(number: u64, content_type: u8, content_bytes: usize) -> [u8; HEADER_BYTES] {
    let mut data = [0; HEADER_BYTES];
    data[..8].copy_from_slice(&number.to_be_bytes());
    data[8] = content_type;
    data[9..11].copy_from_slice(&VERSION_1_2);
    data[11..].copy_from_slice(&(content_bytes as u16).to_be_bytes());
    data
}

/// The pseudorandom function of TLS 1.2 with SHA-256 (RFC 5246 section 5), whose seed begins with its label.
fn expand(secret: &[u8], seed: &[u8], len: usize) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let mut output = Vec::with_capacity(len + 32);
    let mut chained = hmac::sign(&key, seed);
    while output.len() < len {
        output.extend(hmac::sign(&key, &[chained.as_ref(), seed].concat()).as_ref());
        chained = hmac::sign(&key, chained.as_ref());
    }
    output.truncate(len);
    output
}

fn split<const N: usize>(bytes: &[u8]) -> Option<([u8; N], &[u8])> {
    let (head, rest) = bytes.split_first_chunk()?;
    Some((*head, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A connection's two ends.
    fn ends() -> (Records, Records) {
        let state = |own: u8, other: u8| {
            let secret = [9; 48];
            let head = [&[1, 0, 1, 0][..], &[own; 32], &[other; 32], &0xc02b_u16.to_le_bytes()].concat();
            [&head[..], &48_u64.to_le_bytes(), &secret, &7_u64.to_le_bytes(), b"what follows"].concat()
        };
        let of = |own, other, role| Records::of_state(&state(own, other), role).unwrap();
        (of(1, 2, Role::Client), of(2, 1, Role::Server))
    }

    #[test]
    fn what_one_end_seals_the_other_opens_once() {
        let (mut client, mut server) = ends();
        let first = client.seal(CONTENT_DATA, b"one").unwrap();
        let second = client.seal(CONTENT_ALERT, b"two").unwrap();
        assert_eq!(
            (first.len(), &first[..11]),
            (3 + HEADER_BYTES + EXPLICIT_NONCE_BYTES + TAG_BYTES, &[23, 0xfe, 0xfd, 0, 1, 0, 0, 0, 0, 0, 7][..])
        );
        let both = [&second[..], &first].concat();
        assert_eq!(server.open(&both), [(CONTENT_ALERT, b"two".to_vec()), (CONTENT_DATA, b"one".to_vec())]);
        assert_eq!(server.open(&both), []);
        let back = server.seal(CONTENT_DATA, &[]).unwrap();
        assert_eq!(client.open(&back), [(CONTENT_DATA, vec![])]);
    }

    #[test]
    fn what_was_changed_or_cut_is_nothing() {
        let (mut client, mut server) = ends();
        let record = client.seal(CONTENT_DATA, b"content").unwrap();
        for at in 0..record.len() {
            let mut changed = record.clone();
            changed[at] ^= 1;
            assert_eq!(server.open(&changed), [], "{at}");
            assert_eq!(server.open(&record[..at]), [], "{at}");
        }
        assert_eq!(server.open(&record).len(), 1);
    }

    #[test]
    fn only_what_is_too_old_or_came_before_is_left_out() {
        let (mut client, mut server) = ends();
        let records: Vec<_> = (0..200).map(|_| client.seal(CONTENT_DATA, b"x").unwrap()).collect();
        assert_eq!(server.open(&records[100]).len(), 1);
        assert_eq!(server.open(&records[37]).len(), 1, "63 before the highest");
        assert_eq!(server.open(&records[36]).len(), 0);
        assert_eq!(server.open(&records[199]).len(), 1);
        assert_eq!(server.open(&records[100]).len(), 0);
        assert!((136..199).all(|number| server.open(&records[number]).len() == 1));
    }

    #[test]
    fn another_cipher_has_no_records() {
        let state = [&[1, 0, 1, 0][..], &[0; 64], &0xc00a_u16.to_le_bytes(), &48_u64.to_le_bytes(), &[0; 56]].concat();
        assert!(Records::of_state(&state, Role::Client).is_none());
        assert!(Records::of_state(&state[..20], Role::Client).is_none());
    }

    #[test]
    fn keys_are_expanded_as_tls_does() {
        // The test vector for P_SHA256 that the TLS working group published (label "test label").
        let secret = [0x9b, 0xbe, 0x43, 0x6b, 0xa9, 0x40, 0xf0, 0x17, 0xb1, 0x76, 0x52, 0x84, 0x9a, 0x71, 0xdb, 0x35];
        let seed = [0xa0, 0xba, 0x9f, 0x93, 0x6c, 0xda, 0x31, 0x18, 0x27, 0xa6, 0xf7, 0x96, 0xff, 0xd5, 0x19, 0x8c];
        let output = expand(&secret, &[b"test label".as_slice(), &seed].concat(), 100);
        assert_eq!(output.len(), 100);
        assert_eq!(output[..8], [0xe3, 0xf2, 0x29, 0xba, 0x72, 0x7b, 0xe1, 0x7b]);
        assert_eq!(output[96..], [0x87, 0x34, 0x7b, 0x66]);
    }
}
