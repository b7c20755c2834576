//! Joining and leaving leaves nothing behind.

use crate::common::{PATIENCE, meet};
use parlor_tests::peer::{Options, drive};
use parlor_tests::{Result, Server, Subscriber};
use std::time::Duration;

const FEW: usize = 10;
const MANY: usize = 1000;
/// Frames before the first look: more packets than a history holds.
const WARM_UP: u64 = 2000;
/// What the resident size may differ by, in bytes.
const SLACK: u64 = 256 * 1024;
/// After the last leave, until memory is looked at.
const REST: Duration = Duration::from_secs(2);

#[test]
#[ignore = "a thousand handshakes: tests/run full"]
fn memory_after_a_thousand_joins_is_as_after_ten() -> Result<()> {
    let server = Server::start(&[])?;
    let mut meeting = meet(&server, 0)?;
    // Tables become resident when they are first used: the history of both streams is filled before we look.
    meeting.talk(WARM_UP, Duration::from_millis(1))?;
    let mut sizes = Vec::new();
    for joins in [FEW, MANY] {
        for _ in 0..joins {
            meeting.talk(1, Duration::from_millis(1))?;
            let options = Options::local();
            let mut guest = Subscriber::join(&server.websocket, meeting.room, options, &[meeting.publisher.id])?;
            let up =
                drive(&mut [&mut guest.peer, &mut meeting.publisher.peer], PATIENCE, |peers| peers[0].is_connected())?;
            assert!(up, "a connection did not come up");
            guest.signalling.leave()?;
            meeting.publisher.signalling.stay()?;
        }
        meeting.drive(REST, |_| false)?;
        sizes.push(server.process.resident_bytes()?);
    }
    let grown = sizes[1].saturating_sub(sizes[0]);
    assert!(grown <= SLACK, "{} KiB more after {MANY} joins than after {FEW}", grown / 1024);
    Ok(())
}
