//! A client whose connection breaks claims its session from another, and nobody who watches notices.

use crate::common::{VIDEO, index, meet, received};
use parlor_tests::{Result, Server, Signalling};
use serde_json::json;
use std::time::Duration;
use str0m::media::MediaKind;

const FRAMES: u64 = 30;
const INTERVAL: Duration = Duration::from_millis(33);
/// Longer than a server needs to see that a connection is gone.
const NEXT_EVENT: Duration = Duration::from_secs(10);

#[test]
fn a_session_is_claimed_while_media_flows() -> Result<()> {
    let server = Server::start(&["control.reclaim_session_timeout=30"])?;
    let mut meeting = meet(&server, 1)?;
    meeting.talk(FRAMES, INTERVAL)?;
    let (session, handle) = (meeting.publisher.signalling.session(), meeting.publisher.handle);
    // The old connection breaks without a word.
    drop(std::mem::replace(&mut meeting.publisher.signalling, Signalling::connect(&server.websocket)?));
    meeting.talk(FRAMES, INTERVAL)?;
    meeting.publisher.signalling.claim(session)?;
    meeting.talk(FRAMES, INTERVAL)?;
    assert!(meeting.settle(1.0)?, "what was sent before, between and after did not all arrive");
    let indices: Vec<u64> =
        received(&meeting.subscribers[0], MediaKind::Video).iter().map(|it| index(it, MediaKind::Video)).collect();
    assert_eq!(indices, (0..meeting.publisher.tracks[VIDEO].sent).collect::<Vec<_>>());

    // The handle answers as before, and its events come here.
    let room = meeting.room;
    let signalling = &mut meeting.publisher.signalling;
    let (configured, _) = signalling.message(handle, json!({ "request": "configure", "display": "again" }), None)?;
    assert_eq!(configured["configured"], "ok");
    let mut guest = Signalling::connect(&server.websocket)?;
    let other = guest.attach()?;
    guest.message(other, json!({ "request": "join", "ptype": "publisher", "room": room, "id": 77 }), None)?;
    guest.message(other, json!({ "request": "leave" }), None)?;
    let left = signalling.wait(NEXT_EVENT, |event| event["plugindata"]["data"]["leaving"] == 77)?;
    assert!(left.is_some(), "the events of a claimed session go elsewhere");
    Ok(())
}
