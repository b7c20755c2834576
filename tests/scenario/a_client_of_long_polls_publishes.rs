//! A client that speaks HTTP alone publishes, and what it sends reaches others byte for byte.

use crate::common::{AUDIO, AUDIO_LENGTH, PATIENCE, VIDEO, VIDEO_LENGTH, index, received};
use parlor_tests::peer::{Options, drive};
use parlor_tests::rest::Rest;
use parlor_tests::{Publisher, Result, Server, Subscriber};
use serde_json::json;
use std::time::Duration;
use str0m::media::MediaKind;

const FRAMES: u64 = 60;
const INTERVAL: Duration = Duration::from_millis(20);

#[test]
fn a_client_of_long_polls_publishes() -> Result<()> {
    let server = Server::start(&[])?;
    let room = server.create_room(3)?;
    let rest = Rest::connect(&server.http)?;
    let mut publisher = Publisher::join_by(rest, room, Options::local(), &[MediaKind::Audio, MediaKind::Video])?;
    let mut subscriber = Subscriber::join(&server.websocket, room, Options::local(), &[publisher.id])?;
    let up = drive(&mut [&mut subscriber.peer, &mut publisher.peer], PATIENCE, |peers| peers[0].is_connected())?;
    assert!(up, "no connection");
    let up = subscriber.signalling.wait(PATIENCE, |event| event["janus"] == "webrtcup")?;
    assert!(up.is_some(), "the server did not say that the connection is up");

    for _ in 0..FRAMES {
        publisher.send_frame(VIDEO, 4, VIDEO_LENGTH)?;
        publisher.send_audio(AUDIO, AUDIO_LENGTH)?;
        drive(&mut [&mut subscriber.peer, &mut publisher.peer], INTERVAL, |_| false)?;
    }
    let all = FRAMES as usize * 5;
    let came =
        drive(&mut [&mut subscriber.peer, &mut publisher.peer], PATIENCE, |peers| peers[0].received.len() >= all)?;
    assert!(came, "{}", subscriber.peer.received.len());
    for (kind, count) in [(MediaKind::Video, 4 * FRAMES), (MediaKind::Audio, FRAMES)] {
        let mut indices: Vec<u64> = received(&subscriber, kind).into_iter().map(|packet| index(packet, kind)).collect();
        indices.sort_unstable();
        assert_eq!(indices, (0..count).collect::<Vec<_>>(), "{kind:?}");
    }

    let handle = publisher.handle;
    let (unpublished, _) = publisher.signalling.message(handle, json!({ "request": "unpublish" }), None)?;
    assert_eq!(unpublished["unpublished"], "ok");
    publisher.signalling.wait(|event| event["janus"] == "hangup")?;
    let updated =
        subscriber.signalling.wait(PATIENCE, |event| event["plugindata"]["data"]["videoroom"] == "updated")?;
    assert!(updated.is_some(), "the subscriber was not told");
    Ok(())
}
