//! Every text of every request at its limit and past it.

use std::format;
use std::string::String;

use super::client::{OFFER, World, number};
use super::malformed::{BY_ANYBODY, BY_PUBLISHERS, BY_SUBSCRIBERS, Case, good};
use crate::control::parameter::Wanted;
use crate::room::settings::SECRET_BYTES;
use crate::room::subscriber::CROSS_REFERENCE_BYTES;
use crate::room::{DISPLAY_BYTES, METADATA_BYTES, NAME_BYTES, publisher, settings};

/// Requests of somebody who plays no part, with `TEXT` for the text, and the most bytes that it may have.
const OF_ANYBODY: &[(&str, usize)] = &[
    (r#"{"request":"create","description":"TEXT"}"#, settings::DESCRIPTION_BYTES),
    (r#"{"request":"create","secret":"TEXT"}"#, SECRET_BYTES),
    (r#"{"request":"create","pin":"TEXT"}"#, SECRET_BYTES),
    (r#"{"request":"create","rec_dir":"TEXT"}"#, settings::DESCRIPTION_BYTES),
    (r#"{"request":"create","vp9_profile":"TEXT"}"#, 16),
    (r#"{"request":"create","h264_profile":"TEXT"}"#, 16),
    (r#"{"request":"create","audiocodec":"TEXT"}"#, 128),
    (r#"{"request":"edit","room":7,"new_description":"TEXT"}"#, settings::DESCRIPTION_BYTES),
    (r#"{"request":"edit","room":7,"new_secret":"TEXT"}"#, SECRET_BYTES),
    (r#"{"request":"edit","room":7,"new_pin":"TEXT"}"#, SECRET_BYTES),
    (r#"{"request":"edit","room":7,"new_rec_dir":"TEXT"}"#, settings::DESCRIPTION_BYTES),
    (r#"{"request":"join","ptype":"publisher","room":7,"display":"TEXT"}"#, DISPLAY_BYTES),
];

/// Those of a publisher.
const OF_PUBLISHERS: &[(&str, usize)] = &[
    (r#"{"request":"configure","display":"TEXT"}"#, DISPLAY_BYTES),
    (r#"{"request":"configure","descriptions":[{"mid":"0","description":"TEXT"}]}"#, publisher::DESCRIPTION_BYTES),
    (r#"{"request":"configure","metadata":{"a":"TEXT"}}"#, METADATA_BYTES - r#"{"a":""}"#.len()),
];

/// Those of a subscriber.
const OF_SUBSCRIBERS: &[(&str, usize)] =
    &[(r#"{"request":"subscribe","streams":[{"feed":FEED,"crossrefid":"TEXT"}]}"#, CROSS_REFERENCE_BYTES)];

fn text(len: usize) -> String {
    core::iter::repeat_n('x', len).collect()
}

/// What is asked with a text of `len` bytes, and whether the answer says that it is too long.
fn is_too_long(world: &mut World, (connection, session, handle): (u16, u64, u64), body: &str, len: usize) -> bool {
    let feeds = world.control.state.handles.iter().filter_map(|(_, entry)| entry.publisher()?.name.to_number());
    let feed = feeds.into_iter().next().unwrap_or(1);
    let body = body.replace("TEXT", &text(len)).replace("FEED", &format!("{feed}"));
    let said = world.ask(connection, session, handle, &body);
    assert!(!said.is_empty(), "{body} was not answered");
    let is_too_long = said.contains("should have at most");
    assert!(!is_too_long || said.contains(r#""error_code":430"#), "{body} gave {said}");
    is_too_long
}

/// A world with a publisher, a subscriber and somebody who plays no part.
fn world() -> (World, [(u16, u64, u64); 3]) {
    let mut world = World::new();
    let (session, handle, feed) = world.publisher(0);
    let (watching, watcher) = world.subscriber(1, feed);
    let numbers = world.session(2, 1);
    (world, [(0, session, handle), (1, watching, watcher), (2, numbers[0], numbers[1])])
}

#[test]
fn a_text_fits_up_to_its_limit_and_is_refused_past_it() {
    for (who, cases) in [(0, OF_PUBLISHERS), (1, OF_SUBSCRIBERS), (2, OF_ANYBODY)] {
        for (body, most) in cases {
            for (len, is_too) in [(1, false), (*most, false), (most + 1, true), (4 * most, true)] {
                let (mut world, callers) = world();
                let sizes = world.sizes();
                world.commands();
                assert_eq!(is_too_long(&mut world, callers[who], body, len), is_too, "{body}, {len} bytes");
                if is_too {
                    assert_eq!(world.sizes(), sizes, "{body}, {len} bytes");
                    assert!(world.commands().is_empty(), "{body}, {len} bytes");
                }
            }
        }
    }
}

#[test]
fn a_mid_that_is_too_long_names_nothing() {
    let (mut world, callers) = world();
    let feed = world.control.state.handles.iter().find_map(|(_, entry)| entry.publisher()?.name.to_number()).unwrap();
    let mid = text(33);
    let cases = [
        (0, format!(r#"{{"request":"configure","streams":[{{"mid":"{mid}"}}]}}"#), r#""error_code":428"#),
        (0, format!(r#"{{"request":"configure","descriptions":[{{"mid":"{mid}","description":"x"}}]}}"#), "configured"),
        (1, format!(r#"{{"request":"configure","streams":[{{"mid":"{mid}"}}]}}"#), r#""error_code":428"#),
        (1, format!(r#"{{"request":"subscribe","streams":[{{"feed":{feed},"mid":"{mid}"}}]}}"#), r#""error_code":428"#),
        (1, format!(r#"{{"request":"unsubscribe","streams":[{{"sub_mid":"{mid}"}}]}}"#), r#""videoroom":"updated""#),
        (
            1,
            format!(r#"{{"request":"switch","streams":[{{"feed":{feed},"mid":"0","sub_mid":"{mid}"}}]}}"#),
            r#""changes":0"#,
        ),
        (
            2,
            format!(r#"{{"request":"moderate","room":7,"id":{feed},"mid":"{mid}","mute":true}}"#),
            r#""error_code":428"#,
        ),
    ];
    for (who, body, answer) in cases {
        let (connection, session, handle) = callers[who];
        let said = world.ask(connection, session, handle, &body);
        assert!(said.contains(answer), "{body} gave {said}");
    }
}

#[test]
fn no_text_of_any_length_breaks_a_request() {
    const LENGTHS: [usize; 12] = [0, 1, 31, 32, 33, 63, 64, 65, 127, 128, 129, 4_000];
    let body = |(request, parameters, list): &Case, odd: &str, len: usize| {
        let needed = parameters.iter().filter(|it| it.is_required && it.name != odd);
        let mut members: String = needed.map(|it| format!(r#""{}":{},"#, it.name, good(it))).collect();
        members += &format!(r#""{odd}":"{}""#, text(len));
        match list {
            Some(list) => format!(r#"{{"request":"{request}","{list}":[{{{members}}}]}}"#),
            None => format!(r#"{{"request":"{request}",{members}}}"#),
        }
    };
    let mut count = 0;
    for (who, cases) in [(0, BY_PUBLISHERS), (1, BY_SUBSCRIBERS), (2, BY_ANYBODY)] {
        for case in cases {
            let (mut world, callers) = world();
            for odd in case.1.iter().filter(|it| it.wanted == Wanted::Text) {
                for len in LENGTHS {
                    is_too_long(&mut world, callers[who], &body(case, odd.name, len), 0);
                    count += 1;
                }
            }
            for connection in 0..3 {
                world.drop_connection(connection);
            }
            world.close_links();
            let [sessions, handles, _, links, streams, subscriptions, relays] = world.sizes();
            assert_eq!([sessions, handles, links, streams, subscriptions, relays], [0; 6], "{}", case.0);
        }
    }
    assert!(count > 400, "{count}");
}

#[test]
fn a_lock_and_a_token_that_are_too_long_are_as_wrong_as_others() {
    let mut world = World::new();
    let numbers = world.session(0, 1);
    let mut ask = |body: &str| world.ask(0, numbers[0], numbers[1], body);
    let longest = text(SECRET_BYTES);
    ask(&format!(r#"{{"request":"create","room":7,"secret":"{longest}","pin":"{longest}","allowed":["{longest}"]}}"#));
    for more in ["x", &text(4_000)] {
        let wrong = format!("{longest}{more}");
        let said = ask(&format!(r#"{{"request":"edit","room":7,"secret":"{wrong}"}}"#));
        assert!(said.contains(r#""error_code":433"#), "{said}");
        let join = r#""request":"join","ptype":"publisher","room":7"#;
        for lock in [format!(r#""pin":"{wrong}""#), format!(r#""pin":"{longest}","token":"{wrong}""#)] {
            let said = ask(&format!("{{{join},{lock}}}"));
            assert!(said.contains(r#""error_code":433"#), "{said}");
        }
        let said = ask(&format!(
            r#"{{"request":"allowed","room":7,"secret":"{longest}","action":"add","allowed":["{wrong}"]}}"#
        ));
        assert!(said.contains(r#""error_code":430"#), "{said}");
    }
    let right = format!(r#"{{"request":"join","ptype":"publisher","room":7,"pin":"{longest}","token":"{longest}"}}"#);
    assert!(ask(&right).contains(r#""videoroom":"joined""#));
}

#[test]
fn names_that_are_texts_have_a_limit() {
    let mut world = World::with(|settings| settings.string_ids = true);
    let numbers = world.session(0, 2);
    let mut ask = |handle: usize, body: &str| world.ask(0, numbers[0], numbers[handle], body);
    let (longest, longer) = (text(NAME_BYTES), text(NAME_BYTES + 1));
    assert!(ask(1, &format!(r#"{{"request":"create","room":"{longest}"}}"#)).contains("created"));
    assert!(ask(1, &format!(r#"{{"request":"create","room":"{longer}"}}"#)).contains("at most"));
    let join = |id: &str| format!(r#"{{"request":"join","ptype":"publisher","room":"{longest}","id":"{id}"}}"#);
    assert!(ask(1, &join(&longer)).contains(r#""error_code":430"#));
    assert!(ask(1, &join(&longest)).contains(&longest));
}

#[test]
fn texts_of_the_envelope_have_limits() {
    let mut world = World::new();
    let mut say = |text: String| world.say(0, &text).pop().unwrap();
    for (len, fits) in [(1, true), (128, true), (129, false), (4_000, false)] {
        let said = say(format!(r#"{{"janus":"ping","transaction":"{}"}}"#, text(len)));
        assert_eq!((said.contains("pong"), said.contains(r#""code":467"#)), (fits, !fits), "{len}: {said}");
    }
    let session = number(&say(r#"{"janus":"create","transaction":"t"}"#.into()), "id");
    let attach = |plugin: &str, id: usize| {
        let opaque = text(id);
        format!(
            r#"{{"janus":"attach","transaction":"t","session_id":{session},"plugin":"{plugin}","opaque_id":"{opaque}"}}"#
        )
    };
    for (len, fits) in [(0, true), (128, true), (129, false), (4_000, false)] {
        let said = say(attach("janus.plugin.videoroom", len));
        assert_eq!((said.contains("success"), said.contains(r#""code":467"#)), (fits, !fits), "{len}: {said}");
    }
    assert!(say(attach(&text(4_000), 1)).contains(r#""code":460"#));
    let said = say(format!(r#"{{"janus":"{}","transaction":"t"}}"#, text(4_000)));
    assert!(said.contains(r#""janus":"error""#), "{said}");
}

#[test]
fn texts_of_administrators_have_limits() {
    let mut world = World::with(|settings| settings.token_auth = true);
    let lines: [(&str, usize); 2] =
        [(r#""janus":"custom_logline","line":"TEXT""#, 512), (r#""janus":"add_token","token":"TEXT""#, 128)];
    for (request, most) in lines {
        for (len, fits) in [(1, true), (most, true), (most + 1, false), (8 * most, false)] {
            let said = world.administer(&request.replace("TEXT", &text(len)));
            assert_eq!(said.contains("success"), fits, "{request} with {len} bytes: {said}");
        }
    }
    for request in [
        r#""janus":"resolve_address","address":"TEXT""#,
        r#""janus":"query_transport","transport":"TEXT""#,
        r#""janus":"message_plugin","plugin":"TEXT""#,
        r#""janus":"TEXT""#,
    ] {
        let said = world.administer(&request.replace("TEXT", &text(4_000)));
        assert!(said.contains(r#""janus":"error""#), "{said}");
    }
}

#[test]
fn a_description_with_a_line_that_is_too_long_is_refused() {
    let mut world = World::new();
    let numbers = world.session(0, 1);
    world.ask(0, numbers[0], numbers[1], r#"{"request":"create","room":7}"#);
    let join = r#"{"request":"joinandconfigure","ptype":"publisher","room":7}"#;
    let long = format!("{OFFER}a=x-long:{}\r\n", text(40_000));
    let said = world.ask_with(0, numbers[0], numbers[1], join, Some(("offer", &long)));
    assert!(said.contains(r#""code":465"#) && said.contains("line too long"), "{said}");
    assert_eq!(world.control.state.publishers(crate::id::RoomId::new(0, 0)).count(), 0);
}
