//! The whole way: boot, DHCP, a room, media there and back, log frames that the host reads, power-off.

use crate::machine::{Machine, PATIENCE, ROOM, firmware};
use parlor_tests::peer::{Options, drive};
use parlor_tests::{Publisher, Result, Subscriber};
use std::io::{BufRead, BufReader};
use std::net::UdpSocket;
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use str0m::media::MediaKind;

#[test]
#[ignore = "boots an emulator"]
fn a_board_is_ready_soon_and_a_peer_hears_itself_through_it() -> Result<()> {
    let port = UdpSocket::bind("127.0.0.1:0")?.local_addr()?.port();
    let mut log = read_frames(port)?;
    // The emulator's router is this machine.
    let mut machine = Machine::start(&[&format!("parlor.set=board.log=udp:10.0.2.2:{port}")])?;
    let began_s = machine.wait("Run /init")?.uptime_s().ok_or("the kernel tells no time")?;
    // The banner is text in any case; the line before it is a frame.
    machine.wait("WebSocket")?;
    let mut frames = BufReader::new(log.stdout.take().ok_or("no lines")?).lines();
    let mut read = |words: &str| -> Result<String> {
        loop {
            let line = frames.next().ok_or_else(|| format!("no frame says {words:?}"))??;
            println!("frame: {line}");
            if line.contains(words) {
                return Ok(line);
            }
        }
    };
    let ready = read("init: ready ")?;
    let ready_s: f64 = ready.split("ready ").nth(1).and_then(|rest| rest.split(' ').next()).unwrap_or("").parse()?;
    println!("init began at {began_s} s, was ready at {ready_s} s");
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

    // A line of the core, whose text is not in the binary of the board.
    read("somebody joins room 1234 to publish")?;
    machine.say("memory")?;
    read("console: resident ")?;
    machine.say("poweroff")?;
    read("asked to end by SIGTERM")?;
    machine.wait_for_its_end()?;
    let _ = log.kill();
    log.wait()?;
    Ok(())
}

/// Starts `parlor-log` with the ELF of the image.
fn read_frames(port: u16) -> Result<Child> {
    let elf = firmware()?.join("parlor.elf");
    let reader = std::env::var("PARLOR_LOG").map_err(|_| "run platform-arm/test")?;
    let mut command = Command::new(reader);
    command.arg("--elf").arg(elf).arg(format!("udp:127.0.0.1:{port}")).stdout(Stdio::piped());
    Ok(command.spawn()?)
}
