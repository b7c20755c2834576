//! On a cable to this machine, with static addresses of both families: the board's clock is set by a time server, a
//! peer joins over IPv6, and the power button ends it all.

use crate::machine::{Board, Cable, Machine, PATIENCE, ROOM};
use parlor_tests::peer::{Options, drive};
use parlor_tests::{Publisher, Result, Subscriber};
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;
use str0m::media::MediaKind;

/// Seconds from the NTP era to a time that no machine has by itself: 2040-01-01.
const NTP_S: u64 = 2_208_988_800 + 2_208_988_800;

#[test]
#[ignore = "boots an emulator"]
fn a_board_lives_in_ipv6_and_asks_for_the_time() -> Result<()> {
    let cable = Cable::lay()?;
    let server = UdpSocket::bind((Cable::HERE, 123))?;
    std::thread::spawn(move || tell_the_time(&server));
    let addresses = format!("parlor.set=board.address=[\"{}/24\",\"{}/64\"]", Cable::BOARD, Cable::BOARD_6);
    let ntp = format!("parlor.set=board.ntp={}", Cable::HERE);
    let mut machine = Machine::boot(&Board { words: &[&addresses, &ntp], cable: Some(&cable), ..Board::default() })?;
    machine.wait(&Cable::BOARD_6.to_string())?;
    machine.wait("2040-01-01")?;

    let options = Options { address: Cable::HERE_6.into(), ..Options::local() };
    let mut publisher = Publisher::join(machine.websocket(), ROOM, options, &[MediaKind::Audio])?;
    let mut subscriber = Subscriber::join(machine.websocket(), ROOM, options, &[publisher.id])?;
    let mut peers = [&mut publisher.peer, &mut subscriber.peer];
    assert!(drive(&mut peers, PATIENCE, |peers| peers.iter().all(|peer| peer.is_connected()))?, "no connection");
    subscriber.signalling.wait(PATIENCE, |event| event["janus"] == "webrtcup")?;
    for _ in 0..50 {
        publisher.send_audio(0, 120)?;
        drive(&mut [&mut publisher.peer, &mut subscriber.peer], Duration::from_millis(20), |_| false)?;
    }
    let heard = subscriber.peer.received.len();
    assert!(heard >= 45, "{heard} of 50 packets came back");
    machine.press_power_button()?;
    machine.wait("the power button was pressed")?;
    machine.wait_for_its_end()
}

/// A time server (RFC 4330 section 5) whose clock stands.
fn tell_the_time(server: &UdpSocket) {
    let mut question = [0; 48];
    while let Ok((48, from)) = server.recv_from(&mut question) {
        let mut answer = [0; 48];
        (answer[0], answer[1]) = (4 << 3 | 4, 1);
        answer[24..32].copy_from_slice(&question[40..]);
        // The low half of the seconds: an era ended in 2036.
        answer[40..44].copy_from_slice(&(NTP_S as u32).to_be_bytes());
        let from: SocketAddr = from;
        let _ = server.send_to(&answer, from);
    }
}
