//! The room that the smallest profile is made for: ten people who hear and see all others, in 64 MiB.

use crate::machine::{Machine, PATIENCE, ROOM};
use parlor_tests::peer::{Options, Peer, drive};
use parlor_tests::{Publisher, Result, Subscriber};
use std::time::Duration;
use str0m::media::MediaKind;

const PEOPLE: usize = 10;
/// In each step everybody says a packet, in every fifth there is a picture of two. An emulator is no measure of speed:
/// the next begins when all arrived, or a while later.
const STEPS: usize = 50;
const STEPS_A_PICTURE: usize = 5;
const STEP: Duration = Duration::from_millis(500);
/// What must be left, in kB.
const AVAILABLE_KB: u64 = 2000;

#[test]
#[ignore = "boots an emulator"]
fn ten_people_meet_in_64_mib() -> Result<()> {
    let mut machine = Machine::start(&[])?;
    machine.wait("ready ")?;
    let (address, options) = (machine.websocket(), Options::local());
    let kinds = [MediaKind::Audio, MediaKind::Video];
    let mut speakers: Vec<Publisher> = Vec::new();
    for _ in 0..PEOPLE {
        speakers.push(Publisher::join(address, ROOM, options, &kinds)?);
    }
    let ids: Vec<u64> = speakers.iter().map(|speaker| speaker.id).collect();
    let mut listeners = Vec::new();
    for own in &ids {
        let others: Vec<u64> = ids.iter().copied().filter(|id| id != own).collect();
        let mut listener = Subscriber::join(address, ROOM, options, &others)?;
        assert!(drive(&mut [&mut listener.peer], PATIENCE, |peers| peers[0].is_connected())?, "no connection");
        listener.signalling.wait(PATIENCE, |event| event["janus"] == "webrtcup")?;
        listeners.push(listener);
    }
    let mut sent = 0;
    for step in 0..STEPS {
        let has_picture = step % STEPS_A_PICTURE == 0;
        for speaker in &mut speakers {
            speaker.send_audio(0, 80)?;
            if has_picture {
                speaker.send_frame(1, 2, 900)?;
            }
        }
        sent += (PEOPLE - 1) * if has_picture { 3 } else { 1 };
        drive(&mut peers(&mut speakers, &mut listeners), STEP, |peers| {
            peers[PEOPLE..].iter().all(|listener| listener.received.len() >= sent)
        })?;
    }
    let heard: Vec<usize> = listeners.iter().map(|listener| listener.peer.received.len()).collect();
    println!("of {sent} packets each listener got {heard:?}");
    assert!(heard.iter().all(|heard| *heard >= sent * 95 / 100), "of {sent} packets they got {heard:?}");
    machine.say("memory")?;
    let memory = machine.wait("resident ")?;
    println!("{}", memory.text());
    let available_kb: u64 = memory.after("available ").parse()?;
    assert!(available_kb >= AVAILABLE_KB, "{available_kb} kB are left");
    machine.switch_off()
}

fn peers<'a>(speakers: &'a mut [Publisher], listeners: &'a mut [Subscriber]) -> Vec<&'a mut Peer> {
    let listeners = listeners.iter_mut().map(|listener| &mut listener.peer);
    speakers.iter_mut().map(|speaker| &mut speaker.peer).chain(listeners).collect()
}
