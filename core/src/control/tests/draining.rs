//! A drain, and what is shed before tables or time run out.

use std::format;
use std::string::String;

use super::client::{LIMITS, World};
use crate::control::{Rooms, Thresholds};
use crate::limits::Limits;
use crate::media::{Command, Settings as MediaSettings};
use crate::room::{Name, RoomSettings};

const THRESHOLDS: Thresholds = Thresholds { refuse_busy_percent: 80, lowest_busy_percent: 90, refuse_full_percent: 60 };

impl World {
    /// What somebody new is told who wants to watch `feed` in room 7.
    fn newcomer(&mut self, connection: u16, feed: u64) -> String {
        let numbers = self.session(connection, 1);
        let body = format!(r#"{{"request":"join","ptype":"subscriber","room":7,"streams":[{{"feed":{feed}}}]}}"#);
        self.ask(connection, numbers[0], numbers[1], &body)
    }

    /// The same of somebody who has the session already.
    fn insider(&mut self, connection: u16, session: u64, feed: u64) -> String {
        let attach = format!(
            r#"{{"janus":"attach","session_id":{session},"plugin":"janus.plugin.videoroom","transaction":"t"}}"#
        );
        let handle = super::client::number(&self.say(connection, &attach)[0], "id");
        let body = format!(r#"{{"request":"join","ptype":"subscriber","room":7,"streams":[{{"feed":{feed}}}]}}"#);
        self.ask(connection, session, handle, &body)
    }

    /// Lets `seconds` pass in which the shard is so busy.
    fn pass(&mut self, seconds: u64, busy_percent: u8) {
        self.heard.busy_percent = busy_percent;
        for _ in 0..seconds {
            self.now = self.now.after_ms(1000);
            self.control.tick(self.now, &mut self.heard);
        }
    }
}

#[test]
fn a_drain_takes_nobody_new_and_ends_when_the_last_one_left() {
    let mut world = World::new();
    let (session, handle, id) = world.publisher(0);
    assert!(world.administer(r#""janus":"drain","drain":true"#).contains(r#""drain":true"#));
    assert_eq!(world.control.closed_to_new(), Some("draining"));
    assert!(world.administer(r#""janus":"server_status""#).contains(r#""draining":true"#));
    let refused = world.newcomer(1, id);
    assert!(refused.contains(r#""error_code":499"#) && refused.contains("takes nobody new"), "{refused}");
    assert!(world.insider(0, session, id).contains("attached"));
    world.pass(5, 0);
    assert_eq!(world.heard.drained, 0);
    world.say(0, &format!(r#"{{"janus":"destroy","session_id":{session},"transaction":"t"}}"#));
    world.pass(1, 0);
    assert_eq!(world.heard.drained, 1, "{handle}");
    // People may come again where it was thought better of.
    assert!(world.administer(r#""janus":"drain","drain":false"#).contains(r#""drain":false"#));
    assert_eq!(world.control.closed_to_new(), None);
    world.pass(1, 0);
    assert_eq!(world.heard.drained, 1);
}

#[test]
fn a_drain_ends_at_its_deadline_whoever_is_left() {
    let mut world = World::with(|settings| settings.drain_s = 10);
    world.publisher(0);
    let now = world.now;
    world.control.drain(now, &mut world.heard);
    world.pass(9, 0);
    assert_eq!(world.heard.drained, 0);
    world.pass(2, 0);
    assert!(world.heard.drained > 0);
}

#[test]
fn a_busy_shard_takes_nobody_new_then_sends_less_and_goes_back() {
    let mut world = World::with(|settings| settings.shedding = THRESHOLDS);
    let (session, _, id) = world.publisher(0);
    world.pass(2, 85);
    assert!(world.newcomer(1, id).contains("attached"), "a moment changes nothing");
    world.pass(3, 85);
    assert!(world.newcomer(2, id).contains("too busy"));
    assert_eq!(world.control.closed_to_new(), Some("too busy"));
    assert!(world.insider(0, session, id).contains("attached"));
    let lowest = |world: &mut World| {
        let commands = world.commands().into_iter();
        let mut settings = commands.filter_map(|command| match command {
            Command::Configure(MediaSettings { lowest_layers, .. }) => Some(lowest_layers),
            _ => None,
        });
        settings.next_back()
    };
    assert_eq!(lowest(&mut world), Some(false));
    world.pass(5, 95);
    assert_eq!(lowest(&mut world), Some(true));
    // What an administrator sets meanwhile does not end it.
    world.administer(r#""janus":"set_slowlink_threshold","slowlink_threshold":7"#);
    assert_eq!(lowest(&mut world), Some(true));
    world.pass(70, 10);
    assert_eq!(lowest(&mut world), Some(false));
    assert_eq!(world.control.closed_to_new(), None);
}

#[test]
fn a_table_that_is_nearly_full_is_left_to_those_inside() {
    let limits = Limits { handles: 10, ..LIMITS };
    let mut world = World::with(|settings| (settings.shedding, settings.limits) = (THRESHOLDS, limits));
    let (session, _, id) = world.publisher(0);
    world.session(1, 4);
    let refused = world.newcomer(2, id);
    assert!(refused.contains("Hardly any place left: handles (6 of 10)"), "{refused}");
    assert!(world.insider(0, session, id).contains("attached"));
}

#[test]
fn other_settings_and_rooms_count_at_once_or_not_at_all() {
    let mut world = World::new();
    let (_, _, id) = world.publisher(0);
    let room = |number: u64| RoomSettings { room: Name::Number(number), ..RoomSettings::default() };
    let settings = |world: &World| {
        let mut settings = world.control.settings.clone();
        settings.session_timeout_s = 7;
        settings.media.silence_ms = 9000;
        settings.port = 9;
        settings
    };
    // There is place for two rooms.
    let (now, wanted) = (world.now, [room(8), room(9)]);
    let too_many = Rooms { wanted: &wanted, unwanted: &[] };
    let new = settings(&world);
    assert_eq!(world.control.reconfigure(now, new, too_many, &mut world.heard).unwrap_err().field, "rooms");
    assert!(world.administer(r#""janus":"get_status""#).contains(r#""session_timeout":60"#));

    let wanted = [RoomSettings { publishers: 1, ..room(7) }, room(8)];
    let new = settings(&world);
    let rooms = Rooms { wanted: &wanted, unwanted: &[Name::Number(99)] };
    assert!(world.control.reconfigure(now, new, rooms, &mut world.heard).unwrap().is_empty());
    let status = world.administer(r#""janus":"get_status""#);
    assert!(status.contains(r#""session_timeout":7"#) && status.contains(r#""no_media_timer":9"#), "{status}");
    assert_eq!(world.control.settings.port, 7000, "what was decided at the start");
    let told = world.administer(r#""janus":"room_status""#);
    assert!(told.contains(r#""room":7"#) && told.contains(r#""room":8"#), "{told}");
    assert!(world.newcomer(1, id).contains("attached"), "its people stay");

    let unwanted = [Name::Number(7), Name::Number(8)];
    let rooms = Rooms { wanted: &[], unwanted: &unwanted };
    let new = settings(&world);
    let left = world.control.reconfigure(now, new, rooms, &mut world.heard).unwrap();
    assert_eq!(left[..], [Name::Number(7)], "somebody is in it");
    assert!(!world.administer(r#""janus":"room_status""#).contains(r#""room":8"#));
}
