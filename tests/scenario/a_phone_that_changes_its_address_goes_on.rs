//! A peer whose datagrams come from another address, as after a change from Wi-Fi to mobile, keeps its connection.

use crate::common::{VIDEO, VIDEO_LENGTH, index, meet, received};
use parlor_tests::{Result, Server};
use std::time::Duration;
use str0m::media::MediaKind;

/// How long the way may be broken: until the stack's next check.
const BREAK: Duration = Duration::from_secs(15);
const FRAMES: u64 = 60;

#[test]
fn a_phone_that_changes_its_address_goes_on() -> Result<()> {
    let server = Server::start(&[])?;
    let mut meeting = meet(&server, 2)?;
    meeting.talk(FRAMES, Duration::from_millis(20))?;
    assert!(meeting.settle(1.0)?, "not everything arrived before the change");

    meeting.subscribers[0].peer.change_address()?;
    let back = meeting.reaches(0)?;
    assert!(back, "the subscriber gets nothing at its new address");

    meeting.publisher.peer.change_address()?;
    let back = meeting.reaches(1)?;
    assert!(back, "the publisher is not heard from its new address");

    let first = meeting.publisher.tracks[VIDEO].sent;
    meeting.talk(FRAMES, Duration::from_millis(20))?;
    meeting.drive(Duration::from_secs(1), |_| false)?;
    for subscriber in &meeting.subscribers {
        let video = received(subscriber, MediaKind::Video);
        let indices = video.iter().map(|packet| index(packet, MediaKind::Video)).filter(|index| *index >= first);
        assert_eq!(indices.collect::<Vec<u64>>(), (first..first + FRAMES * 4).collect::<Vec<u64>>());
    }
    Ok(())
}

impl crate::common::Meeting {
    /// Sends until something arrives at a subscriber; what was lost meanwhile stays lost.
    fn reaches(&mut self, subscriber: usize) -> Result<bool> {
        let before = self.subscribers[subscriber].peer.received.len();
        let turns = BREAK.as_millis() / 50;
        for _ in 0..turns {
            self.publisher.send_frame(VIDEO, 4, VIDEO_LENGTH)?;
            let arrived =
                self.drive(Duration::from_millis(50), |peers| peers[subscriber].received.len() >= before + 4)?;
            if arrived {
                return Ok(true);
            }
        }
        Ok(false)
    }
}
