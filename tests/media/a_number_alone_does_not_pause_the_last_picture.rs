//! A receiver that tells what it can take only by REMB is sent one picture whatever it says: its number follows what it
//! gets, so a pause would never end.

use crate::camera::{Camera, Watcher};
use crate::memory_room::MemoryRoom;
use parlor_core::limits::Limits;
use parlor_core::link::SrtpProfile;
use parlor_core::wire::rtcp::remb;

#[test]
fn a_number_alone_does_not_pause_the_last_picture() {
    let mut room = MemoryRoom::new(Limits::DEFAULT, SrtpProfile::AeadAes128Gcm);
    let mut camera = Camera::publish(&mut room);
    let peer = room.connect();
    room.subscribe(peer, camera.stream, 5000, true);
    let mut watcher = [Watcher::new(peer)];
    for second in 0..8 {
        room.consent();
        room.send_rtcp(peer, |buffer| remb::write(buffer, 1, 20_000, &[5000]));
        camera.play(&mut room, &mut watcher, 25);
        let (_, latest) = watcher[0].latest();
        // On so narrow a way pictures wait up to 400 ms for the pacer.
        assert!(camera.latest().1 - latest <= 12, "{latest} after {second} s");
    }
    watcher[0].check();
}
