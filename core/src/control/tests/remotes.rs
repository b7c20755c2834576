//! Publishers of other boxes in a room here, and ours in rooms there.

use std::format;
use std::string::String;
use std::vec::Vec;

use super::client::{World, number};
use crate::id::LinkId;
use crate::link::ingress_place;
use crate::media::{CloseReason, Command, Notice, OpenIngress, RelayDestination, RelayParameters, StreamParameters};
use crate::wire::{Codec, Extension};

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd";

const SOUND: &str = r#"{"mindex":0,"mid":"a","type":"audio","codec":"opus","fec":true,"stereo":true}"#;
const PICTURE: &str = r#"{"mindex":1,"mid":"v","type":"video","codec":"vp8","simulcast":true}"#;

/// Somebody in room 7, who asks.
struct Asking {
    world: World,
    session: u64,
    handle: u64,
    feed: u64,
}

impl Asking {
    fn new() -> Self {
        Self::with(World::new())
    }

    fn with(mut world: World) -> Self {
        let (session, handle, feed) = world.publisher(0);
        world.texts();
        world.commands();
        Self { world, session, handle, feed }
    }

    /// What comes of `request` with these `members` about room 7.
    fn ask(&mut self, request: &str, members: &str) -> String {
        let body = format!(r#"{{"request":"{request}","room":7,{members}}}"#);
        self.world.ask(0, self.session, self.handle, &body)
    }

    fn add(&mut self, members: &str) -> String {
        self.ask("add_remote_publisher", &format!(r#"{members}"streams":[{SOUND},{PICTURE}]"#))
    }

    fn publish(&mut self, members: &str) -> String {
        let feed = self.feed;
        let members = format!(r#""publisher_id":{feed},"host":"10.0.0.2","port":40000,{members}"#);
        self.ask("publish_remotely", &members)
    }

    fn relays(&mut self) -> Vec<RelayParameters> {
        let relays = self.world.commands().into_iter().filter_map(|command| match command {
            Command::AddRelay(parameters) => Some(parameters),
            _ => None,
        });
        relays.collect()
    }

    fn removed_relays(&mut self) -> usize {
        self.world.commands().iter().filter(|command| matches!(command, Command::RemoveRelay { .. })).count()
    }
}

fn opened(commands: &[Command]) -> Option<OpenIngress> {
    commands.iter().find_map(|command| match command {
        Command::OpenIngress(open) => Some(*open),
        _ => None,
    })
}

fn streams(commands: &[Command]) -> Vec<&StreamParameters> {
    let streams = commands.iter().filter_map(|command| match command {
        Command::ConfigureStream(parameters) => Some(parameters),
        _ => None,
    });
    streams.collect()
}

#[test]
fn a_publisher_of_another_box_is_one_of_the_room_at_once() {
    let mut asking = Asking::new();
    let said = asking.add(r#""id":55,"display":"Far","#);
    assert!(said.contains(r#""videoroom":"success","room":7,"id":55,"ip":"10.0.0.1""#), "{said}");
    let port = number(&said, "port");
    assert_eq!(port, number(&said, "rtcp_port"));
    let commands = asking.world.commands();
    let open = opened(&commands).unwrap();
    assert_eq!((port, open.silence_ms), (40_000 + u64::from(open.link.index), 10_000));
    assert!(open.keys.is_none());
    let streams = streams(&commands);
    assert_eq!(streams.iter().map(|it| it.codec).collect::<Vec<_>>(), [Codec::Opus, Codec::Vp8]);
    assert_eq!(streams.iter().map(|it| it.encodings.len()).collect::<Vec<_>>(), [1, 3]);
    assert_eq!(streams.iter().map(|it| it.ingress_stream).collect::<Vec<_>>(), [Some(0), Some(1)]);
    assert!(streams.iter().all(|it| it.link == open.link && it.feedback.pli && !it.feedback.nack));
    let told = asking.world.texts().join("\n");
    assert!(
        told.contains(r#""publishers":[{"id":55,"display":"Far""#) && told.contains(r#""simulcast":true"#),
        "{told}"
    );
    assert!(told.contains(r#""fec":true"#) && told.contains(r#""stereo":true"#), "{told}");
    let (session, handle) = asking.world.subscriber(1, 55);
    let list = asking.world.ask(1, session, handle, r#"{"request":"listparticipants","room":7}"#);
    assert!(list.contains(r#"{"id":55,"display":"Far","publisher":true"#), "{list}");
}

#[test]
fn one_that_is_removed_or_silent_is_gone_for_all_and_leaves_nothing() {
    for is_silent in [false, true] {
        let mut asking = Asking::new();
        let before = asking.world.sizes();
        asking.add(r#""id":55,"#);
        let link = opened(&asking.world.commands()).unwrap().link;
        let (_, _) = asking.world.subscriber(1, 55);
        asking.world.texts();
        match is_silent {
            true => asking.world.notice(Notice::Closed { link, reason: CloseReason::Silent }),
            false => {
                let said = asking.ask("remove_remote_publisher", r#""id":55"#);
                assert!(said.contains(r#""videoroom":"success","room":7,"id":55"#), "{said}");
                asking.world.notice(Notice::Closed { link, reason: CloseReason::Asked });
            }
        }
        let told = asking.world.texts().join("\n");
        assert!(told.contains(r#""unpublished":55"#) && told.contains(r#""leaving":55"#), "{told}");
        assert!(told.contains(r#""type":"offer""#), "those who watch hear of it: {told}");
        assert!(asking.world.heard.ingress.is_empty());
        asking.world.drop_connection(1);
        asking.world.close_links();
        assert_eq!(asking.world.sizes(), before);
        assert!(asking.ask("remove_remote_publisher", r#""id":55"#).contains(r#""error_code":428"#));
    }
}

#[test]
fn one_that_is_kicked_or_whose_room_ends_leaves_nothing() {
    for request in [r#"{"request":"kick","room":7,"id":55}"#, r#"{"request":"destroy","room":7}"#] {
        let mut asking = Asking::new();
        asking.add(r#""id":55,"#);
        asking.world.ask(0, asking.session, asking.handle, request);
        asking.world.close_links();
        assert!(asking.world.heard.ingress.is_empty(), "{request}");
        assert!(!asking.world.control.state.handles.iter().any(|(_, entry)| entry.is_remote()), "{request}");
    }
}

#[test]
fn a_local_publisher_is_no_remote_one_to_be_removed() {
    let mut asking = Asking::new();
    let feed = asking.feed;
    let said = asking.ask("remove_remote_publisher", &format!(r#""id":{feed}"#));
    assert!(said.contains(r#""error_code":428"#), "{said}");
}

#[test]
fn an_update_adds_and_disables_m_lines_and_renames() {
    let mut asking = Asking::new();
    asking.add(r#""id":55,"display":"Far","#);
    asking.world.texts();
    asking.world.commands();
    let screen = r#"{"mindex":2,"mid":"s","type":"video","codec":"vp9","vp9-profile":"2","description":"Screen"}"#;
    let gone = r#"{"mindex":1,"mid":"v","type":"video","disabled":true}"#;
    let members = format!(r#""id":55,"display":"Farther","streams":[{screen},{gone}]"#);
    let said = asking.ask("update_remote_publisher", &members);
    assert!(said.contains(r#""videoroom":"success""#), "{said}");
    let commands = asking.world.commands();
    let added = streams(&commands);
    assert_eq!(added.iter().map(|it| (it.codec, it.ingress_stream)).collect::<Vec<_>>(), [(Codec::Vp9, Some(2))]);
    assert!(commands.iter().any(|command| matches!(command, Command::RemoveStream { .. })));
    let told = asking.world.texts().join("\n");
    for part in [r#""display":"Farther""#, r#""description":"Screen""#, r#""vp9_profile":"2""#, r#""disabled":true"#] {
        assert!(told.contains(part), "{part} in {told}");
    }
    let far = r#""id":55,"streams":[{"mindex":4,"mid":"x","type":"video","codec":"vp8"}]"#;
    assert!(asking.ask("update_remote_publisher", far).contains(r#""error_code":430"#), "a place is left out");
}

#[test]
fn other_keys_replace_those_before() {
    let mut asking = Asking::new();
    asking.add(&format!(r#""id":55,"srtp_suite":32,"srtp_crypto":"{KEY}","#));
    let open = opened(&asking.world.commands()).unwrap();
    assert!(open.keys.is_some_and(|keys| keys.has_short_tags));
    let other = format!(r#""id":55,"srtp_suite":80,"srtp_crypto":"{KEY}""#);
    asking.ask("update_remote_publisher", &other);
    let secured = |command: &Command| match command {
        Command::SecureIngress { link, keys } => *link == open.link && keys.is_some_and(|keys| !keys.has_short_tags),
        _ => false,
    };
    assert!(asking.world.commands().iter().any(secured));
}

#[test]
fn what_is_wrong_about_a_remote_publisher_is_refused_by_name_and_leaves_nothing() {
    let mut asking = Asking::new();
    let before = asking.world.sizes();
    let feed = asking.feed;
    for (members, code, field) in [
        (format!(r#""id":{feed},"streams":[{SOUND}]"#), 436, "already exists"),
        (r#""streams":[]"#.into(), 430, "streams"),
        (r#""streams":[{"mindex":1,"mid":"a","type":"audio","codec":"opus"}]"#.into(), 430, "mindex"),
        (format!(r#""streams":[{SOUND},{SOUND}]"#), 430, "mindex"),
        (r#""streams":[{"mindex":16,"mid":"a","type":"audio","codec":"opus"}]"#.into(), 430, "mindex"),
        (r#""streams":[{"mindex":0,"mid":"a","type":"audio"}]"#.into(), 429, "codec"),
        (r#""streams":[{"mindex":0,"mid":"a","type":"audio","codec":"vp8"}]"#.into(), 430, "codec"),
        (r#""streams":[{"mindex":0,"mid":"a","type":"smell","codec":"opus"}]"#.into(), 430, "type"),
        (
            r#""streams":[{"mindex":0,"mid":"a","type":"audio","codec":"opus","audiolevel_ext_id":256}]"#.into(),
            430,
            "ext_id",
        ),
        (format!(r#""mcast":"239.0.0.1","streams":[{SOUND}]"#), 430, "mcast"),
        (format!(r#""port":70000,"streams":[{SOUND}]"#), 430, "port"),
        (format!(r#""port":1,"streams":[{SOUND}]"#), 499, "port"),
        (format!(r#""srtp_suite":33,"srtp_crypto":"{KEY}","streams":[{SOUND}]"#), 430, "suite"),
        (format!(r#""srtp_suite":80,"srtp_crypto":"short","streams":[{SOUND}]"#), 430, "srtp_crypto"),
        (format!(r#""srtp_suite":80,"streams":[{SOUND}]"#), 430, "srtp_crypto"),
    ] {
        let said = asking.ask("add_remote_publisher", &members);
        assert!(said.contains(&format!(r#""error_code":{code}"#)) && said.contains(field), "{members}: {said}");
        assert_eq!(asking.world.sizes(), before, "{members}");
        assert!(asking.world.heard.ingress.is_empty(), "{members}");
    }
}

#[test]
fn a_full_table_of_remote_publishers_is_named_on_both_sides() {
    let mut asking = Asking::with(World::with(|settings| settings.limits.remote_publishers = 1));
    assert!(asking.add("").contains("success"));
    let said = asking.add("");
    assert!(said.contains("No place left: remote_publishers (1)"), "{said}");
    assert!(asking.publish(r#""remote_id":"b""#).contains("success"));
    let said = asking.publish(r#""remote_id":"c""#);
    assert!(said.contains("No place left: remote_publishers (1)"), "{said}");
}

#[test]
fn a_publisher_goes_to_another_box_one_relay_for_each_m_line_and_each_says_which() {
    let mut asking = Asking::new();
    let said = asking.publish(&format!(r#""remote_id":"b","rtcp_port":40001,"srtp_suite":80,"srtp_crypto":"{KEY}""#));
    let feed = asking.feed;
    assert!(said.contains(&format!(r#""videoroom":"success","room":7,"id":{feed},"remote_id":"b""#)), "{said}");
    let relays = asking.relays();
    assert_eq!(relays.iter().map(|it| ingress_place(it.ssrc)).collect::<Vec<_>>(), [(0, 0), (1, 0)]);
    assert_eq!(relays[0].extensions.id(Extension::AudioLevel), Some(1));
    for relay in &relays {
        let RelayDestination::Address { remote, rtcp, keys } = relay.destination else { panic!("a file") };
        assert_eq!((remote, rtcp), ("10.0.0.2:40000".parse().unwrap(), Some("10.0.0.2:40001".parse().unwrap())));
        assert!(keys.is_some());
    }
    let list = asking.ask("list_remotes", &format!(r#""publisher_id":{feed}"#));
    let entry = r#""list":[{"id":"b","host":"10.0.0.2","port":40000,"rtcp_port":40001,"srtp":true}]"#;
    assert!(list.contains(entry), "{list}");
    let forwarders = asking.ask("listforwarders", r#""secret":"""#);
    assert!(forwarders.contains(r#""publishers":[]"#), "it is no forwarder: {forwarders}");
    let said = asking.ask("unpublish_remotely", &format!(r#""publisher_id":{feed},"remote_id":"b""#));
    assert!(said.contains("success"), "{said}");
    assert_eq!(asking.removed_relays(), 2);
    assert!(asking.ask("list_remotes", &format!(r#""publisher_id":{feed}"#)).contains(r#""list":[]"#));
}

#[test]
fn who_publishes_again_goes_there_again_under_other_ssrcs_until_they_leave() {
    let mut asking = Asking::new();
    asking.publish(r#""remote_id":"b""#);
    let first: Vec<u32> = asking.relays().iter().map(|it| it.ssrc).collect();
    asking.world.ask(0, asking.session, asking.handle, r#"{"request":"unpublish"}"#);
    assert_eq!(asking.removed_relays(), 2);
    asking.world.close_links();
    let offer = Some(("offer", super::client::OFFER));
    asking.world.ask_with(0, asking.session, asking.handle, r#"{"request":"publish"}"#, offer);
    let link: LinkId = asking.world.last_link();
    asking.world.notice(Notice::Up { link });
    let second: Vec<u32> = asking.relays().iter().map(|it| it.ssrc).collect();
    assert_eq!(second.len(), 2);
    assert!(first.iter().all(|ssrc| !second.contains(ssrc)), "one key, two streams, and one SSRC");
    asking.world.ask(0, asking.session, asking.handle, r#"{"request":"leave"}"#);
    assert!(asking.world.control.state.shards[0].remotes.is_empty());
    assert_eq!(asking.world.sizes()[6], 0);
}

#[test]
fn what_may_not_be_sent_is_not() {
    let mut asking = Asking::new();
    let feed = asking.feed;
    let to = |host: &str, port: &str, name: &str| {
        format!(r#""publisher_id":{feed},"host":"{host}","port":{port},"remote_id":"{name}""#)
    };
    for (members, code) in [
        (to("192.0.2.1", "5000", "b"), 433),
        (to("nowhere", "5000", "b"), 430),
        (to("10.0.0.2", "0", "b"), 430),
        (to("10.0.0.2", "65536", "b"), 430),
        (r#""publisher_id":1,"host":"10.0.0.2","port":5000,"remote_id":"b""#.into(), 428),
    ] {
        let said = asking.ask("publish_remotely", &members);
        assert!(said.contains(&format!(r#""error_code":{code}"#)), "{members}: {said}");
    }
    assert!(asking.relays().is_empty());
    assert!(asking.publish(r#""remote_id":"b""#).contains("success"));
    assert!(asking.publish(r#""remote_id":"b""#).contains(r#""error_code":436"#));
    let unknown = format!(r#""publisher_id":{feed},"remote_id":"c""#);
    assert!(asking.ask("unpublish_remotely", &unknown).contains(r#""error_code":428"#));
}

#[test]
fn where_forwarding_is_locked_the_administrators_key_is_asked_for() {
    let lock = |settings: &mut crate::control::Settings| {
        settings.lock_rtp_forward = true;
        settings.admin_key = "key".try_into().unwrap();
    };
    let mut world = World::with(lock);
    world.control.add_room(crate::room::RoomSettings { room: 7.into(), ..Default::default() }).unwrap();
    let mut asking = Asking::with(world);
    assert!(asking.add("").contains(r#""error_code":429"#));
    assert!(asking.add(r#""admin_key":"wrong","#).contains(r#""error_code":433"#));
    assert!(asking.add(r#""admin_key":"key","#).contains("success"));
    assert!(asking.publish(r#""remote_id":"b""#).contains(r#""error_code":429"#));
    assert!(asking.publish(r#""remote_id":"b","admin_key":"key""#).contains("success"));
}

#[test]
fn the_secret_of_the_room_is_asked_for() {
    let mut world = World::new();
    let settings =
        crate::room::RoomSettings { room: 7.into(), secret: Some("open".try_into().unwrap()), ..Default::default() };
    world.control.add_room(settings).unwrap();
    let mut asking = Asking::with(world);
    assert!(asking.add("").contains(r#""error_code":429"#));
    assert!(asking.add(r#""secret":"wrong","#).contains(r#""error_code":433"#));
    assert!(asking.add(r#""secret":"open","#).contains("success"));
    assert!(asking.publish(r#""remote_id":"b""#).contains(r#""error_code":429"#));
}

#[test]
fn nobody_behind_them_keeps_a_drain_waiting() {
    let mut asking = Asking::new();
    asking.add(r#""id":55,"#);
    asking.world.drop_connection(0);
    asking.world.close_links();
    let now = asking.world.now;
    asking.world.control.drain(now, &mut asking.world.heard);
    asking.world.control.tick(now, &mut asking.world.heard);
    assert_eq!(asking.world.heard.drained, 1);
}
