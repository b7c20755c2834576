//! Publishers of other boxes that a platform brings without a request, and ours that it sends there.

use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use super::client::{World, number};
use crate::control::WayOut;
use crate::id::HandleId;
use crate::link::MasterKey;
use crate::media::{CloseReason, Command, Notice, RelayKeys};
use crate::room::Name;

const KEYS: RelayKeys = RelayKeys { master: MasterKey { key: [1; 16], salt: [2; 14] }, has_short_tags: false };
const ROOM: Name = Name::Number(7);
const WAY: WayOut<'_> = WayOut {
    name: "box b",
    address: core::net::SocketAddr::V4(core::net::SocketAddrV4::new(ADDRESS, 4000)),
    keys: KEYS,
};
const ADDRESS: core::net::Ipv4Addr = core::net::Ipv4Addr::new(10, 0, 0, 2);

/// Who publishes: their number, and what is said of them.
fn own(world: &mut World) -> Vec<(u64, String)> {
    let mut own = Vec::new();
    world.control.own_publishers(|it| {
        assert_eq!(it.room, ROOM);
        own.push((it.number, core::str::from_utf8(it.shown).unwrap().to_string()));
    });
    own
}

/// Whose media somebody wants.
fn wanted(world: &World) -> Vec<HandleId> {
    let mut wanted = Vec::new();
    world.control.wanted_of_boxes(|handle| wanted.push(handle));
    wanted.dedup();
    wanted
}

fn add(world: &mut World, shown: &str) -> Result<(HandleId, u16), u16> {
    let World { control, now, heard } = world;
    control.add_publisher_of_box(*now, (ROOM, shown.as_bytes()), KEYS, heard).map_err(|why| why.code)
}

#[test]
fn what_one_box_says_of_a_publisher_another_shows() {
    let (mut here, mut there) = (World::new(), World::new());
    let (_, _, id) = here.publisher(0);
    // Both have the same randomness: whoever comes later has another name.
    there.session(1, 1);
    there.publisher(0);
    let shown = own(&mut here).remove(0).1;
    there.texts();
    let (handle, port) = add(&mut there, &shown).unwrap();
    assert_eq!(port, 40_000 + there.heard.ingress[0].0.index);
    let told = there.texts().join("\n");
    let is_same = told.contains(&format!(r#""publishers":[{{"id":{id},"#)) && told.contains(r#""codec":"vp8""#);
    assert!(is_same && told.contains(r#""fec":true"#), "{told}");
    assert_eq!(own(&mut there).len(), 1, "who is of another box is not told of: nothing goes in a circle");
    let another = shown.replacen('{', r#"{"display":"Ada","#, 1);
    let World { control, now, heard } = &mut there;
    control.update_publisher_of_box(*now, handle, another.as_bytes(), heard).unwrap();
    assert!(there.texts().join("\n").contains(r#""display":"Ada""#));
    let World { control, now, heard } = &mut there;
    control.remove_publisher_of_box(*now, handle, heard);
    assert!(!there.control.has_publisher_of_box(handle) && there.heard.ingress.is_empty());
    assert!(there.texts().join("\n").contains(&format!(r#""leaving":{id}"#)));
}

#[test]
fn whose_name_is_taken_gets_another() {
    let mut world = World::new();
    let (_, _, id) = world.publisher(0);
    let shown = own(&mut world).remove(0).1;
    world.texts();
    let (handle, _) = add(&mut world, &shown).unwrap();
    let told = world.texts().join("\n");
    assert_ne!(number(&told, "id"), id, "{told}");
    assert!(world.control.has_publisher_of_box(handle));
}

#[test]
fn their_media_is_wanted_by_who_watches_them() {
    let mut world = World::new();
    let (session, publisher, _) = world.publisher(0);
    let shown = r#"{"id":55,"streams":[{"mindex":0,"mid":"a","type":"audio","codec":"opus"}]}"#;
    let (handle, _) = add(&mut world, shown).unwrap();
    assert!(wanted(&world).is_empty());
    let (_, _) = world.subscriber(1, 55);
    assert_eq!(wanted(&world), [handle]);
    world.drop_connection(1);
    assert!(wanted(&world).is_empty());
    let streams = r#""streams":[{"mid":"a","port":5000}]"#;
    let forward = format!(r#"{{"request":"rtp_forward","room":7,"publisher_id":55,"host":"127.0.0.1",{streams}}}"#);
    let said = world.ask(0, session, publisher, &forward);
    assert!(said.contains("forwarders"), "{said}");
    assert_eq!(wanted(&world), [handle]);
}

#[test]
fn silence_ends_them_only_where_that_is_asked_for() {
    let mut world = World::new();
    world.publisher(0);
    world.commands();
    let shown = r#"{"id":55,"streams":[{"mindex":0,"mid":"a","type":"audio","codec":"opus"}]}"#;
    let (handle, _) = add(&mut world, shown).unwrap();
    let World { control, now, heard } = &mut world;
    control.bound_silence_of_box(*now, handle, 2000, heard);
    control.secure_publisher_of_box(*now, handle, KEYS, heard);
    let mut told = world.commands().into_iter();
    let opened = told.find_map(|command| match command {
        Command::OpenIngress(open) => Some(open),
        _ => None,
    });
    let opened = opened.unwrap();
    assert_eq!((opened.silence_ms, opened.keys.is_some()), (u32::MAX, true));
    let rest: Vec<_> = told.collect();
    let link = opened.link;
    assert!(
        rest.iter().any(|it| matches!(it, Command::BoundSilence { link: other, silence_ms: 2000 } if *other == link))
    );
    assert!(
        rest.iter().any(|it| matches!(it, Command::SecureIngress { link: other, keys: Some(_) } if *other == link))
    );
    world.notice(Notice::Closed { link, reason: CloseReason::Silent });
    assert!(!world.control.has_publisher_of_box(handle));
}

#[test]
fn a_publisher_of_ours_goes_to_other_boxes_and_one_of_theirs_does_not() {
    let mut world = World::new();
    let (session, publisher, id) = world.publisher(0);
    let shown = r#"{"id":55,"streams":[{"mindex":0,"mid":"a","type":"audio","codec":"opus"}]}"#;
    add(&mut world, shown).unwrap();
    let own_number = own(&mut world)[0].0;
    world.commands();
    let send = |world: &mut World, number, way: &WayOut<'_>| {
        let World { control, now, heard } = world;
        control.send_to_box(*now, number, way, heard).map_err(|why| why.code)
    };
    assert_eq!(send(&mut world, own_number, &WAY), Ok(()));
    assert_eq!(send(&mut world, own_number, &WAY), Err(436), "it goes there already");
    let abroad = WayOut { address: ([8, 8, 8, 8], 4000).into(), name: "box c", ..WAY };
    assert_eq!(send(&mut world, own_number, &abroad), Err(433), "no media goes there");
    assert_eq!(send(&mut world, 0, &WAY), Err(428), "publishers of other boxes have no number");
    let is_relay = |command: &&Command| matches!(command, Command::AddRelay(_));
    assert_eq!(world.commands().iter().filter(is_relay).count(), 2);
    let list =
        world.ask(0, session, publisher, &format!(r#"{{"request":"list_remotes","room":7,"publisher_id":{id}}}"#));
    assert!(list.contains(r#""id":"box b","host":"10.0.0.2","port":4000,"rtcp_port":4000,"srtp":true"#), "{list}");
    world.ask(0, session, publisher, r#"{"request":"unpublish"}"#);
    let World { control, now, heard } = &mut world;
    control.stop_to_box(*now, own_number, "box b", heard);
    let list =
        world.ask(0, session, publisher, &format!(r#"{{"request":"list_remotes","room":7,"publisher_id":{id}}}"#));
    assert!(list.contains(r#""list":[]"#), "{list}");
}

#[test]
fn what_is_no_publisher_is_refused() {
    let mut world = World::new();
    world.publisher(0);
    let cases = [
        ("", 454),
        ("{}", 429),
        (r#"{"id":"text","streams":[]}"#, 430),
        (r#"{"id":55,"streams":[]}"#, 430),
        (r#"{"id":55,"streams":[{"mindex":1,"mid":"a","type":"audio","codec":"opus"}]}"#, 430),
        (r#"{"id":55,"streams":[{"mindex":0,"mid":"a","type":"audio","codec":"vp8"}]}"#, 430),
    ];
    for (shown, code) in cases {
        assert_eq!(add(&mut world, shown).map(|_| ()), Err(code), "{shown}");
    }
    let sound = r#"{"id":55,"streams":[{"mindex":0,"mid":"a","type":"audio","codec":"opus"}]}"#;
    let World { control, now, heard } = &mut world;
    let nowhere = control.add_publisher_of_box(*now, (Name::Number(8), sound.as_bytes()), KEYS, heard);
    assert_eq!(nowhere.map_err(|why| why.code).map(|_| ()), Err(426));
}
