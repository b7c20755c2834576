//! Random walks: whatever clients and shards do in whatever order, nothing panics and nothing is left.

use super::client::{OFFER, World, number, sdp};
use crate::id::LinkId;
use crate::media::{CloseReason, Notice};
use crate::room::{CascadeLayer, Relayed};
use proptest::prelude::*;
use std::format;
use std::string::String;
use std::vec::Vec;

/// One client of the walk.
#[derive(Default)]
struct Client {
    session: u64,
    handle: u64,
    offer: Option<String>,
}

/// M-lines of another box's publisher.
const REMOTE_LINES: &str =
    r#"{"mindex":0,"mid":"0","type":"audio","codec":"opus"},{"mindex":1,"mid":"1","type":"video","disabled":true}"#;

fn body(step: u8, feed: u64) -> String {
    match step {
        0 => r#"{"request":"join","ptype":"publisher","room":7}"#.into(),
        1 => format!(r#"{{"request":"join","ptype":"subscriber","room":7,"streams":[{{"feed":{feed}}}]}}"#),
        2 => format!(r#"{{"request":"subscribe","streams":[{{"feed":{feed}}}]}}"#),
        3 => format!(r#"{{"request":"unsubscribe","streams":[{{"feed":{feed}}}]}}"#),
        4 => r#"{"request":"unpublish"}"#.into(),
        5 => r#"{"request":"leave"}"#.into(),
        6 => format!(r#"{{"request":"kick","room":7,"id":{feed}}}"#),
        7 => r#"{"request":"destroy","room":7}"#.into(),
        8 => r#"{"request":"create","room":7}"#.into(),
        9 => r#"{"request":"configure","restart":true}"#.into(),
        10 => format!(r#"{{"request":"switch","streams":[{{"feed":{feed},"mid":"1","sub_mid":"1"}}]}}"#),
        11 => r#"{"request":"pause"}"#.into(),
        12 => r#"{"request":"listparticipants","room":7}"#.into(),
        13 => format!(r#"{{"request":"add_remote_publisher","room":7,"streams":[{REMOTE_LINES}]}}"#),
        14 => format!(r#"{{"request":"update_remote_publisher","room":7,"id":{feed},"streams":[{REMOTE_LINES}]}}"#),
        15 => format!(r#"{{"request":"remove_remote_publisher","room":7,"id":{feed}}}"#),
        16 => format!(
            r#"{{"request":"publish_remotely","room":7,"publisher_id":{feed},"remote_id":"a","host":"::1","port":9}}"#
        ),
        _ => format!(r#"{{"request":"unpublish_remotely","room":7,"publisher_id":{feed},"remote_id":"a"}}"#),
    }
}

fn step(world: &mut World, clients: &mut [Client; 4], who: usize, what: u8) {
    let connection = who as u16;
    if clients[who].session == 0 && world.sizes()[0] < 4 && world.sizes()[1] < 8 {
        let numbers = world.session(connection, 1);
        clients[who] = Client { session: numbers[0], handle: numbers[1], offer: None };
    }
    let (session, handle) = (clients[who].session, clients[who].handle);
    let feeds = world.control.state.handles.iter().filter_map(|(_, entry)| entry.publisher()?.name.to_number());
    let feed = feeds.into_iter().next().unwrap_or(1);
    match what {
        0..=12 | 20..=24 => {
            let what = if what < 20 { what } else { what - 7 };
            world.ask(connection, session, handle, &body(what, feed));
        }
        13 => {
            world.ask_with(connection, session, handle, r#"{"request":"publish"}"#, Some(("offer", OFFER)));
        }
        14 => {
            if let Some(offer) = clients[who].offer.take() {
                world.answer(connection, session, handle, &offer);
            }
        }
        15 => world.close_links(),
        16 | 17 => {
            for (shard, link) in links(world) {
                match what {
                    16 => world.notice_of(shard, Notice::Up { link }),
                    _ => world.notice_of(shard, Notice::Closed { link, reason: CloseReason::Consent }),
                }
            }
        }
        19 => {
            world.now = world.now.after_ms(3000);
            world.control.tick(world.now, &mut world.heard);
        }
        _ => {
            world.drop_connection(connection);
            clients[who] = Client::default();
        }
    }
    for (index, text) in &world.heard.texts {
        if text.contains(r#""type":"offer""#) && number(text, "session_id") == clients[usize::from(*index)].session {
            let _ = sdp(text);
            clients[usize::from(*index)].offer = Some(text.clone());
        }
    }
    world.texts();
}

/// All links but those by which a shard is fed: these close only when told to.
fn links(world: &World) -> Vec<(u8, LinkId)> {
    let shards = world.control.state.shards.iter().zip(0..);
    let links = shards.flat_map(|(shard, number)| {
        let links = shard.links.iter().map(|(id, _)| LinkId::from(id));
        let is_fed = |link: &LinkId| shard.cascades.iter().any(|(_, cascade)| cascade.link == *link);
        links.filter(move |link| !is_fed(link)).map(move |link| (number, link))
    });
    links.collect()
}

/// Every stream, subscription and link has an owner that knows it, and every source is there.
fn check_names(world: &World) {
    let state = &world.control.state;
    for (shard, number) in state.shards.iter().zip(0..) {
        for (id, entry) in shard.streams.iter() {
            let owner = state.handles.get(entry.handle).and_then(|handle| handle.publisher());
            let is_owned = owner.is_some_and(|publisher| publisher.streams.contains(&id.into()));
            let place = state.place_of(number, id.into());
            let is_fed = place.shard != number && state.stream(place.shard, place.stream).is_some();
            assert!(is_owned || is_fed, "a stream without an owner");
        }
        for (id, entry) in shard.subscriptions.iter() {
            let owner = state.handles.get(entry.handle).and_then(|handle| handle.subscriber());
            assert!(owner.is_some_and(|it| it.streams.contains(&id.into())), "a subscription without an owner");
            let source = entry.source.map(|place| state.stream(place.shard, place.stream).is_some());
            assert_ne!(source, Some(false), "a source that is gone");
        }
        for (_, relayed) in shard.relays.iter() {
            let is_fed = |it: &CascadeLayer| {
                let cascades = &state.shards[usize::from(it.shard)].cascades;
                cascades.iter().any(|(_, cascade)| cascade.stream(it.stream).is_some())
            };
            assert!(!matches!(relayed, Relayed::Cascade(it) if !is_fed(it)), "nobody takes it in");
        }
    }
    for (_, handle) in state.handles.iter() {
        if let Some(peer) = &handle.peer {
            let owner = state.shards[usize::from(peer.shard)].links.get(peer.link).and_then(|link| link.handle);
            assert!(owner.is_some_and(|owner| state.handles.get(owner).is_some_and(|it| it.number == handle.number)));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn nothing_is_left_after_any_walk(
        steps in proptest::collection::vec((0_usize..4, 0_u8..25), 1..120),
        shards in 1_u8..=2,
    ) {
        let mut world = World::with(|settings| (settings.shards, settings.audience) = (shards, 1));
        let mut clients: [Client; 4] = Default::default();
        let room = crate::room::RoomSettings { room: 7.into(), ..Default::default() };
        world.control.add_room(room).unwrap();
        for (who, what) in steps {
            step(&mut world, &mut clients, who, what);
            check_names(&world);
        }
        for connection in 0..4 {
            world.drop_connection(connection);
        }
        world.close_links();
        // Those of other boxes have nobody here who leaves.
        for (shard, link) in links(&world) {
            world.notice_of(shard, Notice::Closed { link, reason: CloseReason::Silent });
        }
        world.close_links();
        let sizes = world.sizes();
        prop_assert_eq!([sizes[0], sizes[1], sizes[3], sizes[4], sizes[5], sizes[6]], [0; 6]);
        for shard in &world.control.state.shards {
            let used = [shard.links.len(), shard.streams.len(), shard.subscriptions.len(), shard.relays.len()];
            prop_assert_eq!((used, shard.cascades.len(), shard.data_sources.len()), ([0; 4], 0, 0));
        }
        prop_assert!(world.heard.ingress.is_empty() && world.control.state.shards[0].remotes.is_empty());
    }
}

#[test]
fn what_a_subscriber_asked_for_after_a_hangup_goes_with_them() {
    let mut world = World::new();
    let (_, _, id) = world.publisher(0);
    let before = world.sizes();
    let (session, handle) = world.subscriber(1, id);
    let link = world.last_link();
    world.notice(Notice::Closed { link, reason: CloseReason::Consent });
    world.ask(1, session, handle, &body(2, id));
    world.drop_connection(1);
    world.close_links();
    assert_eq!(world.sizes(), before);
}

#[test]
fn thousands_of_joins_and_leaves_leave_nothing() {
    let mut world = World::new();
    let (_, _, id) = world.publisher(0);
    let before = world.sizes();
    for _ in 0..2_500 {
        world.subscriber(1, id);
        world.drop_connection(1);
        world.close_links();
        world.texts();
        world.heard.handshakes.clear();
    }
    assert_eq!(world.sizes(), before);
}
