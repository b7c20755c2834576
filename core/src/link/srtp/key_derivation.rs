//! Session keys from a master key (RFC 3711 section 4.3; RFC 7714 section 11 uses the same).

use aes::Aes128Enc;
use aes::cipher::{BlockCipherEncrypt, KeyInit};

use crate::link::MasterKey;

/// What a derived key is for (RFC 3711 section 4.3.2). The numbers of SRTCP are larger by three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Label {
    /// Encryption.
    Encryption = 0,
    /// Authentication.
    Authentication = 1,
    /// Salt of the nonces.
    Salt = 2,
}

/// Which of the two protocols a key protects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Protocol {
    /// RTP.
    Rtp = 0,
    /// RTCP.
    Rtcp = 3,
}

/// The first `N` (at most 32) bytes of the key for `label`: AES-CM as the pseudo-random function, key derivation
/// rate 0.
pub(super) fn derive<const N: usize>(master: &MasterKey, protocol: Protocol, label: Label) -> [u8; N] {
    let cipher = Aes128Enc::new(&master.key.into());
    let mut block = [0; 16];
    block[..14].copy_from_slice(&master.salt);
    block[7] ^= protocol as u8 + label as u8;
    let mut key = [0; N];
    for (counter, part) in key.chunks_mut(16).enumerate() {
        block[15] = counter as u8;
        let mut stream = block.into();
        cipher.encrypt_block(&mut stream);
        part.copy_from_slice(&stream[..part.len()]);
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3711 appendix B.3.
    const MASTER: MasterKey = MasterKey {
        key: 0xe1f9_7a0d_3e01_8be0_d64f_a32c_06de_4139_u128.to_be_bytes(),
        salt: [0x0e, 0xc6, 0x75, 0xad, 0x49, 0x8a, 0xfe, 0xeb, 0xb6, 0x96, 0x0b, 0x3a, 0xab, 0xe6],
    };

    #[test]
    fn keys_are_those_of_rfc_3711_b_3() {
        let key: [u8; 16] = derive(&MASTER, Protocol::Rtp, Label::Encryption);
        assert_eq!(u128::from_be_bytes(key), 0xc61e_7a93_744f_39ee_1073_4afe_3ff7_a087);
        let salt: [u8; 14] = derive(&MASTER, Protocol::Rtp, Label::Salt);
        assert_eq!(salt, [0x30, 0xcb, 0xbc, 0x08, 0x86, 0x3d, 0x8c, 0x85, 0xd4, 0x9d, 0xb3, 0x4a, 0x9a, 0xe1]);
        let authentication: [u8; 20] = derive(&MASTER, Protocol::Rtp, Label::Authentication);
        assert_eq!(
            authentication,
            [
                0xce, 0xbe, 0x32, 0x1f, 0x6f, 0xf7, 0x71, 0x6b, 0x6f, 0xd4, 0xab, 0x49, 0xaf, 0x25, 0x6a, 0x15, 0x6d,
                0x38, 0xba, 0xa4
            ]
        );
    }

    #[test]
    fn the_two_protocols_have_different_keys() {
        for label in [Label::Encryption, Label::Authentication, Label::Salt] {
            let rtp: [u8; 16] = derive(&MASTER, Protocol::Rtp, label);
            let rtcp: [u8; 16] = derive(&MASTER, Protocol::Rtcp, label);
            assert_ne!(rtp, rtcp);
        }
    }
}
