//! What is told about those in a room: dummies, and what clients say about themselves.

use super::client::World;
use std::format;

#[test]
fn a_dummy_is_listed_and_watched_and_takes_no_publishers_place() {
    let mut world = World::new();
    let numbers = world.session(0, 2);
    let (session, handle) = (numbers[0], numbers[1]);
    let before = world.sizes();
    let create = r#"{"request":"create","room":9,"publishers":1,"dummy_publisher":true,
        "dummy_streams":[{"codec":"opus","fmtp":"useinbandfec=1"},{"codec":5},{"codec":"vp9"}]}"#;
    assert!(world.ask(0, session, handle, create).contains(r#""videoroom":"created""#));
    let join = r#"{"request":"join","ptype":"publisher","room":9}"#;
    let joined = world.ask(0, session, numbers[2], join);
    let dummy = r#""display":"Dummy publisher","dummy":true,"audio_codec":"opus","streams":[{"type":"audio","#;
    assert!(joined.contains(dummy) && joined.contains(r#""fec":true}]"#), "{joined}");
    let list = world.ask(0, session, handle, r#"{"request":"listparticipants","room":9}"#);
    assert!(list.contains(r#""dummy":true,"publisher":true"#), "{list}");
    world.ask(0, session, handle, r#"{"request":"destroy","room":9}"#);
    assert_eq!(world.sizes(), before, "a dummy goes with its room");
}

#[test]
fn a_room_whose_dummy_finds_no_place_is_not_made() {
    let mut world = World::new();
    let numbers = world.session(0, 8);
    let create = r#"{"request":"create","room":9,"dummy_publisher":true}"#;
    let refused = world.ask(0, numbers[0], numbers[1], create);
    assert!(refused.contains(r#""error_code":499"#) && refused.contains("handles (8)"), "{refused}");
    let exists = world.ask(0, numbers[0], numbers[1], r#"{"request":"exists","room":9}"#);
    assert!(exists.contains(r#""exists":false"#), "{exists}");
}

#[test]
fn metadata_is_told_as_it_was_said() {
    let mut world = World::new();
    let numbers = world.session(0, 3);
    let (session, handle) = (numbers[0], numbers[1]);
    world.ask(0, session, handle, r#"{"request":"create","room":9,"notify_joining":true}"#);
    let metadata = r#"{"a":[1,-2.5,null,true,{}],"b \"c\"":"d\\e\nf","g":{"h":[]}}"#;
    let join = format!(r#"{{"request":"join","ptype":"publisher","room":9,"metadata":{metadata}}}"#);
    world.ask(0, session, handle, &join);
    let list = world.ask(0, session, handle, r#"{"request":"listparticipants","room":9}"#);
    assert!(list.contains(&format!(r#""metadata":{metadata}"#)), "{list}");
    world.ask(0, session, numbers[2], r#"{"request":"join","ptype":"publisher","room":9}"#);
    world.texts();
    world.ask(0, session, handle, r#"{"request":"configure","metadata":{"i":1}}"#);
    assert!(world.texts().iter().any(|text| text.contains(r#""metadata":{"i":1}"#)));
    let long = format!(r#"{{"request":"join","ptype":"publisher","room":9,"metadata":{{"a":"{}"}}}}"#, "x".repeat(600));
    let refused = world.ask(0, session, numbers[3], &long);
    assert!(refused.contains(r#""error_code":430"#) && refused.contains("metadata"), "{refused}");
}
