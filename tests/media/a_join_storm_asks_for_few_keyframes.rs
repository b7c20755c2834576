//! Fifty people join within a second: the publisher is asked for a handful of keyframes, not for fifty.

use crate::memory_room::{MemoryRoom, Opened, PAYLOAD_TYPE};
use parlor_core::limits::Limits;
use parlor_core::link::SrtpProfile;
use parlor_core::wire::rtcp::{self, Packet};
use parlor_core::wire::{Codec, rtp};

const KEYFRAME: [u8; 8] = [0x10, 0x00, 0, 0, 0x9d, 0x01, 0x2a, 0];

#[test]
fn a_join_storm_asks_for_few_keyframes() {
    let mut room = MemoryRoom::new(Limits::DEFAULT, SrtpProfile::AeadAes128Gcm);
    let publisher = room.connect();
    let stream = room.publish(publisher, Codec::Vp8, 100);
    let mut index = 10;
    let mut requests = 0;
    let mut owes_keyframe = false;
    for number in 0..50 {
        let subscriber = room.connect();
        room.subscribe(subscriber, stream, 5000 + number * 10, true);
        for _ in 0..4 {
            let payload = if owes_keyframe { KEYFRAME } else { [0x10, 0x01, 0, 0, 0, 0, 0, 0] };
            owes_keyframe = false;
            let header = rtp::Header { payload_type: PAYLOAD_TYPE, ssrc: 100, ..rtp::Header::default() };
            room.send(publisher, header, index, &payload);
            index += 1;
            room.pass(5);
            room.collect(|_, opened| {
                if let Opened::Rtcp(bytes) = opened {
                    let asked = rtcp::packets(bytes).unwrap().filter(|packet| matches!(packet, Packet::Pli(_))).count();
                    requests += asked;
                    owes_keyframe |= asked > 0;
                }
            });
        }
    }
    assert!((1..=5).contains(&requests), "{requests} requests");
}
