//! An m-line ends and begins again with the same SSRC after more than one round of sequence numbers: its roll-over
//! counter was remembered, for it could not be learned again.

use parlor_core::limits::Limits;
use parlor_core::link::SrtpProfile;
use parlor_core::media::Command;
use parlor_core::wire::{Codec, rtp};

use crate::memory_room::{MemoryRoom, Opened, PAYLOAD_TYPE};

#[test]
fn an_ssrc_that_comes_back_is_still_understood() {
    let mut room = MemoryRoom::new(Limits::DEFAULT, SrtpProfile::AeadAes128Gcm);
    let (publisher, subscriber) = (room.connect(), room.connect());
    let header = rtp::Header { payload_type: PAYLOAD_TYPE, ssrc: 100, ..rtp::Header::default() };
    let mut got = 0;
    for (round, start) in [65_530_u64, 65_560].into_iter().enumerate() {
        let stream = room.publish(publisher, Codec::Opus, 100);
        room.subscribe(subscriber, stream, 5000 + 10 * round as u32, false);
        for step in 0..20 {
            room.send(publisher, header, start + step, b"sound");
            room.pass(20);
            room.collect(|_, opened| got += u32::from(matches!(opened, Opened::Rtp(..))));
        }
        room.media.command(room.now, Command::RemoveStream { stream });
    }
    assert_eq!(got, 40);
}
