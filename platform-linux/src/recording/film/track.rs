//! One m-line of a film: its packets in order, frames out of these, and when each is to be seen or heard.

use std::time::{Duration, Instant};

use parlor_core::wire::rtcp::{self, Packet as Rtcp};
use parlor_core::wire::{Codec, Extension, ExtensionMap, Kind, rtp};

use super::clock::Clock;
use super::layout::Described;
use super::parameters::Parameters;
use super::picture::{Frame, Pictures};
use super::reorder::{Packet, Reorder};

/// How long pictures wait for a packet that is asked for again, and sound, of which it is not as a rule.
const VIDEO_PATIENCE: Duration = Duration::from_millis(1000);
const AUDIO_PATIENCE: Duration = Duration::from_millis(200);

/// An m-line of a film.
pub(super) struct Track {
    number: u8,
    codec: Codec,
    format: String,
    orientation: Option<u8>,
    reorder: Reorder,
    /// Nothing for sound.
    pictures: Option<Pictures>,
    pub(super) clock: Clock,
    parameters: Option<Parameters>,
    quarter_turns: u8,
    /// When the frame before is shown, in milliseconds, and by its clock.
    last: Option<(u64, i64)>,
}

impl Track {
    pub(super) fn new(number: u8, codec: Codec, format: &str, extensions: &ExtensionMap) -> Self {
        let is_video = codec.kind() == Kind::Video;
        Self {
            number,
            codec,
            format: format.into(),
            orientation: extensions.id(Extension::VideoOrientation),
            reorder: Reorder::new(if is_video { VIDEO_PATIENCE } else { AUDIO_PATIENCE }),
            pictures: Pictures::new(codec),
            clock: Clock::new(codec.clock_rate_hz()),
            parameters: None,
            quarter_turns: 0,
            last: None,
        }
    }

    pub(super) fn is_video(&self) -> bool {
        self.pictures.is_some()
    }

    /// Takes in a packet.
    pub(super) fn push(&mut self, at: Instant, packet: &[u8]) {
        let Some(view) = rtp::View::new(packet) else { return };
        let orientation = self.orientation.and_then(|id| view.element(id)).and_then(|value| value.first().copied());
        self.reorder.push(Packet {
            at,
            sequence: view.sequence(),
            timestamp: view.timestamp(),
            marker: view.marker(),
            orientation,
            payload: view.payload().into(),
        });
    }

    /// Takes in the publisher's clock.
    pub(super) fn report(&mut self, compound: &[u8]) {
        for packet in rtcp::packets(compound).into_iter().flatten() {
            if let Rtcp::SenderReport(report) = packet {
                self.clock.reported(report.info.ntp, report.info.timestamp);
            }
        }
    }

    /// The frames that are whole, in the order of sending. At the end nothing is waited for.
    pub(super) fn frames(&mut self, now: Instant, is_end: bool) -> Vec<Frame> {
        let mut frames = Vec::new();
        loop {
            let popped = if is_end { self.reorder.pop_last() } else { self.reorder.pop(now) };
            let Some((packet, follows)) = popped else { return frames };
            match &mut self.pictures {
                Some(pictures) => pictures.push(&packet, follows, &mut frames),
                None => frames.extend(sound(packet)),
            }
        }
    }

    /// Whether a file must be told about a frame before it has it: the first, or a keyframe that is larger than all
    /// before. Nothing for one that no decoder could begin with.
    pub(super) fn introduce(&mut self, frame: &Frame) -> Option<bool> {
        let Some(pictures) = &self.pictures else { return Some(self.last.is_none()) };
        if !frame.is_key {
            return self.parameters.is_some().then_some(false);
        }
        let area = |parameters: &Parameters| parameters.width * parameters.height;
        let found = pictures.parameters(&frame.bytes);
        match (&mut self.parameters, found) {
            (None, None) => None,
            (None, Some(found)) => {
                self.parameters = Some(found);
                // Later turns cannot be told.
                self.quarter_turns = frame.orientation.map_or(0, |value| value & 3);
                Some(true)
            }
            (Some(known), Some(found)) if area(&found) > area(known) => {
                (known.width, known.height) = (found.width, found.height);
                Some(true)
            }
            (Some(_), _) => Some(false),
        }
    }

    /// When a frame is shown that was made at `ticks`, in milliseconds. Where its clock leads, it hurries no
    /// more than at twice its speed.
    pub(super) fn place(&mut self, ticks: i64, reference: Option<&Clock>) -> u64 {
        let time_us = self.clock.time_us(ticks, reference);
        let wanted_ms = u64::try_from((time_us + 500) / 1000).unwrap_or_default();
        let time_ms = self.last.map_or(wanted_ms, |(last_ms, last_ticks)| {
            let step_ms = u64::try_from(self.clock.us(ticks - last_ticks) / 1000).unwrap_or_default();
            wanted_ms.max(last_ms + (step_ms / 2).max(1))
        });
        self.last = Some((time_ms, ticks));
        time_ms
    }

    /// As a file describes it, if it has a frame.
    pub(super) fn described(&self) -> Option<Described<'_>> {
        let Self { number, codec, quarter_turns, .. } = *self;
        let is_known = if self.is_video() { self.parameters.is_some() } else { self.last.is_some() };
        let (format, parameters) = (&*self.format, self.parameters.as_ref());
        is_known.then_some(Described { number, codec, format, parameters, quarter_turns })
    }
}

/// Every packet of sound can be begun with.
fn sound(packet: Packet) -> Option<Frame> {
    let Packet { at, timestamp, payload, .. } = packet;
    (!payload.is_empty()).then_some(Frame { at, timestamp, is_key: true, orientation: None, bytes: payload })
}
