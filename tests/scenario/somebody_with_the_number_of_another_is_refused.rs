//! Two clients ask for one number: the second is refused, and the first one's media flows on.

use crate::common::meet;
use parlor_tests::{Result, Server, Signalling};
use serde_json::json;
use std::time::Duration;

const FRAMES: u64 = 30;
const INTERVAL: Duration = Duration::from_millis(33);

#[test]
fn somebody_with_the_number_of_another_is_refused() -> Result<()> {
    let server = Server::start(&[])?;
    let mut meeting = meet(&server, 1)?;
    let (room, id) = (meeting.room, meeting.publisher.id);
    let mut second = Signalling::connect(&server.websocket)?;
    let handle = second.attach()?;
    for _ in 0..3 {
        meeting.talk(FRAMES / 3, INTERVAL)?;
        let join = json!({ "request": "join", "ptype": "publisher", "room": room, "id": id });
        let refused = second.message(handle, join, None).unwrap_err().to_string();
        assert!(refused.contains("436"), "{refused}");
    }
    assert!(meeting.settle(1.0)?, "not everything arrived");
    let (joined, _) = second.message(handle, json!({ "request": "join", "ptype": "publisher", "room": room }), None)?;
    assert_ne!(joined["id"], id);
    assert_eq!(joined["publishers"][0]["id"], id);
    Ok(())
}
