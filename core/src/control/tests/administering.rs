//! What administrators ask and change.

use super::client::World;
use crate::control::{Origin, Transport};
use crate::id::ConnectionId;
use crate::link::Route;
use crate::media::{Command, Notice, Settings};
use crate::stream::Traffic;
use std::format;
use std::string::String;

/// The administrator's connection.
const ADMIN: u16 = 9;

impl World {
    /// What an administrator is told to `request`, the inside of a message without secret and transaction.
    pub(super) fn administer(&mut self, request: &str) -> String {
        self.administer_bare(&format!(r#"{{"transaction":"t","admin_secret":"overlord",{request}}}"#))
    }

    fn administer_bare(&mut self, text: &str) -> String {
        let before = self.heard.texts.len();
        let origin = Origin::new(ConnectionId::new(ADMIN, 0), Transport::Http);
        self.control.administer(self.now, origin, text.as_bytes(), &mut self.heard);
        let said = self.heard.texts[before..].iter().find(|(connection, _)| *connection == ADMIN);
        said.map(|(_, text)| text.clone()).unwrap()
    }
}

#[test]
fn nothing_but_ping_and_info_is_said_without_the_secret() {
    let mut world = World::new();
    world.session(0, 1);
    for secret in ["", r#","admin_secret":"overlore""#, r#","admin_secret":5"#, r#","admin_secret":"overlord ""#] {
        for request in ["list_sessions", "get_status", "nosuch"] {
            let said = world.administer_bare(&format!(r#"{{"janus":"{request}","transaction":"t"{secret}}}"#));
            assert!(said.contains(r#""code":403"#), "{said}");
        }
    }
    assert!(world.administer_bare(r#"{"janus":"ping","transaction":"t"}"#).contains("pong"));
    assert!(world.administer_bare(r#"{"janus":"info","transaction":"t"}"#).contains("server_info"));
    assert!(world.administer(r#""janus":"list_sessions""#).contains("success"));
}

#[test]
fn a_session_ends_when_its_own_timeout_is_over() {
    let mut world = World::new();
    let (one, other) = (world.session(0, 0)[0], world.session(1, 0)[0]);
    let said = world.administer(&format!(r#""janus":"set_session_timeout","session_id":{one},"timeout":5"#));
    assert!(said.contains(r#""timeout":5"#), "{said}");
    world.now = world.now.after_ms(5_000);
    world.control.tick(world.now, &mut world.heard);
    let listed = world.administer(r#""janus":"list_sessions""#);
    assert!(listed.contains(&format!(r#""sessions":[{other}]"#)), "{listed}");
    world.administer(r#""janus":"set_session_timeout","timeout":1"#);
    world.now = world.now.after_ms(1_000);
    world.control.tick(world.now, &mut world.heard);
    assert_eq!(world.sizes()[0], 0);
}

#[test]
fn new_sessions_can_be_refused_for_a_while() {
    let mut world = World::new();
    world.administer(r#""janus":"accept_new_sessions","accept":false"#);
    let create = r#"{"janus":"create","transaction":"c"}"#;
    assert!(world.say(0, create)[0].contains(r#""code":472"#));
    assert!(world.say(0, r#"{"janus":"info","transaction":"i"}"#)[0].contains(r#""accepting-new-sessions":false"#));
    world.administer(r#""janus":"accept_new_sessions","accept":true"#);
    assert!(world.say(0, create)[0].contains("success"));
}

#[test]
fn what_the_shards_should_know_is_told_to_them() {
    let mut world = World::new();
    world.administer(r#""janus":"set_slowlink_threshold","slowlink_threshold":7"#);
    world.administer(r#""janus":"set_no_media_timer","no_media_timer":3"#);
    let mut told = world.commands().into_iter().filter_map(|command| match command {
        Command::Configure(settings) => Some(settings),
        _ => None,
    });
    assert_eq!(told.next_back(), Some(Settings { slow_link_packets: 7, silence_ms: 3000, ..Settings::default() }));
    let status = world.administer(r#""janus":"get_status""#);
    assert!(status.contains(r#""no_media_timer":3,"slowlink_threshold":7"#), "{status}");
}

#[test]
fn a_publisher_and_a_subscriber_are_told_whole() {
    let mut world = World::new();
    let (session, handle, id) = world.publisher(0);
    let (watching, watcher) = world.subscriber(1, id);
    let mut traffic = Traffic::default();
    traffic.count(700);
    let stream = world.control.state.shards[0].streams.id_at(0).unwrap().into();
    world.notice(Notice::Arrived { stream, traffic });
    let link = world.control.state.shards[0].links.id_at(0).unwrap().into();
    for port in [4000, 4001] {
        let route = Route { remote: ([10, 0, 0, 9], port).into(), local: [10, 0, 0, 1].into() };
        world.notice(Notice::Route { link, route });
    }
    let said = world.administer(&format!(r#""janus":"handle_info","session_id":{session},"handle_id":{handle}"#));
    assert!(
        said.contains(r#""in":{"packets":1,"bytes":700"#) && said.contains(r#""dtls-state":"connected""#),
        "{said}"
    );
    let extension = r#""extensions":{"urn:ietf:params:rtp-hdrext:ssrc-audio-level":1"#;
    let candidate = r#""local-candidates":["1 1 udp 2130706431 10.0.0.1 7000 typ host"]"#;
    let remote = r#""remote-candidates":["2 1 udp 1862270975 10.0.0.9 4001 typ prflx"]"#;
    let pair = r#""selected-pair":"10.0.0.1:7000 [host,udp] <-> 10.0.0.9:4001 [prflx,udp]""#;
    for part in [extension, candidate, remote, pair, r#""codecs":{"pt":111,"codec":"opus"}"#] {
        assert!(said.contains(part), "{part} in {said}");
    }
    for part in [r#""type":"publisher""#, &format!(r#""id":{id}"#), r#""subscribers":1"#, r#""ready":true"#] {
        assert!(said.contains(part), "{part} in {said}");
    }
    let said = world.administer(&format!(
        r#""janus":"handle_info","session_id":{watching},"handle_id":{watcher},"plugin_only":true"#
    ));
    for part in [r#""type":"subscriber""#, r#""answered":true"#, r#""pending_offer":false"#] {
        assert!(said.contains(part), "{part} in {said}");
    }
    assert!(!said.contains("flags"), "{said}");
}

#[test]
fn an_administrator_ends_media_handles_and_sessions() {
    let mut world = World::new();
    let (session, handle, _) = world.publisher(0);
    let of_handle = format!(r#""session_id":{session},"handle_id":{handle}"#);
    world.texts();
    assert!(world.administer(&format!(r#""janus":"hangup_webrtc",{of_handle}"#)).contains("success"));
    assert!(world.texts().iter().any(|text| text.contains("hangup")));
    assert!(world.administer(&format!(r#""janus":"detach_handle",{of_handle}"#)).contains("success"));
    assert!(world.administer(&format!(r#""janus":"detach_handle",{of_handle}"#)).contains("459"));
    assert!(world.administer(&format!(r#""janus":"destroy_session","session_id":{session}"#)).contains("success"));
    world.close_links();
    assert_eq!(world.sizes(), [0, 0, 1, 0, 0, 0, 0]);
}

#[test]
fn the_plugin_answers_an_administrator_without_a_handle() {
    let mut world = World::new();
    let ask = |body: &str| {
        format!(r#""janus":"message_plugin","plugin":"janus.plugin.videoroom","request":{{"request":{body}}}"#)
    };
    assert!(world.administer(&ask(r#""create","room":3"#)).contains(r#""response":{"videoroom":"created","room":3"#));
    assert!(world.administer(&ask(r#""list""#)).contains("Room 3"));
    for (body, code) in [(r#""join","room":3"#, 423), (r#""destroy","room":4"#, 426), (r#""destroy""#, 429)] {
        let said = world.administer(&ask(body));
        assert!(said.contains("success") && said.contains(&format!(r#""error_code":{code}"#)), "{said}");
    }
    assert!(world.administer(&ask(r#""destroy","room":3"#)).contains("destroyed"));
    assert_eq!(world.sizes(), [0; 7]);
}

#[test]
fn transports_and_event_handlers_say_what_they_count() {
    let mut world = World::new();
    let mut ask = |part: &str| world.administer(part);
    let said =
        ask(r#""janus":"query_transport","transport":"janus.transport.http","request":{"request":"connections"}"#);
    assert!(said.contains(r#""connections":{"http":3,"admin_http":1},"messages":4}"#), "{said}");
    for (transport, members, answer) in [
        ("http", r#""json":"plain","logging":5"#, r#""response":{"result":200}"#),
        ("http", r#""json":"tall""#, r#""notes":["Ignored unsupported indentation format"]"#),
        ("http", r#""json":5"#, r#""result":200,"error_code":413"#),
        ("websockets", r#""logging":5"#, r#""result":200,"error_code":413"#),
    ] {
        let asked =
            format!(r#""transport":"janus.transport.{transport}","request":{{"request":"configure",{members}}}"#);
        let said = ask(&format!(r#""janus":"query_transport",{asked}"#));
        assert!(said.contains(answer), "{asked} gave {said}");
    }
    for transport in ["websockets", "pfunix"] {
        let asked = format!(r#""transport":"janus.transport.{transport}","request":{{"request":"connections"}}"#);
        let said = ask(&format!(r#""janus":"query_transport",{asked}"#));
        assert!(said.contains(r#""response":{"result":200,"connections":4}"#), "{said}");
    }
    let handler = r#""janus":"query_eventhandler","handler":"janus.eventhandler."#;
    let said = ask(&format!(r#"{handler}sampleevh","request":{{"request":"statistics"}}"#));
    assert!(said.contains(r#""response":{"result":200,"events":{"waiting":2,"lost":7}}"#), "{said}");
    for (request, answer) in [
        (r#"{"request":"tweak"}"#, r#""response":{"result":200}"#),
        (r#"{"request":"nope"}"#, r#""error_code":411"#),
        ("{}", r#""error_code":412"#),
        (r#"{"request":5}"#, r#""error_code":413"#),
    ] {
        let said = ask(&format!(r#"{handler}sampleevh","request":{request}"#));
        assert!(said.contains(answer), "{said}");
    }
    assert!(ask(&format!(r#"{handler}mqttevh","request":{{"request":"tweak"}}"#)).contains(r#""code":460"#));
}
