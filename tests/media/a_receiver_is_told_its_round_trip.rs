//! A receiver that only listens says its clock, and hears from each stream that it gets how long ago that was: so its
//! jitter buffer knows how long what it asks for again will take (RFC 3611 sections 4.4 and 4.5).

use crate::memory_room::{MemoryRoom, Opened, PAYLOAD_TYPE};
use parlor_core::limits::Limits;
use parlor_core::link::SrtpProfile;
use parlor_core::wire::rtcp::{Packet, SenderInfo, packets, sender_report};
use parlor_core::wire::{Codec, rtp};

const SSRC: u32 = 5000;
/// An extended report of source 1 with its clock.
const CLOCK: [u8; 20] = [0x80, 207, 0, 4, 0, 0, 0, 1, 4, 0, 0, 2, 0x11, 0x11, 0x22, 0x22, 0x33, 0x33, 0x44, 0x44];

#[test]
fn a_receiver_is_told_its_round_trip() {
    let mut room = MemoryRoom::new(Limits::DEFAULT, SrtpProfile::AeadAes128Gcm);
    let (publisher, subscriber) = (room.connect(), room.connect());
    let stream = room.publish(publisher, Codec::Opus, 100);
    room.subscribe(subscriber, stream, SSRC, false);
    let header = rtp::Header { payload_type: PAYLOAD_TYPE, ssrc: 100, ..rtp::Header::default() };
    room.send(publisher, header, 1, &[7; 20]);
    let info = SenderInfo { ntp: 1 << 40, timestamp: 0, packets: 1, bytes: 20 };
    room.send_rtcp(publisher, |buffer| sender_report::write(buffer, 100, &info, &[]));
    pass_a_second(&mut room);
    assert_eq!(answers(&mut room, subscriber), Vec::<Vec<u8>>::new(), "nobody said a clock");

    room.send_rtcp(subscriber, |buffer| {
        buffer[..CLOCK.len()].copy_from_slice(&CLOCK);
        Some(CLOCK.len())
    });
    pass_a_second(&mut room);
    let told = answers(&mut room, subscriber);
    assert_eq!(told.len(), 1, "once");
    let (words, delay) = told[0].split_at(20);
    assert_eq!(words[4..8], SSRC.to_be_bytes(), "by the stream that it gets");
    assert_eq!(words[8..20], [5, 0, 0, 3, 0, 0, 0, 1, 0x22, 0x22, 0x33, 0x33]);
    let delay_ms = u32::from_be_bytes(delay.try_into().unwrap()) * 1000 / 65536;
    assert!((1..=1100).contains(&delay_ms), "{delay_ms}");
    pass_a_second(&mut room);
    assert!(answers(&mut room, subscriber).is_empty(), "an old clock says nothing");
}

fn pass_a_second(room: &mut MemoryRoom) {
    for _ in 0..11 {
        room.pass(100);
    }
}

/// Extended reports that a peer got.
fn answers(room: &mut MemoryRoom, peer: usize) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    room.collect(|number, opened| {
        let Opened::Rtcp(compound) = opened else { return };
        let mut at = 0;
        for packet in packets(compound).unwrap() {
            let len = 4 + 4 * usize::from(u16::from_be_bytes([compound[at + 2], compound[at + 3]]));
            if number == peer && matches!(packet, Packet::ExtendedReport(_)) {
                found.push(compound[at..at + len].to_vec());
            }
            at += len;
        }
    });
    found
}
