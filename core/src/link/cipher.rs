//! The cipher that a platform supplies: AES-128-GCM in place. Everything around it (key derivation, nonces, AES-CM
//! with HMAC-SHA1) is the core's.

/// AES-128-GCM with an expanded key. `ring` on Linux and ARM, RustCrypto where nothing else builds.
pub trait Gcm: Sized {
    /// Expands `key`.
    fn new(key: &[u8; 16]) -> Self;

    /// Encrypts `body` in place; `header` is authenticated only.
    fn seal(&self, nonce: &[u8; 12], header: &[u8], body: &mut [u8]) -> [u8; 16];

    /// Decrypts `body`, which ends with its 16-byte tag, in place and says whether it was authentic. A `body` that
    /// was not authentic, or is shorter than a tag, must not be used after.
    fn open(&self, nonce: &[u8; 12], header: &[u8], body: &mut [u8]) -> bool;
}

/// The cipher of a platform that has none: its links are protected by AES-CM alone, so nobody may agree on AES-GCM.
#[derive(Clone, Copy, Debug)]
pub struct NoGcm;

impl Gcm for NoGcm {
    fn new(_: &[u8; 16]) -> Self {
        Self
    }

    /// Destroys `body` rather than let it leave in clear.
    fn seal(&self, _: &[u8; 12], _: &[u8], body: &mut [u8]) -> [u8; 16] {
        body.fill(0);
        [0; 16]
    }

    fn open(&self, _: &[u8; 12], _: &[u8], _: &mut [u8]) -> bool {
        false
    }
}
