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
