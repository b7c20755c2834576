//! A histogram of delays.

/// Width of one place, in nanoseconds.
const WIDTH_NS: u64 = 10_000;
/// Places: two seconds, the last one holds all that is longer.
const PLACES: usize = 200_000;

/// How long packets were under way.
pub(crate) struct Delays {
    places: Vec<u32>,
    count: u64,
}

impl Delays {
    pub(crate) fn new() -> Delays {
        Delays { places: vec![0; PLACES], count: 0 }
    }

    pub(crate) fn add(&mut self, delay_ns: u64) {
        let place = ((delay_ns / WIDTH_NS) as usize).min(PLACES - 1);
        self.places[place] += 1;
        self.count += 1;
    }

    /// The delay that `share` of all packets do not exceed, in milliseconds.
    pub(crate) fn quantile_ms(&self, share: f64) -> f64 {
        let wanted = (self.count as f64 * share).ceil() as u64;
        let mut seen = 0;
        for (place, count) in self.places.iter().enumerate() {
            seen += u64::from(*count);
            if seen >= wanted {
                return ((place + 1) as u64 * WIDTH_NS) as f64 / 1e6;
            }
        }
        0.0
    }
}
