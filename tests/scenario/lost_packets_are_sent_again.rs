//! At 5 % loss on every link and in both directions, what is asked for again arrives.

use crate::common::{VIDEO, VIDEO_LENGTH, index, meet, received};
use parlor_tests::{Link, Result, Server};
use std::collections::BTreeSet;
use std::time::Duration;
use str0m::media::MediaKind;

const SUBSCRIBERS: usize = 5;
const FRAMES: u64 = 600;
/// One way, from each peer: without it a round trip takes no time, and Janus keeps nothing to be sent again.
const DELAY: Duration = Duration::from_millis(20);
const LOSS: f64 = 0.05;
const DELIVERED: f64 = 0.999;
/// Frames sent after those that count: only a later packet shows that the last one was lost.
const TAIL: u64 = 60;

#[test]
fn lost_packets_are_sent_again() -> Result<()> {
    let server = Server::start(&[])?;
    let mut meeting = meet(&server, SUBSCRIBERS)?;
    let peers = meeting.subscribers.iter_mut().map(|subscriber| &mut subscriber.peer);
    for (number, peer) in peers.chain([&mut meeting.publisher.peer]).enumerate() {
        peer.link = Link::lossy(0x5eed_0000 + number as u64, LOSS);
        peer.link.delay_out = DELAY;
    }
    for _ in 0..FRAMES + TAIL {
        meeting.publisher.send_frame(VIDEO, 4, VIDEO_LENGTH)?;
        meeting.drive(Duration::from_millis(15), |_| false)?;
    }
    meeting.drive(Duration::from_secs(2), |_| false)?;
    for subscriber in &meeting.subscribers {
        let packets = received(subscriber, MediaKind::Video);
        let indices = packets.iter().map(|packet| index(packet, MediaKind::Video));
        let delivered = indices.filter(|index| *index < FRAMES * 4).collect::<BTreeSet<u64>>().len();
        let share = delivered as f64 / (FRAMES * 4) as f64;
        assert!(subscriber.peer.link.lost > FRAMES / 10, "the link lost nothing");
        assert!(share >= DELIVERED, "{:.2} % were delivered", share * 100.0);
    }
    Ok(())
}
