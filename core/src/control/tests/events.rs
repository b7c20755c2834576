//! What management systems hear.

use super::client::World;
use crate::control::{Contact, Topic, Transport};
use crate::id::ConnectionId;
use crate::media::{Delivery, Notice};
use crate::stream::Traffic;
use std::format;
use std::string::String;
use std::vec::Vec;

fn heard(world: &mut World, topic: Topic) -> Vec<String> {
    let all = core::mem::take(&mut world.heard.events);
    all.into_iter().filter(|(of, _)| *of == topic as u16).map(|(_, text)| text).collect()
}

#[test]
fn nothing_is_written_where_nobody_listens() {
    let mut world = World::new();
    world.publisher(0);
    assert!(world.heard.events.is_empty());
}

#[test]
fn a_publisher_is_told_from_the_first_word_to_the_last() {
    let mut world = World::with(|settings| settings.events = 511);
    let (session, handle, id) = world.publisher(0);
    let told = heard(&mut world, Topic::Plugin);
    let has = |name: &str| told.iter().any(|text| text.contains(&format!(r#""event":"{name}""#)));
    for name in ["created", "joined", "configured", "published"] {
        assert!(has(name), "{name} is missing in {told:?}");
    }
    assert!(told.iter().all(|text| text.starts_with(r#"{"emitter":"test","type":64,"timestamp":"#)), "{told:?}");
    let leave = format!(r#"{{"janus":"detach","session_id":{session},"handle_id":{handle},"transaction":"t"}}"#);
    world.say(0, &leave);
    let events = core::mem::take(&mut world.heard.events);
    let last: Vec<u16> = events.iter().map(|(topic, _)| *topic).collect();
    assert_eq!(last, [64, 64, 64, 16, 2], "{events:?}");
    assert!(events[2].1.contains(&format!(r#""event":"leaving","room":7,"id":{id}"#)), "{events:?}");
}

#[test]
fn only_the_topics_that_are_wanted_are_written() {
    let mut world = World::with(|settings| settings.events = Topic::Session as u16 | Topic::Handle as u16);
    world.publisher(0);
    let topics: Vec<u16> = world.heard.events.iter().map(|(topic, _)| *topic).collect();
    assert!(!topics.is_empty() && topics.iter().all(|topic| *topic <= 2), "{topics:?}");
}

#[test]
fn a_connection_is_told_at_both_ends_and_whose_it_is() {
    let mut world = World::with(|settings| settings.events = Topic::Transport as u16);
    for is_administrator in [false, true] {
        let (connection, transport) = (ConnectionId::new(3, 1), Transport::WebSocket);
        let contact = Contact { connection, transport, is_administrator };
        world.control.opened(world.now, contact, Some([10, 0, 0, 7].into()), &mut world.heard);
        world.control.closed(world.now, contact, &mut world.heard);
        let told = heard(&mut world, Topic::Transport);
        let connected = format!(r#""data":{{"event":"connected","admin_api":{is_administrator},"ip":"10.0.0.7"}}"#);
        assert!(told[0].contains(&connected), "{told:?}");
        assert!(told[1].contains(r#""data":{"event":"disconnected"}"#), "{told:?}");
    }
}

#[test]
fn trickled_candidates_are_told_and_the_last_empty_one_is_not() {
    let mut world = World::with(|settings| settings.events = Topic::Webrtc as u16);
    let numbers = world.session(0, 1);
    let candidate = r#"{"candidate":"candidate:1 1 udp 2 10.0.0.9 5000 typ host","sdpMid":"0"}"#;
    for part in [
        format!(r#""candidate":{candidate}"#),
        format!(r#""candidates":[{candidate},{{"candidate":""}},{{"completed":true}},{candidate}]"#),
        r#""candidate":{"completed":true}"#.into(),
        r#""candidate":null"#.into(),
    ] {
        let (session, handle) = (numbers[0], numbers[1]);
        let trickle =
            format!(r#"{{"janus":"trickle","session_id":{session},"handle_id":{handle},"transaction":"t",{part}}}"#);
        assert!(world.say(0, &trickle)[0].contains("ack"), "{trickle}");
    }
    let told = heard(&mut world, Topic::Webrtc);
    assert_eq!(told.len(), 3, "{told:?}");
    assert!(told[0].contains(r#""remote-candidate":"1 1 udp 2 10.0.0.9 5000 typ host""#), "{told:?}");
}

#[test]
fn statistics_of_both_sides_are_told_once_a_period() {
    let mut world = World::with(|settings| {
        settings.events = Topic::Media as u16;
        settings.statistics_period_s = 10;
    });
    let (_, _, id) = world.publisher(0);
    world.subscriber(1, id);
    world.heard.events.clear();
    let shard = &world.control.state.shards[0];
    let (stream, subscription) = (shard.streams.id_at(0).unwrap().into(), shard.subscriptions.id_at(0).unwrap().into());
    let mut traffic = Traffic::default();
    for _ in 0..25 {
        traffic.count(100);
        world.now = world.now.after_ms(1_000);
        world.notice(Notice::Arrived { stream, traffic });
        world.notice(Notice::Sent { subscription, traffic, delivery: Delivery::default() });
    }
    let told = heard(&mut world, Topic::Media);
    let with = |part: &str| told.iter().filter(|text| text.contains(part)).count();
    assert_eq!((told.len(), with(r#""packets-received":11,"packets-sent":0"#)), (6, 1), "{told:?}");
    assert_eq!(with(r#""packets-received":0,"packets-sent":21"#), 1, "{told:?}");
}
