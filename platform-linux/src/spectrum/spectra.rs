//! The streams that are heard, each with a decoder of its own.

use std::time::{Duration, Instant};

use parlor_core::id::StreamId;
use parlor_core::wire::{opus, rtp};
use ropus::{Channels, DecodeMode, Decoder};

use super::Levels;
use super::bands::{BandMeter, SAMPLE_RATE_HZ};
use crate::log;

/// The part of the control thread's time that decoding may take: `SPENT` of each `SPAN`.
const SPENT: Duration = Duration::from_millis(20);
const SPAN: Duration = Duration::from_millis(100);

/// A stream that is silent for so long makes room for another.
const SILENCE: Duration = Duration::from_secs(1);

/// The most samples that a packet can have: 120 ms.
const SAMPLES: usize = SAMPLE_RATE_HZ as usize * 12 / 100;

/// Hears some streams.
pub struct Spectra {
    most: usize,
    heard: Vec<Heard>,
    samples: Vec<i16>,
    began: Instant,
    spent: Duration,
    /// Packets that found the budget spent.
    skipped: u32,
}

/// A stream that is heard.
struct Heard {
    shard: u8,
    stream: StreamId,
    decoder: Decoder,
    meter: BandMeter,
    at: Instant,
}

impl Spectra {
    /// Hears at most so many streams at once.
    pub fn new(most: usize) -> Self {
        let began = Instant::now();
        Self { most, heard: Vec::new(), samples: vec![0; SAMPLES], began, spent: Duration::ZERO, skipped: 0 }
    }

    /// Hears a packet of Opus in clear. Levels, when a tenth of a second is over.
    pub fn hear(&mut self, shard: u8, stream: StreamId, packet: &[u8]) -> Option<Levels> {
        let payload = rtp::View::new(packet)?.payload();
        opus::Facts::new(payload).filter(|facts| !facts.is_silence)?;
        let begins = Instant::now();
        if begins.duration_since(self.began) >= SPAN {
            self.begin_span(begins);
        }
        if self.spent >= SPENT {
            self.skipped += 1;
            return None;
        }
        let place = self.place(shard, stream, begins)?;
        let heard = self.heard.get_mut(place)?;
        heard.at = begins;
        let count = heard.decoder.decode(payload, &mut self.samples, DecodeMode::Normal).ok();
        let levels = count.and_then(|count| heard.meter.hear(self.samples.get(..count)?));
        self.spent += begins.elapsed();
        levels
    }

    fn begin_span(&mut self, now: Instant) {
        if self.skipped > 0 {
            let skipped = self.skipped;
            log::warn("spectrum", format_args!("{skipped} packets were not decoded: no time was left for them"));
        }
        (self.began, self.spent, self.skipped) = (now, Duration::ZERO, 0);
    }

    /// The place of a stream: its own, a new one, or that of one that fell silent.
    fn place(&mut self, shard: u8, stream: StreamId, now: Instant) -> Option<usize> {
        let own = self.heard.iter().position(|heard| (heard.shard, heard.stream) == (shard, stream));
        if own.is_some() {
            return own;
        }
        let decoder = Decoder::new(SAMPLE_RATE_HZ, Channels::Mono).ok()?;
        let heard = Heard { shard, stream, decoder, meter: BandMeter::new(), at: now };
        if self.heard.len() < self.most {
            self.heard.push(heard);
            return Some(self.heard.len() - 1);
        }
        let silent = self.heard.iter().position(|heard| now.duration_since(heard.at) >= SILENCE)?;
        self.heard[silent] = heard;
        Some(silent)
    }
}

#[cfg(test)]
mod tests {
    use super::super::EDGES_HZ;
    use super::*;
    use parlor_core::control::SPECTRUM_BANDS;
    use ropus::{Application, Encoder};

    /// Packets of 20 ms of a tone, as a browser sends them.
    fn packets(frequency_hz: f32, count: u16) -> Vec<Vec<u8>> {
        let mut encoder = Encoder::builder(48_000, Channels::Mono, Application::Voip).build().unwrap();
        let step = 2.0 * std::f32::consts::PI * frequency_hz / 48_000.0;
        let mut encoded = [0; 1500];
        (0..count)
            .map(|number| {
                let at = |sample: usize| (usize::from(number) * 960 + sample) as f32 * step;
                let samples: Vec<i16> = (0..960).map(|sample| (at(sample).sin() * 16_000.0) as i16).collect();
                let len = encoder.encode(&samples, &mut encoded).unwrap();
                let mut packet = vec![0; 1500];
                let header = rtp::Header { payload_type: 111, sequence: number, ssrc: 1, ..rtp::Header::default() };
                let header_len = header.write(&mut packet, []).unwrap();
                packet[header_len..header_len + len].copy_from_slice(&encoded[..len]);
                packet.truncate(header_len + len);
                packet
            })
            .collect()
    }

    fn band_of(frequency_hz: f32) -> usize {
        EDGES_HZ.iter().rposition(|edge| f32::from(*edge) <= frequency_hz).unwrap()
    }

    #[test]
    fn tones_that_were_encoded_are_in_their_bands() {
        for frequency_hz in [200.0, 400.0, 1000.0, 3000.0] {
            let mut spectra = Spectra { spent: Duration::ZERO, ..Spectra::new(1) };
            let mut told = Vec::new();
            for packet in packets(frequency_hz, 60) {
                // The budget is not what this is about.
                spectra.spent = Duration::ZERO;
                told.extend(spectra.hear(0, StreamId::new(1, 1), &packet));
            }
            assert!(told.len() >= 10, "{}", told.len());
            for levels in &told[3..] {
                let loudest = (0..SPECTRUM_BANDS).max_by_key(|band| levels[*band]).unwrap();
                assert_eq!(loudest, band_of(frequency_hz), "{frequency_hz} Hz: {levels:?}");
                assert!((-16..=-6).contains(&levels[loudest]), "{levels:?}");
            }
        }
    }

    #[test]
    fn no_more_streams_are_heard_than_there_is_room_for() {
        let mut spectra = Spectra::new(2);
        let packets = packets(400.0, 10);
        for packet in &packets {
            for stream in 0..3 {
                spectra.spent = Duration::ZERO;
                let told = spectra.hear(0, StreamId::new(stream, 1), packet);
                assert!(stream < 2 || told.is_none());
            }
        }
        assert_eq!(spectra.heard.len(), 2);
        spectra.heard[0].at -= SILENCE;
        spectra.hear(0, StreamId::new(7, 1), &packets[0]);
        assert_eq!(spectra.heard[0].stream, StreamId::new(7, 1));
    }

    #[test]
    fn what_passes_the_budget_is_skipped() {
        let mut spectra = Spectra::new(2);
        let packets = packets(400.0, 3);
        spectra.hear(0, StreamId::new(1, 1), &packets[0]);
        spectra.spent = SPENT;
        spectra.began = Instant::now();
        spectra.hear(0, StreamId::new(1, 1), &packets[1]);
        assert_eq!(spectra.skipped, 1);
        spectra.began -= SPAN;
        spectra.hear(0, StreamId::new(1, 1), &packets[2]);
        assert_eq!(spectra.skipped, 0, "another span");
    }

    #[test]
    fn bytes_that_are_no_sound_are_ignored() {
        let mut spectra = Spectra::new(1);
        let real = packets(400.0, 20);
        let mut seed = 7_u32;
        let mut random = || {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (seed >> 16) as u8
        };
        for turn in 0..2_000 {
            let mut packet = real[turn % real.len()].clone();
            for _ in 0..1 + turn % 5 {
                let at = 12 + usize::from(random()) % (packet.len() - 12);
                packet[at] = random();
            }
            packet.truncate(12 + usize::from(random()));
            spectra.spent = Duration::ZERO;
            spectra.hear(0, StreamId::new(1, 1), &packet);
        }
        assert_eq!(spectra.hear(0, StreamId::new(1, 1), &[0x80]), None);
    }
}
