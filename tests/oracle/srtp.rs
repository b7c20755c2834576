//! Our SRTP and that of `webrtc-srtp` give the same bytes, and open each other's.

use parlor_core::link::{IncomingIndex, MasterKey, SrtpKeys, SrtpProfile, SrtpSession};
use parlor_linux::crypto::RingGcm;
use webrtc_srtp::context::Context;
use webrtc_srtp::option::{srtcp_replay_protection, srtp_replay_protection};
use webrtc_srtp::protection_profile::ProtectionProfile;

/// Enough to go over the wrap of the sequence number more than once.
const RTP_PACKETS: u64 = 140_000;
const RTCP_PACKETS: u32 = 5_000;

/// The longest packet in clear, and room for protection.
const ROOM_BYTES: usize = 1400;

const KEY: MasterKey = MasterKey { key: *b"a key of 16 byte", salt: *b"14 salty bytes" };

fn ours(profile: SrtpProfile) -> SrtpSession<RingGcm> {
    SrtpSession::new(&SrtpKeys { profile, local: KEY, remote: KEY })
}

fn theirs(profile: SrtpProfile) -> Context {
    let name = match profile {
        SrtpProfile::Aes128CmSha1_80 => ProtectionProfile::Aes128CmHmacSha1_80,
        SrtpProfile::AeadAes128Gcm => ProtectionProfile::AeadAes128Gcm,
    };
    let salt = &KEY.salt[..profile.salt_bytes()];
    let (rtp, rtcp) = (srtp_replay_protection(128), srtcp_replay_protection(128));
    Context::new(&KEY.key, salt, name, Some(rtp), Some(rtcp)).unwrap()
}

/// Numbers that look random and are the same every time (xorshift).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.next() as u8).collect()
    }
}

/// A packet with some contributing sources, sometimes an extension of either form; also the length of its header.
fn rtp_packet(numbers: &mut Numbers, sequence: u16, ssrc: u32) -> (Vec<u8>, usize) {
    let sources = numbers.below(4);
    let extension = numbers.below(3);
    let mut packet = vec![0x80 | sources as u8 | u8::from(extension > 0) << 4, numbers.next() as u8 & 0x7f];
    packet.extend(sequence.to_be_bytes());
    packet.extend(numbers.bytes(4));
    packet.extend(ssrc.to_be_bytes());
    packet.extend(numbers.bytes(4 * sources));
    match extension {
        1 => packet.extend([0xbe, 0xde, 0, 2, 0x10, 0x85, 0x22, 1, 2, 3, 0, 0]),
        2 => packet.extend([0x10, 0x00, 0, 1, 7, 2, 1, 2]),
        _ => {}
    }
    let header_len = packet.len();
    // Most packets are short: the long ones only cost time.
    let payload_len = if numbers.below(8) == 0 { numbers.below(1250) } else { numbers.below(100) };
    packet.extend(numbers.bytes(payload_len));
    (packet, header_len)
}

fn rtcp_packet(numbers: &mut Numbers, ssrc: u32) -> Vec<u8> {
    let words = 1 + numbers.below(40);
    let mut packet = vec![0x80, 201, 0, words as u8];
    packet.extend(ssrc.to_be_bytes());
    packet.extend(numbers.bytes(4 * words - 4));
    packet
}

fn room(packet: &[u8]) -> Vec<u8> {
    let mut room = packet.to_vec();
    room.resize(ROOM_BYTES, 0);
    room
}

fn rtp_is_the_same_over_roll_over(profile: SrtpProfile) {
    let (session, mut sealing, mut opening) = (ours(profile), theirs(profile), theirs(profile));
    let mut state = IncomingIndex::default();
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    for index in 1..=RTP_PACKETS {
        let (clear, header_len) = rtp_packet(&mut numbers, index as u16, 0xcafe_babe);
        let mut packet = room(&clear);
        let len = session.seal_rtp(&mut packet, clear.len(), header_len, index).unwrap();
        assert_eq!(len, clear.len() + profile.tag_bytes());
        packet.truncate(len);
        let expected = sealing.encrypt_rtp(&clear).unwrap();
        assert_eq!(packet, expected, "packet {index}");
        assert_eq!(opening.decrypt_rtp(&packet).unwrap(), clear, "packet {index}");
        assert_eq!(session.open_rtp(&mut packet, &mut state), Ok((clear.len(), index)));
        assert_eq!(packet[..clear.len()], clear, "packet {index}");
    }
}

fn rtcp_is_the_same(profile: SrtpProfile) {
    let (mut session, mut sealing, mut opening) = (ours(profile), theirs(profile), theirs(profile));
    let mut receiver = ours(profile);
    let mut numbers = Numbers(0x0123_4567_89ab_cdef);
    // We count from 0 (RFC 3711 section 3.2.1), they from 1.
    session.seal_rtcp(&mut room(&rtcp_packet(&mut numbers, 5)), 12).unwrap();
    for number in 1..=RTCP_PACKETS {
        let clear = rtcp_packet(&mut numbers, 5);
        let mut packet = room(&clear);
        let len = session.seal_rtcp(&mut packet, clear.len()).unwrap();
        packet.truncate(len);
        assert_eq!(packet, sealing.encrypt_rtcp(&clear).unwrap(), "packet {number}");
        assert_eq!(opening.decrypt_rtcp(&packet).unwrap(), clear, "packet {number}");
        assert_eq!(receiver.open_rtcp(&mut packet), Ok(clear.len()));
        assert_eq!(packet[..clear.len()], clear, "packet {number}");
    }
}

#[test]
fn rtp_under_aes_cm_is_that_of_the_oracle() {
    rtp_is_the_same_over_roll_over(SrtpProfile::Aes128CmSha1_80);
}

#[test]
fn rtp_under_gcm_is_that_of_the_oracle() {
    rtp_is_the_same_over_roll_over(SrtpProfile::AeadAes128Gcm);
}

#[test]
fn rtcp_under_aes_cm_is_that_of_the_oracle() {
    rtcp_is_the_same(SrtpProfile::Aes128CmSha1_80);
}

#[test]
fn rtcp_under_gcm_is_that_of_the_oracle() {
    rtcp_is_the_same(SrtpProfile::AeadAes128Gcm);
}
