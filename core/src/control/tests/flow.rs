//! What clients are told about the flow of media, what they call their handles, and candidates that come by themselves.

use super::client::{OFFER, World, number, sdp};
use crate::media::{Notice, SlowSource};

#[test]
fn a_slow_m_line_is_told_with_its_kind_and_direction() {
    let mut world = World::new();
    let (_, _, feed) = world.publisher(0);
    world.subscriber(1, feed);
    world.texts();
    let stream = |index: usize| world.control.state.shards[0].streams.id_at(index as u16).unwrap().into();
    let picture = SlowSource::Stream(stream(1));
    world.notice(Notice::SlowLink { source: picture, lost_packets: 9 });
    let told = world.texts().join("\n");
    assert!(told.contains(r#""videoroom":"slow_link""#), "{told}");
    assert!(
        told.contains(r#""janus":"slowlink""#) && told.contains(r#""mid":"1","media":"video","uplink":false,"lost":9"#),
        "{told}"
    );
    let sound = SlowSource::Subscription(world.control.state.shards[0].subscriptions.id_at(0).unwrap().into());
    world.notice(Notice::SlowLink { source: sound, lost_packets: 4 });
    let told = world.texts().join("\n");
    assert!(told.contains(r#""mid":"0","media":"audio","uplink":true,"lost":4"#), "{told}");
    assert!(!told.contains("slow_link"), "that is for publishers: {told}");
}

#[test]
fn a_handle_is_called_by_its_opaque_id_where_the_settings_say_so() {
    for tells in [false, true] {
        let mut world = World::with(|settings| settings.opaque_ids_in_api = tells);
        let session = world.session(0, 0)[0];
        let attach = std::format!(
            r#"{{"janus":"attach","session_id":{session},"plugin":"janus.plugin.videoroom","opaque_id":"mine","transaction":"t"}}"#
        );
        let handle = number(&world.say(0, &attach)[0], "id");
        let said = world.ask(0, session, handle, r#"{"request":"list"}"#);
        assert_eq!(said.contains(r#""opaque_id":"mine""#), tells, "{said}");
    }
}

#[test]
fn candidates_that_trickle_follow_the_description() {
    let mut world = World::with(|settings| settings.full_trickle = true);
    let numbers = world.session(0, 1);
    world.ask(0, numbers[0], numbers[1], r#"{"request":"create","room":7}"#);
    world.ask(0, numbers[0], numbers[1], r#"{"request":"join","ptype":"publisher","room":7}"#);
    world.texts();
    world.ask_with(0, numbers[0], numbers[1], r#"{"request":"publish"}"#, Some(("offer", OFFER)));
    let told = world.texts();
    assert!(!told.iter().any(|text| text.contains("a=candidate")), "{told:?}");
    let (last, before) = told.split_last().unwrap();
    assert!(last.contains(r#""candidate":{"completed":true}"#), "{last}");
    let candidate =
        r#""candidate":{"sdpMLineIndex":0,"candidate":"candidate:1 1 udp 2130706431 10.0.0.1 7000 typ host"}"#;
    assert!(before.last().unwrap().contains(candidate), "{before:?}");
    world.ask_with(0, numbers[0], numbers[1], r#"{"request":"configure"}"#, Some(("offer", OFFER)));
    assert!(!world.texts().iter().any(|text| text.contains("trickle\"")), "they are told once");
}

#[test]
fn addresses_that_come_later_are_offered_from_then_on() {
    let mut world = World::new();
    let numbers = world.session(0, 1);
    world.ask(0, numbers[0], numbers[1], r#"{"request":"create","room":7}"#);
    world.ask(0, numbers[0], numbers[1], r#"{"request":"join","ptype":"publisher","room":7}"#);
    world.control.set_addresses(&["fd00::5".parse().unwrap(), "10.0.0.7".parse().unwrap()]);
    let answer = world.ask_with(0, numbers[0], numbers[1], r#"{"request":"publish"}"#, Some(("offer", OFFER)));
    let answer = sdp(&answer);
    assert!(answer.contains(" fd00::5 7000 typ host") && answer.contains(" 10.0.0.7 7000 typ host"), "{answer}");
    assert!(!answer.contains("10.0.0.1"), "{answer}");
}
