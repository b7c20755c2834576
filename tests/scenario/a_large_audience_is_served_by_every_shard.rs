//! Where more watch than one media thread shall serve, the next are served by another: byte for byte, with keyframes
//! when they need one, and with messages. Media threads allocate nothing for it, and when it is over nothing is left.

use crate::common::{Meeting, PATIENCE, index, meet, received};
use crate::talking::{Talker, drive_with, text};
use parlor_tests::peer::Options;
use parlor_tests::{Result, Server, Subscriber, http};
use serde_json::json;
use std::time::{Duration, Instant};
use str0m::media::MediaKind;

/// Who may watch by one media thread before the next are served by the other, and who watch by each in the end.
const SHARE: usize = 2;
const FRAMES: u64 = 60;
const FRAME: Duration = Duration::from_millis(20);
const ROUNDS: usize = 12;

#[test]
fn a_large_audience_is_served_by_every_shard() -> Result<()> {
    let server = Server::start_counting(&["media.shards=2", &format!("media.audience={SHARE}")])?;
    let mut meeting = meet(&server, 2 * SHARE)?;
    for shard in ["0", "1"] {
        assert_eq!(used(&server, "subscribers", shard)?, SHARE as u64, "those whom shard {shard} serves");
    }
    assert_eq!(used(&server, "cascades", "1")? + used(&server, "cascades", "0")?, 1, "one publisher is fed once");
    let before = tables(&server)?;

    meeting.talk(FRAMES, FRAME)?;
    assert!(meeting.settle(1.0)?, "not everything arrived everywhere");
    for subscriber in &meeting.subscribers {
        check_bytes(subscriber, 0);
        assert_eq!(subscriber.streams[0]["feed_id"], json!(meeting.publisher.id));
    }

    // Whoever needs a keyframe is heard by the publisher, wherever they are.
    for number in 0..meeting.subscribers.len() {
        meeting.talk(40, FRAME)?;
        let asked = meeting.publisher.peer.counts.keyframe_requests;
        ask_for_keyframe(&mut meeting, number)?;
        let is_asked = |meeting: &mut Meeting| -> Result<bool> {
            let start = Instant::now();
            while start.elapsed() < PATIENCE {
                meeting.talk(2, FRAME)?;
                if meeting.publisher.peer.counts.keyframe_requests > asked {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        assert!(is_asked(&mut meeting)?, "the publisher was not asked by subscriber {number}");
    }

    say_something(&server, &meeting)?;
    come_and_go(&server, &mut meeting, &before)?;

    let leaver = meeting.publisher.signalling;
    leaver.leave()?;
    for subscriber in meeting.subscribers {
        subscriber.signalling.leave()?;
    }
    check_empty(&server)?;
    let mut counts = server.stop_and_count()?;
    counts.sort();
    assert_eq!(counts, [("media-0".to_owned(), 0), ("media-1".to_owned(), 0)], "what the threads allocated");
    Ok(())
}

/// Everything from frame `first` on, in order, without holes.
fn check_bytes(subscriber: &Subscriber, first: u64) {
    for (kind, packets) in [(MediaKind::Audio, 1), (MediaKind::Video, 4)] {
        let got = received(subscriber, kind);
        let indices: Vec<u64> = got.iter().map(|packet| index(packet, kind)).collect();
        assert_eq!(indices, (first * packets..(first + FRAMES) * packets).collect::<Vec<u64>>(), "{kind:?} in order");
        assert!(got.windows(2).all(|pair| pair[1].sequence == pair[0].sequence + 1), "{kind:?} without gaps");
    }
}

fn ask_for_keyframe(meeting: &mut Meeting, number: usize) -> Result<()> {
    let subscriber = &mut meeting.subscribers[number];
    let mid = subscriber.mids(MediaKind::Video)[0];
    subscriber.peer.request_keyframes(&[mid])
}

/// Who listens in either thread gets every message.
fn say_something(server: &Server, meeting: &Meeting) -> Result<()> {
    let mut talker = Talker::publish(server, meeting.room)?;
    let join = || Subscriber::join(&server.websocket, meeting.room, Options::local(), &[talker.id]);
    let mut listeners = (0..2 * SHARE).map(|_| join()).collect::<Result<Vec<Subscriber>>>()?;
    let count = listeners.len();
    let up = drive_with(&mut talker.peer, &mut listeners, PATIENCE, |peers| peers.iter().all(|it| it.is_connected()))?;
    assert!(up, "not every connection came up");
    for number in 0..20 {
        talker.say(number, &mut listeners)?;
    }
    let heard = |peers: &[&mut parlor_tests::Peer]| peers[..count].iter().all(|peer| peer.messages.len() == 20);
    assert!(drive_with(&mut talker.peer, &mut listeners, PATIENCE, heard)?, "not every message arrived");
    for subscriber in &listeners {
        assert!((0..).zip(&subscriber.peer.messages).all(|(number, message)| message.data == text(number)));
    }
    for listener in listeners {
        listener.signalling.leave()?;
    }
    talker.signalling.leave()
}

/// The audience of the other thread goes and comes again, and nothing grows.
fn come_and_go(server: &Server, meeting: &mut Meeting, before: &[u64]) -> Result<()> {
    for _ in 0..ROUNDS {
        meeting.join(server)?;
        let up = meeting.drive(PATIENCE, |peers| peers.iter().all(|peer| peer.is_connected()))?;
        assert!(up, "the connection of one who joined did not come up");
        meeting.talk(3, FRAME)?;
        let guest = meeting.subscribers.pop().ok_or("one who joined")?;
        guest.signalling.leave()?;
        meeting.publisher.signalling.stay()?;
        for subscriber in &mut meeting.subscribers {
            subscriber.signalling.stay()?;
        }
    }
    let start = Instant::now();
    while tables(server)? != before {
        assert!(start.elapsed() < PATIENCE, "{:?} is more than {before:?}", tables(server)?);
        meeting.talk(5, FRAME)?;
    }
    Ok(())
}

/// Nobody is there, so there is nothing.
fn check_empty(server: &Server) -> Result<()> {
    let start = Instant::now();
    while tables(server)?.iter().any(|used| *used > 0) {
        assert!(start.elapsed() < PATIENCE, "{:?} are left", tables(server)?);
        std::thread::sleep(Duration::from_millis(200));
    }
    Ok(())
}

/// What of the tables is used that an audience fills.
fn tables(server: &Server) -> Result<Vec<u64>> {
    let names = ["publishers", "subscribers", "streams", "subscriptions", "relays", "cascades", "data_channels"];
    names.iter().flat_map(|name| ["0", "1"].map(|shard| used(server, name, shard))).collect()
}

fn used(server: &Server, table: &str, shard: &str) -> Result<u64> {
    let (_, text) = http::text(&server.admin, "/metrics")?;
    let start = format!(r#"parlor_table_used{{table="{table}",shard="{shard}"}} "#);
    let line = text.lines().find_map(|line| line.strip_prefix(&start));
    Ok(line.ok_or_else(|| format!("no use of table {table}"))?.parse()?)
}
