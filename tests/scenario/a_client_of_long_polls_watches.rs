//! A client that speaks HTTP alone gets its offer, its events and the media; and the end of it by a poll.

use crate::common::{PATIENCE, meet};
use parlor_tests::peer::{Options, Peer, drive};
use parlor_tests::rest::Rest;
use parlor_tests::{Result, Server};
use serde_json::json;
use std::time::Duration;

const FRAMES: u64 = 60;
const INTERVAL: Duration = Duration::from_millis(20);

#[test]
fn a_client_of_long_polls_watches() -> Result<()> {
    let server = Server::start(&[])?;
    let mut meeting = meet(&server, 0)?;
    let mut rest = Rest::connect(&server.http)?;
    let handle = rest.attach()?;
    let streams = json!([{ "feed": meeting.publisher.id }]);
    let join = json!({ "request": "join", "ptype": "subscriber", "room": meeting.room, "streams": streams });
    let (attached, offer) = rest.message(handle, join, None)?;
    assert_eq!(attached["videoroom"], "attached");
    let mut peer = Peer::new(Options::local())?;
    let answer = peer.answer(&offer.ok_or("an offer")?)?;
    let jsep = json!({ "type": "answer", "sdp": answer });
    let (started, _) = rest.message(handle, json!({ "request": "start" }), Some(jsep))?;
    assert_eq!(started["started"], "ok");
    assert!(drive(&mut [&mut peer], PATIENCE, |peers| peers[0].is_connected())?, "no connection");
    rest.wait(|event| event["janus"] == "webrtcup")?;

    for _ in 0..FRAMES {
        meeting.talk(1, Duration::ZERO)?;
        drive(&mut [&mut peer], INTERVAL, |_| false)?;
    }
    // Four packets of video and one of audio a frame.
    let all = FRAMES as usize * 5;
    assert!(drive(&mut [&mut peer], PATIENCE, |peers| peers[0].received.len() >= all)?, "{}", peer.received.len());

    let publisher = meeting.publisher.handle;
    meeting.publisher.signalling.message(publisher, json!({ "request": "unpublish" }), None)?;
    let updated = rest.wait(|event| event["plugindata"]["data"]["videoroom"] == "updated")?;
    assert_eq!(updated["jsep"]["type"], "offer", "{updated}");
    Ok(())
}
