//! Media, its header extensions and the reports about it are what another stack takes for correct.

use crate::common::{index, meet, received};
use parlor_tests::{Result, Server};
use std::time::Duration;
use str0m::media::MediaKind;

const FRAMES: u64 = 200;

#[test]
fn a_foreign_stack_accepts_audio_video_and_rtcp() -> Result<()> {
    let server = Server::start(&[])?;
    let mut meeting = meet(&server, 1)?;
    meeting.talk(FRAMES, Duration::from_millis(33))?;
    assert!(meeting.settle(1.0)?, "not everything arrived");

    let subscriber = &meeting.subscribers[0];
    let audio = received(subscriber, MediaKind::Audio);
    assert_eq!(audio.len() as u64, FRAMES);
    assert!(audio.windows(2).all(|pair| pair[1].timestamp.wrapping_sub(pair[0].timestamp) == 960));
    assert!(audio.iter().all(|packet| packet.extensions.audio_level == Some(-30)), "the audio level arrives");

    let video = received(subscriber, MediaKind::Video);
    assert_eq!(video.len() as u64, FRAMES * 4);
    for packet in &video {
        let place = index(packet, MediaKind::Video);
        assert_eq!(packet.marker, place % 4 == 3, "the marker of packet {place}");
        let frames = packet.timestamp.wrapping_sub(video[0].timestamp) / 3000;
        assert_eq!(u64::from(frames), place / 4, "the timestamp of packet {place}");
    }

    let heard = |name| subscriber.peer.counts.reports.get(name).copied().unwrap_or(0);
    assert!(heard("sender report") >= 2, "sender reports: {:?}", subscriber.peer.counts);
    let publisher = &meeting.publisher.peer.counts;
    let told = |name| publisher.reports.get(name).copied().unwrap_or(0);
    assert!(told("receiver report") >= 1, "receiver reports: {publisher:?}");
    assert!(told("transport-wide feedback") >= 10, "feedback for the publisher's encoder: {publisher:?}");
    assert!(publisher.keyframe_requests >= 1, "the joining subscriber needs a keyframe: {publisher:?}");
    assert_eq!(told("nack"), 0, "nothing was lost, so nothing is asked for: {publisher:?}");
    Ok(())
}
