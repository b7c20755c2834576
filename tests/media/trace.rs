//! What real encoders sent, as `tests/traces/record` wrote it, and which frames of it need which others: read by
//! another library than the code under test, or here.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use bytes::Bytes;
use parlor_core::wire::Codec;
use rtp::codecs::vp8::Vp8Packet;
use rtp::codecs::vp9::Vp9Packet;
use rtp::packetizer::Depacketizer;

use crate::dependencies::Dependencies;

/// A recorded stream.
pub(crate) struct Trace {
    /// Its file's name.
    pub(crate) name: String,
    /// Its format.
    pub(crate) codec: Codec,
    /// How many encodings it has.
    pub(crate) encodings: usize,
    /// In the order in which they came.
    pub(crate) packets: Vec<Recorded>,
    /// Whose packets are in `packets`.
    pub(crate) frames: BTreeMap<FrameId, Frame>,
}

/// A packet of a trace.
pub(crate) struct Recorded {
    /// How long after the one before it came.
    pub(crate) after_ms: u64,
    /// Its encoding.
    pub(crate) encoding: u8,
    pub(crate) marker: bool,
    /// Extended.
    pub(crate) sequence: u64,
    pub(crate) timestamp: u32,
    /// Its dependency descriptor; empty where it has none.
    pub(crate) descriptor: Vec<u8>,
    /// Its payload, of which only the beginning was recorded.
    pub(crate) payload: Vec<u8>,
    /// The frame that it belongs to.
    pub(crate) frame: FrameId,
}

/// Encoding, picture and spatial layer; the picture is counted as it came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct FrameId {
    pub(crate) encoding: u8,
    pub(crate) picture: u32,
    pub(crate) spatial: u8,
}

/// A frame and what it needs.
#[derive(Debug, Default)]
pub(crate) struct Frame {
    pub(crate) packets: Vec<usize>,
    pub(crate) temporal: u8,
    pub(crate) is_key: bool,
    pub(crate) needs: BTreeSet<FrameId>,
}

/// What a packet says of its frame.
#[derive(Default)]
struct Said {
    spatial: u8,
    temporal: u8,
    is_key: bool,
    /// The number by which others name its picture or frame.
    number: u16,
    /// Which numbers it needs; `None` where only its layer tells.
    needs: Option<Vec<u16>>,
    /// It needs the spatial layer below.
    needs_below: bool,
    /// It needs the base layer only.
    is_sync: bool,
}

impl Trace {
    /// All traces there are.
    pub(crate) fn all() -> Vec<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("traces");
        let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        paths
            .iter()
            .filter(|path| path.extension().is_some_and(|end| end == "trace"))
            .map(|path| Self::read(path))
            .collect()
    }

    fn read(path: &Path) -> Self {
        let whole = fs::read(path).unwrap();
        let line = whole.iter().position(|byte| *byte == b'\n').unwrap();
        let words: Vec<&str> = std::str::from_utf8(&whole[..line]).unwrap().split([' ', ',']).collect();
        let codec = match words[4] {
            "VP8" => Codec::Vp8,
            "VP9" => Codec::Vp9,
            "H264" => Codec::H264,
            "AV1" => Codec::Av1,
            other => panic!("{other}"),
        };
        let mut trace = Self {
            name: path.file_stem().unwrap().to_string_lossy().into_owned(),
            codec,
            encodings: words[7].parse().unwrap(),
            packets: Vec::new(),
            frames: BTreeMap::new(),
        };
        let mut reader = Reader { rest: &whole[line + 1..], encodings: Default::default() };
        while !reader.rest.is_empty() {
            trace.packets.push(reader.packet());
        }
        trace.find_frames();
        trace
    }

    /// The highest spatial and temporal layer.
    pub(crate) fn highest(&self) -> (u8, u8) {
        let spatial = self.frames.keys().map(|id| id.spatial).max().unwrap_or(0);
        (spatial, self.frames.values().map(|frame| frame.temporal).max().unwrap_or(0))
    }

    /// Whether the spatial layers of a picture are of several temporal ones.
    pub(crate) fn is_shifted(&self, id: FrameId) -> bool {
        let picture = FrameId { spatial: 0, ..id }..=FrameId { spatial: u8::MAX, ..id };
        let temporals: BTreeSet<u8> = self.frames.range(picture).map(|(_, frame)| frame.temporal).collect();
        temporals.len() > 1
    }

    fn find_frames(&mut self) {
        let mut encodings: [Finder; 3] = Default::default();
        for index in 0..self.packets.len() {
            let packet = &self.packets[index];
            let finder = &mut encodings[usize::from(packet.encoding)];
            let said = finder.say(self.codec, packet);
            let id = finder.frame(packet, &said);
            let frame = self.frames.entry(id).or_default();
            frame.packets.push(index);
            frame.is_key |= said.is_key;
            if frame.packets.len() == 1 {
                frame.temporal = said.temporal;
                frame.needs = finder.needs(id, &said);
                finder.known.push((id, said.number, said.temporal));
            }
            if frame.is_key {
                // A parameter set may come first, and tell nothing yet.
                frame.needs.retain(|needed| needed.picture == id.picture);
            }
            self.packets[index].frame = id;
        }
    }
}

/// Finds the frames of one encoding.
#[derive(Default)]
struct Finder {
    dependencies: Dependencies,
    timestamp: Option<u32>,
    picture: u32,
    /// Since the last keyframe.
    known: Vec<(FrameId, u16, u8)>,
}

impl Finder {
    fn say(&mut self, codec: Codec, packet: &Recorded) -> Said {
        let payload = Bytes::copy_from_slice(&packet.payload);
        if codec == Codec::Vp8 {
            let mut vp8 = Vp8Packet::default();
            let content = vp8.depacketize(&payload).unwrap();
            let is_key = vp8.s == 1 && vp8.pid == 0 && content[0] & 1 == 0;
            let said = Said { temporal: vp8.tid, is_key, number: vp8.picture_id, ..Said::default() };
            return Said { is_sync: vp8.y == 1, ..said };
        }
        if codec == Codec::Vp9 {
            let mut vp9 = Vp9Packet::default();
            vp9.depacketize(&payload).unwrap();
            let number = vp9.picture_id;
            let references = vp9.pdiff.iter().map(|step| number.wrapping_sub(u16::from(*step)) & 0x7fff).collect();
            return Said {
                spatial: vp9.sid,
                temporal: vp9.tid,
                is_key: !vp9.p && vp9.sid == 0,
                number,
                needs: (vp9.f || !vp9.p).then_some(references),
                needs_below: vp9.d,
                is_sync: vp9.u,
            };
        }
        if let Some(frame) = self.dependencies.read(&packet.descriptor) {
            let needs = Some(frame.differences.iter().map(|step| frame.number.wrapping_sub(*step)).collect());
            let (spatial, temporal) = (frame.spatial, frame.temporal);
            return Said { spatial, temporal, is_key: frame.is_key, number: frame.number, needs, ..Said::default() };
        }
        let is_key = match codec {
            Codec::H264 => units(&packet.payload).contains(&5) || units(&packet.payload).contains(&7),
            // The bit N of the aggregation header: a new coded video sequence.
            Codec::Av1 => packet.payload[0] & 8 != 0,
            _ => false,
        };
        Said { is_key, ..Said::default() }
    }

    fn frame(&mut self, packet: &Recorded, said: &Said) -> FrameId {
        if self.timestamp.replace(packet.timestamp) != Some(packet.timestamp) {
            self.picture += 1;
        }
        FrameId { encoding: packet.encoding, picture: self.picture, spatial: said.spatial }
    }

    fn needs(&self, id: FrameId, said: &Said) -> BTreeSet<FrameId> {
        let mut needs = BTreeSet::new();
        if said.needs_below {
            needs.insert(FrameId { spatial: id.spatial - 1, ..id });
        }
        let before = || self.known.iter().rev().filter(|(known, ..)| known.picture != id.picture);
        match &said.needs {
            // Numbers name pictures of the same layer in VP9, and frames in a descriptor.
            Some(numbers) => {
                for number in numbers {
                    let named = |(known, its, _): &&(FrameId, u16, u8)| {
                        its == number && *known != id && (!said.needs_below || known.spatial == id.spatial)
                    };
                    let found = self.known.iter().rev().filter(named).map(|(known, ..)| *known);
                    let found: Vec<FrameId> = found.collect();
                    needs.extend(found.iter().find(|known| known.spatial == id.spatial).or(found.first()));
                }
            }
            None => {
                let below = if said.is_sync { 0 } else { said.temporal };
                let newest = (0..=below).filter_map(|layer| before().find(|(_, _, temporal)| *temporal == layer));
                needs.extend(newest.map(|(known, ..)| *known));
            }
        }
        needs
    }
}

/// The types of the units that begin in an H.264 payload.
fn units(payload: &[u8]) -> Vec<u8> {
    match payload[0] & 31 {
        24 => {
            let (mut at, mut units) = (1, Vec::new());
            while at + 2 < payload.len() {
                units.push(payload[at + 2] & 31);
                at += 2 + usize::from(u16::from_be_bytes([payload[at], payload[at + 1]]));
            }
            units
        }
        28 if payload[1] & 0x80 != 0 => vec![payload[1] & 31],
        28 => vec![],
        single => vec![single],
    }
}

struct Reader<'a> {
    rest: &'a [u8],
    /// The last sequence number of each encoding.
    encodings: [Option<u64>; 3],
}

impl Reader<'_> {
    fn packet(&mut self) -> Recorded {
        let after_ms = self.number(2);
        let flags = self.number(1) as u8;
        let encoding = flags & 3;
        let short = self.number(2) as u16;
        let timestamp = self.number(4) as u32;
        let len = self.number(2) as usize;
        let descriptor = self.counted();
        let mut payload = self.counted();
        payload.resize(len, 0);
        let newest = &mut self.encodings[usize::from(encoding)];
        let reference = newest.unwrap_or(u64::from(short));
        let sequence = reference.wrapping_add_signed(i64::from(short.wrapping_sub(reference as u16) as i16));
        *newest = Some(reference.max(sequence));
        let frame = FrameId::default();
        Recorded { after_ms, encoding, marker: flags >> 7 == 1, sequence, timestamp, descriptor, payload, frame }
    }

    fn number(&mut self, bytes: usize) -> u64 {
        self.take(bytes).iter().fold(0, |number, byte| number << 8 | u64::from(*byte))
    }

    fn counted(&mut self) -> Vec<u8> {
        let len = self.number(1) as usize;
        self.take(len).to_vec()
    }

    fn take(&mut self, len: usize) -> &[u8] {
        let (taken, rest) = self.rest.split_at(len);
        self.rest = rest;
        taken
    }
}
