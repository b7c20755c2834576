//! A second in which many packets of an m-line were lost is told with their number, on the way to us and on the way
//! from us; fewer than the threshold are not, and without a threshold none.

use crate::camera::{Camera, Watcher};
use crate::memory_room::MemoryRoom;
use parlor_core::limits::Limits;
use parlor_core::link::SrtpProfile;
use parlor_core::media::{Command, Settings, SlowSource};
use parlor_core::wire::rtcp::nack;

#[test]
fn many_lost_packets_are_told_both_ways() {
    let mut room = MemoryRoom::new(Limits::DEFAULT, SrtpProfile::AeadAes128Gcm);
    let mut camera = Camera::publish(&mut room);
    let peer = room.connect();
    let subscription = room.subscribe(peer, camera.stream, 5000, true);
    let mut watcher = [Watcher::new(peer)];
    camera.play(&mut room, &mut watcher, 30);
    camera.loses = 6;
    camera.play(&mut room, &mut watcher, 30);
    assert_eq!(room.slow, [], "nobody wants to know");
    let settings = Settings { slow_link_packets: 4, ..Settings::default() };
    room.media.command(room.now, Command::Configure(settings));
    for (lost, told) in [(3, false), (4, true), (9, true)] {
        camera.loses = lost;
        camera.play(&mut room, &mut watcher, 60);
        let expected = told.then_some((SlowSource::Stream(camera.stream), u32::from(lost)));
        assert_eq!(room.slow.drain(..).collect::<Vec<_>>(), Vec::from_iter(expected));
    }
    for (lost, told) in [(3_u16, false), (5, true)] {
        let newest = watcher[0].got.last().unwrap().sequence();
        let numbers: Vec<u16> = (0..lost).map(|back| newest.wrapping_sub(back)).collect();
        room.send_rtcp(peer, |buffer| nack::write(buffer, 1, 5000, &numbers).map(|nack| nack.len));
        camera.play(&mut room, &mut watcher, 30);
        let expected = told.then_some((SlowSource::Subscription(subscription), u32::from(lost)));
        assert_eq!(room.slow.drain(..).collect::<Vec<_>>(), Vec::from_iter(expected));
    }
}
