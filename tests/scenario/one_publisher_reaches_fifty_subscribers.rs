//! Every payload arrives at every subscriber, byte for byte and in order.

use crate::common::{PATIENCE, index, meet, received};
use parlor_tests::{Result, Server};
use std::time::Duration;
use str0m::media::MediaKind;

const SUBSCRIBERS: usize = 50;
const FRAMES: u64 = 150;

#[test]
fn one_publisher_reaches_fifty_subscribers() -> Result<()> {
    let server = Server::start(&[])?;
    let mut meeting = meet(&server, SUBSCRIBERS)?;
    meeting.talk(FRAMES, Duration::from_millis(33))?;
    let all = meeting.settle(1.0)?;
    let least = meeting.subscribers.iter().map(|subscriber| subscriber.peer.received.len()).min();
    assert!(all, "after {PATIENCE:?} one has {least:?} of {} packets", FRAMES * 5);
    for subscriber in &meeting.subscribers {
        for (kind, sent) in [(MediaKind::Audio, FRAMES), (MediaKind::Video, FRAMES * 4)] {
            let packets = received(subscriber, kind);
            let indices: Vec<u64> = packets.iter().map(|packet| index(packet, kind)).collect();
            assert_eq!(indices, (0..sent).collect::<Vec<u64>>(), "{kind:?} in order");
            let sequences_rise = packets.windows(2).all(|pair| pair[1].sequence == pair[0].sequence + 1);
            assert!(sequences_rise, "{kind:?} is numbered without gaps");
        }
    }
    Ok(())
}
