//! A box that dies takes its publishers along: the other box misses them after the silence that it was told to bear. A
//! publisher who is muted is not missed, for the box goes on reporting.

use crate::boxes::{Boxes, FAR};
use parlor_tests::{Result, Server};
use serde_json::json;
use std::time::{Duration, Instant};

const SILENCE: Duration = Duration::from_secs(2);

#[test]
fn a_publisher_of_a_dead_box_is_gone() -> Result<()> {
    let (origin, target) = (Server::start(&[])?, Server::start(&["remote.silence=2"])?);
    let (mut boxes, added) = Boxes::announce(&origin, &target, &json!({}))?;
    boxes.publish(&added, &json!({}))?;
    let mut subscriber = boxes.subscriber()?;
    boxes.talk(&mut subscriber, 20)?;
    assert!(!subscriber.peer.received.is_empty());

    // Nothing but reports for longer than the silence.
    let quiet = Instant::now();
    while quiet.elapsed() < SILENCE * 2 {
        let mut peers = [&mut subscriber.peer, &mut boxes.publisher.peer];
        parlor_tests::peer::drive(&mut peers, Duration::from_millis(100), |_| false)?;
    }
    assert!(!boxes.target.hears(Duration::from_millis(10), "leaving", &json!(FAR))?, "somebody who is quiet is missed");

    let died = Instant::now();
    origin.signal("KILL")?;
    assert!(boxes.target.hears(SILENCE * 3, "unpublished", &json!(FAR))?, "nobody missed the publisher");
    assert!(boxes.target.hears(SILENCE, "leaving", &json!(FAR))?);
    let took = died.elapsed();
    assert!((SILENCE / 2..SILENCE * 2).contains(&took), "it took {took:?}");
    let list = boxes.target.ask("listparticipants", json!({}))?;
    assert_eq!(list["participants"].as_array().map(Vec::len), Some(1), "{list}");
    Ok(())
}
