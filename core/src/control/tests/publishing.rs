//! A publisher's life.

use super::client::{OFFER, World, number, sdp};
use crate::link::{HandshakeCommand, HandshakeEvent, HandshakeFailure, MasterKey, Role, SrtpKeys, SrtpProfile};
use crate::media::{CloseReason, Command, Notice};
use std::borrow::ToOwned;
use std::vec::Vec;

#[test]
fn an_offer_becomes_a_link_a_handshake_and_streams() {
    let mut world = World::new();
    let numbers = world.session(0, 1);
    world.ask(0, numbers[0], numbers[1], r#"{"request":"create","room":7,"bitrate":64000}"#);
    world.ask(0, numbers[0], numbers[1], r#"{"request":"join","ptype":"publisher","room":7}"#);
    let said = world.ask_with(0, numbers[0], numbers[1], r#"{"request":"publish"}"#, Some(("offer", OFFER)));
    assert!(said.contains(r#""video_codec":"vp8""#) && sdp(&said).contains("a=setup:active"), "{said}");
    let link = world.last_link();
    let [HandshakeCommand::Open { role, .. }] = world.heard.handshakes[..] else { panic!("no handshake") };
    assert_eq!(role, Role::Client);
    let commands = world.commands();
    let Command::OpenLink(open) = &commands[0] else { panic!("no link") };
    assert_eq!(open.remote_ufrag, "aaaa");
    assert!(sdp(&said).contains(open.local.ufrag.as_str()));
    assert!(matches!(commands[1], Command::SetBitrate { bitrate_bps: 64_000, .. }));
    let streams: Vec<_> = commands.iter().filter(|it| matches!(it, Command::ConfigureStream(_))).collect();
    assert_eq!(streams.len(), 2);

    world.notice(Notice::Connected { link });
    assert_eq!(world.heard.handshakes.last(), Some(&HandshakeCommand::Start { link, shard: 0 }));
    let master = MasterKey { key: [1; 16], salt: [2; 14] };
    let keys = SrtpKeys { profile: SrtpProfile::AeadAes128Gcm, local: master, remote: master };
    world.control.handshake(world.now, HandshakeEvent::Secured { link, shard: 0, keys }, &mut world.heard);
    assert!(matches!(world.commands()[..], [Command::SecureLink { .. }]));
    world.texts();
    world.notice(Notice::Up { link });
    assert!(world.texts()[0].contains("webrtcup"));
}

#[test]
fn the_others_hear_of_a_publisher_when_the_media_flows() {
    let mut world = World::new();
    let (_, _, first) = world.publisher(0);
    world.texts();
    let (session, handle, second) = world.publisher(1);
    let heard: Vec<_> = world.heard.texts.iter().filter(|(connection, _)| *connection == 0).collect();
    assert_eq!(heard.len(), 1);
    assert_eq!(number(&heard[0].1, "id"), second);
    let told = world.heard.texts.iter().find(|(_, text)| text.contains("joined")).unwrap();
    assert!(told.1.contains(&std::format!(r#""publishers":[{{"id":{first}"#)));
    world.texts();
    world.ask(1, session, handle, r#"{"request":"unpublish"}"#);
    let texts = world.texts();
    assert_eq!(texts.iter().filter(|text| text.contains(&std::format!(r#""unpublished":{second}"#))).count(), 2);
    assert_eq!(texts.iter().filter(|text| text.contains("hangup")).count(), 1);
}

#[test]
fn a_place_is_taken_again_only_after_the_shard_gave_it_back() {
    let mut world = World::new();
    let (session, handle, _) = world.publisher(0);
    let first = world.last_link();
    for _ in 0..2 {
        world.ask(0, session, handle, r#"{"request":"unpublish"}"#);
        world.ask_with(0, session, handle, r#"{"request":"publish"}"#, Some(("offer", OFFER)));
        let link = world.last_link();
        world.notice(Notice::Up { link });
        assert_ne!(link.index, first.index);
    }
    world.ask(0, session, handle, r#"{"request":"unpublish"}"#);
    let refused = world.ask_with(0, session, handle, r#"{"request":"publish"}"#, Some(("offer", OFFER)));
    assert!(refused.contains("499") && refused.contains("publishers (3)"), "{refused}");
    world.close_links();
    assert_eq!(world.sizes()[3..5], [0, 0]);
    let said = world.ask_with(0, session, handle, r#"{"request":"publish"}"#, Some(("offer", OFFER)));
    assert!(said.contains("configured"));
    assert!(world.last_link() != first);
}

#[test]
fn an_offer_of_the_same_peer_renegotiates_and_one_of_another_replaces_it() {
    let mut world = World::new();
    let (session, handle, _) = world.publisher(0);
    world.commands();
    world.ask_with(0, session, handle, r#"{"request":"configure"}"#, Some(("offer", OFFER)));
    let commands = world.commands();
    let is_known = |it: &Command| matches!(it, Command::ConfigureStream(_) | Command::Converse { .. });
    assert!(commands.iter().all(is_known));
    let renamed = OFFER.replace("ufrag:aaaa", "ufrag:cccc");
    let said = world.ask_with(0, session, handle, r#"{"request":"configure"}"#, Some(("offer", &renamed)));
    let commands = world.commands();
    let Command::RestartIce { local, remote_ufrag, .. } = &commands[0] else { panic!("no restart") };
    assert_eq!(remote_ufrag, "cccc");
    assert!(sdp(&said).contains(local.ufrag.as_str()));
    let other = OFFER.replace("sha-256 AA", "sha-256 BB");
    world.ask_with(0, session, handle, r#"{"request":"configure"}"#, Some(("offer", &other)));
    let commands = world.commands();
    assert!(matches!(commands[0], Command::CloseLink { .. }) && matches!(commands[1], Command::OpenLink(_)));
}

#[test]
fn a_link_that_dies_is_told_to_the_client_and_to_the_others() {
    let reasons = [
        (CloseReason::Consent, "ICE failed"),
        (CloseReason::NeverConnected, "ICE failed"),
        (CloseReason::Full, "No place left"),
    ];
    for (reason, text) in reasons {
        let mut world = World::new();
        world.publisher(0);
        let link = world.last_link();
        world.texts();
        world.notice(Notice::Closed { link, reason });
        let texts = world.texts();
        assert!(texts.iter().any(|said| said.contains("hangup") && said.contains(text)), "{texts:?}");
        assert_eq!(world.sizes()[3..5], [0, 0]);
    }
    let mut world = World::new();
    world.publisher(0);
    let link = world.last_link();
    let event = HandshakeEvent::Failed { link, shard: 0, reason: HandshakeFailure::Certificate };
    world.control.handshake(world.now, event, &mut world.heard);
    assert!(world.texts().last().unwrap().contains("hangup"));
    world.close_links();
    assert_eq!(world.sizes()[3..5], [0, 0]);
}

#[test]
fn an_offer_that_does_not_fit_changes_nothing() {
    let mut world = World::new();
    let numbers = world.session(0, 1);
    world.ask(0, numbers[0], numbers[1], r#"{"request":"create","room":7}"#);
    let mut many = OFFER.to_owned();
    for mid in 2..4 {
        many += &OFFER[OFFER.find("m=video").unwrap()..].replace("a=mid:1", &std::format!("a=mid:{mid}"));
    }
    let body = r#"{"request":"joinandconfigure","ptype":"publisher","room":7}"#;
    let said = world.ask_with(0, numbers[0], numbers[1], body, Some(("offer", &many)));
    assert!(said.contains("499") && said.contains("streams per publisher (3)"), "{said}");
    assert_eq!(world.sizes()[3..], [0, 0, 0, 0]);
    assert!(world.ask_with(0, numbers[0], numbers[1], body, Some(("offer", OFFER))).contains("joined"));
}

#[test]
fn muting_by_a_moderator_outlives_a_renegotiation() {
    let mut world = World::new();
    let (session, handle, id) = world.publisher(0);
    let body = std::format!(r#"{{"request":"moderate","room":7,"id":{id},"mid":"0","mute":true}}"#);
    world.ask(0, session, handle, &body);
    assert!(matches!(world.commands().last(), Some(Command::SetStreamActive { active: false, .. })));
    world.ask_with(0, session, handle, r#"{"request":"configure"}"#, Some(("offer", OFFER)));
    let commands = world.commands();
    let active: Vec<bool> = commands
        .iter()
        .filter_map(|command| match command {
            Command::ConfigureStream(parameters) => Some(parameters.active),
            _ => None,
        })
        .collect();
    assert_eq!(active, [false, true]);
}
