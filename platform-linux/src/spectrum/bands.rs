//! How loud sound is in each of sixteen bands: short Fourier transforms, summed over a tenth of a second.

use std::f32::consts::PI;

use microfft::real::rfft_512;
use parlor_core::control::SPECTRUM_BANDS as BANDS;

use super::Levels;

/// Samples a second of what is heard.
pub(super) const SAMPLE_RATE_HZ: u32 = 24_000;

/// The samples of one transform: 21 ms.
const BLOCK: usize = 512;

/// The samples after which levels are told: a tenth of a second.
const PERIOD: usize = SAMPLE_RATE_HZ as usize / 10;

/// Where the bands begin and the last one ends: near to how ears divide pitch, each at least two lines of the transform
/// wide.
pub const EDGES_HZ: [u16; BANDS + 1] =
    [60, 155, 250, 350, 450, 600, 800, 1050, 1350, 1700, 2150, 2700, 3450, 4500, 6000, 8200, 11_500];

/// Hears one stream.
pub(super) struct BandMeter {
    block: [f32; BLOCK],
    filled: usize,
    powers: [f32; BANDS],
    blocks: u16,
    heard: usize,
}

impl BandMeter {
    /// One that heard nothing.
    pub(super) fn new() -> Self {
        Self { block: [0.0; BLOCK], filled: 0, powers: [0.0; BANDS], blocks: 0, heard: 0 }
    }

    /// Hears `samples`, whose largest value is the overload point; says the levels when a tenth of a second is over.
    pub(super) fn hear(&mut self, samples: &[i16]) -> Option<Levels> {
        for sample in samples {
            self.block[self.filled] = f32::from(*sample) / 32_768.0;
            self.filled += 1;
            if self.filled == BLOCK {
                self.filled = 0;
                self.transform();
            }
        }
        self.heard += samples.len();
        if self.heard < PERIOD || self.blocks == 0 {
            return None;
        }
        let blocks = f32::from(self.blocks);
        let levels = self.powers.map(|power| level(power / blocks));
        (self.powers, self.blocks, self.heard) = ([0.0; BANDS], 0, self.heard % PERIOD);
        Some(levels)
    }

    /// Adds the power that each band has in the block.
    fn transform(&mut self) {
        let mut window_power = 0.0;
        for (at, sample) in self.block.iter_mut().enumerate() {
            let window = 0.5 - 0.5 * (2.0 * PI * at as f32 / BLOCK as f32).cos();
            window_power += window * window;
            *sample *= window;
        }
        let lines = rfft_512(&mut self.block);
        // Parseval: the mean square of the samples, of which the negative frequencies have the other half.
        let scale = 2.0 / (BLOCK as f32 * window_power);
        // The first line is no frequency.
        for (number, line) in lines.iter().enumerate().skip(1) {
            let frequency_hz = number as f32 * SAMPLE_RATE_HZ as f32 / BLOCK as f32;
            let band = EDGES_HZ
                .windows(2)
                .position(|edges| (f32::from(edges[0])..f32::from(edges[1])).contains(&frequency_hz));
            if let Some(band) = band {
                self.powers[band] += (line.re * line.re + line.im * line.im) * scale;
            }
        }
        self.blocks += 1;
    }
}

fn level(power: f32) -> i8 {
    // A cast of what is too small, or is no number, gives the nearest or 0; the bounds come first.
    (10.0 * power.max(1e-13).log10()).clamp(-127.0, 0.0).round() as i8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tone(frequency_hz: f32, amplitude: f32, samples: usize) -> Vec<i16> {
        let step = 2.0 * PI * frequency_hz / SAMPLE_RATE_HZ as f32;
        (0..samples).map(|at| (32_767.0 * amplitude * (step * at as f32).sin()) as i16).collect()
    }

    #[test]
    fn a_tone_is_in_its_band_and_as_loud_as_it_is() {
        for band in 0..BANDS {
            let frequency_hz = (f32::from(EDGES_HZ[band]) + f32::from(EDGES_HZ[band + 1])) / 2.0;
            let mut meter = BandMeter::new();
            let told: Vec<Levels> =
                tone(frequency_hz, 0.5, 24_000).chunks(480).filter_map(|it| meter.hear(it)).collect();
            assert_eq!(told.len(), 10, "ten times a second");
            for levels in told {
                let loudest = (0..BANDS).max_by_key(|band| levels[*band]).unwrap();
                assert_eq!(loudest, band, "{frequency_hz} Hz: {levels:?}");
                // A sine of half the amplitude has a mean square of 1/8.
                assert!((-11..=-8).contains(&levels[band]), "{frequency_hz} Hz: {levels:?}");
                let far = (0..BANDS).filter(|other| other.abs_diff(band) > 2);
                assert!(far.map(|other| levels[other]).max().unwrap() < -40, "{frequency_hz} Hz: {levels:?}");
            }
        }
    }

    #[test]
    fn silence_is_the_least_level_and_noise_is_bounded() {
        let mut meter = BandMeter::new();
        assert_eq!(meter.hear(&[0; 4_800]), Some([-127; BANDS]));
        let loud: Vec<i16> = (0..2_400).map(|at| if at % 7 < 3 { i16::MAX } else { i16::MIN }).collect();
        let levels = BandMeter::new().hear(&loud).unwrap();
        assert!(levels.iter().all(|level| (-127..=0).contains(level)));
    }
}
