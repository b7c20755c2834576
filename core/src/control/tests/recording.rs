//! When files of publishers begin and end, and what they are called.

use std::format;
use std::string::String;
use std::vec::Vec;

use super::client::{OFFER, World, number};
use crate::control::{Film, RecordingEnd};
use crate::media::{Command, Notice, RelayDestination, RelayParameters};
use crate::room::RecordFormat;

impl World {
    /// The files that grow.
    fn files(&self) -> Vec<&str> {
        self.heard.recordings.iter().map(|(_, file)| file.as_str()).collect()
    }

    /// How many relays into files the shard was told to begin and to end since the last time.
    fn file_relays(&mut self) -> (usize, usize) {
        let commands = self.commands();
        let begins = |command: &&Command| {
            matches!(command, Command::AddRelay(RelayParameters { destination: RelayDestination::File, .. }))
        };
        let ends = |command: &&Command| matches!(command, Command::RemoveRelay { .. });
        (commands.iter().filter(begins).count(), commands.iter().filter(ends).count())
    }

    /// A publisher in a room with `settings` whose media flows after `publish`: session and handle.
    fn recorded(&mut self, settings: &str, publish: &str) -> (u64, u64) {
        let numbers = self.session(0, 1);
        let (session, handle) = (numbers[0], numbers[1]);
        self.ask(0, session, handle, &format!(r#"{{"request":"create","room":7{settings}}}"#));
        self.ask(0, session, handle, r#"{"request":"join","ptype":"publisher","room":7,"id":5}"#);
        self.publish(session, handle, publish);
        (session, handle)
    }

    fn publish(&mut self, session: u64, handle: u64, publish: &str) {
        self.ask_with(0, session, handle, &format!(r#"{{"request":"publish"{publish}}}"#), Some(("offer", OFFER)));
        let link = self.last_link();
        self.notice(Notice::Connected { link });
        assert!(self.files().is_empty(), "nothing flows yet");
        self.notice(Notice::Up { link });
    }
}

#[test]
fn everything_in_a_recorded_room_goes_into_files_named_as_janus_names_them() {
    let mut world = World::new();
    let (session, handle) = world.recorded(r#","record":true,"rec_dir":"meetings""#, "");
    let time_us = world.now.us;
    let expected = ["audio-0", "video-1"].map(|end| format!("meetings/videoroom-7-user-5-{time_us}-{end}"));
    assert_eq!(world.files(), expected);
    assert_eq!(world.file_relays(), (2, 0));
    world.ask(0, session, handle, r#"{"request":"unpublish"}"#);
    assert!(world.files().is_empty());
    assert_eq!(world.file_relays(), (0, 2));
}

#[test]
fn a_publisher_says_when_and_under_which_name() {
    let mut world = World::new();
    let (session, handle) = world.recorded("", "");
    assert!(world.files().is_empty());
    let configure = |world: &mut World, more: &str| {
        let said = world.ask(0, session, handle, &format!(r#"{{"request":"configure",{more}}}"#));
        assert!(said.contains(r#""configured":"ok""#), "{said}");
    };
    configure(&mut world, r#""record":true,"filename":"mine""#);
    assert_eq!(world.files(), ["mine-audio-0", "mine-video-1"]);
    configure(&mut world, r#""record":true,"filename":"other""#);
    assert_eq!(world.files(), ["mine-audio-0", "mine-video-1"], "a name is for the next time");
    configure(&mut world, r#""record":false"#);
    assert!(world.files().is_empty());
    let said = world.ask(0, session, handle, r#"{"request":"enable_recording","room":7,"record":true}"#);
    assert!(said.contains(r#""record":true"#), "{said}");
    assert_eq!(world.files(), ["other-audio-0", "other-video-1"]);
    world.ask(0, session, handle, r#"{"request":"enable_recording","room":7,"record":false}"#);
    assert!(world.files().is_empty());
    configure(&mut world, r#""record":true"#);
    world.ask(0, session, handle, r#"{"request":"unpublish"}"#);
    world.close_links();
    world.publish(session, handle, "");
    assert!(world.files().is_empty(), "another PeerConnection is not recorded unless that is said again");
}

#[test]
fn a_locked_room_is_recorded_only_with_its_secret() {
    let mut world = World::new();
    let room = r#","secret":"s","lock_record":true"#;
    let (session, handle) = world.recorded(room, r#","record":true,"filename":"a""#);
    assert!(world.files().is_empty());
    for (secret, files) in [("bad", 0), ("s", 2)] {
        let body = format!(r#"{{"request":"configure","record":true,"filename":"a","secret":"{secret}"}}"#);
        assert!(world.ask(0, session, handle, &body).contains(r#""configured":"ok""#), "as in Janus");
        assert_eq!(world.files().len(), files);
    }
    world.ask(0, session, handle, r#"{"request":"configure","record":false}"#);
    assert_eq!(world.files().len(), 2, "nor does it end without");
}

#[test]
fn a_disk_that_takes_no_more_ends_the_recording_and_the_publisher_hears_it() {
    let mut world = World::new();
    let (session, handle) = world.recorded(r#","record":true"#, "");
    let (relay, _) = world.heard.recordings[1];
    world.texts();
    world.file_relays();
    world.control.recording_ended(world.now, (0, relay), RecordingEnd::SlowDisk, &mut world.heard);
    let told: Vec<String> = world.texts();
    let event =
        r#""data":{"videoroom":"event","room":7,"id":5,"mid":"1","recording":"ended","reason":"The disk is too slow"}"#;
    assert!(told.len() == 1 && told[0].contains(event), "{told:?}");
    assert_eq!(world.file_relays(), (0, 1));
    world.control.recording_ended(world.now, (0, relay), RecordingEnd::SlowDisk, &mut world.heard);
    assert!(world.texts().is_empty(), "once");
    world.ask(0, session, handle, r#"{"request":"configure","record":true}"#);
    assert_eq!(world.file_relays(), (1, 0), "asked again, it begins again");
}

#[test]
fn without_a_place_for_each_m_line_recording_is_refused_by_the_tables_name() {
    let mut world = World::new();
    let (session, handle) = world.recorded("", "");
    let most = world.control.state.shards[0].relays.capacity();
    for port in 0..most - 1 {
        let body = format!(
            r#"{{"request":"rtp_forward","room":7,"publisher_id":5,"host":"127.0.0.1","streams":[{{"mid":"0","port":{}}}]}}"#,
            5000 + port
        );
        assert!(world.ask(0, session, handle, &body).contains("rtp_forward"));
    }
    let said = world.ask(0, session, handle, r#"{"request":"configure","record":true}"#);
    assert_eq!(number(&said, "error_code"), 499, "{said}");
    assert!(said.contains("relays") && world.files().is_empty(), "{said}");
    world.ask(0, session, handle, r#"{"request":"edit","room":7,"new_secret":"s","new_lock_record":true}"#);
    let said = world.ask(0, session, handle, r#"{"request":"configure","record":true}"#);
    assert!(said.contains(r#""configured":"ok""#), "where it is locked, nothing is asked for: {said}");
}

#[test]
fn names_of_rooms_and_people_are_no_folders() {
    let mut world = World::with(|settings| settings.string_ids = true);
    let numbers = world.session(0, 1);
    let (session, handle) = (numbers[0], numbers[1]);
    world.ask(0, session, handle, r#"{"request":"create","room":"../a","record":true}"#);
    world.ask(0, session, handle, r#"{"request":"join","ptype":"publisher","room":"../a","id":"b/c"}"#);
    world.publish(session, handle, "");
    let files = world.files();
    assert!(files[0].starts_with("videoroom-.._a-user-b_c-"), "{files:?}");
}

#[test]
fn who_asks_hears_who_is_recorded_and_nobody_else_does() {
    let mut world = World::new();
    let (session, handle) = world.recorded("", "");
    let others = world.session(1, 2);
    let join = |id: u8, more: &str| format!(r#"{{"request":"join","ptype":"publisher","room":7,"id":{id}{more}}}"#);
    world.ask(1, others[0], others[1], &join(6, r#","notify_recording":true"#));
    world.ask(1, others[0], others[2], &join(7, ""));
    assert!(!world.texts().iter().any(|text| text.contains("recorded")), "nobody is");
    let hears = |world: &mut World, body: &str, list: &str| {
        world.texts();
        world.ask(0, session, handle, body);
        let told: Vec<String> = world.texts().into_iter().filter(|text| text.contains(r#""recorded""#)).collect();
        let event = format!(r#""data":{{"videoroom":"event","room":7,"recorded":[{list}]}}"#);
        assert!(told.len() == 1 && told[0].contains(&event), "{body}: {told:?}");
        assert!(told[0].contains(&format!(r#""sender":{}"#, others[1])), "{told:?}");
    };
    hears(&mut world, r#"{"request":"configure","record":true}"#, "5");
    hears(&mut world, r#"{"request":"configure","record":false}"#, "");
    hears(&mut world, r#"{"request":"enable_recording","room":7,"record":true}"#, "5");
    let late = world.session(2, 1);
    let message = format!(
        r#"{{"janus":"message","session_id":{},"handle_id":{},"transaction":"t","body":{}}}"#,
        late[0],
        late[1],
        join(8, r#","notify_recording":true"#)
    );
    let told = world.say(2, &message);
    assert!(told.last().is_some_and(|text| text.contains(r#""recorded":[5]"#)), "{told:?}");
    world.texts();
    for (relay, _) in world.heard.recordings.clone() {
        world.control.recording_ended(world.now, (0, relay), RecordingEnd::Budget, &mut world.heard);
    }
    let told = world.texts();
    assert_eq!(told.iter().filter(|text| text.contains(r#""recorded":[]"#)).count(), 2, "{told:?}");
}

/// An offer with a second camera.
fn offer_of_three() -> String {
    let (_, video) = OFFER.split_once("m=video").unwrap();
    let second = video.replace("a=mid:1", "a=mid:2").replace("a=ssrc:5", "a=ssrc:9");
    OFFER.replace("BUNDLE 0 1", "BUNDLE 0 1 2") + "m=video" + &second
}

#[test]
fn a_film_has_all_that_somebody_publishes_and_another_begins_with_a_new_m_line() {
    let mut world = World::new();
    let (session, handle) = world.recorded(r#","record":true,"rec_dir":"meetings","record_format":"webm""#, "");
    let name = format!("meetings/videoroom-7-user-5-{}", world.now.us);
    assert_eq!(world.files(), [&*name, &*name]);
    let first = world.heard.recordings[0].0;
    assert_eq!(world.heard.films, [Film { first, tracks: 2 }; 2]);
    assert_eq!(world.file_relays(), (2, 0));
    world.ask(0, session, handle, r#"{"request":"configure","record":true}"#);
    assert_eq!(world.file_relays(), (0, 0), "it goes on");
    world.ask_with(0, session, handle, r#"{"request":"configure"}"#, Some(("offer", &offer_of_three())));
    assert_eq!(world.file_relays(), (3, 2));
    let first = world.heard.recordings[0].0;
    assert_eq!(world.heard.films[2..], [Film { first, tracks: 3 }; 3]);
    world.ask(0, session, handle, r#"{"request":"unpublish"}"#);
    assert_eq!((world.file_relays(), world.files().len()), ((0, 3), 0));
}

#[test]
fn the_format_is_that_of_the_room_or_of_all_and_no_other_word() {
    let mut world = World::with(|settings| settings.record_format = RecordFormat::Webm);
    let (session, handle) = world.recorded(r#","secret":"s","record_format":"mjr""#, r#","record":true"#);
    assert_eq!((world.files().len(), world.heard.films.len()), (2, 0), "as the room has it");
    let said = world.ask(0, session, handle, r#"{"request":"create","room":8,"record_format":"mp4"}"#);
    assert_eq!(number(&said, "error_code"), 430, "{said}");
    world.ask(0, session, handle, r#"{"request":"edit","room":7,"secret":"s","new_record_format":"webm"}"#);
    for (record, films) in [(false, 0), (true, 2)] {
        world.ask(0, session, handle, &format!(r#"{{"request":"configure","record":{record}}}"#));
        assert_eq!(world.heard.films.len(), films);
    }
    let listed = world.ask(0, session, handle, r#"{"request":"list"}"#);
    assert!(listed.contains(r#""record_format":"webm""#), "{listed}");
    let mut world = World::with(|settings| settings.record_format = RecordFormat::Webm);
    world.recorded("", r#","record":true"#);
    assert_eq!(world.heard.films.len(), 2, "as everywhere");
}

#[test]
fn of_what_is_encrypted_end_to_end_there_is_no_film() {
    let mut world = World::new();
    let (session, handle) = world.recorded(r#","record_format":"webm""#, "");
    let state = &mut world.control.state;
    let publisher = state.handles.iter_mut().find_map(|(_, entry)| entry.publisher_mut()).unwrap();
    publisher.is_end_to_end = true;
    world.ask(0, session, handle, r#"{"request":"configure","record":true}"#);
    assert_eq!((world.files().len(), world.heard.films.len()), (2, 0));
}
