//! Who joins late is sent the last keyframe and all that came since, spread over some time, and then what is live; the
//! publisher hears nothing of it. What is old, large or not whole is not sent: then a keyframe is asked for.

use crate::camera::{Camera, Watcher};
use crate::memory_room::MemoryRoom;
use parlor_core::limits::Limits;
use parlor_core::link::SrtpProfile;
use parlor_core::media::Command;
use parlor_core::wire::rtcp::remb;

#[test]
fn a_late_joiner_gets_what_came_since_the_keyframe() {
    let (mut room, mut camera) = watched();
    camera.play(&mut room, &mut [], 25);
    let mut watcher = join(&mut room, &camera);
    room.pass(1);
    camera.collect(&mut room, std::slice::from_mut(&mut watcher));
    let at_once = watcher.got.len();
    assert!((1..30).contains(&at_once), "{at_once} of 75 packets at once");
    camera.play(&mut room, std::slice::from_mut(&mut watcher), 10);
    watcher.check();
    assert_eq!(watcher.got.len(), 3 * (25 + 10) + usize::from(Camera::KEYFRAME_PACKETS) - 3);
    assert_eq!((watcher.got[0].frame, watcher.latest()), (camera.keyframe, camera.latest()));
    assert_eq!(camera.requests, 0);
    // A second of pictures is shown in a thirtieth of one; what is live has the camera's own pace.
    let span = |from: usize, to: usize| watcher.got[to].timestamp.wrapping_sub(watcher.got[from].timestamp);
    let live = watcher.got.len() - 30;
    assert!((24..24 * 200).contains(&span(0, live - 1)), "{}", span(0, live - 1));
    assert_eq!(span(live, watcher.got.len() - 1), 9 * 3600);
}

#[test]
fn who_subscribed_before_the_keys_came_gets_it_when_they_do() {
    let (mut room, mut camera) = watched();
    camera.play(&mut room, &mut [], 2);
    let peer = room.open();
    room.subscribe(peer, camera.stream, 5000, true);
    let mut watcher = [Watcher::new(peer)];
    camera.play(&mut room, &mut watcher, 3);
    assert!(watcher[0].got.is_empty());
    room.secure(peer);
    camera.wait(&mut room, &mut watcher, 30);
    watcher[0].check();
    assert_eq!((watcher[0].got[0].frame, watcher[0].latest()), (camera.keyframe, camera.latest()));
    assert_eq!(camera.requests, 0);
}

#[test]
fn a_switch_and_the_end_of_a_pause_begin_with_it_too() {
    let (mut room, mut first) = watched();
    let mut second = Camera::publish_as(&mut room, 300);
    second.play(&mut room, &mut [], 5);
    let peer = room.connect();
    let subscription = room.subscribe(peer, first.stream, 5000, true);
    let mut watcher = [Watcher::new(peer)];
    first.play(&mut room, &mut watcher, 5);
    room.media.command(room.now, Command::Switch { subscription, stream: Some(second.stream) });
    second.wait(&mut room, &mut watcher, 30);
    assert_eq!(watcher[0].latest(), second.latest());
    let set_active = |active| Command::SetSubscriptionActive { subscription, active };
    room.media.command(room.now, set_active(false));
    second.play(&mut room, &mut watcher, 5);
    room.media.command(room.now, set_active(true));
    second.wait(&mut room, &mut watcher, 30);
    assert_eq!(watcher[0].latest(), second.latest());
    watcher[0].check();
    assert_eq!((first.requests, second.requests), (0, 0));
}

#[test]
fn an_old_group_is_not_sent() {
    let (mut room, mut camera) = watched();
    camera.play(&mut room, &mut [], 40);
    assert_asks(&mut room, &mut camera);
}

#[test]
fn a_large_group_is_not_sent() {
    let (mut room, mut camera) = watched();
    camera.bytes = 1300;
    camera.keyframe_now();
    camera.play(&mut room, &mut [], 25);
    camera.bytes = 4000 / 3;
    camera.packets = 12;
    camera.play(&mut room, &mut [], 10);
    assert_asks(&mut room, &mut camera);
}

#[test]
fn a_group_with_a_hole_is_not_sent() {
    let (mut room, mut camera) = watched();
    camera.play(&mut room, &mut [], 5);
    camera.loses = 1;
    camera.play(&mut room, &mut [], 5);
    assert_asks(&mut room, &mut camera);
}

#[test]
fn a_narrow_way_is_not_filled() {
    let (mut room, mut camera) = watched();
    camera.play(&mut room, &mut [], 20);
    let peer = room.connect();
    room.send_rtcp(peer, |buffer| remb::write(buffer, 1, 100_000, &[5000]));
    room.subscribe(peer, camera.stream, 5000, true);
    room.pass(1);
    camera.collect(&mut room, &mut []);
    assert_eq!(camera.requests, 1);
}

fn watched() -> (MemoryRoom, Camera) {
    let mut room = MemoryRoom::new(Limits::DEFAULT, SrtpProfile::AeadAes128Gcm);
    let mut camera = Camera::publish(&mut room);
    camera.play(&mut room, &mut [], 20);
    camera.keyframe_now();
    (room, camera)
}

fn join(room: &mut MemoryRoom, camera: &Camera) -> Watcher {
    let peer = room.connect();
    room.subscribe(peer, camera.stream, 5000, true);
    Watcher::new(peer)
}

/// Somebody joins, and the publisher is asked for a keyframe with which their picture begins.
fn assert_asks(room: &mut MemoryRoom, camera: &mut Camera) {
    let mut watcher = [join(room, camera)];
    room.pass(1);
    camera.collect(room, &mut watcher);
    assert_eq!((camera.requests, watcher[0].got.len()), (1, 0));
    camera.play(room, &mut watcher, 5);
    watcher[0].check();
    assert_eq!(watcher[0].keyframe().map(|got| got.frame), Some(camera.keyframe));
}
