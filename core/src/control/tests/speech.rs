//! Who talks, as rooms want it told: for each m-line as Janus does, and who has the floor where a room asks for it.

use std::format;
use std::string::String;
use std::vec::Vec;

use super::client::{OFFER, World, number};
use crate::id::StreamId;
use crate::media::{Command, ConversationSettings, Notice};
use crate::stream::SpeechSettings;

/// Two microphones and a camera.
fn two_microphones() -> String {
    let (sound, picture) = OFFER.split_at(OFFER.find("m=video").unwrap());
    let second = sound[sound.find("m=audio").unwrap()..].replace("a=mid:0", "a=mid:2");
    format!("{}{picture}{second}", sound.replace("BUNDLE 0 1", "BUNDLE 0 1 2"))
}

/// Somebody who publishes that in a room made by `create`: session, handle and number.
fn publish(world: &mut World, connection: u16, create: &str) -> (u64, u64, u64) {
    let numbers = world.session(connection, 1);
    let (session, handle) = (numbers[0], numbers[1]);
    world.ask(connection, session, handle, create);
    let joined = world.ask(connection, session, handle, r#"{"request":"join","ptype":"publisher","room":7}"#);
    let offer = two_microphones();
    world.ask_with(connection, session, handle, r#"{"request":"publish"}"#, Some(("offer", &offer)));
    let link = world.last_link();
    world.notice(Notice::Up { link });
    (session, handle, number(&joined, "id"))
}

fn stream(world: &World, index: u16) -> StreamId {
    world.control.state.shards[0].streams.id_at(index).unwrap().into()
}

/// What counts as talking on each m-line, as the shard was told.
fn watched(commands: &[Command]) -> Vec<Option<SpeechSettings>> {
    let watched = |command: &Command| match command {
        Command::ConfigureStream(parameters) => Some(parameters.speech),
        Command::WatchStream { speech, .. } => Some(*speech),
        _ => None,
    };
    commands.iter().filter_map(watched).collect()
}

#[test]
fn each_m_line_talks_by_itself() {
    let mut world = World::new();
    let create = r#"{"request":"create","room":7,"audiolevel_event":true}"#;
    let (_, _, id) = publish(&mut world, 0, create);
    world.texts();
    let (first, second) = (stream(&world, 0), stream(&world, 2));
    let mut tell = |stream, talking| {
        world.notice(Notice::Talking { stream, talking, average_centi: 2150 });
        world.texts().join("\n")
    };
    let event = |kind: &str, mindex: usize, mid: &str| {
        let line = format!(r#""room":7,"id":{id},"mindex":{mindex},"mid":"{mid}","audio-level-dBov-avg":21.5}}"#);
        format!(r#"{{"videoroom":"{kind}",{line}"#)
    };
    let told = tell(second, true);
    assert!(told.contains(&event("talking", 2, "2")), "{told}");
    let told = tell(first, true);
    assert!(told.contains(&event("talking", 0, "0")), "{told}");
    let told = tell(second, false);
    assert!(told.contains(&event("stopped-talking", 2, "2")), "{told}");
}

#[test]
fn what_counts_as_talking_is_the_rooms_or_the_publishers() {
    let mut world = World::new();
    let settings = r#""audiolevel_event":true,"audio_active_packets":40,"audio_level_average":33"#;
    let create = format!(r#"{{"request":"create","room":7,{settings}}}"#);
    let (session, handle, _) = publish(&mut world, 0, &create);
    let of_room = Some(SpeechSettings { packets: 40, level: 33 });
    assert_eq!(watched(&world.commands()), [of_room; 3]);
    world.ask(0, session, handle, r#"{"request":"configure","audio_active_packets":7}"#);
    assert_eq!(watched(&world.commands()), [Some(SpeechSettings { packets: 7, level: 33 }); 3]);
    world.ask(0, session, handle, r#"{"request":"configure","audio_level_average":60}"#);
    let of_publisher = Some(SpeechSettings { packets: 7, level: 60 });
    assert_eq!(watched(&world.commands()), [of_publisher; 3], "and the number of packets stays");
    world.ask(0, session, handle, r#"{"request":"edit","room":7,"new_fir_freq":3}"#);
    assert_eq!(watched(&world.commands()), [of_publisher; 3]);
}

#[test]
fn nothing_is_watched_for_where_the_room_tells_nobody() {
    let mut world = World::new();
    let create = r#"{"request":"create","room":7,"audio_active_packets":40}"#;
    let (session, handle, _) = publish(&mut world, 0, create);
    world.ask(0, session, handle, r#"{"request":"configure","audio_active_packets":7}"#);
    assert!(watched(&world.commands()).iter().all(Option::is_none));
}

#[test]
fn who_has_the_floor_is_told_where_the_room_wants_it_and_to_who_joins() {
    let mut world = World::new();
    let create = r#"{"request":"create","room":7}"#;
    let (session, handle, id) = publish(&mut world, 0, create);
    let second = stream(&world, 2);
    world.texts();
    world.notice(Notice::Dominant { stream: second });
    assert_eq!(world.texts().len(), 0, "nobody asked");
    world.ask(0, session, handle, r#"{"request":"edit","room":7,"new_dominant_speaker_event":true}"#);
    world.texts();
    world.notice(Notice::Dominant { stream: second });
    let event = format!(r#""data":{{"videoroom":"dominant-speaker","room":7,"id":{id},"mindex":2,"mid":"2"}}"#);
    let told = world.texts().join("\n");
    assert!(told.contains(&event), "{told}");
    let numbers = world.session(1, 1);
    let join = r#"{"request":"join","ptype":"publisher","room":7}"#;
    world.texts();
    world.ask(1, numbers[0], numbers[1], join);
    let told = world.texts();
    assert!(told.last().unwrap().contains(&event), "{told:?}");
    let listed = world.ask(1, numbers[0], numbers[1], r#"{"request":"list"}"#);
    assert!(listed.contains(r#""dominant_speaker_event":true"#), "{listed}");
    let detach = format!(r#"{{"janus":"detach","session_id":{session},"handle_id":{handle},"transaction":"t"}}"#);
    world.say(0, &detach);
    world.close_links();
    let numbers = world.session(2, 1);
    world.texts();
    world.ask(2, numbers[0], numbers[1], join);
    let told = world.texts().join("\n");
    assert!(!told.contains("dominant-speaker"), "they are gone: {told}");
}

#[test]
fn how_many_are_heard_reaches_the_shard_and_can_be_changed() {
    let mut world = World::new();
    let (session, handle, _) = publish(&mut world, 0, r#"{"request":"create","room":7,"audio_loudest":3}"#);
    let told = |commands: Vec<Command>| {
        let settings = |command: &Command| match command {
            Command::Converse { settings, .. } => Some(settings.map(|ConversationSettings { loudest, .. }| loudest)),
            _ => None,
        };
        commands.iter().filter_map(settings).collect::<Vec<_>>()
    };
    let streams = |commands: &[Command]| {
        let conversation = |command: &Command| match command {
            Command::ConfigureStream(parameters) => Some(parameters.conversation.is_some()),
            _ => None,
        };
        commands.iter().filter_map(conversation).collect::<Vec<_>>()
    };
    let commands = world.commands();
    assert_eq!(streams(&commands), [true, false, true], "sound only");
    assert_eq!(told(commands), [Some(3)]);
    world.ask(0, session, handle, r#"{"request":"edit","room":7,"new_audio_loudest":5}"#);
    assert_eq!(told(world.commands()), [Some(5)]);
    let refused = world.ask(0, session, handle, r#"{"request":"edit","room":7,"new_audio_loudest":17}"#);
    assert!(refused.contains("new_audio_loudest should be at most 16"), "{refused}");
    world.ask(0, session, handle, r#"{"request":"destroy","room":7}"#);
    assert_eq!(told(world.commands()), [None]);
}
