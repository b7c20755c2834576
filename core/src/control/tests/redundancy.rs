//! Redundant audio: in rooms that have it, publishers are asked for it and subscribers are offered it, unless what is
//! said is encrypted end to end.

use std::format;

use super::client::{OFFER, World, number, sdp};
use crate::media::Command;

/// What `OFFER` says, with redundant audio as browsers offer it.
fn offer() -> std::string::String {
    let offer = OFFER.replace("SAVPF 111\r\n", "SAVPF 111 63\r\n");
    offer.replace("a=extmap:1 ", "a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\na=extmap:1 ")
}

/// Who publishes in a room made by `create`, and what the answer's m-line of sound is: their number, and that line.
fn publish(world: &mut World, create: &str, e2ee: &str) -> (u64, std::string::String) {
    let numbers = world.session(0, 1);
    let (session, handle) = (numbers[0], numbers[1]);
    world.ask(0, session, handle, create);
    let joined = world.ask(0, session, handle, r#"{"request":"join","ptype":"publisher","room":7}"#);
    let offer = offer().replace('\r', "\\r").replace('\n', "\\n");
    let said = world.say(
        0,
        &format!(
            r#"{{"janus":"message","session_id":{session},"handle_id":{handle},"transaction":"p",
            "body":{{"request":"publish"}},"jsep":{{"type":"offer"{e2ee},"sdp":"{offer}"}}}}"#
        ),
    );
    let answer = sdp(said.last().unwrap());
    let link = world.last_link();
    world.notice(crate::media::Notice::Up { link });
    let line = answer.lines().find(|line| line.starts_with("m=audio")).unwrap();
    (number(&joined, "id"), line.into())
}

/// The payload types of redundant audio that the shard was told, of streams and of subscriptions.
fn told(world: &mut World) -> std::vec::Vec<Option<u8>> {
    let red = |command: &Command| match command {
        Command::ConfigureStream(parameters) => Some(parameters.red_payload_type),
        Command::Subscribe(parameters) => Some(parameters.red_payload_type),
        _ => None,
    };
    world.commands().iter().filter_map(red).collect()
}

#[test]
fn it_is_agreed_on_and_offered_where_the_room_has_it() {
    let mut world = World::new();
    let create = r#"{"request":"create","room":7,"audio_red":true,"audio_nack":true}"#;
    let (id, line) = publish(&mut world, create, "");
    assert_eq!(line, "m=audio 9 UDP/TLS/RTP/SAVPF 63 111");
    assert_eq!(told(&mut world), [Some(63), None]);
    let numbers = world.session(1, 1);
    let body = format!(r#"{{"request":"join","ptype":"subscriber","room":7,"streams":[{{"feed":{id}}}]}}"#);
    let attached = world.ask(1, numbers[0], numbers[1], &body);
    let offer = sdp(&attached);
    for line in ["m=audio 9 UDP/TLS/RTP/SAVPF 111 63", "a=fmtp:63 111/111", "a=rtcp-fb:111 nack"] {
        assert!(offer.contains(line), "{offer}");
    }
    world.commands();
    world.answer(1, numbers[0], numbers[1], &attached);
    assert_eq!(told(&mut world), [Some(63), None]);
}

#[test]
fn nothing_is_said_of_it_elsewhere() {
    let with = r#"{"request":"create","room":7,"audio_red":true}"#;
    for (create, e2ee) in [(r#"{"request":"create","room":7}"#, ""), (with, r#","e2ee":true"#)] {
        let mut world = World::new();
        let (id, line) = publish(&mut world, create, e2ee);
        assert_eq!(line, "m=audio 9 UDP/TLS/RTP/SAVPF 111");
        assert_eq!(told(&mut world), [None, None]);
        let numbers = world.session(1, 1);
        let body = format!(r#"{{"request":"join","ptype":"subscriber","room":7,"streams":[{{"feed":{id}}}]}}"#);
        let offer = sdp(&world.ask(1, numbers[0], numbers[1], &body));
        assert!(!offer.contains("red/48000") && !offer.contains("a=rtcp-fb:111 nack"), "{offer}");
    }
}
