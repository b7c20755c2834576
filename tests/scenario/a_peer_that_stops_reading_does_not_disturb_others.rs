//! One subscriber's full socket, or one that is gone without a word, costs the others nothing.

use crate::common::{index, meet, received};
use parlor_tests::{Result, Server};
use std::time::Duration;
use str0m::media::MediaKind;

const SUBSCRIBERS: usize = 6;
const FRAMES: u64 = 200;

#[test]
fn a_peer_that_stops_reading_does_not_disturb_others() -> Result<()> {
    let server = Server::start(&[])?;
    let mut meeting = meet(&server, SUBSCRIBERS)?;
    // From here on nobody reads this one's socket,
    let deaf = meeting.subscribers.pop();
    // and this one's is closed: what is sent there is answered by "port unreachable".
    let mut gone = meeting.subscribers.pop().ok_or("a subscriber")?;
    gone.peer.change_address()?;
    meeting.talk(FRAMES, Duration::from_millis(25))?;
    assert!(meeting.settle(1.0)?, "not everything arrived");
    for subscriber in &meeting.subscribers {
        let video = received(subscriber, MediaKind::Video);
        let indices: Vec<u64> = video.iter().map(|packet| index(packet, MediaKind::Video)).collect();
        assert_eq!(indices, (0..FRAMES * 4).collect::<Vec<u64>>());
    }
    drop((deaf, gone));
    Ok(())
}
