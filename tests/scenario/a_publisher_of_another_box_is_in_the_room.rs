//! Who publishes at one box is in a room of another like anybody: announced at once, seen and heard byte for byte, told
//! to talk; a keyframe that is wanted there is asked for here, and when it is over, everybody hears it at once.

use crate::boxes::{Boxes, FAR};
use crate::common::{AUDIO, PATIENCE, VIDEO, index, received};
use parlor_tests::{Result, Server};
use serde_json::json;
use std::time::Duration;
use str0m::media::MediaKind;

const FRAMES: u64 = 60;

/// Far less than the silence after which a publisher would be missed anyway.
const AT_ONCE: Duration = Duration::from_millis(500);

#[test]
fn a_publisher_of_another_box_is_in_the_room() -> Result<()> {
    for suite in [None, Some(32), Some(80)] {
        let (origin, target) = (Server::start(&[])?, Server::start(&[])?);
        let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd";
        let sealing = suite.map_or(json!({}), |suite| json!({ "srtp_suite": suite, "srtp_crypto": key }));
        let (mut boxes, added) = Boxes::announce(&origin, &target, &sealing)?;
        let told = boxes
            .target
            .signalling
            .wait(PATIENCE, |event| event["plugindata"]["data"]["publishers"][0]["id"] == FAR)?;
        assert!(told.is_some(), "nobody was told of the publisher");
        boxes.publish(&added, &sealing)?;

        let mut subscriber = boxes.subscriber()?;
        boxes.talk(&mut subscriber, FRAMES)?;
        let seen: Vec<u64> =
            received(&subscriber, MediaKind::Video).into_iter().map(|it| index(it, MediaKind::Video)).collect();
        assert!(seen.len() as u64 > FRAMES * 4 / 2, "only {} packets of pictures came", seen.len());
        assert!(seen.windows(2).all(|pair| pair[1] == pair[0] + 1), "pictures have holes");
        assert_eq!(*seen.last().unwrap() + 1, boxes.publisher.tracks[VIDEO].sent);
        let heard: Vec<u64> =
            received(&subscriber, MediaKind::Audio).into_iter().map(|it| index(it, MediaKind::Audio)).collect();
        assert!(heard.len() as u64 > FRAMES - 5, "only {} packets of sound came", heard.len());
        assert!(heard.windows(2).all(|pair| pair[1] == pair[0] + 1), "sound has holes");
        assert_eq!(*heard.last().unwrap() + 1, boxes.publisher.tracks[AUDIO].sent);
        assert!(
            subscriber.peer.counts.reports.contains_key("sender report"),
            "nobody says what time pictures and sound are of"
        );
        assert!(boxes.target.hears(PATIENCE, "videoroom", &json!("talking"))?, "nobody says who talks");

        // After a pause by a moderator of the second room the picture can only go on with a keyframe.
        let asked = boxes.publisher.peer.counts.keyframe_requests;
        let mid = boxes.publisher.tracks[VIDEO].mid.to_string();
        for mute in [true, false] {
            boxes.target.ask("moderate", json!({ "id": FAR, "mid": mid, "mute": mute }))?;
        }
        boxes.talk(&mut subscriber, 20)?;
        assert!(boxes.publisher.peer.counts.keyframe_requests > asked, "no request for a keyframe came back");

        let publisher_id = boxes.publisher.id;
        let list = boxes.origin.ask("list_remotes", json!({ "publisher_id": publisher_id }))?;
        assert_eq!(list["list"][0]["id"], "second box");
        assert_eq!((&list["list"][0]["port"], &list["list"][0]["srtp"]), (&added["port"], &json!(suite.is_some())));
        let end = json!({ "publisher_id": publisher_id, "remote_id": "second box" });
        boxes.origin.ask("unpublish_remotely", end)?;
        boxes.talk(&mut subscriber, 2)?;
        let before = subscriber.peer.received.len();
        boxes.talk(&mut subscriber, 10)?;
        assert_eq!(subscriber.peer.received.len(), before, "what is over goes on");
        boxes.target.ask("remove_remote_publisher", json!({ "id": FAR }))?;
        assert!(boxes.target.hears(AT_ONCE, "unpublished", &json!(FAR))?);
        assert!(boxes.target.hears(AT_ONCE, "leaving", &json!(FAR))?);
        let updated = |event: &serde_json::Value| event["plugindata"]["data"]["videoroom"] == "updated";
        assert!(subscriber.signalling.wait(AT_ONCE, updated)?.is_some(), "the subscriber was not told");
    }
    Ok(())
}
