//! What management systems hear.

use super::client::World;
use crate::control::Topic;
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
