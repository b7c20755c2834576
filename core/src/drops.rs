//! Why packets were not forwarded: a counter for each cause, no text, no log line.

/// Why a datagram or a packet went no further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Drop {
    /// It came from an address that ICE has not validated.
    UnknownAddress,
    /// Its lengths or fields make no sense.
    Malformed,
    /// Its authentication tag is wrong (RFC 3711 section 3.3).
    BadTag,
    /// It was received before, or is too old to tell (RFC 3711 section 3.3.2).
    Replay,
    /// It is protected and DTLS has given no keys yet.
    NoKeys,
    /// No m-line is known for its SSRC.
    UnknownSource,
    /// A queue of the shard was full.
    QueueFull,
    /// The socket took no more.
    SocketFull,
    /// It was on its way from another shard or box, and was not read before its socket was full.
    IngressFull,
    /// No slot of the packet pool was free.
    PoolEmpty,
    /// A subscriber does not want it: another layer, or paused.
    NotSelected,
    /// A STUN request that was not answered with success.
    StunRefused,
    /// What it belongs to is gone, or it is padding by which a publisher probes its way.
    Stale,
    /// It would be longer than a datagram may be.
    TooLong,
    /// The keys have protected as much as they may (RFC 3711 section 9.2).
    KeysExhausted,
}

impl Drop {
    /// How many causes there are.
    pub const COUNT: usize = 15;

    /// All, in the order of their numbers.
    pub const ALL: [Self; Self::COUNT] = [
        Self::UnknownAddress,
        Self::Malformed,
        Self::BadTag,
        Self::Replay,
        Self::NoKeys,
        Self::UnknownSource,
        Self::QueueFull,
        Self::SocketFull,
        Self::IngressFull,
        Self::PoolEmpty,
        Self::NotSelected,
        Self::StunRefused,
        Self::Stale,
        Self::TooLong,
        Self::KeysExhausted,
    ];

    /// Its name in metrics.
    pub const fn name(self) -> &'static str {
        match self {
            Self::UnknownAddress => "unknown_address",
            Self::Malformed => "malformed",
            Self::BadTag => "bad_tag",
            Self::Replay => "replay",
            Self::NoKeys => "no_keys",
            Self::UnknownSource => "unknown_source",
            Self::QueueFull => "queue_full",
            Self::SocketFull => "socket_full",
            Self::IngressFull => "ingress_full",
            Self::PoolEmpty => "pool_empty",
            Self::NotSelected => "not_selected",
            Self::StunRefused => "stun_refused",
            Self::Stale => "stale",
            Self::TooLong => "too_long",
            Self::KeysExhausted => "keys_exhausted",
        }
    }
}

/// A counter for each [`Drop`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Drops {
    counts: [u64; Drop::COUNT],
}

impl Drops {
    /// Counts one.
    pub fn count(&mut self, cause: Drop) {
        self.add(cause, 1);
    }

    /// Counts `number` at once.
    pub fn add(&mut self, cause: Drop, number: u64) {
        let count = &mut self.counts[cause as usize];
        *count = count.saturating_add(number);
    }

    /// How many had this cause.
    pub fn get(&self, cause: Drop) -> u64 {
        self.counts[cause as usize]
    }

    /// Every cause and how many had it.
    pub fn iter(&self) -> impl Iterator<Item = (Drop, u64)> + '_ {
        Drop::ALL.into_iter().map(|cause| (cause, self.get(cause)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_has_its_own_counter_and_name() {
        for (number, cause) in Drop::ALL.into_iter().enumerate() {
            assert_eq!(cause as usize, number);
            assert!(Drop::ALL[..number].iter().all(|other| other.name() != cause.name()));
        }
        let mut drops = Drops::default();
        drops.count(Drop::BadTag);
        drops.add(Drop::KeysExhausted, u64::MAX);
        drops.count(Drop::KeysExhausted);
        assert!(drops.iter().all(|(cause, count)| count
            == match cause {
                Drop::BadTag => 1,
                Drop::KeysExhausted => u64::MAX,
                _ => 0,
            }));
    }
}
