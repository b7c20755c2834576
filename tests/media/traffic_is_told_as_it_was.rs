//! What passed through an m-line is told every few seconds, on both sides.

use crate::memory_room::{MemoryRoom, PAYLOAD_TYPE};
use parlor_core::limits::Limits;
use parlor_core::link::SrtpProfile;
use parlor_core::wire::{Codec, rtp};

#[test]
fn traffic_is_told_as_it_was() {
    let mut room = MemoryRoom::new(Limits::DEFAULT, SrtpProfile::AeadAes128Gcm);
    let publisher = room.connect();
    let stream = room.publish(publisher, Codec::Opus, 100);
    let subscriber = room.connect();
    room.subscribe(subscriber, stream, 1000, false);
    // Half a minute, with every tenth packet lost on its way to us.
    for step in 0..1500_u64 {
        if step % 10 != 5 {
            let timestamp = step as u32 * 960;
            let header = rtp::Header { payload_type: PAYLOAD_TYPE, timestamp, ssrc: 100, ..rtp::Header::default() };
            room.send(publisher, header, 1000 + step, &[0; 80]);
        }
        room.pass(20);
        room.forget();
        if step % 100 == 0 {
            room.consent();
        }
    }
    let (arrived, sent) = (room.arrived.unwrap(), room.sent.unwrap());
    for traffic in [arrived, sent] {
        // At most five seconds are not told yet.
        assert!((1125..=1350).contains(&traffic.packets), "{traffic:?}");
        assert!((3_300..=4_700).contains(&traffic.bytes_last_second), "{traffic:?}");
    }
    assert_eq!(sent.bytes, sent.packets * 80);
    assert!(arrived.bytes >= arrived.packets * 92, "{arrived:?}");
    assert!((arrived.packets as i32 / 9 - arrived.lost_packets).abs() <= 2, "{arrived:?}");
}
