//! The cipher that the core leaves to the platform, by `ring`: AES and carry-less multiply instructions where the CPU
//! has them.

use parlor_core::link::Gcm;
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

/// AES-128-GCM by `ring`.
pub struct RingGcm {
    key: LessSafeKey,
}

impl Gcm for RingGcm {
    fn new(key: &[u8; 16]) -> Self {
        let key = UnboundKey::new(&AES_128_GCM, key).expect("the key has the length that AES-128 asks for");
        Self { key: LessSafeKey::new(key) }
    }

    fn seal(&self, nonce: &[u8; 12], header: &[u8], body: &mut [u8]) -> [u8; 16] {
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let tag = self.key.seal_in_place_separate_tag(nonce, Aad::from(header), body);
        let tag = tag.expect("a packet is shorter than 64 GiB");
        tag.as_ref().try_into().expect("a tag of GCM has 16 bytes")
    }

    fn open(&self, nonce: &[u8; 12], header: &[u8], body: &mut [u8]) -> bool {
        let nonce = Nonce::assume_unique_for_key(*nonce);
        self.key.open_in_place(nonce, Aad::from(header), body).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Test case 4 of McGrew and Viega, "The Galois/Counter Mode of Operation".
    #[test]
    fn a_known_answer_is_given_and_taken() {
        let key = 0xfeff_e992_8665_731c_6d6a_8f94_6730_8308_u128.to_be_bytes();
        let nonce = [0xca, 0xfe, 0xba, 0xbe, 0xfa, 0xce, 0xdb, 0xad, 0xde, 0xca, 0xf8, 0x88];
        let header = [
            0xfe, 0xed, 0xfa, 0xce, 0xde, 0xad, 0xbe, 0xef, 0xfe, 0xed, 0xfa, 0xce, 0xde, 0xad, 0xbe, 0xef, 0xab, 0xad,
            0xda, 0xd2,
        ];
        let clear = [0xd9, 0x31, 0x32, 0x25, 0xf8, 0x84, 0x06, 0xe5, 0xa5, 0x59, 0x09, 0xc5, 0xaf, 0xf5, 0x26, 0x9a];
        let gcm = RingGcm::new(&key);
        let mut body = clear.to_vec();
        let tag = gcm.seal(&nonce, &header, &mut body);
        assert_eq!(u128::from_be_bytes(body[..].try_into().unwrap()), 0x4283_1ec2_2177_7424_4b72_21b7_84d0_d49c);
        body.extend(tag);
        assert!(gcm.open(&nonce, &header, &mut body.clone()));
        for at in 0..body.len() {
            let mut changed = body.clone();
            changed[at] ^= 1;
            assert!(!gcm.open(&nonce, &header, &mut changed), "{at}");
        }
        assert!(!gcm.open(&nonce, &header[1..], &mut body.clone()));
        assert!(!gcm.open(&nonce, &header, &mut body[..15]), "shorter than a tag");
    }
}
