//! AES-128-GCM for SRTP (RFC 7714): nonces and what is authenticated; the cipher is the platform's.

use super::counter_mode::exclusive_or;
use super::key_derivation::{Label, Protocol, derive};
use crate::link::{Gcm, MasterKey};

/// Bytes of a tag.
pub(super) const TAG_BYTES: usize = 16;

/// One protocol's keys of one direction, expanded.
pub(super) struct Aead<G> {
    pub(super) cipher: G,
    pub(super) salt: [u8; 12],
}

impl<G: Gcm> Aead<G> {
    /// The keys of `protocol` under `master`, whose salt has 12 bytes here.
    pub(super) fn new(master: &MasterKey, protocol: Protocol) -> Self {
        let mut master = *master;
        master.salt[12..].fill(0);
        let key = derive(&master, protocol, Label::Encryption);
        Self { cipher: G::new(&key), salt: derive(&master, protocol, Label::Salt) }
    }

    /// Encrypts `body` in place and authenticates it with `header`. `index` has 48 bits (RFC 7714 section 8.1), for
    /// SRTCP 31 (section 9.1).
    pub(super) fn seal(&self, ssrc: u32, index: u64, header: &[u8], body: &mut [u8]) -> [u8; TAG_BYTES] {
        self.cipher.seal(&self.nonce(ssrc, index), header, body)
    }

    /// Decrypts `body`, which ends with its tag, and says whether it and `header` were authentic.
    pub(super) fn open(&self, ssrc: u32, index: u64, header: &[u8], body: &mut [u8]) -> bool {
        self.cipher.open(&self.nonce(ssrc, index), header, body)
    }

    /// Both nonce layouts are one: two zero bytes, the source, the index in 48 bits.
    fn nonce(&self, ssrc: u32, index: u64) -> [u8; 12] {
        let mut nonce = self.salt;
        exclusive_or(&mut nonce[2..6], &ssrc.to_be_bytes());
        exclusive_or(&mut nonce[6..], &index.to_be_bytes()[2..]);
        nonce
    }
}
