//! A Janus session: a client's life over one connection or several.

use super::origin::Transport;
use crate::id::ConnectionId;
use crate::time::Instant;

/// A session.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    /// Its number, which the client names it by.
    pub(crate) number: u64,
    /// Where its events go; `None` while it waits to be claimed.
    pub(crate) connection: Option<ConnectionId>,
    /// What carried the request that made or claimed it.
    pub(crate) transport: Transport,
    /// Seconds without a word after which it ends, if not those of all sessions; 0: never.
    pub(crate) timeout_s: Option<u32>,
    /// When the client was last heard, or its connection was lost.
    pub(crate) heard: Instant,
}

impl Session {
    /// When it ends unless something is heard. `timeout_s` and `reclaim_s` are those of all sessions.
    pub(crate) fn deadline(&self, timeout_s: u32, reclaim_s: u32) -> Option<Instant> {
        let timeout_s = self.timeout_s.unwrap_or(timeout_s);
        let wait_s = if self.connection.is_none() { reclaim_s } else { timeout_s };
        (wait_s > 0 || self.connection.is_none()).then(|| self.heard.after_ms(u64::from(wait_s) * 1000))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_session_waits_for_its_claim_and_a_silent_one_for_a_word() {
        let connection = Some(ConnectionId::new(0, 0));
        let mut session = Session {
            number: 1,
            connection,
            transport: Transport::Http,
            timeout_s: None,
            heard: Instant::from_ms(500),
        };
        assert_eq!(session.deadline(60, 2), Some(Instant::from_ms(60_500)));
        assert_eq!(session.deadline(0, 2), None);
        session.timeout_s = Some(10);
        assert_eq!(session.deadline(60, 2), Some(Instant::from_ms(10_500)));
        session.connection = None;
        assert_eq!(session.deadline(0, 2), Some(Instant::from_ms(2500)));
    }
}
