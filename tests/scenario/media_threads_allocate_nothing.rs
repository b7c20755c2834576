//! Once a media thread runs it asks the allocator for nothing: with media, reports, loss, joins, leaves and an address
//! that changes.

use crate::common::{AUDIO, AUDIO_LENGTH, Meeting, PATIENCE, VIDEO, VIDEO_LENGTH, meet};
use parlor_tests::{Link, Result, Server};
use std::time::{Duration, Instant};

/// Media threads, and rooms: one on each.
const THREADS: usize = 2;
/// Who stays in each room to the end.
const SUBSCRIBERS: usize = 4;
const LOSS: f64 = 0.02;
const DELAY: Duration = Duration::from_millis(20);
/// Frames from one who joins to its leave, and the time from frame to frame.
const STAY: usize = 40;
const INTERVAL: Duration = Duration::from_millis(20);

#[test]
fn media_threads_allocate_nothing() -> Result<()> {
    run_for(Duration::from_secs(10))
}

#[test]
#[ignore = "a minute: tests/run full"]
fn media_threads_allocate_nothing_in_a_minute() -> Result<()> {
    run_for(Duration::from_secs(60))
}

fn run_for(duration: Duration) -> Result<()> {
    let server = Server::start_counting(&[&format!("media.shards={THREADS}")])?;
    // A new room goes to the thread with the fewest links, so the second is not where the first is.
    let mut meetings = (0..THREADS).map(|_| meet(&server, SUBSCRIBERS)).collect::<Result<Vec<Meeting>>>()?;
    let start = Instant::now();
    while start.elapsed() < duration {
        for meeting in &mut meetings {
            meeting.join(&server)?;
            let up = meeting.drive(PATIENCE, |peers| peers.iter().all(|peer| peer.is_connected()))?;
            assert!(up, "the connection of one who joined did not come up");
        }
        talk(&mut meetings)?;
        for meeting in &mut meetings {
            check_traffic(meeting);
            let guest = meeting.subscribers.pop().ok_or("one who joined")?;
            guest.signalling.leave()?;
            disturb(meeting)?;
        }
    }
    for meeting in &meetings {
        let publisher = &meeting.publisher.peer;
        assert!(publisher.link.lost > 0 && publisher.counts.keyframe_requests > 0, "nothing was asked for again");
    }
    drop(meetings);
    let mut counts = server.stop_and_count()?;
    counts.sort();
    let nothing: Vec<(String, u64)> = (0..THREADS).map(|thread| (format!("media-{thread}"), 0)).collect();
    assert_eq!(counts, nothing, "what each media thread has allocated");
    Ok(())
}

/// A stay's frames in every room.
fn talk(meetings: &mut [Meeting]) -> Result<()> {
    for _ in 0..STAY {
        for meeting in &mut *meetings {
            meeting.publisher.send_frame(VIDEO, 4, VIDEO_LENGTH)?;
            meeting.publisher.send_audio(AUDIO, AUDIO_LENGTH)?;
            meeting.drive(INTERVAL / THREADS as u32, |_| false)?;
        }
    }
    for meeting in meetings {
        meeting.publisher.signalling.stay()?;
        for subscriber in &mut meeting.subscribers {
            subscriber.signalling.stay()?;
        }
    }
    Ok(())
}

/// Everybody has got most of a stay's packets, five a frame; the first is let off, for its address changes.
fn check_traffic(meeting: &mut Meeting) {
    for (number, subscriber) in meeting.subscribers.iter_mut().enumerate() {
        let received = std::mem::take(&mut subscriber.peer.received).len();
        assert!(number == 0 || received > STAY * 5 / 2, "subscriber {number} got {received} packets");
    }
}

/// Once: a new address for one subscriber, and loss for everybody in the room.
fn disturb(meeting: &mut Meeting) -> Result<()> {
    if meeting.publisher.peer.link.loss_out > 0.0 {
        return Ok(());
    }
    meeting.subscribers[0].peer.change_address()?;
    let peers = meeting.subscribers.iter_mut().map(|subscriber| &mut subscriber.peer);
    for (number, peer) in peers.chain([&mut meeting.publisher.peer]).enumerate() {
        peer.link = Link::lossy(0x5eed_0000 + number as u64, LOSS);
        peer.link.delay_out = DELAY;
    }
    Ok(())
}
