//! The layers that a subscriber asks for reach the shard, and what it is sent comes back as Janus tells it.

use std::format;
use std::vec::Vec;

use super::client::{World, simulcast_offer};
use crate::id::{StreamId, SubscriptionId};
use crate::media::{Command, LayerCeiling, Notice, SentLayers, SubscriptionParameters};

/// The ceilings that the shard was told, at the subscription or later.
fn ceilings(commands: &[Command]) -> Vec<LayerCeiling> {
    let ceiling = |command: &Command| match command {
        Command::Subscribe(SubscriptionParameters { layers, .. }) | Command::SetLayers { layers, .. } => Some(*layers),
        _ => None,
    };
    commands.iter().filter_map(ceiling).collect()
}

/// The subscriptions that the shard was told, and the streams that feed them.
fn subscribed(commands: &[Command]) -> Vec<(SubscriptionId, StreamId)> {
    let subscribed = |command: &Command| match command {
        Command::Subscribe(parameters) => Some((parameters.subscription, parameters.stream?)),
        _ => None,
    };
    commands.iter().filter_map(subscribed).collect()
}

#[test]
fn layers_are_asked_for_at_join_and_configure_and_switch() {
    let mut world = World::new();
    let (_, _, id) = world.publisher(0);
    let (_, _, other) = world.publisher(2);
    let numbers = world.session(1, 1);
    let (session, handle) = (numbers[0], numbers[1]);
    let body = format!(
        r#"{{"request":"join","ptype":"subscriber","room":7,"streams":[
            {{"feed":{id},"mid":"1","substream":1,"temporal":0,"fallback":500000}}]}}"#
    );
    let attached = world.ask(1, session, handle, &body);
    world.commands();
    world.answer(1, session, handle, &attached);
    let joined = LayerCeiling { encoding: 1, temporal: 0, fallback_us: 500_000, ..LayerCeiling::NONE };
    assert_eq!(ceilings(&world.commands()), [joined]);
    let change = r#"{"request":"configure","streams":[{"mid":"0","substream":2,"temporal_layer":1}]}"#;
    world.ask(1, session, handle, change);
    let configured = LayerCeiling { encoding: 2, temporal: 1, ..joined };
    assert_eq!(ceilings(&world.commands()), [configured]);
    world.ask(1, session, handle, change);
    assert_eq!(ceilings(&world.commands()), [], "nothing new");
    world.ask(1, session, handle, r#"{"request":"configure","spatial_layer":0}"#);
    assert_eq!(ceilings(&world.commands()), [LayerCeiling { spatial: 0, ..configured }]);
    let body =
        format!(r#"{{"request":"switch","streams":[{{"feed":{other},"mid":"1","sub_mid":"0","substream":0}}]}}"#);
    world.ask(1, session, handle, &body);
    let commands = world.commands();
    assert!(matches!(commands[..], [Command::SetLayers { .. }, Command::Switch { .. }]));
    assert_eq!(ceilings(&commands)[0].encoding, 0);
}

#[test]
fn a_subscriber_hears_which_layers_it_is_sent() {
    let mut world = World::new();
    let (_, _, id) = world.publisher(0);
    let (session, handle) = world.subscriber(1, id);
    let (subscription, stream) = subscribed(&world.commands())[1];
    world.texts();
    let mut tell = |encoding, temporal| {
        let layers = SentLayers { encoding, spatial: None, temporal };
        world.notice(Notice::Layers { subscription, stream, layers });
        world.texts()
    };
    let said = tell(Some(0), Some(2));
    assert!(said[0].contains(r#""data":{"videoroom":"event","room":7,"mid":"1","substream":0}"#), "{said:?}");
    assert!(said[1].contains(r#""data":{"videoroom":"event","room":7,"mid":"1","temporal":2}"#), "{said:?}");
    let said = tell(Some(1), Some(2));
    assert!(said.len() == 1 && said[0].contains(r#""substream":1"#), "{said:?}");
    assert!(said[0].contains(&format!(r#""sender":{handle}"#)) && said[0].contains(&format!("{session}")));
    assert_eq!(tell(None, None).len(), 0);
}

#[test]
fn lists_tell_the_layers_of_simulcast_and_what_was_asked_for() {
    let mut world = World::new();
    let (session, handle, id) = world.publisher(0);
    let offer = simulcast_offer();
    world.ask_with(0, session, handle, r#"{"request":"configure"}"#, Some(("offer", &offer)));
    let numbers = world.session(1, 1);
    let join = format!(
        r#"{{"request":"join","ptype":"subscriber","room":7,"streams":[
            {{"feed":{id},"mid":"1","substream":1,"temporal":0}}]}}"#
    );
    let attached = world.ask(1, numbers[0], numbers[1], &join);
    let asked = r#""simulcast":{"substream":-1,"substream-target":1,"temporal-layer":-1,"temporal-layer-target":0}"#;
    assert!(attached.contains(asked), "{attached}");
    world.answer(1, numbers[0], numbers[1], &attached);
    let (subscription, stream) = subscribed(&world.commands())[0];
    let layers = SentLayers { encoding: Some(0), spatial: None, temporal: Some(0) };
    world.notice(Notice::Layers { subscription, stream, layers });
    world.texts();
    let more = format!(r#"{{"request":"subscribe","streams":[{{"feed":{id},"mid":"0"}}]}}"#);
    let updated = world.ask(1, numbers[0], numbers[1], &more);
    let sent = r#""simulcast":{"substream":0,"substream-target":1,"temporal-layer":0,"temporal-layer-target":0}"#;
    assert!(updated.contains(sent), "{updated}");
    assert_eq!(updated.matches("simulcast").count(), 1, "sound has no layers: {updated}");
}
