//! The wall clock, by SNTP (RFC 4330) from a server of the local network. Nothing needs it: without a server the board
//! tells a wrong time in its log, and no more.

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::time::Duration;

use parlor_core::random::Random;
use parlor_linux::log;
use parlor_linux::random::SystemSource;
use rustix::time::{ClockId, Timespec, clock_settime};

use super::power;

/// The server's port.
const PORT: u16 = 123;

/// Bytes of a message without keys.
const MESSAGE_BYTES: usize = 48;

/// Version 4, mode client.
const CLIENT: u8 = 4 << 3 | 3;

/// Seconds from the start of the NTP era to that of Unix time.
const NTP_TO_UNIX_S: u64 = 2_208_988_800;

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
    socket.connect((server, PORT))?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let mut request = [0; MESSAGE_BYTES];
    request[0] = CLIENT;
    // Comes back as the originate timestamp: a number that nobody else knows.
    let nonce = {
        let mut nonce = [0; 8];
        SystemSource::new().fill(&mut nonce);
        nonce
    };
    request[40..48].copy_from_slice(&nonce);
    socket.send(&request)?;
    let mut reply = [0; MESSAGE_BYTES];
    let len = socket.recv(&mut reply)?;
    transmit_time(&reply[..len], &nonce).ok_or_else(|| io::Error::other("the answer is none"))
}

/// The server's time, from an answer to `nonce`.
fn transmit_time(reply: &[u8], nonce: &[u8; 8]) -> Option<Timespec> {
    let reply: &[u8; MESSAGE_BYTES] = reply.try_into().ok()?;
    let (leap, mode, stratum) = (reply[0] >> 6, reply[0] & 7, reply[1]);
    // An unset clock, no server, or a kiss of death.
    if leap == 3 || mode != 4 || !(1..16).contains(&stratum) || reply[24..32] != nonce[..] {
        return None;
    }
    let word = |at: usize| u64::from(u32::from_be_bytes([reply[at], reply[at + 1], reply[at + 2], reply[at + 3]]));
    // The era that begins in 2036 follows the one of which 1968 is the middle (RFC 4330 section 3).
    let seconds = word(40) + if reply[40] & 0x80 == 0 { 1 << 32 } else { 0 };
    let unix = seconds.checked_sub(NTP_TO_UNIX_S)?;
    Some(Timespec { tv_sec: unix.try_into().ok()?, tv_nsec: ((word(44) * 1_000_000_000) >> 32) as _ })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(first: u8, stratum: u8, seconds: u32) -> [u8; 48] {
        let mut reply = [0; 48];
        (reply[0], reply[1]) = (first, stratum);
        reply[24..32].fill(7);
        reply[40..44].copy_from_slice(&seconds.to_be_bytes());
        reply[44] = 0x80;
        reply
    }

    #[test]
    fn time_is_taken_from_servers_that_know_it_and_only_as_an_answer() {
        let time = transmit_time(&reply(0x24, 2, 3_913_056_000), &[7; 8]).unwrap();
        assert_eq!((time.tv_sec, time.tv_nsec), (1_704_067_200, 500_000_000));
        assert_eq!(transmit_time(&reply(0x24, 2, 0), &[7; 8]).unwrap().tv_sec, 2_085_978_496);
        assert!(transmit_time(&reply(0x24, 2, 3_913_056_000), &[8; 8]).is_none());
        assert!(transmit_time(&reply(0xe4, 2, 3_913_056_000), &[7; 8]).is_none());
        assert!(transmit_time(&reply(0x24, 0, 3_913_056_000), &[7; 8]).is_none());
        assert!(transmit_time(&reply(0x23, 2, 3_913_056_000), &[7; 8]).is_none());
        assert!(transmit_time(&[0x24; 47], &[7; 8]).is_none());
    }
}
