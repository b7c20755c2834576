//! A subscriber's life.

use super::client::{World, sdp};
use crate::id::StreamId;
use crate::link::{HandshakeCommand, Role};
use crate::media::Command;
use std::format;
use std::vec::Vec;

fn subscribed(commands: &[Command]) -> Vec<Option<StreamId>> {
    let stream = |command: &Command| match command {
        Command::Subscribe(parameters) => Some(parameters.stream),
        _ => None,
    };
    commands.iter().filter_map(stream).collect()
}

#[test]
fn an_answer_begins_ice_dtls_and_the_subscriptions() {
    let mut world = World::new();
    let (_, _, id) = world.publisher(0);
    let numbers = world.session(1, 1);
    world.commands();
    let body = format!(r#"{{"request":"join","ptype":"subscriber","room":7,"streams":[{{"feed":{id}}}]}}"#);
    let attached = world.ask(1, numbers[0], numbers[1], &body);
    assert!(sdp(&attached).contains("a=setup:actpass"));
    let commands = world.commands();
    let [Command::OpenLink(open)] = &commands[..] else { panic!("not one link") };
    assert!(open.remote_ufrag.is_empty());
    assert!(world.answer(1, numbers[0], numbers[1], &attached).contains("started"));
    let commands = world.commands();
    let Command::RestartIce { local, remote_ufrag, .. } = &commands[0] else { panic!("no ufrag") };
    assert_eq!((local, remote_ufrag.as_str()), (&open.local, "bbbb"));
    assert_eq!(subscribed(&commands).len(), 2);
    let Some(HandshakeCommand::Open { role, .. }) = world.heard.handshakes.last() else { panic!("no handshake") };
    assert_eq!(*role, Role::Server);
}

#[test]
fn a_publisher_that_goes_leaves_silent_lines_which_the_next_one_takes() {
    let mut world = World::new();
    let (session, handle, id) = world.publisher(0);
    let (watcher, watching) = world.subscriber(1, id);
    world.texts();
    world.ask(0, session, handle, r#"{"request":"unpublish"}"#);
    let updates: Vec<_> = world.texts().into_iter().filter(|text| text.contains("updated")).collect();
    assert_eq!(updates.len(), 1);
    assert!(sdp(&updates[0]).contains("a=inactive"));
    world.answer(1, watcher, watching, &updates[0]);
    let (_, _, other) = world.publisher(2);
    world.commands();
    let body = format!(r#"{{"request":"subscribe","streams":[{{"feed":{other}}}]}}"#);
    let updated = world.ask(1, watcher, watching, &body);
    assert_eq!(sdp(&updated).matches("m=").count(), 2);
    world.answer(1, watcher, watching, &updated);
    assert_eq!(subscribed(&world.commands()).len(), 2);
    assert_eq!(world.sizes()[5], 2);
}

#[test]
fn changes_while_an_offer_waits_are_offered_after_its_answer() {
    let mut world = World::new();
    let (_, _, id) = world.publisher(0);
    let (_, _, other) = world.publisher(2);
    let numbers = world.session(1, 1);
    let body = format!(r#"{{"request":"join","ptype":"subscriber","room":7,"streams":[{{"feed":{id}}}]}}"#);
    let attached = world.ask(1, numbers[0], numbers[1], &body);
    let body = format!(r#"{{"request":"subscribe","streams":[{{"feed":{other},"mid":"1"}}]}}"#);
    assert!(world.ask(1, numbers[0], numbers[1], &body).contains("updating"));
    world.texts();
    world.answer(1, numbers[0], numbers[1], &attached);
    let texts = world.texts();
    let updated = texts.iter().find(|text| text.contains("updated")).unwrap();
    assert_eq!(sdp(updated).matches("m=").count(), 3);
    assert!(updated.contains(r#""mid":"2","ready":false"#), "{updated}");
}

#[test]
fn an_answer_without_an_offer_and_a_foreign_one_are_refused() {
    let mut world = World::new();
    let (_, _, id) = world.publisher(0);
    let (session, handle) = world.subscriber(1, id);
    let foreign = super::client::OFFER.replace("actpass", "active");
    let foreign = &foreign[..foreign.find("m=video").unwrap()];
    world.commands();
    let said = world.ask_with(1, session, handle, r#"{"request":"start"}"#, Some(("answer", foreign)));
    assert!(said.contains("437"), "{said}");
    assert!(world.commands().is_empty());
    world.ask(1, session, handle, r#"{"request":"leave"}"#);
    let said = world.ask_with(1, session, handle, r#"{"request":"start"}"#, Some(("answer", foreign)));
    assert!(said.contains("437"), "{said}");
}

#[test]
fn a_restart_gives_new_credentials_that_count_with_the_answer() {
    let mut world = World::new();
    let (_, _, id) = world.publisher(0);
    let (session, handle) = world.subscriber(1, id);
    world.commands();
    let said = world.ask(1, session, handle, r#"{"request":"configure","restart":true}"#);
    assert!(world.commands().is_empty());
    world.answer(1, session, handle, &said);
    let commands = world.commands();
    let Command::RestartIce { local, .. } = &commands[0] else { panic!("no restart") };
    assert!(sdp(&said).contains(local.ufrag.as_str()));
    assert!(subscribed(&commands).is_empty());
}

#[test]
fn pause_start_send_and_switch_reach_the_shard() {
    let mut world = World::new();
    let (_, _, id) = world.publisher(0);
    let (_, _, other) = world.publisher(2);
    let (session, handle) = world.subscriber(1, id);
    world.commands();
    world.ask(1, session, handle, r#"{"request":"pause"}"#);
    world.ask(1, session, handle, r#"{"request":"start"}"#);
    world.ask(1, session, handle, r#"{"request":"configure","streams":[{"mid":"1","send":false}]}"#);
    let active: Vec<bool> = world
        .commands()
        .iter()
        .filter_map(|command| match command {
            Command::SetSubscriptionActive { active, .. } => Some(*active),
            _ => None,
        })
        .collect();
    assert_eq!(active, [false, false, true, true, false]);
    let body = format!(r#"{{"request":"switch","streams":[{{"feed":{other},"mid":"1","sub_mid":"1"}}]}}"#);
    let said = world.ask(1, session, handle, &body);
    assert!(said.contains(r#""switched":"ok""#) && said.contains(&format!(r#""feed_id":{other}"#)), "{said}");
    assert!(matches!(world.commands()[..], [Command::Switch { .. }]));
    let body = format!(r#"{{"request":"switch","streams":[{{"feed":{other},"mid":"0","sub_mid":"1"}}]}}"#);
    // As in Janus, what an m-line cannot carry changes nothing.
    assert!(world.ask(1, session, handle, &body).contains(r#""changes":0"#));
    assert!(world.commands().is_empty());
}

#[test]
fn a_room_that_wants_private_ids_admits_only_its_publishers() {
    let mut world = World::new();
    let (session, handle, id) = world.publisher(0);
    world.ask(0, session, handle, r#"{"request":"edit","room":7,"new_require_pvtid":true}"#);
    let numbers = world.session(1, 1);
    let body = |private: u64| {
        format!(
            r#"{{"request":"join","ptype":"subscriber","room":7,"private_id":{private},"streams":[{{"feed":{id}}}]}}"#
        )
    };
    let state = &world.control.state;
    let private = state.handles.iter().find_map(|(_, entry)| Some(entry.publisher()?.private_number)).unwrap();
    assert!(world.ask(1, numbers[0], numbers[1], &body(1)).contains("433"));
    assert!(world.ask(1, numbers[0], numbers[1], &body(u64::from(private))).contains("attached"));
}

#[test]
fn who_watches_somebody_that_is_kicked_is_offered_an_empty_m_line() {
    let mut world = World::new();
    let (_, _, id) = world.publisher(0);
    let (watcher, watching) = world.subscriber(1, id);
    world.texts();
    world.ask(1, watcher, watching, &format!(r#"{{"request":"kick","room":7,"id":{id}}}"#));
    let texts = world.heard.texts.clone();
    assert!(texts.iter().any(|(_, text)| text.contains("updated")), "{texts:?}");
    let mut subscriptions = world.control.state.shards[0].subscriptions.iter();
    assert!(subscriptions.all(|(_, entry)| entry.source.is_none()));
}
