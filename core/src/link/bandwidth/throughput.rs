//! How much arrived, by the peer's own clock.

/// A window over the last [`BUCKETS`] times [`BUCKET_US`].
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Throughput {
    bytes: [u32; BUCKETS],
    /// The numbers of the first bucket that was ever filled, and of the newest.
    filled: Option<(u64, u64)>,
}

impl Throughput {
    /// `bytes` came at `arrival_us` of the peer's clock.
    pub(super) fn note(&mut self, arrival_us: u64, bytes: u16) {
        let bucket = arrival_us / BUCKET_US;
        // A clock that jumped back says nothing about earlier packets.
        let known = self.filled.filter(|(_, newest)| bucket + BUCKETS as u64 > *newest);
        let (first, newest) = known.unwrap_or((bucket, bucket));
        if known.is_none() {
            self.bytes = [0; BUCKETS];
        }
        for skipped in (newest + 1..=bucket).rev().take(BUCKETS) {
            self.bytes[place(skipped)] = 0;
        }
        self.filled = Some((first, newest.max(bucket)));
        let filled = &mut self.bytes[place(bucket)];
        *filled = filled.saturating_add(u32::from(bytes));
    }

    /// The mean over the window, once it has enough. The newest bucket, which is being filled, does not count.
    pub(super) fn bitrate_bps(&self) -> Option<u32> {
        let (first, newest) = self.filled?;
        let spans = (newest - first).min(BUCKETS as u64 - 1);
        if spans < LEAST_BUCKETS {
            return None;
        }
        let bytes: u64 = (newest - spans..newest).map(|bucket| u64::from(self.bytes[place(bucket)])).sum();
        u32::try_from(bytes * 8 * 1_000_000 / (spans * BUCKET_US)).ok()
    }
}

fn place(bucket: u64) -> usize {
    (bucket % BUCKETS as u64) as usize
}

const BUCKETS: usize = 11;
const BUCKET_US: u64 = 50_000;
const LEAST_BUCKETS: u64 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_steady_flow_is_measured_and_a_pause_forgotten() {
        let mut throughput = Throughput::default();
        assert_eq!(throughput.bitrate_bps(), None);
        for packet in 0..100 {
            throughput.note(7_000_000 + packet * 10_000, 1250);
        }
        assert_eq!(throughput.bitrate_bps(), Some(1_000_000));
        throughput.note(60_000_000, 1250);
        assert_eq!(throughput.bitrate_bps(), Some(0));
        throughput.note(1_000_000, 1250);
        assert_eq!(throughput.bitrate_bps(), None);
    }
}
