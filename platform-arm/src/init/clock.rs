//! The wall clock, by SNTP from a server of the local network. Nothing needs it: without a server the board
//! tells a wrong time in its log, and no more.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

use parlor_boot::sntp;
use parlor_core::random::Random;
use parlor_linux::log;
use parlor_linux::random::SystemSource;
use rustix::time::{ClockId, Timespec, clock_settime};

use super::power;

const PATIENCE: Duration = Duration::from_secs(2);
const RETRY: Duration = Duration::from_secs(64);
const AGAIN: Duration = Duration::from_secs(3600);

/// Sets the clock by `server`, now and every hour, on a thread of its own.
pub(super) fn follow(server: IpAddr) {
    power::spawn("clock", move || {
        let mut is_known = false;
        loop {
            let set = ask(server).and_then(|time| Ok(clock_settime(ClockId::Realtime, time)?));
            match &set {
                Ok(()) if !is_known => log::info("clock", "set by the time server"),
                Ok(()) => {}
                Err(error) => log::info("clock", format_args!("no time from the time server: {error}")),
            }
            is_known |= set.is_ok();
            std::thread::sleep(if set.is_ok() { AGAIN } else { RETRY });
        }
    });
}

fn ask(server: IpAddr) -> io::Result<Timespec> {
    let any: SocketAddr = if server.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" }.parse().expect("an address");
    let socket = UdpSocket::bind(any)?;
    socket.connect((server, sntp::PORT))?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let mut nonce = [0; 8];
    SystemSource::new().fill(&mut nonce);
    socket.send(&sntp::request(nonce))?;
    let mut reply = [0; sntp::MESSAGE_BYTES + 1];
    let len = socket.recv(&mut reply)?;
    let time = sntp::transmit_time(&reply[..len], nonce).ok_or_else(|| io::Error::other("the answer is none"))?;
    let too_late = |_| io::Error::other("the answer is beyond this machine's time");
    Ok(Timespec { tv_sec: time.as_secs().try_into().map_err(too_late)?, tv_nsec: time.subsec_nanos() as _ })
}
