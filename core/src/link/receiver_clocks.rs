//! Clocks of a peer's receivers: each is told how long ago it was heard, and knows its round trip by that
//! (RFC 3611 section 4.5).

use heapless::Vec;

use crate::time::Instant;
use crate::wire::rtcp::ClockHeard;

/// How many receivers of a peer say their clock under SSRCs of their own; of more the last are told.
pub const CLOCKS: usize = 4;

/// Clocks that were heard since the last report.
#[derive(Clone, Debug, Default)]
pub struct ReceiverClocks {
    heard: Vec<(u32, u32, Instant), CLOCKS>,
}

impl ReceiverClocks {
    /// The receiver `ssrc` said its clock, as NTP writes it.
    pub fn note(&mut self, ssrc: u32, ntp: u64, now: Instant) {
        self.heard.retain(|(known, ..)| *known != ssrc);
        if self.heard.is_full() {
            self.heard.remove(0);
        }
        let _ = self.heard.push((ssrc, (ntp >> 16) as u32, now));
    }

    /// Takes out what receivers are to be told.
    pub fn take(&mut self, now: Instant) -> Vec<ClockHeard, CLOCKS> {
        let heard = core::mem::take(&mut self.heard);
        let told = |(ssrc, ntp_middle, at): (u32, u32, Instant)| {
            let delay = (now.since_us(at) << 16) / 1_000_000;
            ClockHeard { ssrc, ntp_middle, delay: delay as u32 }
        };
        heard.into_iter().map(told).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_receiver_is_told_once_how_long_ago_its_last_clock_was_heard() {
        let mut clocks = ReceiverClocks::default();
        clocks.note(7, 0x1111_2222_3333_4444, Instant::from_ms(1000));
        clocks.note(8, 0, Instant::from_ms(1250));
        clocks.note(7, 0x1111_2223_0000_4444, Instant::from_ms(1500));
        let now = Instant::from_ms(2000);
        let told = [
            ClockHeard { ssrc: 8, ntp_middle: 0, delay: 3 << 14 },
            ClockHeard { ssrc: 7, ntp_middle: 0x2223_0000, delay: 1 << 15 },
        ];
        assert_eq!(clocks.take(now), told);
        assert!(clocks.take(now).is_empty());
    }

    #[test]
    fn of_too_many_the_last_are_told() {
        let mut clocks = ReceiverClocks::default();
        for ssrc in 0..6 {
            clocks.note(ssrc, 0, Instant::from_ms(1));
        }
        assert!(clocks.take(Instant::from_ms(1)).iter().map(|clock| clock.ssrc).eq(2..6));
    }
}
