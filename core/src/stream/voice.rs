//! When somebody speaks, frame by frame, from the audio levels that a publisher tells (RFC 6464).

use crate::time::Instant;

/// What is remembered of the last second of a stream.
#[derive(Clone, Copy, Debug, Default)]
pub struct Voice {
    /// One bit for each frame, the newest lowest: whether it was speech.
    frames: u64,
    /// The timestamp of the newest frame, and when it arrived.
    newest: Option<(u32, Instant)>,
    /// Loudness over some frames, in sixteenths of a dB above silence.
    loudness_16: u16,
    background: Background,
}

/// How much somebody spoke lately.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Activity {
    /// Frames of speech in the last 100 ms.
    pub frames: u8,
    /// Tenths of the last second that were speech from end to end.
    pub tenths: u8,
}

impl Voice {
    /// A packet that lies at `timestamp` of a clock has this level, in dB below the loudest.
    pub fn arrived(&mut self, level: u8, (timestamp, clock_rate_hz): (u32, u32), now: Instant) {
        let frame_ticks = (clock_rate_hz / FRAMES_A_SECOND).max(1);
        let loudness = 127_u8.saturating_sub(level);
        let elapsed = match self.newest {
            None => 1,
            Some((newest, _)) => {
                let ticks = timestamp.wrapping_sub(newest);
                if ticks == 0 || ticks > u32::MAX / 2 {
                    return;
                }
                ticks.saturating_add(frame_ticks / 2) / frame_ticks
            }
        };
        self.newest = Some((timestamp, now));
        self.background.heard(loudness);
        let is_speech = loudness >= LEAST_LOUDNESS.max(self.background.loudness() + ABOVE_BACKGROUND_DB);
        // A packet may hold some frames, and some may be lost; longer gaps are silence that was not sent.
        let own = if elapsed <= FRAMES_A_PACKET { elapsed.max(1) } else { 1 };
        self.frames = shift(self.frames, elapsed.saturating_sub(own));
        self.smooth(0, elapsed.saturating_sub(own));
        for _ in 0..own {
            self.frames = self.frames << 1 | u64::from(is_speech);
        }
        self.smooth(loudness, own);
    }

    /// How much somebody spoke until `now`.
    pub fn activity(&self, now: Instant) -> Activity {
        let frames = self.frames_at(now);
        let whole = (0..TENTH_FRAMES).fold(u64::MAX, |all, back| all & frames >> back);
        let tenths = (0..10).filter(|tenth| whole >> (tenth * TENTH_FRAMES) & 1 == 1).count() as u8;
        Activity { frames: (frames & TENTH).count_ones() as u8, tenths }
    }

    /// Whether somebody speaks: one loud frame alone is a click.
    pub fn is_speaking(&self, now: Instant) -> bool {
        (self.frames_at(now) & 0b111).count_ones() >= 2
    }

    /// Whether somebody spoke within the last second.
    pub fn spoke(&self, now: Instant) -> bool {
        self.activity(now).frames > 0 || self.frames_at(now) & SECOND != 0
    }

    /// How loud it was over the last tenths of a second, in sixteenths of a dB above silence.
    pub fn loudness_16(&self) -> u16 {
        self.loudness_16
    }

    /// The frames until `now`: what does not come is silence after a while.
    fn frames_at(&self, now: Instant) -> u64 {
        let Some((_, arrived)) = self.newest else { return 0 };
        let missing = now.since_us(arrived) / FRAME_US;
        shift(self.frames, u32::try_from(missing.saturating_sub(LATE_FRAMES)).unwrap_or(u32::MAX))
    }

    fn smooth(&mut self, loudness: u8, frames: u32) {
        for _ in 0..frames.min(u64::BITS) {
            let target = u16::from(loudness) * 16;
            // Towards the target by a sixteenth, rounded so that it is reached.
            self.loudness_16 = match target > self.loudness_16 {
                true => self.loudness_16 + (target - self.loudness_16).div_ceil(16),
                false => self.loudness_16 - (self.loudness_16 - target).div_ceil(16),
            };
        }
    }
}

/// What a microphone picks up while nobody speaks: the least that was heard in some seconds.
#[derive(Clone, Copy, Debug)]
struct Background {
    packets: u16,
    least: u8,
    least_before: u8,
}

impl Default for Background {
    fn default() -> Self {
        Self { packets: 0, least: u8::MAX, least_before: 0 }
    }
}

impl Background {
    fn heard(&mut self, loudness: u8) {
        self.least = self.least.min(loudness);
        self.packets += 1;
        if self.packets == BACKGROUND_PACKETS {
            *self = Self { packets: 0, least: u8::MAX, least_before: self.least };
        }
    }

    fn loudness(&self) -> u8 {
        self.least.min(self.least_before).min(BACKGROUND_MAX)
    }
}

fn shift(frames: u64, by: u32) -> u64 {
    frames.checked_shl(by).unwrap_or(0)
}

const FRAMES_A_SECOND: u32 = 50;
const FRAME_US: u64 = 1_000_000 / FRAMES_A_SECOND as u64;
const TENTH_FRAMES: u32 = 5;
const TENTH: u64 = (1 << TENTH_FRAMES) - 1;
const SECOND: u64 = (1 << FRAMES_A_SECOND) - 1;

/// A longer step of the timestamp is silence.
const FRAMES_A_PACKET: u32 = 3;

/// Frames that may still be on their way.
const LATE_FRAMES: u64 = 5;

/// Speech is at least so loud, in dB above silence (57 dB below the loudest) ...
const LEAST_LOUDNESS: u8 = 70;

/// ... and so much louder than what is always there.
const ABOVE_BACKGROUND_DB: u8 = 10;

/// What is louder is never taken for a background (30 dB below the loudest).
const BACKGROUND_MAX: u8 = 97;

/// Packets in which the background is sought: 5 s of frames, in which nobody speaks without a pause.
const BACKGROUND_PACKETS: u16 = 250;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const TICKS: u32 = 960;

    /// Frames of 20 ms, each with its level, from frame `first` on.
    fn hear(voice: &mut Voice, first: u32, levels: impl IntoIterator<Item = u8>) -> Instant {
        let mut now = Instant::default();
        for (number, level) in (first..).zip(levels) {
            now = Instant::from_ms(u64::from(number) * 20);
            voice.arrived(level, (number.wrapping_mul(TICKS), 48_000), now);
        }
        now
    }

    #[test]
    fn a_second_of_speech_is_ten_tenths_and_a_pause_takes_them_away() {
        let mut voice = Voice::default();
        let now = hear(&mut voice, 0, [30; 50]);
        assert_eq!(voice.activity(now), Activity { frames: 5, tenths: 10 });
        assert!(voice.is_speaking(now));
        let now = hear(&mut voice, 50, [127; 12]);
        assert_eq!(voice.activity(now).frames, 0);
        assert_eq!(voice.activity(now).tenths, 7);
        assert!(!voice.is_speaking(now) && voice.spoke(now));
    }

    #[test]
    fn a_click_is_no_speech() {
        let mut voice = Voice::default();
        let now = hear(&mut voice, 0, [127, 127, 10, 127, 127]);
        assert!(!voice.is_speaking(now));
        assert_eq!(voice.activity(now), Activity { frames: 1, tenths: 0 });
    }

    #[test]
    fn a_quiet_voice_is_speech_and_the_noise_of_a_quiet_room_is_not() {
        let (mut quiet, mut room) = (Voice::default(), Voice::default());
        let now = hear(&mut quiet, 0, [55; 10]);
        assert!(quiet.is_speaking(now));
        let now = hear(&mut room, 0, [65; 10]);
        assert!(!room.is_speaking(now));
    }

    #[test]
    fn what_does_not_come_is_silence() {
        let mut voice = Voice::default();
        let now = hear(&mut voice, 0, [30; 50]);
        assert_eq!(voice.activity(now.after_ms(60)).frames, 5, "it may be late");
        assert_eq!(voice.activity(now.after_ms(250)), Activity { frames: 0, tenths: 8 });
        assert!(!voice.spoke(now.after_ms(2_000)));
        // Discontinuous transmission: the next packet is 400 ms of the timestamp later.
        let mut voice = Voice::default();
        hear(&mut voice, 0, [30; 50]);
        let now = hear(&mut voice, 70, [30]);
        assert_eq!(voice.activity(now), Activity { frames: 1, tenths: 5 });
    }

    #[test]
    fn a_packet_of_sixty_milliseconds_is_three_frames() {
        let mut voice = Voice::default();
        for number in 0..20_u32 {
            voice.arrived(30, (number * 3 * TICKS, 48_000), Instant::from_ms(u64::from(number) * 60));
        }
        assert_eq!(voice.activity(Instant::from_ms(1_140)), Activity { frames: 5, tenths: 10 });
    }

    #[test]
    fn a_fan_is_background_after_a_while_and_a_voice_above_it_is_not() {
        let mut voice = Voice::default();
        let now = hear(&mut voice, 0, [40; 100]);
        assert!(voice.is_speaking(now), "nothing is known yet");
        let now = hear(&mut voice, 100, [40; 500]);
        assert!(!voice.is_speaking(now));
        let now = hear(&mut voice, 600, [25; 5]);
        assert!(voice.is_speaking(now));
        let mut music = Voice::default();
        let now = hear(&mut music, 0, [15; 3000]);
        assert!(music.is_speaking(now), "too loud for a background");
    }

    proptest! {
        #[test]
        fn any_order_of_packets_is_endured(
            steps in proptest::collection::vec((any::<u32>(), 0_u8..=127, 0_u64..1_000_000), 0..100),
        ) {
            let (mut voice, mut now) = (Voice::default(), Instant::default());
            for (timestamp, level, elapsed_us) in steps {
                now = now.after_ms(elapsed_us / 1000);
                voice.arrived(level, (timestamp, 48_000), now);
                let Activity { frames, tenths } = voice.activity(now);
                prop_assert!(frames <= 5 && tenths <= 10);
                prop_assert!(voice.loudness_16() <= 127 * 16);
            }
        }
    }
}
