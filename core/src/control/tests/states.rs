//! Every request in every state of a handle: one answer each, and nothing is left behind.

use super::client::{OFFER, World};
use std::format;
use std::vec::Vec;

/// Bodies that are right somewhere, with `FEED` for the publisher's number.
const BODIES: [&str; 36] = [
    r#"{"request":"create","room":8,"permanent":true}"#,
    r#"{"request":"create"}"#,
    r#"{"request":"edit","room":7,"new_description":"x"}"#,
    r#"{"request":"exists","room":7}"#,
    r#"{"request":"list"}"#,
    r#"{"request":"allowed","room":7,"action":"add","allowed":["a"]}"#,
    r#"{"request":"allowed","room":7,"action":"disable"}"#,
    r#"{"request":"listparticipants","room":7}"#,
    r#"{"request":"listforwarders","room":7}"#,
    r#"{"request":"moderate","room":7,"id":FEED,"mid":"0","mute":true}"#,
    r#"{"request":"enable_recording","room":7,"record":true}"#,
    r#"{"request":"rtp_forward","room":7,"publisher_id":FEED,"host":"127.0.0.1","streams":[{"mid":"0","port":5000}]}"#,
    r#"{"request":"stop_rtp_forward","room":7,"publisher_id":FEED,"stream_id":1}"#,
    r#"{"request":"publish_remotely","room":7,"publisher_id":FEED,"remote_id":"a","host":"127.0.0.1","port":5000}"#,
    r#"{"request":"unpublish_remotely","room":7,"publisher_id":FEED,"remote_id":"a"}"#,
    r#"{"request":"list_remotes","room":7,"publisher_id":FEED}"#,
    r#"{"request":"remove_remote_publisher","room":7,"id":FEED}"#,
    r#"{"request":"join","ptype":"publisher","room":7}"#,
    r#"{"request":"join","ptype":"publisher","room":7,"id":FEED}"#,
    r#"{"request":"join","ptype":"subscriber","room":7,"streams":[{"feed":FEED}]}"#,
    r#"{"request":"join","ptype":"subscriber","room":7,"feed":FEED}"#,
    r#"{"request":"joinandconfigure","ptype":"publisher","room":7}"#,
    r#"{"request":"configure"}"#,
    r#"{"request":"configure","restart":true}"#,
    r#"{"request":"publish"}"#,
    r#"{"request":"unpublish"}"#,
    r#"{"request":"start"}"#,
    r#"{"request":"pause"}"#,
    r#"{"request":"subscribe","streams":[{"feed":FEED}]}"#,
    r#"{"request":"unsubscribe","streams":[{"feed":FEED}]}"#,
    r#"{"request":"update","subscribe":[{"feed":FEED}]}"#,
    r#"{"request":"switch","streams":[{"feed":FEED,"mid":"0","sub_mid":"0"}]}"#,
    r#"{"request":"kick","room":7,"id":FEED}"#,
    r#"{"request":"leave"}"#,
    r#"{"request":"destroy","room":7}"#,
    r#"{"request":"nonsense"}"#,
];

/// The states of the handle that asks.
#[derive(Clone, Copy, Debug)]
enum State {
    Idle,
    Joined,
    Publishing,
    Left,
    Kicked,
    Offered,
    Subscribed,
    RoomGone,
}

/// A handle in `state` in a room with another publisher: session, handle, and the other's number.
fn enter(world: &mut World, state: State) -> (u64, u64, u64) {
    let (_, _, feed) = world.publisher(0);
    if let State::Subscribed | State::RoomGone = state {
        let (session, handle) = world.subscriber(1, feed);
        if let State::RoomGone = state {
            let numbers = world.session(2, 1);
            world.ask(2, numbers[0], numbers[1], r#"{"request":"destroy","room":7}"#);
        }
        return (session, handle, feed);
    }
    let numbers = world.session(1, 1);
    let (session, handle) = (numbers[0], numbers[1]);
    let mut ask = |body: &str| world.ask(1, session, handle, body);
    match state {
        State::Idle | State::Subscribed | State::RoomGone => {}
        State::Offered => {
            ask(&format!(r#"{{"request":"join","ptype":"subscriber","room":7,"streams":[{{"feed":{feed}}}]}}"#));
        }
        State::Joined | State::Publishing | State::Left | State::Kicked => {
            ask(r#"{"request":"join","ptype":"publisher","room":7,"id":9}"#);
        }
    }
    match state {
        State::Publishing => {
            world.ask_with(1, session, handle, r#"{"request":"publish"}"#, Some(("offer", OFFER)));
        }
        State::Left => {
            ask(r#"{"request":"leave"}"#);
        }
        State::Kicked => {
            ask(r#"{"request":"kick","room":7,"id":9}"#);
        }
        _ => {}
    }
    (session, handle, feed)
}

#[test]
fn every_request_is_answered_in_every_state_and_leaves_nothing_behind() {
    use State::{Idle, Joined, Kicked, Left, Offered, Publishing, RoomGone, Subscribed};
    for state in [Idle, Joined, Publishing, Left, Kicked, Offered, Subscribed, RoomGone] {
        for body in BODIES {
            for jsep in [None, Some(("offer", OFFER)), Some(("answer", OFFER)), Some(("pranswer", "v=0"))] {
                let mut world = World::new();
                let (session, handle, feed) = enter(&mut world, state);
                let body = body.replace("FEED", &format!("{feed}"));
                let said = world.ask_with(1, session, handle, &body, jsep);
                let is_final = ["\"janus\":\"success\"", "\"janus\":\"event\"", "\"janus\":\"error\""];
                assert!(is_final.iter().any(|kind| said.contains(kind)), "{state:?}, {body}, {jsep:?}: {said:?}");
                for connection in 0..3 {
                    world.drop_connection(connection);
                }
                world.close_links();
                let [sessions, handles, _, links, streams, subscriptions, relays] = world.sizes();
                assert_eq!(
                    [sessions, handles, links, streams, subscriptions, relays],
                    [0; 6],
                    "{state:?}, {body}, {jsep:?}"
                );
            }
        }
    }
}

#[test]
fn a_number_that_somebody_has_is_refused_to_others() {
    let mut world = World::new();
    let (_, _, feed) = world.publisher(0);
    let numbers = world.session(1, 1);
    let body = format!(r#"{{"request":"join","ptype":"publisher","room":7,"id":{feed}}}"#);
    assert!(world.ask(1, numbers[0], numbers[1], &body).contains(r#""error_code":436"#));
    let other = world.ask(1, numbers[0], numbers[1], r#"{"request":"join","ptype":"publisher","room":7}"#);
    assert!(other.contains(r#""videoroom":"joined""#), "{other}");
}

#[test]
fn a_full_table_of_links_streams_or_subscriptions_is_named() {
    let mut world = World::new();
    let (_, _, feed) = world.publisher(0);
    let mut refusals = Vec::new();
    for connection in 1..4 {
        let numbers = world.session(connection, 2);
        for handle in &numbers[1..] {
            let body = format!(r#"{{"request":"join","ptype":"subscriber","room":7,"streams":[{{"feed":{feed}}}]}}"#);
            let said = world.ask(connection, numbers[0], *handle, &body);
            if said.contains("error_code") {
                refusals.push(said);
            }
        }
    }
    assert!(!refusals.is_empty(), "more subscribers than limits.subscribers");
    assert!(refusals.iter().all(|said| said.contains("No place left: subscribers (3)")), "{refusals:?}");
}
