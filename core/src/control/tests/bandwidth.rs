//! What bandwidth does to a picture is told by events of our own.

use std::format;

use super::client::World;
use crate::id::StreamId;
use crate::media::{Command, Notice};

#[test]
fn a_subscriber_hears_that_a_picture_is_paused_and_that_it_comes_back() {
    let mut world = World::new();
    let (_, _, id) = world.publisher(0);
    let (session, handle) = world.subscriber(1, id);
    let subscribed = |command: &Command| match command {
        Command::Subscribe(parameters) => Some(parameters.subscription),
        _ => None,
    };
    let subscription = world.commands().iter().filter_map(subscribed).nth(1).unwrap();
    world.texts();
    let mut tell = |is_paused| {
        world.notice(Notice::Paused { subscription, is_paused });
        world.texts()
    };
    let said = tell(true);
    let data = r#""data":{"videoroom":"event","room":7,"mid":"1","active":false,"reason":"bandwidth"}"#;
    assert!(said.len() == 1 && said[0].contains(data), "{said:?}");
    assert!(said[0].contains(&format!(r#""sender":{handle}"#)) && said[0].contains(&format!("{session}")));
    let said = tell(false);
    let data = r#""data":{"videoroom":"event","room":7,"mid":"1","active":true}"#;
    assert!(said.len() == 1 && said[0].contains(data), "{said:?}");
}

#[test]
fn a_publisher_hears_what_is_needed_only_if_it_asked() {
    let mut world = World::new();
    let (session, handle, _) = world.publisher(0);
    let stream = StreamId::new(1, 1);
    let streams = |command: &Command| match command {
        Command::ConfigureStream(parameters) => Some(parameters.stream),
        _ => None,
    };
    let stream = world.commands().iter().filter_map(streams).nth(1).unwrap_or(stream);
    world.texts();
    world.notice(Notice::Needed { stream, layers: 2 });
    assert_eq!(world.texts().len(), 0);
    world.ask(0, session, handle, r#"{"request":"configure","follow_need":true}"#);
    let bound = |command: &Command| matches!(command, Command::SetBitrate { follows_need: true, .. });
    assert!(world.commands().iter().any(bound));
    world.texts();
    world.notice(Notice::Needed { stream, layers: 2 });
    let said = world.texts();
    let data = r#""data":{"videoroom":"event","room":7,"mid":"1","needed":2}"#;
    assert!(said.len() == 1 && said[0].contains(data), "{said:?}");
}
