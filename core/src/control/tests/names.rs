//! Names: numbers, or texts where the settings say so.

use std::format;

use super::client::World;
use crate::room::NAME_BYTES;

fn text_world() -> (World, u64, u64) {
    let mut world = World::with(|settings| settings.string_ids = true);
    let numbers = world.session(0, 1);
    (world, numbers[0], numbers[1])
}

#[test]
fn where_names_are_texts_a_number_is_none() {
    let (mut world, session, handle) = text_world();
    for body in [
        r#"{"request":"create","room":7}"#,
        r#"{"request":"exists","room":7}"#,
        r#"{"request":"join","ptype":"publisher","room":null}"#,
        r#"{"request":"kick","room":"a","id":7}"#,
    ] {
        assert!(world.ask(0, session, handle, body).contains("\"error_code\":430"), "{body}");
    }
    let long = format!(r#"{{"request":"create","room":"{}"}}"#, "x".repeat(NAME_BYTES + 1));
    assert!(world.ask(0, session, handle, &long).contains("at most 64 bytes"));
}

#[test]
fn a_room_and_its_people_are_called_by_texts() {
    let (mut world, session, handle) = text_world();
    let created = world.ask(0, session, handle, r#"{"request":"create","room":"a \"b\""}"#);
    assert!(created.contains(r#""room":"a \"b\"""#), "{created}");
    let joined = world.ask(0, session, handle, r#"{"request":"join","ptype":"publisher","room":"a \"b\"","id":"ada"}"#);
    assert!(joined.contains(r#""id":"ada""#), "{joined}");
    let listed = world.ask(0, session, handle, r#"{"request":"listparticipants","room":"a \"b\""}"#);
    assert!(listed.contains(r#""participants":[{"id":"ada""#), "{listed}");
}

#[test]
fn who_brings_no_name_is_given_a_uuid() {
    let (mut world, session, handle) = text_world();
    let created = world.ask(0, session, handle, r#"{"request":"create"}"#);
    let name = created.split(r#""room":""#).nth(1).and_then(|rest| rest.split('"').next()).unwrap();
    let parts: std::vec::Vec<usize> = name.split('-').map(str::len).collect();
    assert_eq!(parts, [8, 4, 4, 4, 12], "{name}");
    assert!(name.chars().nth(14) == Some('4'), "{name}");
}

#[test]
fn a_room_of_the_configuration_is_called_by_its_number_in_digits() {
    let (mut world, session, handle) = text_world();
    world.control.add_room(crate::room::RoomSettings { room: 7.into(), ..Default::default() }).unwrap();
    assert!(world.ask(0, session, handle, r#"{"request":"exists","room":"7"}"#).contains("\"exists\":true"));
}
