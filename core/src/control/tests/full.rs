//! Lists and tables of a room that are full: each refusal names which, and nothing changes.

use std::format;
use std::string::String;
use std::vec::Vec;

use super::client::World;
use crate::room::PUBLISHED;
use crate::room::access::TOKENS;

/// Whether `said` refuses because of `what`, of which there are `most`.
fn names(said: &str, what: &str, most: usize) -> bool {
    said.contains(r#""error_code":499"#) && said.contains(&format!("No place left: {what} ({most})"))
}

#[test]
fn a_full_table_of_relays_is_named_by_forwarders_of_which_then_none_is_made() {
    let mut world = World::new();
    let (session, handle, id) = world.publisher(0);
    let most = world.control.state.shards[0].relays.capacity();
    let mut forward = |ports: usize| {
        let stream = |port: usize| format!(r#"{{"mid":"0","port":{}}}"#, 4000 + port);
        let streams = (0..ports).map(stream).collect::<Vec<_>>().join(",");
        let body = format!(
            r#"{{"request":"rtp_forward","room":7,"publisher_id":{id},"host":"127.0.0.1","streams":[{streams}]}}"#
        );
        world.ask(0, session, handle, &body)
    };
    for _ in 1..most {
        assert!(forward(1).contains(r#""forwarders":["#));
    }
    let said = forward(2);
    assert!(names(&said, "forwarders", most), "{said}");
    assert!(forward(1).contains(r#""forwarders":["#), "the last place was not taken");
    let said = forward(1);
    assert!(names(&said, "forwarders", most), "{said}");
}

#[test]
fn a_list_of_allowed_tokens_that_is_full_is_named() {
    let mut world = World::new();
    let (session, handle, _) = world.publisher(0);
    let mut add = |tokens: &[String]| {
        let tokens = tokens.iter().map(|token| format!("\"{token}\"")).collect::<Vec<_>>().join(",");
        let body = format!(r#"{{"request":"allowed","room":7,"action":"add","allowed":[{tokens}]}}"#);
        world.ask(0, session, handle, &body)
    };
    let tokens: Vec<String> = (0..TOKENS).map(|number| format!("t{number}")).collect();
    assert!(add(&tokens).contains(r#""allowed":["t0""#));
    let said = add(&["another".into()]);
    assert!(names(&said, "allowed", TOKENS), "{said}");
    assert!(add(&tokens[..1]).contains(r#""allowed":["t0""#), "one that is there needs no place");
}

#[test]
fn more_streams_and_descriptions_than_an_offer_can_have_are_refused_by_their_name() {
    let mut world = World::new();
    let (session, handle, _) = world.publisher(0);
    for (member, more) in [("streams", r#""send":true"#), ("descriptions", r#""description":"a""#)] {
        let elements = (0..=PUBLISHED).map(|_| format!(r#"{{"mid":"0",{more}}}"#)).collect::<Vec<_>>().join(",");
        let said = world.ask(0, session, handle, &format!(r#"{{"request":"configure","{member}":[{elements}]}}"#));
        assert!(names(&said, member, PUBLISHED), "{said}");
    }
}
