//! A room's `fir_freq`: the publisher is asked for a keyframe each so many seconds though nobody needs one.

use crate::camera::Camera;
use crate::memory_room::MemoryRoom;
use parlor_core::limits::Limits;
use parlor_core::link::SrtpProfile;
use parlor_core::media::Command;

#[test]
fn a_keyframe_is_asked_for_every_so_often() {
    let mut room = MemoryRoom::new(Limits::DEFAULT, SrtpProfile::AeadAes128Gcm);
    let mut camera = Camera::publish(&mut room);
    for (keyframe_interval_s, expected) in [(0, 0..=0), (2, 5..=6), (5, 2..=3), (0, 0..=0)] {
        let stream = camera.stream;
        room.media.command(room.now, Command::WatchStream { stream, speech: None, keyframe_interval_s });
        let before = camera.requests;
        for _ in 0..10 {
            room.consent();
            camera.play(&mut room, &mut [], 25);
        }
        let asked = camera.requests - before;
        assert!(expected.contains(&asked), "{asked} requests in 10 s, every {keyframe_interval_s} s");
    }
}
