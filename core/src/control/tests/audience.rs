//! People who watch in a shard that is not their room's, and what is fed to it for them.

use std::format;
use std::string::String;
use std::vec::Vec;

use super::client::{DATA_OFFER, OFFER, World, number, simulcast_offer};
use crate::control::IngressPort;
use crate::id::{LinkId, StreamId};
use crate::link::{DataMessage, ingress_place};
use crate::media::{Command, Notice, OpenIngress, RelayParameters, SlowSource, StreamParameters};
use crate::wire::Codec;

/// Room 7 lives in shard 0, where one may watch before the next go to shard 1.
fn world() -> World {
    World::with(|settings| (settings.shards, settings.audience) = (2, 1))
}

/// What shard 0 was told to send, and shard 1 to take in.
#[derive(Default)]
struct Fed {
    relays: Vec<RelayParameters>,
    opened: Vec<OpenIngress>,
    streams: Vec<StreamParameters>,
}

impl Fed {
    fn of(commands: &[(u8, Command)]) -> Self {
        let mut fed = Self::default();
        for command in commands {
            match command {
                (0, Command::AddRelay(relay)) => fed.relays.push(relay.clone()),
                (1, Command::OpenIngress(open)) => fed.opened.push(*open),
                (1, Command::ConfigureStream(stream)) => fed.streams.push(stream.clone()),
                _ => {}
            }
        }
        fed
    }

    fn stream(&self, codec: Codec) -> StreamId {
        self.streams.iter().find(|it| it.codec == codec).unwrap().stream
    }
}

/// The sources that subscriptions in `shard` were given.
fn sources(commands: &[(u8, Command)], shard: u8) -> Vec<StreamId> {
    let told = commands.iter().filter(|(number, _)| *number == shard).filter_map(|(_, command)| match command {
        Command::Subscribe(parameters) => parameters.stream,
        Command::Switch { stream, .. } => *stream,
        _ => None,
    });
    told.collect()
}

/// How many entries shard 1 has: links, streams, subscriptions, publishers of others; and shard 0 of relays.
fn far(world: &World) -> [usize; 5] {
    let [home, far] = [0, 1].map(|shard| &world.control.state.shards[shard]);
    [far.links.len(), far.streams.len(), far.subscriptions.len(), far.cascades.len(), home.relays.len()]
}

fn pass(world: &mut World, seconds: u64) {
    for _ in 0..seconds {
        world.now = world.now.after_ms(1000);
        world.control.tick(world.now, &mut world.heard);
    }
}

#[test]
fn the_next_are_served_by_another_shard_which_is_fed_once() {
    let mut world = world();
    let (_, _, feed) = world.publisher(0);
    world.addressed();
    world.subscriber(1, feed);
    assert_eq!(far(&world), [0; 5], "the first is served at home");
    world.addressed();
    world.subscriber(2, feed);
    let commands = world.addressed();
    let fed = Fed::of(&commands);
    assert_eq!(world.heard.ingress, [(fed.opened[0].link, IngressPort::Loopback)]);
    assert_eq!(fed.streams.iter().map(|it| it.codec).collect::<Vec<_>>(), [Codec::Opus, Codec::Vp8]);
    assert!(fed.streams.iter().all(|it| it.link == fed.opened[0].link && it.feedback.pli && !it.feedback.nack));
    assert_eq!(sources(&commands, 1), fed.streams.iter().map(|it| it.stream).collect::<Vec<_>>());
    for (relay, stream) in fed.relays.iter().zip(&fed.streams) {
        assert!(relay.is_cascade && relay.destination_keys() == fed.opened[0].keys.map(|keys| keys.master.key));
        assert_eq!(relay.rtcp(), Some(IngressPort::loopback(40_000 + fed.opened[0].link.index)));
        assert_eq!(Some(ingress_place(relay.ssrc).0), stream.ingress_stream);
        assert_eq!(relay.extensions, stream.extensions, "both know extensions by the same numbers");
    }
    assert_eq!(far(&world), [2, 2, 2, 1, 2]);
    world.subscriber(3, feed);
    let fed = Fed::of(&world.addressed());
    assert!(fed.opened.is_empty() && fed.relays.is_empty(), "both shards had one: home is no busier");
}

impl RelayParameters {
    fn destination_keys(&self) -> Option<[u8; 16]> {
        self.keys().map(|keys| keys.master.key)
    }
}

#[test]
fn nobody_sees_who_is_fed_and_what_their_other_shard_says_is_no_news() {
    let mut world = world();
    let (session, handle, feed) = world.publisher(0);
    world.subscriber(1, feed);
    world.addressed();
    world.subscriber(2, feed);
    let fed = Fed::of(&world.addressed());
    let (sound, picture) = (fed.stream(Codec::Opus), fed.stream(Codec::Vp8));
    world.texts();
    let list = world.ask(0, session, handle, r#"{"request":"listparticipants","room":7}"#);
    assert_eq!(list.matches(r#""id":"#).count(), 1, "{list}");
    let rooms = world.ask(0, session, handle, r#"{"request":"list"}"#);
    assert!(rooms.contains(r#""num_participants":1"#), "{rooms}");
    let boxes = format!(r#"{{"request":"list_remotes","room":7,"publisher_id":{feed}}}"#);
    assert!(world.ask(0, session, handle, &boxes).contains(r#""list":[]"#));
    let forwarders = world.ask(0, session, handle, r#"{"request":"listforwarders","room":7}"#);
    assert!(forwarders.contains(r#""publishers":[]"#) || forwarders.contains(r#""rtp_forwarders":[]"#), "{forwarders}");
    world.texts();
    for notice in [
        Notice::Receiving { stream: picture, receiving: true },
        Notice::Talking { stream: sound, talking: true, average_centi: 3000 },
        Notice::Dominant { stream: sound },
        Notice::Arrived { stream: sound, traffic: Default::default() },
        Notice::SlowLink { source: SlowSource::Stream(picture), lost_packets: 9 },
        Notice::Needed { stream: picture, layers: 1 },
    ] {
        world.notice_of(1, notice);
    }
    assert!(world.texts().is_empty() && world.heard.events.is_empty());
    let people = world.control.state.handles.iter().count();
    assert_eq!(people, 3, "a publisher and two who watch");
}

#[test]
fn what_nobody_watches_there_is_let_go_after_some_seconds() {
    let mut world = world();
    let (_, _, feed) = world.publisher(0);
    world.subscriber(1, feed);
    let (session, handle) = world.subscriber(2, feed);
    world.addressed();
    // Sound alone goes first.
    let body = r#"{"request":"unsubscribe","streams":[{"sub_mid":"0"}]}"#;
    assert!(world.ask(2, session, handle, body).contains(r#""videoroom":"updated""#));
    pass(&mut world, 4);
    assert_eq!(far(&world), [2, 2, 2, 1, 2], "somebody may come back");
    pass(&mut world, 2);
    assert_eq!(far(&world), [2, 1, 2, 1, 1], "the picture is still watched");
    world.drop_connection(2);
    world.close_links();
    pass(&mut world, 4);
    world.subscriber(2, feed);
    pass(&mut world, 6);
    assert_eq!(far(&world), [2, 2, 2, 1, 2], "the next came in time");
    world.drop_connection(2);
    pass(&mut world, 6);
    world.close_links();
    assert_eq!(far(&world), [0; 5]);
    assert!(world.heard.ingress.is_empty());
}

#[test]
fn whoever_goes_takes_their_other_shards_along() {
    for request in [r#"{"request":"unpublish"}"#, r#"{"request":"leave"}"#, r#"{"request":"destroy","room":7}"#, ""] {
        let mut world = world();
        let (session, handle, feed) = world.publisher(0);
        world.subscriber(1, feed);
        world.subscriber(2, feed);
        assert_eq!(far(&world)[3], 1);
        world.texts();
        match request {
            "" => world.drop_connection(0),
            _ => _ = world.ask(0, session, handle, request),
        }
        world.close_links();
        assert_eq!(far(&world), [1, 0, 2, 0, 0], "{request}: those who watch keep their m-lines");
        let offers = world.texts().iter().filter(|text| text.contains(r#""type":"offer""#)).count();
        assert_eq!(offers, if request.contains("unpublish") || request.is_empty() { 2 } else { 0 }, "{request}");
        world.drop_connection(1);
        world.drop_connection(2);
        world.close_links();
        assert_eq!(far(&world), [0; 5], "{request}");
        assert!(world.heard.ingress.is_empty(), "{request}");
    }
}

#[test]
fn a_switch_has_the_other_feed_brought_along() {
    let mut world = world();
    let (_, _, first) = world.publisher(0);
    let (_, _, second) = world.publisher(3);
    world.subscriber(1, first);
    let (session, handle) = world.subscriber(2, first);
    let before = Fed::of(&world.addressed());
    let body = format!(r#"{{"request":"switch","streams":[{{"mid":"1","sub_mid":"1","feed":{second}}}]}}"#);
    let said = world.ask(2, session, handle, &body);
    assert!(said.contains(r#""changes":1"#), "{said}");
    let commands = world.addressed();
    let fed = Fed::of(&commands);
    assert_eq!((fed.opened.len(), fed.relays.len(), before.relays.len()), (1, 1, 2));
    assert_eq!(sources(&commands, 1), [fed.stream(Codec::Vp8)]);
    let name = fed.stream(Codec::Vp8);
    let Some(place) = world.control.state.shards[1]
        .subscriptions
        .iter()
        .find_map(|(id, it)| (it.source == Some(world.control.state.place_of(1, name))).then_some(id))
    else {
        panic!("nobody watches it")
    };
    // Its layers are told as those of any other.
    let layers = crate::media::SentLayers { encoding: Some(1), ..Default::default() };
    world.texts();
    world.notice_of(1, Notice::Layers { subscription: place.into(), stream: name, layers });
    assert!(world.texts()[0].contains(r#""substream":1"#));
}

#[test]
fn a_mute_reaches_every_shard_and_a_keyframe_is_asked_of_the_publisher() {
    let mut world = world();
    let (session, handle, feed) = world.publisher(0);
    world.subscriber(1, feed);
    let (watcher, watching) = world.subscriber(2, feed);
    let fed = Fed::of(&world.addressed());
    let moderate = format!(r#"{{"request":"moderate","room":7,"id":{feed},"mid":"1","mute":true}}"#);
    world.ask(0, session, handle, &moderate);
    let muted: Vec<_> = world
        .addressed()
        .into_iter()
        .filter_map(|(shard, command)| match command {
            Command::SetStreamActive { active: false, stream } => Some((shard, stream)),
            _ => None,
        })
        .collect();
    assert_eq!(muted.len(), 2);
    assert_eq!(muted[1], (1, fed.stream(Codec::Vp8)));
    let body = r#"{"request":"configure","streams":[{"mid":"1","keyframe":true}]}"#;
    world.ask(2, watcher, watching, body);
    let asked = world.addressed().into_iter().find(|(_, it)| matches!(it, Command::RequestKeyframe { .. }));
    assert_eq!(asked.map(|(shard, _)| shard), Some(0));
}

#[test]
fn what_is_renegotiated_is_so_in_every_shard() {
    let mut world = world();
    let (session, handle, feed) = world.publisher(0);
    world.subscriber(1, feed);
    world.subscriber(2, feed);
    let before = Fed::of(&world.addressed());
    let offer = simulcast_offer();
    let said = world.ask_with(0, session, handle, r#"{"request":"configure"}"#, Some(("offer", &offer)));
    assert!(said.contains(r#""simulcast":true"#), "{said}");
    let commands = world.addressed();
    let fed = Fed::of(&commands);
    let picture = fed.streams.iter().find(|it| it.codec == Codec::Vp8).unwrap();
    assert_eq!(
        (picture.stream, picture.encodings.len()),
        (before.stream(Codec::Vp8), 3),
        "the same m-line, three layers"
    );
    assert_eq!(fed.relays.iter().map(|it| it.layer).collect::<Vec<_>>(), [Some(0), Some(1), Some(2)]);
    assert!(commands.iter().any(|(shard, it)| *shard == 0 && matches!(it, Command::RemoveRelay { .. })));
    // One layer is enough there: home sends no more, and counts no more as needed.
    let needs = |world: &mut World, layers| {
        world.notice_of(1, Notice::Needed { stream: picture.stream, layers });
        let told = world.addressed().into_iter().filter_map(|(shard, it)| match it {
            Command::SetRelayNeed { layers, .. } => Some((shard, layers)),
            _ => None,
        });
        told.collect::<Vec<_>>()
    };
    assert_eq!(needs(&mut world, 1), [(0, 1); 3]);
    assert_eq!(needs(&mut world, 1), []);
    assert_eq!(needs(&mut world, 0), [], "those for whom it began may not be here yet");
    pass(&mut world, 6);
    assert!(world.addressed().iter().any(|(_, it)| matches!(it, Command::SetRelayNeed { layers: 0, .. })));
    assert_eq!(needs(&mut world, 3), [(0, 3); 3]);
    // An m-line that is given up goes everywhere.
    let disabled = OFFER.replace("m=video 9", "m=video 0").replace("BUNDLE 0 1", "BUNDLE 0");
    world.ask_with(0, session, handle, r#"{"request":"configure"}"#, Some(("offer", &disabled)));
    assert_eq!(far(&world), [2, 1, 2, 1, 1]);
}

#[test]
fn a_message_reaches_those_who_watch_in_another_shard() {
    let mut world = world();
    let numbers = world.session(0, 1);
    let (session, handle) = (numbers[0], numbers[1]);
    world.ask(0, session, handle, r#"{"request":"create","room":7}"#);
    let joined = world.ask(0, session, handle, r#"{"request":"join","ptype":"publisher","room":7}"#);
    world.ask_with(0, session, handle, r#"{"request":"publish"}"#, Some(("offer", DATA_OFFER)));
    let from = world.last_link();
    world.notice(Notice::Up { link: from });
    world.subscriber(1, number(&joined, "id"));
    world.subscriber(2, number(&joined, "id"));
    let (shard, link) = world.last_opened();
    assert_eq!(shard, 1);
    let say = |world: &mut World| {
        let payload = "hello".as_bytes();
        let message = DataMessage {
            from,
            channel: 1,
            delivery: Default::default(),
            priority: 256,
            label: "chat",
            protocol: "",
            is_text: true,
            payload,
        };
        world.control.data(world.now, 0, &message, &mut world.heard);
        core::mem::take(&mut world.heard.messages)
    };
    let heard = say(&mut world);
    assert_eq!(heard.iter().map(|(link, ..)| *link).collect::<Vec<LinkId>>().len(), 2);
    assert_eq!(heard[1], (link, String::from("chat"), String::from("hello")));
    assert_eq!(far(&world), [1, 0, 1, 0, 0], "messages need nothing to be fed");
    world.ask(0, session, handle, r#"{"request":"unpublish"}"#);
    assert!(world.control.state.shards.iter().all(|shard| shard.data_sources.is_empty()));
}

#[test]
fn where_there_is_no_place_elsewhere_home_serves_or_refuses() {
    let fill = |change: fn(&mut crate::control::Settings)| {
        let mut world = World::with(|settings| {
            (settings.shards, settings.audience) = (2, 1);
            change(settings);
        });
        let (_, _, feed) = world.publisher(0);
        world.subscriber(1, feed);
        world.subscriber(2, feed);
        world
    };
    for change in [
        (|settings| settings.limits.cascades = 0) as fn(&mut crate::control::Settings),
        |settings| settings.limits.relays = 1,
        |settings| settings.audience = 0,
    ] {
        let mut world = fill(change);
        let (home, far) = (&world.control.state.shards[0], &world.control.state.shards[1]);
        assert_eq!((home.subscriptions.len(), far.subscriptions.len()), (4, 0));
        pass(&mut world, 6);
        world.close_links();
        assert_eq!(super::audience::far(&world)[..4], [0; 4], "nothing is half there");
    }
}

#[test]
fn a_busy_home_takes_those_who_are_served_elsewhere() {
    let thresholds = crate::control::Thresholds { refuse_busy_percent: 80, ..Default::default() };
    let mut world = World::with(|settings| {
        (settings.shards, settings.audience) = (2, 100);
        settings.shedding = thresholds;
    });
    let (_, _, feed) = world.publisher(0);
    world.heard.busy_percent = 95;
    pass(&mut world, 6);
    world.subscriber(1, feed);
    assert_eq!(far(&world)[2], 2);
    let numbers = world.session(2, 1);
    let said = world.ask(2, numbers[0], numbers[1], r#"{"request":"join","ptype":"publisher","room":7}"#);
    assert!(said.contains("too busy"), "{said}");
}

#[test]
fn hundreds_of_rounds_leave_nothing() {
    let mut world = world();
    for round in 0..300 {
        let (_, _, feed) = world.publisher(0);
        world.subscriber(1, feed);
        world.subscriber(2, feed);
        if round % 2 == 0 {
            world.drop_connection(2);
            pass(&mut world, 7);
        }
        for connection in [0, 1, 2] {
            world.drop_connection(connection);
        }
        world.close_links();
        world.texts();
        world.heard.handshakes.clear();
        assert_eq!(far(&world), [0; 5], "round {round}");
        assert!(world.heard.ingress.is_empty());
    }
}
