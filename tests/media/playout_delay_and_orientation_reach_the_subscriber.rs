//! What a publisher says of the playout delay and of how its camera is held reaches a subscriber; bounds of its own
//! stand in place of the publisher's as long as it wants.

use crate::memory_room::{MemoryRoom, ORIENTATION_ID, Opened, PAYLOAD_TYPE, TAG_ID};
use parlor_core::limits::Limits;
use parlor_core::link::SrtpProfile;
use parlor_core::media::Command;
use parlor_core::wire::extension::PlayoutDelay;
use parlor_core::wire::{Codec, rtp};

#[test]
fn playout_delay_and_orientation_reach_the_subscriber() {
    let mut room = MemoryRoom::new(Limits::DEFAULT, SrtpProfile::AeadAes128Gcm);
    let (publisher, subscriber) = (room.connect(), room.connect());
    let stream = room.publish(publisher, Codec::Vp8, 100);
    let subscription = room.subscribe(subscriber, stream, 5000, true);
    let own = PlayoutDelay { minimum_10ms: 2, maximum_10ms: 40 };
    let mut index = 500;
    for playout_delay in [None, Some(own), None] {
        room.media.command(room.now, Command::SetPlayoutDelay { subscription, playout_delay });
        for orientation in [0_u8, 1, 2, 3, 8] {
            let told = [0x00, 0xa0, 0x1e];
            let header = rtp::Header { payload_type: PAYLOAD_TYPE, ssrc: 100, ..rtp::Header::default() };
            let elements: [(u8, &[u8]); 2] = [(TAG_ID, &told), (ORIENTATION_ID, &[orientation])];
            room.send_with(publisher, header, index, &elements, &[0x10, 0, 0, 0]);
            index += 1;
            room.pass(20);
            let mut seen = 0;
            room.collect(|_, opened| {
                let Opened::Rtp(view, _) = opened else { return };
                let expected = playout_delay.map_or(told, PlayoutDelay::write);
                assert_eq!(view.element(TAG_ID), Some(&expected[..]));
                assert_eq!(view.element(ORIENTATION_ID), Some(&[orientation][..]));
                seen += 1;
            });
            assert_eq!(seen, 1);
        }
    }
}
