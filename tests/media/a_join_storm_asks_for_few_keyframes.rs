//! Fifty people join within a second: the publisher is asked for one keyframe, and everybody gets a picture from it on
//! without a hole.

use crate::camera::{Camera, Watcher};
use crate::memory_room::MemoryRoom;
use parlor_core::limits::Limits;
use parlor_core::link::SrtpProfile;

#[test]
fn a_join_storm_asks_for_few_keyframes() {
    let mut room = MemoryRoom::new(Limits::DEFAULT, SrtpProfile::AeadAes128Gcm);
    let mut camera = Camera::publish(&mut room);
    // The last keyframe is too old for anybody.
    for _ in 0..100 {
        camera.frame(&mut room);
        camera.collect(&mut room, &mut []);
    }
    let mut watchers: Vec<Watcher> = Vec::new();
    for number in 0..50 {
        let peer = room.connect();
        room.subscribe(peer, camera.stream, 5000 + number * 10, true);
        watchers.push(Watcher::new(peer));
        // 20 ms between joins; a frame every 40 ms.
        if number % 2 == 0 {
            camera.frame(&mut room);
        }
        room.pass(20);
        camera.collect(&mut room, &mut watchers);
    }
    for _ in 0..10 {
        camera.frame(&mut room);
        room.pass(40);
        camera.collect(&mut room, &mut watchers);
    }
    assert_eq!(camera.requests, 1);
    for watcher in &watchers {
        watcher.check();
        let keyframe = watcher.keyframe().unwrap();
        assert_eq!(keyframe.frame, camera.keyframe, "everybody begins with the same keyframe");
        assert_eq!(watcher.latest(), camera.latest());
    }
}
