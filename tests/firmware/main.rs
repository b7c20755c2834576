//! The firmware in an emulated board, and peers outside. `platform-arm/test` builds it and runs these.

mod machine;

use machine::{Machine, PATIENCE};
use parlor_tests::peer::{Options, drive};
use parlor_tests::{Publisher, Result, Subscriber};
use std::time::{Duration, Instant};
use str0m::media::MediaKind;

/// The room of the board profiles.
const ROOM: u64 = 1234;

#[test]
#[ignore = "boots an emulator"]
fn a_board_is_ready_soon_and_a_peer_hears_itself_through_it() -> Result<()> {
    let mut machine = Machine::start(&[])?;
    let began_s = machine.wait("Run /init")?.uptime_s().ok_or("the kernel tells no time")?;
    let ready = machine.wait("ready ")?;
    let ready_s: f64 = ready.after("ready ").parse()?;
    println!("init began at {began_s} s, was ready at {ready_s} s");
    // The emulator is some times slower than a board.
    assert!(ready_s - began_s < machine.slowness() * 2.0, "init took {} s", ready_s - began_s);

    let options = Options::local();
    let mut publisher = Publisher::join(machine.websocket(), ROOM, options, &[MediaKind::Audio])?;
    let mut subscriber = Subscriber::join(machine.websocket(), ROOM, options, &[publisher.id])?;
    let is_up = drive(&mut [&mut publisher.peer, &mut subscriber.peer], PATIENCE, |peers| {
        peers.iter().all(|peer| peer.is_connected())
    })?;
    assert!(is_up, "the connections did not come up");
    subscriber.signalling.wait(PATIENCE, |event| event["janus"] == "webrtcup")?;
    for _ in 0..100 {
        publisher.send_audio(0, 120)?;
        drive(&mut [&mut publisher.peer, &mut subscriber.peer], Duration::from_millis(20), |_| false)?;
    }
    drive(&mut [&mut publisher.peer, &mut subscriber.peer], Duration::from_secs(1), |_| false)?;
    let heard = subscriber.peer.received.len();
    assert!(heard >= 95, "{heard} of 100 packets came back");

    machine.say("memory")?;
    println!("{}", machine.wait("resident ")?.text());
    machine.say("poweroff")?;
    machine.wait("asked to end by SIGTERM")?;
    machine.wait_for_its_end()
}

#[test]
#[ignore = "boots an emulator"]
fn a_wedged_media_half_resets_the_board() -> Result<()> {
    let mut machine = Machine::start(&[])?;
    machine.wait("ready ")?;
    // It is fed for longer than the watchdog waits.
    machine.stays_up(Duration::from_secs(8))?;
    machine.say("wedge media")?;
    let began = Instant::now();
    machine.wait("Run /init")?;
    println!("the board began again {:.1} s after the media half stood still", began.elapsed().as_secs_f32());
    machine.wait("ready ")?;
    machine.say("poweroff")?;
    machine.wait_for_its_end()
}

#[test]
#[ignore = "boots an emulator"]
fn limits_beyond_the_image_are_refused_in_a_sentence() -> Result<()> {
    let mut machine = Machine::start(&["parlor.set=limits.publishers=99"])?;
    machine.wait("limits.publishers: 99 is more than this image was built for")?;
    Ok(())
}

#[test]
#[ignore = "boots an emulator"]
fn a_static_address_needs_no_server() -> Result<()> {
    let mut machine = Machine::start(&["ip=10.0.2.15::10.0.2.2:255.255.255.0:::off", "parlor.set=media.address=auto"])?;
    machine.wait("10.0.2.15")?;
    machine.wait("ready ")?;
    machine.say("poweroff")?;
    machine.wait_for_its_end()
}
