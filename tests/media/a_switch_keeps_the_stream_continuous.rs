//! A subscription is switched between two publishers: numbers go on without a hole, and the change waits for a
//! keyframe.

use crate::memory_room::{MemoryRoom, Opened, PAYLOAD_TYPE};
use parlor_core::limits::Limits;
use parlor_core::link::SrtpProfile;
use parlor_core::media::Command;
use parlor_core::wire::{Codec, rtp};

#[test]
fn a_switch_keeps_the_stream_continuous() {
    let mut room = MemoryRoom::new(Limits::DEFAULT, SrtpProfile::AeadAes128Gcm);
    let publishers = [room.connect(), room.connect()];
    let subscriber = room.connect();
    let streams = [room.publish(publishers[0], Codec::Vp8, 100), room.publish(publishers[1], Codec::Vp8, 200)];
    let subscription = room.subscribe(subscriber, streams[0], 5000, true);
    room.pass(1);
    room.forget();
    let mut got = Vec::new();
    for step in 0..60_u32 {
        if step == 20 {
            room.media.command(room.now, Command::Switch { subscription, stream: Some(streams[1]) });
        }
        for (which, publisher) in publishers.into_iter().enumerate() {
            // The second's keyframe comes ten pictures after the switch. Picture ids of 15 bits begin anywhere.
            let not_key = u8::from(step != 30);
            let picture_id = 0x8000 | (0x7ff0 + step + 700 * which as u32) as u16 & 0x7fff | 0x8000;
            let [high, low] = picture_id.to_be_bytes();
            let payload = [0x90, 0x80, high, low, not_key, which as u8, step as u8, 0x9d, 1, 2];
            let header = rtp::Header {
                payload_type: PAYLOAD_TYPE,
                timestamp: (step * 3000).wrapping_add(0xffff_0000 * which as u32),
                ssrc: 100 + 100 * which as u32,
                ..rtp::Header::default()
            };
            room.send(publisher, header, u64::from(500 + 10_000 * which as u32 + step), &payload);
        }
        room.pass(33);
        room.collect(|_, opened| {
            if let Opened::Rtp(view, index) = opened {
                let payload = view.payload();
                let picture_id = u16::from_be_bytes([payload[2], payload[3]]) & 0x7fff;
                got.push((index, view.timestamp(), picture_id, payload[5], payload[6]));
            }
        });
    }
    let first_of_second = got.iter().position(|packet| packet.3 == 1).unwrap();
    assert_eq!((got[first_of_second].4, first_of_second), (30, 20), "the second stream begins with its keyframe");
    assert_eq!(got.len(), 20 + 30);
    for pair in got.windows(2) {
        assert_eq!(pair[1].0, pair[0].0 + 1);
        assert_eq!(pair[1].2, (pair[0].2 + 1) & 0x7fff);
        let ticks = pair[1].1.wrapping_sub(pair[0].1);
        assert!((1..=90_000).contains(&ticks), "{ticks}");
    }
}
