//! A publisher of another box whose packets have no key, or not the one that was agreed on, is announced and not seen.

use crate::boxes::Boxes;
use parlor_tests::{Result, Server};
use serde_json::json;

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd";
const OTHER: &str = "HAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwd";

#[test]
fn what_another_box_sends_with_a_wrong_key_is_not_seen() -> Result<()> {
    let (origin, target) = (Server::start(&[])?, Server::start(&[])?);
    let right = json!({ "srtp_suite": 80, "srtp_crypto": KEY });
    for wrong in [json!({}), json!({ "srtp_suite": 80, "srtp_crypto": OTHER })] {
        let (mut boxes, added) = Boxes::announce(&origin, &target, &right)?;
        boxes.publish(&added, &wrong)?;
        let mut subscriber = boxes.subscriber()?;
        let asked = boxes.publisher.peer.counts.keyframe_requests;
        boxes.talk(&mut subscriber, 20)?;
        assert_eq!(subscriber.peer.received.len(), 0, "{wrong}");
        assert_eq!(boxes.publisher.peer.counts.keyframe_requests, asked, "a keyframe for nobody");
    }
    Ok(())
}
