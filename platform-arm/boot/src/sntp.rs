//! Messages of SNTP (RFC 4330).

use std::time::Duration;

/// A server's port.
pub const PORT: u16 = 123;

/// Bytes of a message without keys.
pub const MESSAGE_BYTES: usize = 48;

/// Version 4, mode client.
const CLIENT: u8 = 4 << 3 | 3;

/// Seconds from the start of the NTP era to that of Unix time.
const NTP_TO_UNIX_S: u64 = 2_208_988_800;

/// A request. `nonce` stands for the time of sending and comes back in the answer: a number that nobody else knows.
pub fn request(nonce: [u8; 8]) -> [u8; MESSAGE_BYTES] {
    let mut request = [0; MESSAGE_BYTES];
    request[0] = CLIENT;
    request[40..].copy_from_slice(&nonce);
    request
}

/// The server's time since 1970, from an answer to the request with `nonce`.
pub fn transmit_time(reply: &[u8], nonce: [u8; 8]) -> Option<Duration> {
    let reply: &[u8; MESSAGE_BYTES] = reply.try_into().ok()?;
    let (leap, mode, stratum) = (reply[0] >> 6, reply[0] & 7, reply[1]);
    // An unset clock, no server, or a kiss of death.
    if leap == 3 || mode != 4 || !(1..16).contains(&stratum) || reply[24..32] != nonce {
        return None;
    }
    let word = |at: usize| u64::from(u32::from_be_bytes([reply[at], reply[at + 1], reply[at + 2], reply[at + 3]]));
    // The era that begins in 2036 follows the one of which 1968 is the middle (RFC 4330 section 3).
    let seconds = word(40) + if reply[40] & 0x80 == 0 { 1 << 32 } else { 0 };
    Some(Duration::new(seconds.checked_sub(NTP_TO_UNIX_S)?, ((word(44) * 1_000_000_000) >> 32) as u32))
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
        let time = transmit_time(&reply(0x24, 2, 3_913_056_000), [7; 8]).unwrap();
        assert_eq!(time, Duration::from_millis(1_704_067_200_500));
        assert_eq!(transmit_time(&reply(0x24, 2, 0), [7; 8]).unwrap().as_secs(), 2_085_978_496);
        assert!(transmit_time(&reply(0x24, 2, 3_913_056_000), [8; 8]).is_none());
        assert!(transmit_time(&reply(0xe4, 2, 3_913_056_000), [7; 8]).is_none());
        assert!(transmit_time(&reply(0x24, 0, 3_913_056_000), [7; 8]).is_none());
        assert!(transmit_time(&reply(0x23, 2, 3_913_056_000), [7; 8]).is_none());
        assert!(transmit_time(&[0x24; 47], [7; 8]).is_none());
    }
}
