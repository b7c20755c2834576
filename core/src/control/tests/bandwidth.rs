//! What bandwidth does to a picture is told by events of our own.

use std::format;

use super::client::World;
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
