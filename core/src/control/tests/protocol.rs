//! Sessions, handles, and what ends them.

use super::client::{LIMITS, World};
use std::format;

#[test]
fn a_session_that_is_silent_ends_with_a_timeout_and_leaves_nothing() {
    let mut world = World::new();
    let (session, _, id) = world.publisher(0);
    world.subscriber(1, id);
    world.now = world.now.after_ms(59_000);
    world.say(1, &format!(r#"{{"janus":"keepalive","session_id":{session},"transaction":"t"}}"#));
    world.now = world.now.after_ms(2_000);
    world.texts();
    world.control.tick(world.now, &mut world.heard);
    assert_eq!(world.sizes()[..2], [1, 1]);
    assert_eq!(world.texts().iter().filter(|text| text.contains("timeout")).count(), 1);
    world.now = world.now.after_ms(60_000);
    world.control.tick(world.now, &mut world.heard);
    world.close_links();
    assert_eq!(world.sizes(), [0, 0, 1, 0, 0, 0, 0]);
}

#[test]
fn a_lost_connection_ends_its_sessions() {
    let mut world = World::new();
    let (_, _, id) = world.publisher(0);
    world.subscriber(1, id);
    world.drop_connection(1);
    assert_eq!(world.sizes()[..2], [1, 1]);
    world.drop_connection(0);
    world.close_links();
    assert_eq!(world.sizes(), [0, 0, 1, 0, 0, 0, 0]);
}

#[test]
fn a_session_can_be_claimed_in_time_and_not_later() {
    let mut world = World::new();
    world.control.settings.reclaim_session_timeout_s = 2;
    let session = world.session(0, 1)[0];
    world.drop_connection(0);
    let claim = format!(r#"{{"janus":"claim","session_id":{session},"transaction":"t"}}"#);
    assert!(world.say(1, &claim)[0].contains("success"));
    world.drop_connection(1);
    world.now = world.now.after_ms(2_000);
    world.control.tick(world.now, &mut world.heard);
    assert!(world.say(2, &claim)[0].contains("458"));
    assert_eq!(world.sizes(), [0; 7]);
}

#[test]
fn the_transaction_comes_back_as_it_was_written() {
    let mut world = World::new();
    let said = world.say(0, r#"{"janus":"ping","transaction":"a\"\u00e9\ud83d\ude00"}"#);
    assert_eq!(said, [r#"{"janus":"pong","transaction":"a\"é😀"}"#]);
    let long = format!(r#"{{"janus":"ping","transaction":"{}"}}"#, "x".repeat(1000));
    assert!(world.say(0, &long)[0].contains("467"));
}

#[test]
fn a_full_table_is_a_refusal_that_names_it() {
    let mut world = World::new();
    let numbers = world.session(0, usize::from(LIMITS.handles));
    let attach = format!(
        r#"{{"janus":"attach","session_id":{},"plugin":"janus.plugin.videoroom","transaction":"t"}}"#,
        numbers[0]
    );
    assert!(world.say(0, &attach)[0].contains("No place left: handles (8)"));
    for _ in 1..LIMITS.sessions {
        world.session(0, 0);
    }
    assert!(world.say(0, r#"{"janus":"create","transaction":"t"}"#)[0].contains("No place left: sessions (4)"));
    for room in 1..=u64::from(LIMITS.rooms) {
        world.ask(0, numbers[0], numbers[1], &format!(r#"{{"request":"create","room":{room}}}"#));
    }
    let said = world.ask(0, numbers[0], numbers[1], r#"{"request":"create","room":99}"#);
    assert!(said.contains("499") && said.contains("No place left: rooms (2)"), "{said}");
}

#[test]
fn rooms_can_be_kept_to_the_configuration() {
    let mut world = World::new();
    world.control.settings.create_rooms = false;
    let numbers = world.session(0, 1);
    assert!(world.ask(0, numbers[0], numbers[1], r#"{"request":"create","room":1}"#).contains("433"));
    let room = crate::room::RoomSettings { room: 5.into(), ..Default::default() };
    assert!(world.control.add_room(room.clone()).is_ok());
    assert_eq!(world.control.add_room(room).unwrap_err().code, 427);
}

#[test]
fn too_long_a_name_is_refused_by_its_field() {
    let mut world = World::new();
    let numbers = world.session(0, 1);
    let body = format!(r#"{{"request":"create","room":1,"description":"{}"}}"#, "é".repeat(100));
    let said = world.ask(0, numbers[0], numbers[1], &body);
    assert!(said.contains("430") && said.contains("description should have at most 128 bytes"), "{said}");
    assert_eq!(world.sizes()[2], 0);
}

#[test]
fn several_messages_may_come_in_one_text() {
    let mut world = World::new();
    let ping = |name: &str| format!(r#"{{"janus":"ping","transaction":"{name}"}}"#);
    let said = world.say(0, &format!("{} \n{}\n", ping("a"), ping("b")));
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].contains(r#""transaction":"a""#) && said[1].contains(r#""transaction":"b""#), "{said:?}");
    let said = world.say(0, &format!("{}x", ping("c")));
    assert!(said[0].contains("pong") && said[1].contains(r#""code":454"#), "{said:?}");
}
