//! Every request with every member missing or of another type.

use super::client::{OFFER, World};
use crate::control::parameter::{Parameter, Wanted};
use crate::control::{changes, forward, join, people, rooms, select, subscribe, watch};
use crate::control::{remote, remote_line, remote_publisher};
use std::format;
use std::string::String;
use std::vec::Vec;

/// A request: its name, what it may hold, and, where that is about the elements of a list, the list's name.
pub(super) type Case = (&'static str, &'static [Parameter], Option<&'static str>);

/// Asked by somebody who plays no part.
pub(super) const BY_ANYBODY: &[Case] = &[
    ("create", rooms::CREATE, None),
    ("edit", rooms::EDIT, None),
    ("destroy", rooms::DESTROY, None),
    ("exists", rooms::NAMED, None),
    ("listparticipants", rooms::NAMED, None),
    ("listforwarders", rooms::NAMED, None),
    ("kick", people::KICK, None),
    ("moderate", people::MODERATE, None),
    ("allowed", people::ALLOWED, None),
    ("enable_recording", people::ENABLE_RECORDING, None),
    ("rtp_forward", forward::RTP_FORWARD, None),
    ("rtp_forward", forward::FORWARDED_STREAM, Some("streams")),
    ("stop_rtp_forward", forward::STOP_RTP_FORWARD, None),
    ("add_remote_publisher", remote_publisher::ADD_REMOTE_PUBLISHER, None),
    ("add_remote_publisher", remote_line::REMOTE_LINE, Some("streams")),
    ("update_remote_publisher", remote_publisher::UPDATE_REMOTE_PUBLISHER, None),
    ("remove_remote_publisher", remote_publisher::REMOVE_REMOTE_PUBLISHER, None),
    ("publish_remotely", remote::PUBLISH_REMOTELY, None),
    ("unpublish_remotely", remote::UNPUBLISH_REMOTELY, None),
    ("list_remotes", remote::LIST_REMOTES, None),
    ("join", join::JOIN, None),
];

pub(super) const BY_PUBLISHERS: &[Case] = &[
    ("configure", changes::CONFIGURE, None),
    ("configure", changes::CONFIGURED_STREAM, Some("streams")),
    ("configure", changes::DESCRIPTION, Some("descriptions")),
];

pub(super) const BY_SUBSCRIBERS: &[Case] = &[
    ("configure", watch::CONFIGURE_SUBSCRIBER, None),
    ("configure", watch::CONFIGURE_STREAM, Some("streams")),
    ("subscribe", select::WANTED_STREAM, Some("streams")),
    ("unsubscribe", subscribe::UNWANTED_STREAM, Some("streams")),
    ("switch", subscribe::SWITCHED_STREAM, Some("streams")),
    ("update", select::WANTED_STREAM, Some("subscribe")),
    ("update", subscribe::UNWANTED_STREAM, Some("unsubscribe")),
];

pub(super) fn good(parameter: &Parameter) -> String {
    match (parameter.name, parameter.wanted) {
        ("room", _) => "7".into(),
        ("ptype", _) => "\"publisher\"".into(),
        (_, Wanted::Text) => "\"0\"".into(),
        (_, Wanted::Bool) => "false".into(),
        (_, Wanted::Name | Wanted::Natural | Wanted::Integer) => "1".into(),
        (_, Wanted::Array) => "[]".into(),
        (_, Wanted::Object) => "{}".into(),
    }
}

fn bad(wanted: Wanted) -> &'static [&'static str] {
    match wanted {
        Wanted::Text => &["1", "null", "[]", "{}", "true"],
        Wanted::Bool => &["1", "null", "\"true\""],
        Wanted::Natural | Wanted::Name => &["\"1\"", "-1", "1.5", "1e3", "null", "true", "[]"],
        Wanted::Integer => &["\"1\"", "1.5", "null"],
        Wanted::Array | Wanted::Object => &["1", "\"x\"", "null"],
    }
}

/// The bodies of `case` that are wrong about exactly one member.
fn bodies(case: &Case) -> Vec<String> {
    let (request, parameters, list) = case;
    let mut wrong = Vec::new();
    for odd in *parameters {
        let needed = || parameters.iter().filter(|other| other.is_required && other.name != odd.name);
        let members: Vec<String> = needed().map(|it| format!("\"{}\":{}", it.name, good(it))).collect();
        let members = members.join(",");
        if odd.is_required {
            wrong.push(members.clone());
        }
        let comma = if members.is_empty() { "" } else { "," };
        wrong.extend(bad(odd.wanted).iter().map(|value| format!("{members}{comma}\"{}\":{value}", odd.name)));
    }
    let body = |members: String| match (list, members.is_empty()) {
        (Some(list), _) => format!(r#"{{"request":"{request}","{list}":[{{{members}}}]}}"#),
        (None, true) => format!(r#"{{"request":"{request}"}}"#),
        (None, false) => format!(r#"{{"request":"{request}",{members}}}"#),
    };
    wrong.into_iter().map(body).collect()
}

fn refuse_all(world: &mut World, connection: u16, session: u64, handle: u64, cases: &[Case]) -> usize {
    let sizes = world.sizes();
    world.commands();
    let mut count = 0;
    for body in cases.iter().flat_map(bodies) {
        let said = world.ask(connection, session, handle, &body);
        assert!(said.contains(r#""error_code":4"#), "{body} gave {said}");
        assert_eq!(world.sizes(), sizes, "{body}");
        assert!(world.commands().is_empty(), "{body}");
        count += 1;
    }
    count
}

#[test]
fn whatever_is_missing_or_of_the_wrong_type_is_refused_and_changes_nothing() {
    let mut world = World::new();
    let (session, handle, id) = world.publisher(0);
    let (watcher, watching) = world.subscriber(1, id);
    let numbers = world.session(2, 1);
    let mut count = refuse_all(&mut world, 2, numbers[0], numbers[1], BY_ANYBODY);
    count += refuse_all(&mut world, 0, session, handle, BY_PUBLISHERS);
    count += refuse_all(&mut world, 1, watcher, watching, BY_SUBSCRIBERS);
    assert!(count > 300, "{count}");
}

#[test]
fn joins_with_one_wrong_member_are_refused_and_change_nothing() {
    let mut world = World::new();
    let (_, _, id) = world.publisher(0);
    let numbers = world.session(2, 1);
    let sizes = world.sizes();
    let parts = [
        (join::JOIN_AS_PUBLISHER, "join", r#""ptype":"publisher""#),
        (join::JOIN_WITH_OFFER, "joinandconfigure", r#""ptype":"publisher""#),
        (watch::JOIN_AS_SUBSCRIBER, "join", r#""ptype":"subscriber""#),
    ];
    for (parameters, request, part) in parts {
        for odd in parameters {
            for value in bad(odd.wanted) {
                let feed = if part.contains("sub") { format!(r#","feed":{id}"#) } else { String::new() };
                let body = format!(r#"{{"request":"{request}","room":7,{part}{feed},"{}":{value}}}"#, odd.name);
                let offer = (request == "joinandconfigure").then_some(("offer", OFFER));
                let said = world.ask_with(2, numbers[0], numbers[1], &body, offer);
                assert!(said.contains(r#""error_code":430"#), "{body} gave {said}");
                assert_eq!(world.sizes(), sizes);
            }
        }
    }
}
