//! One publisher, fifty subscribers: the payloads come whole and in order, under numbers of their own.

use crate::memory_room::{MID_ID, MemoryRoom, Opened, PAYLOAD_TYPE};
use parlor_core::limits::Limits;
use parlor_core::link::SrtpProfile;
use parlor_core::wire::{Codec, rtp};

#[test]
fn every_subscriber_gets_every_byte() {
    for profile in [SrtpProfile::AeadAes128Gcm, SrtpProfile::Aes128CmSha1_80] {
        let mut room = MemoryRoom::new(Limits::DEFAULT, profile);
        let publisher = room.connect();
        let stream = room.publish(publisher, Codec::Opus, 100);
        for number in 0..50 {
            let subscriber = room.connect();
            room.subscribe(subscriber, stream, 1000 + number * 10, false);
        }
        room.pass(0);
        room.forget();
        let mut got = vec![Vec::new(); room.peers.len()];
        // Starts just before the wrap of the sequence number.
        for step in 0..200_u64 {
            let payload = step.to_be_bytes();
            let timestamp = (u32::MAX - 50_000).wrapping_add(step as u32 * 960);
            let header = rtp::Header {
                marker: step == 0,
                payload_type: PAYLOAD_TYPE,
                timestamp,
                ssrc: 100,
                ..rtp::Header::default()
            };
            room.send(publisher, header, 65_436 + step, &payload);
            room.pass(20);
            room.collect(|peer, opened| {
                if let Opened::Rtp(view, index) = opened {
                    assert_eq!(view.payload_type(), PAYLOAD_TYPE + 1);
                    assert_eq!(view.ssrc(), 1000 + (peer as u32 - 1) * 10);
                    assert_eq!(view.element(MID_ID), Some(&b"a"[..]));
                    got[peer].push((index, view.timestamp(), u64::from_be_bytes(view.payload().try_into().unwrap())));
                }
            });
        }
        assert!(got[publisher].is_empty());
        for packets in &got[1..] {
            assert_eq!(packets.len(), 200);
            assert!(packets[0].0 < 1 << 15);
            for (step, (index, timestamp, payload)) in packets.iter().enumerate() {
                assert_eq!(*payload, step as u64);
                assert_eq!(*index, packets[0].0 + step as u64);
                assert_eq!(*timestamp, packets[0].1.wrapping_add(step as u32 * 960));
            }
        }
    }
}
