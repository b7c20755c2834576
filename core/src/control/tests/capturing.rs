//! Captures as administrators begin and end them.

use std::format;
use std::string::String;
use std::vec::Vec;

use super::client::World;
use crate::link::{Tap, TapExtent};
use crate::media::Command;

impl World {
    fn capture(&mut self, request: &str, (session, handle): (u64, u64), more: &str) -> String {
        self.administer(&format!(r#""janus":"{request}","session_id":{session},"handle_id":{handle}{more}"#))
    }

    /// What the shard was told to copy since the last time.
    fn taps(&mut self) -> Vec<Option<Tap>> {
        let tap = |command| if let Command::Capture { tap, .. } = command { Some(tap) } else { None };
        self.commands().into_iter().filter_map(tap).collect()
    }
}

#[test]
fn the_shard_copies_as_long_as_a_capture_lasts() {
    let mut world = World::new();
    let (session, handle, _) = world.publisher(0);
    let one = (session, handle);
    assert!(world.capture("stop_pcap", one, "").contains(r#""code":490"#));
    let said = world.capture("start_pcap", one, r#","filename":"a","truncate":70000"#);
    assert_eq!(said, r#"{"janus":"success","transaction":"t"}"#);
    let taps = world.taps();
    assert!(matches!(taps[..], [Some(Tap { extent: TapExtent::Bytes(u16::MAX), .. })]), "{taps:?}");
    let info = world.capture("handle_info", one, "");
    assert!(info.contains(r#""dump-to-pcap":true,"pcap-file":"here/a""#), "{info}");
    let people = world.administer(r#""janus":"people_status""#);
    assert!(people.contains(r#""ready":true,"capture":"here/a""#), "{people}");
    for request in ["start_pcap", "start_text2pcap"] {
        assert!(world.capture(request, one, "").contains("already started"));
    }
    assert!(world.capture("stop_text2pcap", one, "").contains("success"), "either ends the other's");
    assert_eq!(world.taps(), [None]);
    assert_eq!(world.heard.captures, []);
    assert!(!world.administer(r#""janus":"people_status""#).contains("capture"));
}

#[test]
fn headers_alone_are_captured_for_who_asks_for_no_more() {
    let mut world = World::new();
    let (session, handle, _) = world.publisher(0);
    for (more, extent) in [
        (r#","headers":true"#, TapExtent::Headers),
        (r#","headers":true,"truncate":9"#, TapExtent::Headers),
        (r#","headers":false"#, TapExtent::Whole),
        (r#","truncate":0"#, TapExtent::Whole),
    ] {
        world.capture("start_pcap", (session, handle), more);
        let taps = world.taps();
        assert!(matches!(taps[..], [Some(tap)] if tap.extent == extent), "{more}: {taps:?}");
        world.capture("stop_pcap", (session, handle), "");
        world.taps();
    }
    assert!(world.capture("start_pcap", (session, handle), r#","headers":1"#).contains(r#""code":467"#));
}

#[test]
fn a_capture_waits_for_a_connection_and_ends_with_the_handle() {
    let mut world = World::new();
    let (_, _, feed) = world.publisher(0);
    let numbers = world.session(1, 1);
    let one = (numbers[0], numbers[1]);
    assert!(world.capture("start_text2pcap", one, r#","truncate":12"#).contains("success"));
    assert!(world.taps().is_empty());
    let body = format!(r#"{{"request":"join","ptype":"subscriber","room":7,"streams":[{{"feed":{feed}}}]}}"#);
    world.ask(1, one.0, one.1, &body);
    let taps = world.taps();
    assert!(matches!(taps[..], [Some(Tap { extent: TapExtent::Bytes(12), .. })]), "{taps:?}");
    assert!(world.capture("handle_info", one, "").contains(r#""text2pcap-file":"here/usual""#));
    world.drop_connection(1);
    assert_eq!((world.heard.captures.len(), world.control.state.captures.len()), (0, 0));
}

#[test]
fn what_cannot_be_written_is_refused_with_the_reason() {
    let mut world = World::new();
    let numbers = world.session(0, 6);
    let said = world.capture("start_pcap", (numbers[0], numbers[1]), r#","folder":"elsewhere""#);
    assert!(said.contains("Error starting pcap dump: only here"), "{said}");
    for more in [r#","truncate":-1"#, r#","folder":5"#, &format!(r#","filename":"{}""#, "x".repeat(257))] {
        assert!(world.capture("start_pcap", (numbers[0], numbers[1]), more).contains(r#""code":467"#), "{more}");
    }
    for handle in &numbers[1..5] {
        assert!(world.capture("start_pcap", (numbers[0], *handle), "").contains("success"));
    }
    let said = world.capture("start_pcap", (numbers[0], numbers[5]), "");
    assert!(said.contains("No place left: captures (4)"), "{said}");
}

#[test]
fn a_file_that_takes_no_more_ends_its_capture() {
    let mut world = World::new();
    let (session, handle, _) = world.publisher(0);
    world.capture("start_pcap", (session, handle), "");
    let capture = world.heard.captures[0];
    world.control.capture_ended(world.now, capture, &mut world.heard);
    assert!(matches!(world.taps()[..], [Some(_), None]));
    assert!(world.capture("stop_pcap", (session, handle), "").contains(r#""code":490"#));
}
