//! How the server and its people are, as administrators ask.

use std::format;
use std::string::String;

use super::client::{LIMITS, World, number};
use crate::limits::Limits;
use crate::link::Route;
use crate::media::{Delivery, LimitedBy, Notice, SentLayers};
use crate::stream::Traffic;

/// A publisher and somebody who watches, with traffic: session and handle of each.
fn meeting(world: &mut World) -> [(u64, u64); 2] {
    let (session, handle, id) = world.publisher(0);
    let watcher = world.subscriber(1, id);
    let mut traffic = Traffic::default();
    traffic.count(700);
    (traffic.lost_packets, traffic.jitter, traffic.round_trip_us) = (4, 960, 12_000);
    let shard = &world.control.state.shards[0];
    let (streams, subscriptions) = (&shard.streams, &shard.subscriptions);
    let (audio, video) = (streams.id_at(0).unwrap().into(), streams.id_at(1).unwrap().into());
    let [heard, seen] = [0, 1].map(|place| subscriptions.id_at(place).unwrap().into());
    world.notice(Notice::Arrived { stream: audio, traffic });
    let delivery = Delivery { limited_by: LimitedBy::Nothing, way_bps: Some(300_000) };
    world.notice(Notice::Sent { subscription: heard, traffic, delivery });
    let delivery = Delivery { limited_by: LimitedBy::Bandwidth, ..delivery };
    world.notice(Notice::Sent { subscription: seen, traffic, delivery });
    let layers = SentLayers { encoding: Some(1), spatial: None, temporal: Some(2) };
    world.notice(Notice::Layers { subscription: seen, stream: video, layers });
    [(session, handle), watcher]
}

#[test]
fn every_table_is_told_with_its_use_and_limit_and_drops_by_cause() {
    let mut world = World::new();
    meeting(&mut world);
    let said = world.administer(r#""janus":"server_status""#);
    for part in [
        // Three clients and one administrator for each of three transports.
        r#"{"name":"connections","used":12,"limit":128}"#,
        r#"{"name":"sessions","used":2,"limit":4}"#,
        r#"{"name":"rooms","used":1,"limit":2}"#,
        r#"{"name":"publishers","shard":0,"used":1,"limit":3}"#,
        r#"{"name":"subscribers","shard":0,"used":1,"limit":3}"#,
        r#"{"name":"streams","shard":0,"used":2,"limit":9}"#,
        r#"{"name":"packets","shard":0,"used":5,"limit":10}"#,
        r#""replay":3,"no_keys":0"#,
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
}

#[test]
fn people_are_told_with_their_streams_and_why_they_get_less() {
    let mut world = World::new();
    meeting(&mut world);
    let said = world.administer(r#""janus":"people_status","room":7"#);
    for part in [
        r#""role":"publisher""#,
        r#""kind":"audio","codec":"opus","active":true,"packets":1,"bytes":700,"bitrate_bps":0,"lost":4,"nacks":0,"jitter_ms":20"#,
        r#""watchers":1"#,
        r#""role":"subscriber","ready":true,"way_bps":300000"#,
        r#""rtt_ms":12"#,
        r#""layers":{"substream":1,"temporal":2},"limited_by":"bandwidth""#,
        r#""limited_by":"none""#,
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    assert!(world.administer(r#""janus":"people_status","room":8"#).contains(r#""people":[]"#));
    let rooms = world.administer(r#""janus":"room_status""#);
    assert!(rooms.contains(r#""participants":1,"publishers":1,"subscribers":1,"max_publishers":3"#), "{rooms}");
    assert!(world.administer(r#""janus":"people_status","first":"x""#).contains(r#""code":467"#));
}

#[test]
fn a_list_longer_than_a_message_comes_in_parts() {
    const PEOPLE: usize = 150;
    let limits = Limits { handles: PEOPLE as u16, ..LIMITS };
    let mut world = World::with(|settings| settings.limits = limits);
    let numbers = world.session(0, PEOPLE);
    world.ask(0, numbers[0], numbers[1], r#"{"request":"create","room":7,"publishers":200}"#);
    // Each letter takes six bytes in JSON.
    let display = "\\u0001".repeat(120);
    for handle in &numbers[1..] {
        let body = format!(r#"{{"request":"join","ptype":"publisher","room":7,"display":"{display}"}}"#);
        assert!(world.ask(0, numbers[0], *handle, &body).contains("joined"));
    }
    let (mut told, mut parts, mut first) = (String::new(), 0, 0);
    loop {
        let said = world.administer(&format!(r#""janus":"people_status","first":{first}"#));
        assert!(said.contains(r#""people":["#), "{said}");
        told += &said;
        parts += 1;
        if !said.contains(r#""next""#) {
            break;
        }
        first = number(&said, "next");
    }
    assert!(parts > 1, "it fits one message");
    for handle in &numbers[1..] {
        assert_eq!(told.matches(&format!(r#""handle_id":{handle},"#)).count(), 1, "{handle}");
    }
    let beyond = world.administer(r#""janus":"people_status","first":99999"#);
    assert!(beyond.contains(r#""people":[]"#) && !beyond.contains("next"), "{beyond}");
}

#[test]
fn a_peer_connection_has_statistics_by_the_identifiers_of_webrtc() {
    let mut world = World::new();
    let [publisher, watcher] = meeting(&mut world);
    let link = world.control.state.shards[0].links.id_at(1).unwrap().into();
    let route = Route { remote: ([10, 0, 0, 9], 4000).into(), local: [10, 0, 0, 1].into() };
    world.notice(Notice::Route { link, route });
    let mut ask = |(session, handle): (u64, u64)| {
        let place = format!(r#""session_id":{session},"handle_id":{handle}"#);
        world.administer(&format!(r#""janus":"handle_statistics",{place}"#))
    };
    let said = ask(publisher);
    for part in [
        r#""id":"I-0","type":"inbound-rtp""#,
        r#""kind":"audio","mid":"0","transportId":"T","codecId":"C-0","packetsReceived":1,"bytesReceived":700,"packetsLost":4,"jitter":0.02,"#,
        r#""mimeType":"audio/opus","clockRate":48000"#,
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
    let said = ask(watcher);
    for part in [
        r#""id":"O-1","type":"outbound-rtp""#,
        r#""remoteId":"RI-1","active":true,"packetsSent":1,"bytesSent":700,"nackCount":0,"qualityLimitationReason":"bandwidth""#,
        r#""localId":"O-1","packetsLost":4"#,
        r#""roundTripTime":0.012"#,
        r#""type":"candidate-pair""#,
        r#""currentRoundTripTime":0.012,"availableOutgoingBitrate":300000"#,
        r#""id":"R","type":"remote-candidate""#,
        r#""address":"10.0.0.9","port":4000,"protocol":"udp","candidateType":"prflx""#,
    ] {
        assert!(said.contains(part), "{part} in {said}");
    }
}
