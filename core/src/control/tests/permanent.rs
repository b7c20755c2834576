//! Rooms that survive a restart.

use super::client::World;
use crate::room::Name;

#[test]
fn a_room_is_kept_only_where_it_was_asked_for() {
    let mut world = World::new();
    let numbers = world.session(0, 1);
    let mut ask = |body: &str| {
        let said = world.ask(0, numbers[0], numbers[1], body);
        (said.contains(r#""permanent":true"#), world.heard.kept.clone())
    };
    assert_eq!(ask(r#"{"request":"create","room":7}"#), (false, [].into()));
    let (said, kept) = ask(r#"{"request":"create","room":8,"permanent":true,"pin":"1"}"#);
    assert!(said && kept[0].room == Name::Number(8) && kept[0].pin.as_deref() == Some("1"));
    let (said, kept) = ask(r#"{"request":"edit","room":8,"new_description":"Later"}"#);
    assert!(!said && kept[0].description.as_deref() == Some("Room 8"));
    let (said, kept) = ask(r#"{"request":"edit","room":8,"new_description":"Later","permanent":true}"#);
    assert!(said && kept.len() == 1 && kept[0].description.as_deref() == Some("Later"));
    let (said, kept) = ask(r#"{"request":"destroy","room":8,"permanent":true}"#);
    assert!(said && kept.is_empty());
}
