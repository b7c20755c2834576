//! Who joins later sees a picture at once, and from there on everything.

use crate::common::{PATIENCE, index, meet, received};
use parlor_tests::{Result, Server};
use std::time::Duration;
use str0m::media::MediaKind;

/// Frames before and after the join, at `INTERVAL`.
const FRAMES: u64 = 60;
const INTERVAL: Duration = Duration::from_millis(33);
/// Frames until a keyframe must have come: the publisher of this test makes one as soon as it is asked.
const WAIT: u64 = 15;

#[test]
fn a_late_joiner_gets_a_keyframe() -> Result<()> {
    let server = Server::start(&[])?;
    let mut meeting = meet(&server, 1)?;
    meeting.talk(FRAMES, INTERVAL)?;
    let before = meeting.publisher.peer.counts.keyframe_requests;
    meeting.join(&server)?;
    assert!(meeting.drive(PATIENCE, |peers| peers[1].is_connected())?, "the connection did not come up");
    meeting.talk(FRAMES, INTERVAL)?;
    meeting.drive(Duration::from_secs(1), |_| false)?;

    assert!(meeting.publisher.peer.counts.keyframe_requests > before, "nobody asked for a keyframe");
    let video = received(&meeting.subscribers[1], MediaKind::Video);
    // The first byte after descriptor is the frame tag, whose low bit is 0 in a keyframe.
    let keyframe = video.iter().position(|packet| {
        let start = packet.payload[0] & 0x10 != 0;
        start && packet.payload[4] & 1 == 0
    });
    let keyframe = keyframe.expect("a keyframe");
    let first = index(video[keyframe], MediaKind::Video);
    assert!(first < (FRAMES + WAIT) * 4, "the keyframe came {} frames after the join", first / 4 - FRAMES);
    let indices: Vec<u64> = video[keyframe..].iter().map(|packet| index(packet, MediaKind::Video)).collect();
    assert_eq!(indices, (first..FRAMES * 8).collect::<Vec<u64>>());
    Ok(())
}
