//! SIGINT ends the server cleanly, with a meeting in progress.

use crate::common::meet;
use parlor_tests::{Result, Server};

#[test]
fn a_signal_ends_the_server() -> Result<()> {
    let server = Server::start(&[])?;
    let meeting = meet(&server, 2)?;
    assert!(server.stop()?, "the server did not end well within a second");
    drop(meeting);
    Ok(())
}
