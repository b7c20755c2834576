//! What passed through an m-line, as operators want to know it.

use crate::wire::Codec;

/// Counts of a published m-line, or of one of a subscriber.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// RTP packets.
    pub packets: u64,
    /// Bytes of their headers and payloads; of payloads alone towards a subscriber.
    pub bytes: u64,
    /// Bytes in the last whole second.
    pub bytes_last_second: u32,
    /// Packets lost on the way, as far as the receiver knows; may be negative.
    pub lost_packets: i32,
    /// Packets that the receiver asked for again.
    pub nacks: u32,
    /// The receiver's jitter, in ticks of the RTP timestamp.
    pub jitter: u32,
    /// The last measured round trip, in microseconds; 0 if none was.
    pub round_trip_us: u32,
    /// Bytes when the last second ended.
    bytes_before: u64,
}

impl Traffic {
    /// Counts a packet of `bytes`.
    pub fn count(&mut self, bytes: usize) {
        self.packets += 1;
        self.bytes += bytes as u64;
    }

    /// The receiver's jitter in milliseconds, of media of `codec`.
    pub fn jitter_ms(&self, codec: Option<Codec>) -> u32 {
        let ticks = u64::from(codec.map_or(0, Codec::clock_rate_hz));
        (u64::from(self.jitter) * 1000).checked_div(ticks).unwrap_or(0) as u32
    }

    /// A second is over.
    pub fn end_second(&mut self) {
        self.bytes_last_second = u32::try_from(self.bytes - self.bytes_before).unwrap_or(u32::MAX);
        self.bytes_before = self.bytes;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_is_counted_from_the_end_of_the_one_before() {
        let mut traffic = Traffic::default();
        traffic.count(100);
        traffic.end_second();
        traffic.count(7);
        traffic.count(8);
        assert_eq!((traffic.packets, traffic.bytes, traffic.bytes_last_second), (3, 115, 100));
        traffic.end_second();
        assert_eq!(traffic.bytes_last_second, 15);
    }
}
