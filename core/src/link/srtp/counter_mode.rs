//! AES-128 in counter mode with HMAC-SHA1, 80-bit tags (RFC 3711 section 4), in place.

use aes::Aes128Enc;
use aes::cipher::StreamCipherCore;
use ctr::CtrCore;
use ctr::cipher::InnerIvInit;
use ctr::flavors::Ctr128BE;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;

use super::key_derivation::{Label, Protocol, derive};
use crate::link::MasterKey;

/// Bytes of a tag.
pub(super) const TAG_BYTES: usize = 10;

/// Bytes of a short one (RFC 4568 section 6.2): the beginning of the long one (RFC 3711 section 4.2).
pub(super) const SHORT_TAG_BYTES: usize = 4;

/// One protocol's keys of one direction, expanded.
pub(super) struct CounterMode {
    cipher: Aes128Enc,
    hmac: Hmac<Sha1>,
    salt: [u8; 14],
    /// Of packets under these keys.
    pub(super) tag_bytes: usize,
}

impl CounterMode {
    /// The keys of `protocol` under `master`.
    pub(super) fn new(master: &MasterKey, protocol: Protocol) -> Self {
        let key: [u8; 16] = derive(master, protocol, Label::Encryption);
        let authentication: [u8; 20] = derive(master, protocol, Label::Authentication);
        // As a whole block HMAC takes the key as it is and cannot refuse its length (RFC 2104 section 2).
        let mut block = [0; 64];
        block[..20].copy_from_slice(&authentication);
        Self {
            cipher: Aes128Enc::new(&key.into()),
            hmac: Hmac::new(&block.into()),
            salt: derive(master, protocol, Label::Salt),
            tag_bytes: TAG_BYTES,
        }
    }

    /// Encrypts or decrypts `body` (RFC 3711 section 4.1.1). `index` has 48 bits.
    pub(super) fn apply(&self, ssrc: u32, index: u64, body: &mut [u8]) {
        let mut iv = [0; 16];
        iv[..14].copy_from_slice(&self.salt);
        exclusive_or(&mut iv[4..8], &ssrc.to_be_bytes());
        exclusive_or(&mut iv[8..14], &index.to_be_bytes()[2..]);
        let core: CtrCore<&Aes128Enc, Ctr128BE> = CtrCore::inner_iv_init(&self.cipher, &iv.into());
        core.apply_keystream_partial(body.into());
    }

    /// The tag over `message` and `rest` (RFC 3711 section 4.2).
    pub(super) fn tag(&self, message: &[u8], rest: &[u8]) -> [u8; TAG_BYTES] {
        let digest = self.over(message, rest).finalize().into_bytes();
        let mut tag = [0; TAG_BYTES];
        tag.copy_from_slice(&digest[..TAG_BYTES]);
        tag
    }

    /// Whether `tag` is the tag over `message` and `rest`. Compared in constant time.
    pub(super) fn is_authentic(&self, message: &[u8], rest: &[u8], tag: &[u8]) -> bool {
        tag.len() == self.tag_bytes && self.over(message, rest).verify_truncated_left(tag).is_ok()
    }

    fn over(&self, message: &[u8], rest: &[u8]) -> Hmac<Sha1> {
        let mut hmac = self.hmac.clone();
        hmac.update(message);
        hmac.update(rest);
        hmac
    }
}

/// `bytes` with `mask` over them; both have the same length.
pub(super) fn exclusive_or(bytes: &mut [u8], mask: &[u8]) {
    for (byte, mask) in bytes.iter_mut().zip(mask) {
        *byte ^= mask;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3711 appendix B.2: a key stream of 0xff02 blocks.
    #[test]
    fn the_key_stream_is_that_of_rfc_3711_b_2() {
        let key = 0x2b7e_1516_28ae_d2a6_abf7_1588_09cf_4f3c_u128.to_be_bytes();
        let salt = [0xf0, 0xf1, 0xf2, 0xf3, 0xf4, 0xf5, 0xf6, 0xf7, 0xf8, 0xf9, 0xfa, 0xfb, 0xfc, 0xfd];
        let hmac = Hmac::new(&[0; 64].into());
        let mode = CounterMode { cipher: Aes128Enc::new(&key.into()), hmac, salt, tag_bytes: TAG_BYTES };
        let mut stream = std::vec![0; 16 * 0xff02];
        mode.apply(0, 0, &mut stream);
        for (block, expected) in [
            (0x0000, 0xe03e_ad09_35c9_5e80_e166_b16d_d92b_4eb4_u128),
            (0x0001, 0xd235_1316_2b02_d0f7_2a43_a2fe_4a5f_97ab),
            (0x0002, 0x41e9_5b3b_b0a2_e8dd_4779_01e4_fca8_94c0),
            (0xfeff, 0xec8c_df73_9860_7cb0_f2d2_1675_ea9e_a1e4),
            (0xff00, 0x362b_7c3c_6773_5163_18a0_77d7_fc50_73ae),
            (0xff01, 0x6a2c_c378_7889_374f_beb4_c81b_17ba_6c44),
        ] {
            assert_eq!(stream[16 * block..][..16], expected.to_be_bytes(), "{block:#x}");
        }
    }

    #[test]
    fn a_tag_of_another_length_is_not_authentic() {
        let master = MasterKey { key: [1; 16], salt: [2; 14] };
        let mode = CounterMode::new(&master, Protocol::Rtp);
        let tag = mode.tag(b"message", b"rest");
        assert!(mode.is_authentic(b"message", b"rest", &tag));
        assert!(!mode.is_authentic(b"message", b"rest", &tag[..9]));
        assert!(!mode.is_authentic(b"message", b"rest", &[]));
    }
}
