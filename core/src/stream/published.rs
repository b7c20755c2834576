//! A published m-line: its encodings, and what is done with a packet of one.

use heapless::Vec;

use crate::limits::ENCODINGS;
use crate::store::{PacketId, Pool};
use crate::stream::{
    Arrival, Encoding, EncodingParameters, Facts, History, LAYERS, Need, Speech, StreamParameters, Traffic, Voice,
};
use crate::time::Instant;
use crate::wire::{Codec, Extension, Kind, rtp};

/// Audio packets kept for retransmission; longer than any receiver waits for one.
pub const AUDIO_HISTORY_PACKETS: usize = 64;

/// A published m-line.
pub struct Stream {
    /// What was agreed on.
    pub parameters: StreamParameters,
    /// One, or the simulcast layers from the lowest to the highest.
    pub encodings: Vec<Encoding, ENCODINGS>,
    /// The first subscription that it feeds; the others hang on it. They make a list, as [`crate::store::list`] has it.
    pub subscriptions: u16,
    /// The first relay that it feeds; the others hang on it.
    pub relays: u16,
    /// The next stream of its link.
    pub next_of_link: u16,
    /// The next stream of its conversation.
    pub next_of_conversation: u16,
    /// Lost packets in the last second, where they were many, until it was told.
    pub slow_packets: u32,
    /// Whether somebody talks.
    pub speech: Speech,
    /// When somebody spoke, where levels are told.
    pub voice: Option<Voice>,
    /// Earlier payloads that the publisher's packets carried again lately (RFC 2198).
    pub redundant_payloads: u8,
    /// Which of its layers somebody gets.
    pub need: Need,
    /// When a keyframe is asked for anyway.
    next_keyframe: Instant,
    /// What arrived.
    pub traffic: Traffic,
    /// Whether packets arrive.
    pub receiving: bool,
    /// What the control half knows of that.
    pub told_receiving: bool,
}

impl Stream {
    /// A stream with the part of the lent ring that begins at `ring_start` and has `ring_len` places.
    pub fn new(parameters: StreamParameters, ring_start: usize, ring_len: usize) -> Self {
        let mut told = parameters.encodings.clone();
        if told.is_empty() {
            // Cannot fail: it is empty.
            let _ = told.push(EncodingParameters::default());
        }
        let mut encodings = Vec::new();
        let mut start = ring_start;
        for (layer, encoding) in told.iter().enumerate() {
            let capacity = history_share(parameters.codec.kind(), ring_len, told.len(), layer);
            // Both vectors have the same capacity.
            let _ = encodings.push(Encoding::new(encoding.clone(), History::new(start, capacity)));
            start += capacity;
        }
        Self {
            parameters,
            encodings,
            subscriptions: u16::MAX,
            relays: u16::MAX,
            next_of_link: u16::MAX,
            next_of_conversation: u16::MAX,
            slow_packets: 0,
            speech: Speech::default(),
            voice: None,
            redundant_payloads: 0,
            need: Need::default(),
            next_keyframe: Instant::default(),
            traffic: Traffic::default(),
            receiving: false,
            told_receiving: false,
        }
    }

    /// How many encodings it has, or spatial layers where it has one encoding.
    pub fn layers(&self) -> u8 {
        match &self.encodings[..] {
            [encoding] => encoding.most_spatial_layers.clamp(1, LAYERS as u8),
            encodings => encodings.len() as u8,
        }
    }

    /// Takes changed parameters. Encodings keep what they learned where their number is the same; false if it is not,
    /// and the stream must be made anew.
    pub fn configure(&mut self, parameters: StreamParameters) -> bool {
        let same_layers = parameters.encodings.len().max(1) == self.encodings.len();
        if !same_layers || parameters.codec != self.parameters.codec {
            return false;
        }
        for (encoding, told) in self.encodings.iter_mut().zip(&parameters.encodings) {
            encoding.parameters.rid = told.rid.clone();
            encoding.parameters.rtx_ssrc = told.rtx_ssrc.or(encoding.parameters.rtx_ssrc);
        }
        self.parameters = parameters;
        true
    }

    /// Takes a packet in clear of one encoding: counts it, keeps it, notes what is missing. `None` if it came before
    /// or finds no place.
    pub fn accept(
        &mut self,
        layer: u8,
        packet: &[u8],
        index: u64,
        now: Instant,
        memory: &mut Kept<'_, '_>,
    ) -> Option<PacketId> {
        let view = rtp::View::new(packet)?;
        let encoding = self.encodings.get_mut(usize::from(layer))?;
        if encoding.loss.arrived(index, now) == Arrival::Stale {
            return None;
        }
        self.traffic.count(packet.len());
        let clock_rate_hz = self.parameters.codec.clock_rate_hz();
        encoding.statistics.arrived(index, view.timestamp(), now, clock_rate_hz);
        let mut facts = Facts::read(&view, &self.parameters, index, now);
        if self.parameters.is_end_to_end && self.parameters.codec != Codec::Vp9 {
            // What is behind the payload descriptor says nothing to us, though it may look like a keyframe.
            facts.picture.keyframe = false;
        }
        let descriptor = self.parameters.extensions.id(Extension::DependencyDescriptor);
        if let Some(data) = descriptor.and_then(|id| view.element(id)) {
            encoding.read_dependencies(data, &mut facts);
        }
        let interval_s = u64::from(self.parameters.keyframe_interval_s);
        let wants_keyframe = interval_s > 0 && now >= self.next_keyframe;
        if facts.picture.keyframe {
            facts.picture.keyframe = encoding.note_keyframe(&facts);
        }
        let layers = encoding.note_layers(&facts.picture.layers, now);
        let serves_higher = encoding.serves_higher(&facts.picture.layers);
        encoding.rates.count(layers, serves_higher, packet.len(), now);
        let content = &packet[..view.payload_range().end];
        let id = match memory.pool.insert(content, facts) {
            Some(id) => id,
            None => {
                encoding.history.drop_oldest(memory.ring, memory.pool).then_some(())?;
                memory.pool.insert(content, facts)?
            }
        };
        encoding.history.insert(memory.ring, memory.pool, index, id);
        self.note_arrival(layer, now);
        if wants_keyframe {
            self.next_keyframe = now.after_ms(interval_s * 1000);
            self.want_keyframe();
        }
        Some(id)
    }

    /// Listens to the level of a packet whose audio was accepted, if it tells one. Says whether talking began or ended.
    pub fn listen(&mut self, packet: &[u8], facts: &Facts, now: Instant) -> bool {
        let Some(level) = facts.audio_level(packet) else { return false };
        let moment = (facts.timestamp, self.parameters.codec.clock_rate_hz());
        self.voice.get_or_insert_default().arrived(level.level, moment, now);
        self.parameters.speech.is_some_and(|settings| self.speech.arrived(level.level, &settings))
    }

    /// Lets go of all kept packets.
    pub fn clear(&mut self, memory: &mut Kept<'_, '_>) {
        for encoding in &mut self.encodings {
            encoding.history.clear(memory.ring, memory.pool);
        }
    }

    /// When something of it is due.
    pub fn due(&self) -> Option<Instant> {
        self.encodings.iter().filter_map(Encoding::due).min()
    }

    /// Asks for a keyframe of every encoding that sends.
    pub fn want_keyframe(&mut self) {
        (0..self.encodings.len() as u8).for_each(|layer| self.want_keyframe_of(layer));
    }

    /// Asks for a keyframe of one encoding.
    pub fn want_keyframe_of(&mut self, layer: u8) {
        if self.parameters.codec.kind() == Kind::Video
            && let Some(encoding) = self.encodings.get_mut(usize::from(layer))
        {
            encoding.keyframe.want();
        }
    }

    /// The moment `timestamp` of one encoding on the clock of another, by their sender reports.
    pub fn timestamp_on(&self, (from, to): (u8, u8), timestamp: u32) -> Option<u32> {
        let report = |layer: u8| self.encodings.get(usize::from(layer))?.sender_report;
        let (from, to) = (report(from)?, report(to)?);
        let clock_rate_hz = i64::from(self.parameters.codec.clock_rate_hz());
        // NTP time in 2^-32 s; reports of one stream lie seconds apart.
        let apart_us = ((from.ntp.wrapping_sub(to.ntp) as i64 >> 12) * 1_000_000) >> 20;
        let apart = apart_us * clock_rate_hz / 1_000_000;
        Some(to.timestamp.wrapping_add(apart as u32).wrapping_add(timestamp.wrapping_sub(from.timestamp)))
    }

    /// Notes which encoding sent now, and by that which ones do not.
    fn note_arrival(&mut self, layer: u8, now: Instant) {
        let newest = self.encodings.iter().filter_map(|encoding| encoding.arrived).max();
        let is_resumed = newest.is_none_or(|newest| now.since_us(newest) >= PAUSE_US);
        for (number, encoding) in self.encodings.iter_mut().enumerate() {
            if number == usize::from(layer) {
                encoding.arrived = Some(now);
                encoding.overtaken = None;
            } else if is_resumed || encoding.overtaken.is_none() {
                encoding.overtaken = Some(now);
            }
        }
    }
}

/// The memory in which packets are kept.
pub struct Kept<'a, 'm> {
    /// The packets.
    pub pool: &'a mut Pool<'m, Facts>,
    /// The histories' places.
    pub ring: &'a mut [PacketId],
}

/// After all encodings paused for so long, each has its time to come back.
const PAUSE_US: u64 = 200_000;

/// How many packets of a layer are kept. The highest has half of the room, for it has most packets.
fn history_share(kind: Kind, ring_len: usize, layers: usize, layer: usize) -> usize {
    match (kind, layers) {
        (Kind::Audio, _) => AUDIO_HISTORY_PACKETS.min(ring_len),
        (Kind::Video, 1) => ring_len,
        (Kind::Video, layers) if layer + 1 == layers => ring_len / 2,
        (Kind::Video, _) => ring_len / 4,
    }
}
