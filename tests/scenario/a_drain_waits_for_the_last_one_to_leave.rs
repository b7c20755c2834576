//! A drain by signal: media goes on, nobody new comes, and when the last one left the server ends well.

use crate::common::{PATIENCE, meet};
use parlor_tests::peer::Options;
use parlor_tests::{Result, Server, Subscriber, http};
use std::time::{Duration, Instant};

const INTERVAL: Duration = Duration::from_millis(20);

#[test]
fn a_drain_waits_for_the_last_one_to_leave() -> Result<()> {
    let mut server = Server::start(&["control.admin_secret=overlord"])?;
    let mut meeting = meet(&server, 1)?;
    meeting.talk(50, INTERVAL)?;
    server.signal("QUIT")?;
    let start = Instant::now();
    while http::text(&server.http, "/readyz")?.0.contains("200") {
        assert!(start.elapsed() < PATIENCE, "a draining server says that it is ready");
    }
    assert_eq!(http::text(&server.http, "/readyz")?.1, "draining\n");
    assert!(http::text(&server.http, "/healthz")?.0.contains("200"), "it is alive all the same");
    let feeds = [meeting.publisher.id];
    let refused = Subscriber::join(&server.websocket, meeting.room, Options::local(), &feeds);
    let why = refused.err().ok_or("somebody new came in")?.to_string();
    assert!(why.contains("takes nobody new"), "{why}");
    meeting.talk(100, INTERVAL)?;
    assert!(meeting.settle(1.0)?, "not everything arrived");
    assert!(!server.has_ended()?, "it ended before the last one left");
    meeting.publisher.signalling.leave()?;
    for subscriber in meeting.subscribers {
        subscriber.signalling.leave()?;
    }
    let start = Instant::now();
    while !server.has_ended()? {
        assert!(start.elapsed() < Duration::from_secs(3), "it goes on when nobody is left");
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}
