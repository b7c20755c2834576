//! Who gets which message, and what subscribers are told of it.

use std::format;
use std::string::String;
use std::vec::Vec;

use super::client::{DATA_OFFER, World, number, sdp};
use crate::id::LinkId;
use crate::link::{DataMessage, OpenData, Role};
use crate::media::Notice;

/// Somebody with data channels: session, handle, number, link.
#[derive(Clone, Copy)]
struct Talker(u64, u64, u64, LinkId);

impl World {
    /// Somebody in room 7 who publishes data.
    fn talker(&mut self) -> Talker {
        let numbers = self.session(0, 1);
        let (session, handle) = (numbers[0], numbers[1]);
        self.ask(0, session, handle, r#"{"request":"create","room":7}"#);
        let joined = self.ask(0, session, handle, r#"{"request":"join","ptype":"publisher","room":7}"#);
        let said = self.publish_data(session, handle);
        assert!(said.contains(r#""streams":[{"type":"data","mindex":0,"mid":"0"}]"#), "{said}");
        let link = self.last_link();
        self.notice(Notice::Up { link });
        Talker(session, handle, number(&joined, "id"), link)
    }

    fn publish_data(&mut self, session: u64, handle: u64) -> String {
        self.ask_with(0, session, handle, r#"{"request":"publish"}"#, Some(("offer", DATA_OFFER)))
    }

    /// Somebody who gets what `feeds` say, and what they were told.
    fn listener(&mut self, feeds: &[Talker]) -> (Talker, String) {
        let numbers = self.session(0, 1);
        let streams: Vec<String> = feeds.iter().map(|feed| format!(r#"{{"feed":{}}}"#, feed.2)).collect();
        let streams = streams.join(",");
        let body = format!(r#"{{"request":"join","ptype":"subscriber","room":7,"streams":[{streams}]}}"#);
        let attached = self.ask(0, numbers[0], numbers[1], &body);
        self.answer(0, numbers[0], numbers[1], &attached);
        let link = self.last_link();
        self.notice(Notice::Up { link });
        (Talker(numbers[0], numbers[1], 0, link), attached)
    }

    fn says(&mut self, from: Talker, label: &str, text: &str) {
        let message = DataMessage {
            from: from.3,
            channel: 1,
            delivery: Default::default(),
            priority: 256,
            label,
            protocol: "",
            is_text: true,
            payload: text.as_bytes(),
        };
        self.control.data(self.now, 0, &message, &mut self.heard);
    }

    /// To how many a message of `from` goes.
    fn reach(&mut self, from: Talker) -> usize {
        self.heard.messages.clear();
        self.says(from, "chat", "x");
        self.heard.messages.len()
    }
}

#[test]
fn a_message_goes_to_whoever_subscribed_under_its_label_or_as_in_janus_its_publishers_name() {
    let mut world = World::new();
    let (alice, bob) = (world.talker(), world.talker());
    let opened = OpenData { link: alice.3, shard: 0, role: Role::Client, port: 5001, most_message_bytes: 1000 };
    assert_eq!(world.heard.data[0], opened);
    let (one, _) = world.listener(&[alice]);
    let (both, told) = world.listener(&[alice, bob]);
    let sources = format!(r#""sources":2,"source_ids":[{},{}]"#, alice.2, bob.2);
    assert!(told.contains(&sources) && told.matches(r#""type":"data""#).count() == 1, "{told}");
    assert!(sdp(&told).contains("a=max-message-size:65536\r\n"));
    let opened = OpenData { link: both.3, role: Role::Server, port: 5000, most_message_bytes: 65_536, shard: 0 };
    assert_eq!(world.heard.data.last(), Some(&opened));

    world.says(alice, "chat", "hello");
    world.says(bob, "JanusDataChannel", "hi");
    // As a subscriber may, whom nobody hears.
    world.says(one, "chat", "psst");
    let message = |to: Talker, label: &str, text: &str| (to.3, label.into(), text.into());
    let bobs_name = format!("{}", bob.2);
    let expected = [message(one, "chat", "hello"), message(both, "chat", "hello"), message(both, &bobs_name, "hi")];
    assert_eq!(world.heard.messages, expected);
}

#[test]
fn either_side_and_the_room_can_silence_data() {
    let mut world = World::new();
    let alice = world.talker();
    let (listener, _) = world.listener(&[alice]);
    let mut says = |talker: Talker, body: &str| {
        let said = world.ask(0, talker.0, talker.1, body);
        assert!(!said.contains("error"), "{said}");
        world.reach(alice)
    };
    for (talker, off, on) in [
        (listener, r#"{"request":"pause"}"#, r#"{"request":"start"}"#),
        (listener, r#"{"request":"configure","data":false}"#, r#"{"request":"configure","data":true}"#),
        (
            listener,
            r#"{"request":"configure","streams":[{"mid":"0","send":false}]}"#,
            r#"{"request":"configure","streams":[{"mid":"0","send":true}]}"#,
        ),
        (alice, r#"{"request":"configure","data":false}"#, r#"{"request":"configure","data":true}"#),
    ] {
        assert_eq!((says(talker, off), says(talker, on)), (0, 1), "{off}");
    }
    let moderate =
        |mute: bool| format!(r#"{{"request":"moderate","room":7,"id":{},"mid":"0","mute":{mute}}}"#, alice.2);
    assert_eq!((says(alice, &moderate(true)), says(alice, &moderate(false))), (0, 1));
}

#[test]
fn sources_of_data_come_and_go_without_another_offer() {
    let mut world = World::new();
    let (alice, bob) = (world.talker(), world.talker());
    let (listener, _) = world.listener(&[alice]);
    let mut update = |request: &str, feed: u64, more: &str| {
        let body = format!(r#"{{"request":"{request}","streams":[{{"feed":{feed}{more}}}]}}"#);
        world.ask(0, listener.0, listener.1, &body)
    };
    for said in [
        update("subscribe", bob.2, ""),
        update("subscribe", bob.2, ""),
        update("unsubscribe", alice.2, r#","mid":"0""#),
        update("unsubscribe", bob.2, r#","mid":"7""#),
    ] {
        assert!(said.contains(r#""videoroom":"updated","room":7}"#) && !said.contains("jsep"), "{said}");
    }
    assert_eq!((world.reach(alice), world.reach(bob)), (0, 1));
    let switch = format!(r#"{{"request":"switch","streams":[{{"feed":{},"mid":"0","sub_mid":"0"}}]}}"#, alice.2);
    let said = world.ask(0, listener.0, listener.1, &switch);
    assert!(said.contains(r#""changes":1"#) && said.contains(&format!(r#""source_ids":[{}]"#, alice.2)), "{said}");
    assert_eq!((world.reach(alice), world.reach(bob)), (1, 0));
    world.texts();
    world.ask(0, alice.0, alice.1, r#"{"request":"unpublish"}"#);
    assert!(world.texts().iter().all(|text| !text.contains("jsep")));
    assert_eq!(world.control.state.shards[0].data_sources.len(), 0);
}

#[test]
fn data_is_forwarded_and_recorded_message_by_message() {
    let mut world = World::new();
    let alice = world.talker();
    let body = format!(
        r#"{{"request":"rtp_forward","room":7,"publisher_id":{},"host":"127.0.0.1","data_port":4000}}"#,
        alice.2
    );
    let said = world.ask(0, alice.0, alice.1, &body);
    assert!(said.contains(r#""data":4000"#), "{said}");
    world.ask(0, alice.0, alice.1, r#"{"request":"configure","record":true,"filename":"mine"}"#);
    let (relay, file) = world.heard.recordings[0].clone();
    assert_eq!(file, "mine-data-0");
    world.says(alice, "chat", "hello");
    assert_eq!(world.heard.forwarded, [("127.0.0.1:4000".parse().unwrap(), "hello".into())]);
    assert_eq!(world.heard.recorded, [(relay, "hello".into())]);
    world.ask(0, alice.0, alice.1, r#"{"request":"configure","record":false}"#);
    world.says(alice, "chat", "bye");
    assert_eq!((world.heard.forwarded.len(), world.heard.recorded.len()), (2, 1));
}

#[test]
fn places_of_data_channels_are_counted_and_free_again() {
    let mut world = World::new();
    let alice = world.talker();
    let listeners = [world.listener(&[alice]), world.listener(&[alice])];
    let numbers = world.session(0, 2);
    for handle in &numbers[1..] {
        world.ask(0, numbers[0], *handle, r#"{"request":"join","ptype":"publisher","room":7}"#);
    }
    assert!(world.publish_data(numbers[0], numbers[1]).contains(r#""configured":"ok""#));
    let said = world.publish_data(numbers[0], numbers[2]);
    assert!(said.contains(r#""error_code":499"#) && said.contains("No place left: data channels (4)"), "{said}");
    let listener = listeners[0].0;
    world.ask(0, listener.0, listener.1, r#"{"request":"leave"}"#);
    assert!(world.publish_data(numbers[0], numbers[2]).contains(r#""configured":"ok""#));
    assert_eq!(world.reach(alice), 1);
    world.ask(0, alice.0, alice.1, r#"{"request":"unpublish"}"#);
    assert_eq!(world.reach(alice), 0, "a link that is gone");
}

#[test]
fn without_places_data_channels_are_not_negotiated() {
    let mut world = World::with(|settings| settings.limits.data_channels = 0);
    let numbers = world.session(0, 1);
    world.ask(0, numbers[0], numbers[1], r#"{"request":"create","room":7}"#);
    world.ask(0, numbers[0], numbers[1], r#"{"request":"join","ptype":"publisher","room":7}"#);
    let said = world.publish_data(numbers[0], numbers[1]);
    assert!(said.contains(r#""type":"data","mindex":0,"mid":"0","disabled":true"#), "{said}");
    assert!(world.heard.data.is_empty());
}

#[test]
fn who_loses_messages_is_told_how_many() {
    let mut world = World::new();
    let alice = world.talker();
    let (listener, _) = world.listener(&[alice]);
    world.texts();
    for link in [listener.3, alice.3] {
        world.control.data_lost(world.now, (0, link), 3, &mut world.heard);
    }
    let told = world.texts();
    assert_eq!(told.len(), 1, "a publisher is sent nothing");
    assert!(told[0].contains(r#""videoroom":"event","room":7,"mid":"0","data":"lost","messages":3}"#), "{}", told[0]);
}
