//! Rooms that a join makes and the last one to leave removes.

use std::format;
use std::string::String;

use super::client::{OFFER, World, number};
use crate::control::Settings;
use crate::media::Notice;
use crate::room::RoomSettings;

fn world_with(change: impl FnOnce(&mut Settings)) -> World {
    World::with(|settings| {
        settings.dynamic_room = Some(RoomSettings { publishers: 9, notify_joining: true, ..RoomSettings::default() });
        change(settings);
    })
}

/// What somebody is told who joins `room` to publish, with more members `more`: session, handle, answer.
fn join(world: &mut World, connection: u16, room: &str, more: &str) -> (u64, u64, String) {
    let numbers = world.session(connection, 1);
    let body = format!(r#"{{"request":"join","ptype":"publisher","room":{room}{more}}}"#);
    let said = world.ask(connection, numbers[0], numbers[1], &body);
    (numbers[0], numbers[1], said)
}

fn rooms(world: &World) -> usize {
    world.control.state.rooms.len()
}

#[test]
fn without_a_template_a_room_that_does_not_exist_is_refused() {
    let mut world = World::new();
    assert!(join(&mut world, 0, "5", "").2.contains(r#""error_code":426"#));
    assert_eq!(rooms(&world), 0);
}

#[test]
fn a_join_makes_the_room_and_the_last_to_leave_ends_it() {
    let mut world = world_with(|_| {});
    let (session, handle, said) = join(&mut world, 0, "5", "");
    assert!(said.contains(r#""videoroom":"joined","room":5"#) && said.contains("Room 5"), "{said}");
    let list = world.ask(0, session, handle, r#"{"request":"list"}"#);
    assert!(list.contains(r#""max_publishers":9"#), "{list}");
    let (other_session, other, said) = join(&mut world, 1, "5", "");
    assert!(said.contains(r#""attendees":[{"#), "{said}");
    world.ask(0, session, handle, r#"{"request":"leave"}"#);
    assert_eq!(rooms(&world), 1);
    world.texts();
    world.ask(1, other_session, other, r#"{"request":"leave"}"#);
    assert_eq!(rooms(&world), 0);
    assert!(!world.texts().iter().any(|text| text.contains("destroyed")), "nobody is left to hear of it");
    assert!(join(&mut world, 2, "5", "").2.contains("joined"), "it is made again");
}

#[test]
fn rooms_named_by_texts_are_made_as_well_and_those_without_a_name_are_not() {
    let mut world = world_with(|settings| settings.string_ids = true);
    assert!(join(&mut world, 0, r#""tea room""#, "").2.contains(r#""room":"tea room""#));
    assert!(join(&mut world, 1, r#""""#, "").2.contains(r#""error_code":426"#));
    assert!(join(&mut world_with(|_| {}), 1, "0", "").2.contains(r#""error_code":426"#));
    world.drop_connection(0);
    assert_eq!(rooms(&world), 0, "a session that ends leaves its rooms");
}

#[test]
fn a_join_that_is_refused_leaves_no_room() {
    let mut world = world_with(|settings| {
        settings.dynamic_room =
            Some(RoomSettings { pin: "1".try_into().ok(), dummy_publisher: true, ..RoomSettings::default() });
    });
    let before = world.sizes();
    for more in ["", r#","pin":"2""#, r#","pin":"1","display":5"#, r#","pin":"1","display":"long""#] {
        let more = more.replace("long", &"x".repeat(5_000));
        let said = join(&mut world, 0, "5", &more).2;
        assert!(said.contains("error_code"), "{said}");
        assert_eq!(rooms(&world), 0, "{more}");
        world.drop_connection(0);
        assert_eq!(world.sizes(), before, "{more}");
    }
    for ptype in ["subscriber", "nonsense"] {
        let numbers = world.session(0, 1);
        let body = format!(r#"{{"request":"join","ptype":"{ptype}","room":5,"feed":1,"pin":"1"}}"#);
        let said = world.ask(0, numbers[0], numbers[1], &body);
        assert!(said.contains(r#""error_code":426"#), "{said}");
        world.drop_connection(0);
    }
    assert!(join(&mut world, 0, "5", r#","pin":"1""#).2.contains("Dummy publisher"));
    world.drop_connection(0);
    assert_eq!(world.sizes(), before, "the dummy goes too");
}

#[test]
fn a_full_table_of_rooms_is_named() {
    let mut world = world_with(|_| {});
    for (connection, room) in [(0, "5"), (1, "6")] {
        assert!(join(&mut world, connection, room, "").2.contains("joined"));
    }
    let said = join(&mut world, 2, "7", "").2;
    assert!(said.contains(r#""error_code":499"#) && said.contains("No place left: rooms (2)"), "{said}");
    world.drop_connection(0);
    assert!(join(&mut world, 3, "7", "").2.contains("joined"), "a place is free again");
}

#[test]
fn somebody_who_watches_keeps_the_room() {
    let mut world = world_with(|_| {});
    let (session, handle, said) = join(&mut world, 0, "7", "");
    let feed = number(&said, "id");
    world.ask_with(0, session, handle, r#"{"request":"publish"}"#, Some(("offer", OFFER)));
    let link = world.last_link();
    world.notice(Notice::Up { link });
    let (watching, watcher) = world.subscriber(1, feed);
    world.ask(0, session, handle, r#"{"request":"leave"}"#);
    assert_eq!(rooms(&world), 1);
    world.ask(1, watching, watcher, r#"{"request":"leave"}"#);
    assert_eq!(rooms(&world), 0);
}

#[test]
fn rooms_that_somebody_asked_for_stay() {
    let mut world = world_with(|_| {});
    world.control.add_room(RoomSettings { room: 3.into(), ..RoomSettings::default() }).unwrap();
    let (session, handle, _) = join(&mut world, 0, "3", "");
    world.ask(0, session, handle, r#"{"request":"create","room":4}"#);
    world.ask(0, session, handle, r#"{"request":"leave"}"#);
    world.drop_connection(0);
    assert_eq!(rooms(&world), 2, "one of the configuration, and one that was created");
    let (session, handle, _) = join(&mut world, 1, "4", "");
    world.ask(1, session, handle, r#"{"request":"destroy","room":3}"#);
    world.ask(1, session, handle, r#"{"request":"leave"}"#);
    let (session, handle, _) = join(&mut world, 2, "5", "");
    let said = world.ask(2, session, handle, r#"{"request":"edit","room":5,"permanent":true}"#);
    assert!(said.contains(r#""permanent":true"#), "{said}");
    world.drop_connection(2);
    assert_eq!(rooms(&world), 2, "and one that was made by a join and is kept");
}

#[test]
fn management_systems_hear_of_both_ends() {
    let mut world = world_with(|settings| settings.events = u16::MAX);
    join(&mut world, 0, "5", "");
    world.drop_connection(0);
    let told: String = world.heard.events.iter().map(|(_, text)| text.as_str()).collect();
    for event in ["created", "destroyed"] {
        assert_eq!(told.matches(&format!(r#""event":"{event}","room":5"#)).count(), 1, "{event} in {told}");
    }
}
