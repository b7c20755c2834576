//! A publisher of three VP8 encodings with three temporal layers each, whose numbers all begin elsewhere.

use std::vec::Vec;

use crate::forward::{LayerCeiling, Queued, Subscription, SubscriptionParameters};
use crate::id::{LinkId, StreamId, SubscriptionId};
use crate::store::{PACKET_BYTES, PacketId, PacketSlot, Pool};
use crate::stream::{EncodingParameters, Facts, Feedback, Kept, Stream, StreamParameters};
use crate::time::Instant;
use crate::wire::{Codec, ExtensionMap, rtp};

use super::receiver::Receiver;
use crate::forward::select::source_of;

/// The memory in which one stream keeps its packets.
pub(super) struct Memory {
    pub(super) pool: Pool<'static, Facts>,
    pub(super) ring: Vec<PacketId>,
}

impl Memory {
    pub(super) fn new() -> Self {
        let slots: Vec<PacketSlot<Facts>> = (0..PACKETS).map(|_| PacketSlot::default()).collect();
        let bytes = std::vec![0; PACKETS * PACKET_BYTES];
        Self { pool: Pool::new(slots.leak(), bytes.leak()), ring: std::vec![PacketId::NONE; PACKETS] }
    }
}

/// A frame's packet on its way, and which frames it needs.
#[derive(Clone, Debug)]
pub(super) struct Packet {
    pub(super) layer: u8,
    pub(super) index: u64,
    pub(super) bytes: Vec<u8>,
    pub(super) frame: Frame,
}

/// A frame, by its number in its encoding.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Frame {
    pub(super) number: u64,
    pub(super) temporal: u8,
    pub(super) needs: Vec<u64>,
}

/// One encoding's encoder.
#[derive(Clone, Default)]
struct Encoder {
    frame: u64,
    index: u64,
    tl0: u8,
    position: usize,
    /// The last frame of each temporal layer since the keyframe.
    last: [Option<u64>; 3],
}

/// Publisher, stream, one subscription, and its receiver.
pub(super) struct World {
    pub(super) stream: Stream,
    pub(super) subscription: Subscription,
    pub(super) receiver: Receiver,
    pub(super) now: Instant,
    encoders: [Encoder; 3],
}

impl World {
    pub(super) fn new(layers: usize, ceiling: LayerCeiling, memory: &mut Memory) -> Self {
        let encodings = (0..layers).map(|_| EncodingParameters::default()).collect();
        let parameters = StreamParameters {
            conversation: None,
            red_payload_type: None,
            is_end_to_end: false,
            stream: STREAM,
            link: LinkId::new(0, 0),
            mid: Default::default(),
            codec: Codec::Vp8,
            payload_type: 96,
            rtx_payload_type: None,
            extensions: ExtensionMap::EMPTY,
            encodings,
            ingress_stream: None,
            feedback: Feedback::default(),
            speech: None,
            keyframe_interval_s: 0,
            active: true,
        };
        memory.ring.fill(PacketId::NONE);
        let mut encoders: [Encoder; 3] = Default::default();
        for (number, encoder) in encoders.iter_mut().enumerate() {
            encoder.index = 65_530 + 1000 * number as u64;
            encoder.frame = 0x7ffe + 500 * number as u64;
        }
        Self {
            stream: Stream::new(parameters, 0, PACKETS),
            subscription: Subscription::new(subscription_parameters(ceiling), 77),
            receiver: Receiver::default(),
            now: Instant::from_ms(1000),
            encoders,
        }
    }

    pub(super) fn allow(&mut self, ceiling: LayerCeiling) {
        self.subscription.selector.ceiling = ceiling;
    }

    /// One frame of each encoding in `live`, of two packets each; 33 ms pass.
    pub(super) fn frame(&mut self, live: u8) -> Vec<Packet> {
        self.now = self.now.after_ms(33);
        let ms = self.now.us / 1000;
        let mut packets = Vec::new();
        for (layer, encoder) in self.encoders.iter_mut().enumerate().take(self.stream.encodings.len()) {
            if live >> layer & 1 == 1 {
                let is_wanted = self.stream.encodings[layer].keyframe.poll(self.now);
                packets.extend(encoder.encode(layer as u8, ms as u32 * 90, is_wanted));
            }
        }
        packets
    }

    /// The server gets a packet; what it sends on is checked.
    pub(super) fn deliver(&mut self, packet: &Packet, memory: &mut Memory) {
        let mut kept = Kept { pool: &mut memory.pool, ring: &mut memory.ring };
        let accepted = self.stream.accept(packet.layer, &packet.bytes, packet.index, self.now, &mut kept);
        let Some(id) = accepted else { return };
        let facts = *memory.pool.note(id).unwrap();
        let source = source_of(STREAM, &self.stream, packet.layer);
        let (choice, queued) = self.subscription.choose((source, &self.stream), (id, &facts), self.now);
        if choice.wants_keyframe() {
            self.stream.want_keyframe_of(packet.layer);
        }
        if let Some(Queued { index, splice, changes, .. }) = queued {
            let timestamp = self.subscription.rewriter.splice(splice).unwrap().timestamp(facts.timestamp);
            self.receiver.receive(packet, index, timestamp, changes);
        }
    }

    pub(super) fn forget(&mut self, memory: &mut Memory) {
        self.stream.clear(&mut Kept { pool: &mut memory.pool, ring: &mut memory.ring });
    }
}

impl Encoder {
    fn encode(&mut self, layer: u8, timestamp: u32, is_wanted: bool) -> Vec<Packet> {
        let is_key = is_wanted || self.last[0].is_none();
        if is_key {
            (self.position, self.last) = (0, [None; 3]);
        }
        let (temporal, is_sync) = PATTERN[self.position % PATTERN.len()];
        // A sync frame needs the base layer only; another one all layers up to its own.
        let highest = if is_sync { 0 } else { temporal };
        let needs =
            if is_key { Vec::new() } else { self.last[..=usize::from(highest)].iter().flatten().copied().collect() };
        self.tl0 = self.tl0.wrapping_add(u8::from(temporal == 0));
        let frame = Frame { number: self.frame, temporal, needs };
        self.last[usize::from(temporal)] = Some(self.frame);
        let [high, low] = (0x8000 | (self.frame & 0x7fff) as u16).to_be_bytes();
        let flags = temporal << 6 | u8::from(is_sync) << 5;
        let mut packets = Vec::new();
        for part in 0..2 {
            let start = if part == 0 { 0x90 } else { 0x80 };
            let payload = [start, 0xe0, high, low, self.tl0, flags, u8::from(!(is_key && part == 0))];
            let header = rtp::Header {
                marker: part == 1,
                payload_type: 96,
                sequence: self.index as u16,
                timestamp: timestamp.wrapping_add(0x4000_0000 * u32::from(layer)),
                ..rtp::Header::default()
            };
            let mut bytes = [0; 64];
            let len = header.write(&mut bytes, []).unwrap();
            bytes[len..len + payload.len()].copy_from_slice(&payload);
            let bytes = bytes[..len + payload.len()].to_vec();
            packets.push(Packet { layer, index: self.index, bytes, frame: frame.clone() });
            self.index += 1;
        }
        self.frame += 1;
        self.position += 1;
        packets
    }
}

fn subscription_parameters(layers: LayerCeiling) -> SubscriptionParameters {
    SubscriptionParameters {
        red_payload_type: None,
        subscription: SubscriptionId::new(0, 0),
        link: LinkId::new(0, 0),
        stream: Some(STREAM),
        mid: Default::default(),
        ssrc: 1,
        rtx_ssrc: None,
        payload_type: 96,
        rtx_payload_type: None,
        extensions: ExtensionMap::EMPTY,
        playout_delay: None,
        layers,
        feedback: Feedback::default(),
        active: true,
    }
}

/// Temporal layers in an order of libvpx, and which frames need the base layer only.
const PATTERN: [(u8, bool); 8] =
    [(0, false), (2, true), (1, true), (2, false), (0, false), (2, true), (1, false), (2, false)];
const STREAM: StreamId = StreamId::new(0, 0);
const PACKETS: usize = 256;
