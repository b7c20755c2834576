//! Plain STUN binding requests, without credentials: answered so that a client needs no other STUN server.

use crate::drops::Drop;
use crate::link::Route;
use crate::time::Instant;
use crate::wire::stun::{Request, write_success};

/// Answers a second; an answer is a little longer than its request, so a forged sender must not get many.
pub const ANSWERS_PER_SECOND: u64 = 100;

const INTERVAL_US: u64 = 1_000_000 / ANSWERS_PER_SECOND;

/// Answers plain requests of a shard, bounded in rate over all senders (RFC 8489 section 6.3.1).
#[derive(Clone, Copy, Debug, Default)]
pub struct BindingServer {
    /// When the next answer would be due if answers came evenly.
    due: Instant,
}

impl BindingServer {
    /// Writes the answer to `request`, which came on `route` without credentials, and returns its length.
    pub fn answer(
        &mut self,
        now: Instant,
        request: &Request<'_>,
        route: &Route,
        reply: &mut [u8],
    ) -> Result<usize, Drop> {
        let is_plain = request.username.is_none() && !request.has_integrity && request.unknown.is_empty();
        let late_us = self.due.since_us(now);
        if !is_plain || late_us > 1_000_000 {
            return Err(Drop::StunRefused);
        }
        let len = write_success(reply, &request.transaction, route.remote, None).ok_or(Drop::TooLong)?;
        self.due = self.due.max(now).after_us(INTERVAL_US);
        Ok(len)
    }
}

#[cfg(test)]
mod tests {
    use core::net::{IpAddr, SocketAddr};

    use super::*;

    const ROUTE: fn() -> Route =
        || Route { remote: SocketAddr::from(([192, 0, 2, 1], 32_853)), local: IpAddr::from([192, 0, 2, 2]) };

    #[test]
    fn a_plain_request_is_told_its_address() {
        let mut reply = [0; 128];
        let mut request = Request::default();
        request.transaction = [7; 12];
        let len = BindingServer::default().answer(Instant::from_ms(5), &request, &ROUTE(), &mut reply).unwrap();
        assert_eq!(reply[..2], [1, 1]);
        assert_eq!(len, 40);
    }

    #[test]
    fn a_request_with_a_name_is_not_plain() {
        let mut request = Request::default();
        request.username = Some(b"a:b");
        let answer = BindingServer::default().answer(Instant::from_ms(5), &request, &ROUTE(), &mut [0; 128]);
        assert_eq!(answer, Err(Drop::StunRefused));
    }

    #[test]
    fn a_flood_gets_one_second_of_answers_and_then_the_rate() {
        let mut server = BindingServer::default();
        let mut answered = 0;
        for ms in 0..10_000 {
            let now = Instant::from_ms(60_000 + ms);
            answered += u64::from(server.answer(now, &Request::default(), &ROUTE(), &mut [0; 128]).is_ok());
        }
        assert!((1_000..=1_102).contains(&answered), "{answered}");
    }
}
