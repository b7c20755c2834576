//! A client that promises a body and does not send it is cut off, and disturbs nobody meanwhile.

use parlor_tests::rest::Rest;
use parlor_tests::{Result, Server};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// The server gives a body 20 s; more is not waited for here.
const CUT_OFF_WITHIN: Duration = Duration::from_secs(40);

#[test]
#[ignore = "20 seconds: tests/run full"]
fn a_body_that_comes_slowly_is_cut_off() -> Result<()> {
    let server = Server::start(&["control.admin_secret=overlord"])?;
    let start = Instant::now();
    let mut slow = Vec::new();
    for (address, path) in [(&server.http, "/janus"), (&server.admin, "/admin")] {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(CUT_OFF_WITHIN))?;
        write!(stream, "POST {path} HTTP/1.1\r\nHost: {address}\r\nContent-Length: 1000\r\n\r\n{{\"janus\"")?;
        slow.push(stream);
    }
    let mut rest = Rest::connect(&server.http)?;
    rest.attach()?;
    for mut stream in slow {
        let mut answer = [0; 200];
        let len = stream.read(&mut answer)?;
        let answer = String::from_utf8_lossy(&answer[..len]);
        assert!(len == 0 || answer.starts_with("HTTP/1.1 408"), "{answer}");
    }
    assert!(start.elapsed() > Duration::from_secs(10), "a slow client is given some time");
    rest.attach()?;
    Ok(())
}
