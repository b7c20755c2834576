//! Both profiles as a whole.

use std::vec::Vec;

use proptest::prelude::*;
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};

use super::*;

struct Ring(LessSafeKey);

impl Gcm for Ring {
    fn new(key: &[u8; 16]) -> Self {
        Self(LessSafeKey::new(UnboundKey::new(&AES_128_GCM, key).unwrap()))
    }

    fn seal(&self, nonce: &[u8; 12], header: &[u8], body: &mut [u8]) -> [u8; 16] {
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let tag = self.0.seal_in_place_separate_tag(nonce, Aad::from(header), body).unwrap();
        tag.as_ref().try_into().unwrap()
    }

    fn open(&self, nonce: &[u8; 12], header: &[u8], body: &mut [u8]) -> bool {
        let nonce = Nonce::assume_unique_for_key(*nonce);
        self.0.open_in_place(nonce, Aad::from(header), body).is_ok()
    }
}

const PROFILES: [SrtpProfile; 2] = [SrtpProfile::Aes128CmSha1_80, SrtpProfile::AeadAes128Gcm];

/// Two ends of one link.
fn pair(profile: SrtpProfile) -> (SrtpSession<Ring>, SrtpSession<Ring>) {
    let local = MasterKey { key: [0x11; 16], salt: [0x22; 14] };
    let remote = MasterKey { key: [0x33; 16], salt: [0x44; 14] };
    let ours = SrtpSession::new(&SrtpKeys { profile, local, remote });
    let theirs = SrtpSession::new(&SrtpKeys { profile, local: remote, remote: local });
    (ours, theirs)
}

/// A packet with one contributing source and a header extension: 24 bytes of header.
fn rtp_packet(sequence: u16, ssrc: u32, payload: &[u8]) -> Vec<u8> {
    let mut packet = std::vec![0x91, 96];
    packet.extend(sequence.to_be_bytes());
    packet.extend([1, 2, 3, 4]);
    packet.extend(ssrc.to_be_bytes());
    packet.extend([9, 9, 9, 9, 0xbe, 0xde, 0, 1, 0x10, 0x85, 0, 0]);
    packet.extend(payload);
    packet
}

const HEADER_BYTES: usize = 24;

fn seal(session: &SrtpSession<Ring>, packet: &[u8], index: u64) -> Vec<u8> {
    let mut room = packet.to_vec();
    room.resize(packet.len() + RTP_OVERHEAD_BYTES, 0);
    let len = session.seal_rtp(&mut room, packet.len(), HEADER_BYTES, index).unwrap();
    room.truncate(len);
    room
}

fn rtcp_packet(ssrc: u32, body: &[u8]) -> Vec<u8> {
    let mut packet = std::vec![0x80, 201, 0, 1];
    packet.extend(ssrc.to_be_bytes());
    packet.extend(body);
    packet
}

fn seal_rtcp(session: &mut SrtpSession<Ring>, packet: &[u8]) -> Vec<u8> {
    let mut room = packet.to_vec();
    room.resize(packet.len() + RTCP_OVERHEAD_BYTES, 0);
    let len = session.seal_rtcp(&mut room, packet.len()).unwrap();
    room.truncate(len);
    room
}

fn bytes(hexadecimal: &str) -> Vec<u8> {
    let digits = hexadecimal.as_bytes().chunks(2);
    digits.map(|pair| u8::from_str_radix(core::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

/// The session key and salt of RFC 7714 sections 16 and 17, which stand below the key derivation.
fn sample_protection() -> Protection<Ring> {
    let key = 0x0001_0203_0405_0607_0809_0a0b_0c0d_0e0f_u128.to_be_bytes();
    Protection::Aead(Aead { cipher: Ring::new(&key), salt: *b"Quid pro quo" })
}

#[test]
fn rtp_is_protected_as_in_rfc_7714_16_1() {
    let clear =
        bytes("8040f17b8041f8d35501a0b247616c6c696120657374206f6d6e69732064697669736120696e207061727465732074726573");
    let sealed = bytes(concat!(
        "8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833",
        "899d7f27beb16a9152cf765ee4390cce",
    ));
    let mut packet = clear.clone();
    packet.resize(sealed.len(), 0);
    assert_eq!(sample_protection().seal_rtp(&mut packet, clear.len(), 12, 0xf17b), Ok(sealed.len()));
    assert_eq!(packet, sealed);
    let mut state = IncomingIndex::NEW;
    assert_eq!(sample_protection().open_rtp(&mut packet, &mut state), Ok((clear.len(), 0xf17b)));
    assert_eq!(packet[..clear.len()], clear);
}

#[test]
fn rtcp_is_protected_as_in_rfc_7714_17_1() {
    let clear = bytes(concat!(
        "81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61",
        "deadbeefdeadbeefdeadbeefdeadbeefdeadbeef",
    ));
    let sealed = bytes(concat!(
        "81c8000d4d61727363e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b4686303ded",
        "0bb9275bc84aa45896cf4d2fc5abf87245d9eade800005d4",
    ));
    let mut packet = clear.clone();
    packet.resize(sealed.len(), 0);
    assert_eq!(sample_protection().seal_rtcp(&mut packet, clear.len(), 0x5d4), Ok(sealed.len()));
    assert_eq!(packet, sealed);
    let mut state = IncomingRtcp::default();
    assert_eq!(sample_protection().open_rtcp(&mut packet, &mut state), Ok(clear.len()));
    assert_eq!(packet[..clear.len()], clear);
}

#[test]
fn a_stream_goes_over_every_wrap_and_each_packet_once() {
    for profile in PROFILES {
        let (ours, theirs) = pair(profile);
        for start in [0x7ff0_u64, 0xfff0] {
            let mut state = IncomingIndex::NEW;
            for index in start..start + 0x3_0000 {
                let clear = rtp_packet(index as u16, 7, b"payload");
                if index % 5 == 3 {
                    continue;
                }
                let mut packet = seal(&ours, &clear, index);
                assert_ne!(packet[HEADER_BYTES..][..7], clear[HEADER_BYTES..]);
                let again = packet.clone();
                assert_eq!(theirs.open_rtp(&mut packet, &mut state), Ok((clear.len(), index)));
                assert_eq!(packet[..clear.len()], clear);
                assert_eq!(theirs.open_rtp(&mut again.clone(), &mut state), Err(Drop::Replay));
            }
        }
    }
}

#[test]
fn the_roll_over_count_goes_beyond_32_bits_of_index() {
    for profile in PROFILES {
        let (ours, theirs) = pair(profile);
        let mut state = IncomingIndex::NEW;
        let start = (1 << 32) - 200;
        state.accept(start - 1);
        for index in start..start + 400 {
            let clear = rtp_packet(index as u16, 7, b"payload");
            let opened = theirs.open_rtp(&mut seal(&ours, &clear, index), &mut state);
            assert_eq!(opened, Ok((clear.len(), index)));
        }
    }
}

#[test]
fn keys_end_with_their_index() {
    for profile in PROFILES {
        let (mut ours, theirs) = pair(profile);
        let last = (1 << 48) - 1;
        let clear = rtp_packet(0xffff, 7, b"payload");
        let sealed = seal(&ours, &clear, last);
        let mut room = rtp_packet(0, 7, &[0; 64]);
        assert_eq!(ours.seal_rtp(&mut room, 32, HEADER_BYTES, last + 1), Err(Drop::KeysExhausted));
        let mut state = IncomingIndex::NEW;
        state.accept(last - 1);
        assert_eq!(theirs.open_rtp(&mut sealed.clone(), &mut state), Ok((clear.len(), last)));
        assert_eq!(theirs.open_rtp(&mut seal(&ours, &rtp_packet(0, 7, b""), 0), &mut state), Err(Drop::KeysExhausted));
        ours.next_rtcp = (1 << 31) - 1;
        seal_rtcp(&mut ours, &rtcp_packet(1, b"body"));
        assert_eq!(ours.seal_rtcp(&mut [0; 64], 12), Err(Drop::KeysExhausted));
    }
}

#[test]
fn the_first_packet_that_arrives_need_not_be_the_first_sent() {
    for profile in PROFILES {
        let (ours, theirs) = pair(profile);
        for (first, second) in [(0x1234_u64, 0x1233), (0xffff, 0x1_0000), (0xfffe, 0xfff0)] {
            let mut state = IncomingIndex::NEW;
            for index in [first, second] {
                let clear = rtp_packet(index as u16, 7, b"payload");
                let opened = theirs.open_rtp(&mut seal(&ours, &clear, index), &mut state);
                assert_eq!(opened, Ok((clear.len(), index)));
            }
        }
    }
}

#[test]
fn a_forged_packet_moves_no_state() {
    for profile in PROFILES {
        let (ours, theirs) = pair(profile);
        let mut state = IncomingIndex::NEW;
        let clear = rtp_packet(100, 7, b"payload");
        theirs.open_rtp(&mut seal(&ours, &clear, 100), &mut state).unwrap();
        let before = state;
        let mut forged = seal(&ours, &clear, 100);
        forged[2..4].copy_from_slice(&30_000_u16.to_be_bytes());
        assert_eq!(theirs.open_rtp(&mut forged, &mut state), Err(Drop::BadTag));
        assert_eq!(state, before);
    }
}

#[test]
fn rtcp_is_opened_once_and_senders_count_apart() {
    for profile in PROFILES {
        let (mut ours, mut theirs) = pair(profile);
        let (mut third, _) = pair(profile);
        let clear = rtcp_packet(1, b"bodybody");
        let sealed = seal_rtcp(&mut ours, &clear);
        let mut packet = sealed.clone();
        assert_eq!(theirs.open_rtcp(&mut packet), Ok(clear.len()));
        assert_eq!(packet[..clear.len()], clear);
        assert_eq!(theirs.open_rtcp(&mut sealed.clone()), Err(Drop::Replay));
        let other = rtcp_packet(2, b"bodybody");
        assert_eq!(theirs.open_rtcp(&mut seal_rtcp(&mut third, &other)), Ok(other.len()), "the same index");
        for _ in 0..300 {
            assert_eq!(theirs.open_rtcp(&mut seal_rtcp(&mut ours, &clear)), Ok(clear.len()));
        }
    }
}

#[test]
fn rtcp_that_is_not_encrypted_is_refused() {
    for profile in PROFILES {
        let (mut ours, mut theirs) = pair(profile);
        let mut sealed = seal_rtcp(&mut ours, &rtcp_packet(1, b"body"));
        let from_end = if profile == SrtpProfile::AeadAes128Gcm { 4 } else { 14 };
        let at = sealed.len() - from_end;
        assert_eq!(sealed[at..][..4], [0x80, 0, 0, 0]);
        sealed[at] = 0;
        assert_eq!(theirs.open_rtcp(&mut sealed), Err(Drop::Malformed));
    }
}

#[test]
fn lengths_that_lie_are_refused() {
    for profile in PROFILES {
        let (mut ours, _) = pair(profile);
        let mut packet = rtp_packet(1, 7, &[0; 20]);
        let len = packet.len();
        for (len, header_len, cause) in [
            (len, HEADER_BYTES, Drop::TooLong),
            (len + 1, HEADER_BYTES, Drop::TooLong),
            (usize::MAX, HEADER_BYTES, Drop::TooLong),
            (len - profile.tag_bytes(), len, Drop::Malformed),
            (len - profile.tag_bytes(), 11, Drop::Malformed),
            (11, 11, Drop::Malformed),
            (0, 0, Drop::Malformed),
        ] {
            assert_eq!(ours.seal_rtp(&mut packet, len, header_len, 1), Err(cause));
        }
        for (len, cause) in [(len, Drop::TooLong), (len + 1, Drop::TooLong), (7, Drop::Malformed)] {
            assert_eq!(ours.seal_rtcp(&mut packet, len), Err(cause));
        }
    }
}

proptest! {
    #[test]
    fn any_changed_byte_is_noticed(
        payload: Vec<u8>,
        at: prop::sample::Index,
        mask in 1..=255_u8,
        index in 0..1_u64 << 16,
    ) {
        for profile in PROFILES {
            let (mut ours, mut theirs) = pair(profile);
            let mut packet = seal(&ours, &rtp_packet(index as u16, 7, &payload), index);
            let place = at.index(packet.len());
            packet[place] ^= mask;
            prop_assert!(theirs.open_rtp(&mut packet, &mut IncomingIndex::default()).is_err());
            let mut packet = seal_rtcp(&mut ours, &rtcp_packet(7, &payload));
            let place = at.index(packet.len());
            packet[place] ^= mask;
            prop_assert!(theirs.open_rtcp(&mut packet).is_err());
        }
    }

    #[test]
    fn any_bytes_are_refused_without_a_panic(mut packet: Vec<u8>, first in 0x80..=0xbf_u8) {
        for profile in PROFILES {
            let (_, mut theirs) = pair(profile);
            prop_assert!(theirs.open_rtp(&mut packet, &mut IncomingIndex::default()).is_err());
            prop_assert!(theirs.open_rtcp(&mut packet).is_err());
            if let Some(byte) = packet.first_mut() {
                *byte = first;
            }
            prop_assert!(theirs.open_rtp(&mut packet, &mut IncomingIndex::default()).is_err());
        }
    }

    #[test]
    fn a_truncated_packet_is_refused(payload: Vec<u8>, cut: prop::sample::Index) {
        for profile in PROFILES {
            let (mut ours, mut theirs) = pair(profile);
            let mut packet = seal(&ours, &rtp_packet(1, 7, &payload), 1);
            let len = cut.index(packet.len());
            prop_assert!(theirs.open_rtp(&mut packet[..len], &mut IncomingIndex::default()).is_err());
            let mut packet = seal_rtcp(&mut ours, &rtcp_packet(7, &payload));
            let len = cut.index(packet.len());
            prop_assert!(theirs.open_rtcp(&mut packet[..len]).is_err());
        }
    }
}
