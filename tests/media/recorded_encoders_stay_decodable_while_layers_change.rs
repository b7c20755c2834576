//! What real encoders sent is forwarded to people who change their layers all the time, whole, and with packets lost
//! and overtaken on the way to us: numbers have no hole, time does not run back, pictures follow each other, the last
//! packet of each is marked, and no frame is sent that needs one which was not.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use parlor_core::id::SubscriptionId;
use parlor_core::limits::Limits;
use parlor_core::link::SrtpProfile;
use parlor_core::media::{Command, LayerCeiling};
use parlor_core::random::Random;
use parlor_core::wire::{Codec, rtp};
use rtp_oracle::{Vp8Packet, Vp9Packet};

use crate::memory_room::{DESCRIPTOR_ID, MemoryRoom, Numbers, Opened, PAYLOAD_TYPE, TAG_ID};
use crate::trace::{FrameId, Trace};

mod rtp_oracle {
    pub(super) use ::rtp::codecs::vp8::Vp8Packet;
    pub(super) use ::rtp::codecs::vp9::Vp9Packet;
    pub(super) use ::rtp::packetizer::Depacketizer;
}
use rtp_oracle::Depacketizer;

#[test]
fn recorded_encoders_stay_decodable_while_layers_change() {
    let traces = Trace::all();
    assert!(traces.len() >= 15, "{} traces", traces.len());
    for trace in &traces {
        let viewers = replay(trace, 0, false);
        let (mut seen, mut switches) = (BTreeSet::new(), 0);
        for viewer in &viewers {
            let checked = viewer.check(trace, true);
            seen.extend(checked.layers);
            switches += checked.switches;
        }
        let (spatial, temporal) = trace.highest();
        assert!(spatial == 2 || !trace.name.contains("_l3"), "{}: {spatial} is the highest", trace.name);
        let layers = trace.encodings * (usize::from(spatial) + 1) * (usize::from(temporal) + 1);
        println!("{}: {} packets, {seen:?}, {switches} changes of encoding", trace.name, trace.packets.len());
        assert!(trace.encodings == 1 || switches > 2 * VIEWERS, "{}: {switches} switches", trace.name);
        assert!(layers == 1 || seen.len() >= layers.min(3), "{}: {seen:?}", trace.name);
    }
}

#[test]
fn recorded_encoders_stay_decodable_over_a_lossy_way() {
    for trace in &Trace::all() {
        for viewer in replay(trace, 5, false) {
            viewer.check(trace, false);
        }
    }
}

#[test]
fn pictures_encrypted_end_to_end_are_chosen_by_what_is_in_clear_or_stay_on_one_layer() {
    for trace in &Trace::all() {
        let mut seen = BTreeSet::new();
        for viewer in replay(trace, 0, true) {
            let mut encodings = BTreeSet::new();
            for got in viewer.got.values().filter(|got| !got.payload.is_empty()) {
                let id = trace.packets[got.place].frame;
                encodings.insert(id.encoding);
                seen.insert((id.spatial, trace.frames[&id].temporal));
                let packet = &trace.packets[got.place].payload;
                let clear = descriptor_bytes(trace.codec, packet);
                let sealed = packet[clear..].iter().map(|byte| byte ^ 0xa5);
                assert!(
                    got.payload[clear..].iter().copied().eq(sealed),
                    "{}: what is encrypted is changed",
                    trace.name
                );
            }
            let is_told = trace.codec == Codec::Vp9 || trace.packets.iter().any(|it| !it.descriptor.is_empty());
            if is_told {
                viewer.check(trace, true);
            } else {
                assert_eq!(encodings.len(), 1, "{}: nobody knows where an encoding may begin", trace.name);
            }
        }
        let (spatial, temporal) = trace.highest();
        assert!(seen.contains(&(spatial, temporal)) && seen.contains(&(0, 0)), "{}: {seen:?}", trace.name);
    }
}

/// The bytes of the payload descriptor, which stay in clear: of VP8 and VP9, whose packets have one.
fn descriptor_bytes(codec: Codec, payload: &[u8]) -> usize {
    let whole = Bytes::copy_from_slice(payload);
    let content = match codec {
        Codec::Vp8 => Vp8Packet::default().depacketize(&whole).unwrap(),
        Codec::Vp9 => Vp9Packet::default().depacketize(&whole).unwrap(),
        _ => return 0,
    };
    payload.len() - content.len()
}

/// What one subscriber got.
struct Viewer {
    subscription: SubscriptionId,
    got: BTreeMap<u64, Got>,
    /// Packets that never came to us.
    lost: BTreeSet<usize>,
}

#[derive(Clone, Debug)]
struct Got {
    timestamp: u32,
    marker: bool,
    /// Which packet of the trace it was.
    place: usize,
    payload: Vec<u8>,
}

/// What a check counted.
#[derive(Default)]
struct Checked {
    /// Encoding, spatial and temporal layer of what was sent.
    layers: BTreeSet<(u8, u8, u8)>,
    switches: usize,
}

/// Plays a trace to some viewers whose wishes change; so many of a hundred packets are lost, and as many overtaken.
/// What `is_sealed` is encrypted end to end behind the payload descriptor.
fn replay(trace: &Trace, lost_percent: u64, is_sealed: bool) -> Vec<Viewer> {
    let limits =
        Limits { publishers: 1, subscribers: VIEWERS as u16, subscriptions: VIEWERS as u16, ..Limits::DEFAULT };
    let mut room = MemoryRoom::new(limits, SrtpProfile::AeadAes128Gcm);
    let mut numbers = Numbers(trace.packets.len() as u64 + lost_percent);
    let publisher = room.connect();
    room.seals_end_to_end = is_sealed;
    let stream = room.publish_layers(publisher, trace.codec, &SSRCS[..trace.encodings]);
    let mut viewers: Vec<Viewer> = Vec::new();
    for number in 0..VIEWERS as u32 {
        let peer = room.connect();
        let subscription = room.subscribe(peer, stream, 5000 + number * 10, true);
        viewers.push(Viewer { subscription, got: BTreeMap::new(), lost: BTreeSet::new() });
    }
    let mut order: Vec<usize> = (0..trace.packets.len()).collect();
    if lost_percent > 0 {
        for at in 1..order.len() {
            if numbers.u64() % 100 < lost_percent {
                order.swap(at, at - 1);
            }
        }
    }
    for place in order {
        let packet = &trace.packets[place];
        room.pass(packet.after_ms);
        for (number, viewer) in viewers.iter_mut().enumerate() {
            // Some change often, some seldom.
            if numbers.u64().is_multiple_of(4 << (number % 5)) {
                let [encoding, spatial, temporal, ..] = numbers.u64().to_le_bytes().map(|byte| byte % 3);
                let layers = LayerCeiling { encoding, spatial, temporal, ..LayerCeiling::NONE };
                room.media.command(room.now, Command::SetLayers { subscription: viewer.subscription, layers });
            }
        }
        if numbers.u64() % 100 < lost_percent {
            viewers.iter_mut().for_each(|viewer| _ = viewer.lost.insert(place));
        } else {
            let tag = (place as u32).to_be_bytes();
            let elements: [(u8, &[u8]); 2] = [(TAG_ID, &tag[1..]), (DESCRIPTOR_ID, &packet.descriptor)];
            let count = if packet.descriptor.is_empty() { 1 } else { 2 };
            let header = rtp::Header {
                payload_type: PAYLOAD_TYPE,
                marker: packet.marker,
                timestamp: packet.timestamp,
                ssrc: SSRCS[usize::from(packet.encoding)],
                ..rtp::Header::default()
            };
            let mut payload = packet.payload.clone();
            if is_sealed {
                payload.iter_mut().skip(descriptor_bytes(trace.codec, &packet.payload)).for_each(|byte| *byte ^= 0xa5);
            }
            room.send_with(publisher, header, packet.sequence, &elements[..count], &payload);
        }
        room.pass(0);
        collect(&mut room, &mut viewers);
    }
    room.pass(500);
    collect(&mut room, &mut viewers);
    viewers
}

fn collect(room: &mut MemoryRoom, viewers: &mut [Viewer]) {
    room.collect(|peer, opened| {
        let Opened::Rtp(view, index) = opened else { return };
        let [a, b, c] = view.element(TAG_ID).unwrap().try_into().unwrap();
        let place = u32::from_be_bytes([0, a, b, c]) as usize;
        let (timestamp, marker, payload) = (view.timestamp(), view.marker(), view.payload().to_vec());
        let got = Got { timestamp, marker, place, payload };
        let before = viewers[peer - 1].got.insert(index, got);
        assert!(before.is_none(), "{index} was sent twice");
    });
}

impl Viewer {
    /// Looks at everything in the order of its numbers. Where nothing was lost or overtaken, more is known.
    fn check(&self, trace: &Trace, is_whole: bool) -> Checked {
        let context = |place: usize| format!("{} packet {place} {:?}", trace.name, trace.packets[place].frame);
        let (first, last) = (*self.got.keys().next().unwrap(), *self.got.keys().next_back().unwrap());
        let holes = (last - first + 1) as usize - self.got.len();
        assert!(holes <= self.lost.len(), "{}: {holes} holes for {} lost", trace.name, self.lost.len());
        let media: Vec<&Got> = self.got.values().filter(|got| !got.payload.is_empty()).collect();
        self.check_numbers(trace, &media, is_whole);
        self.check_pictures(trace, &media, is_whole);
        let mut checked = Checked::default();
        let mut sent: BTreeMap<FrameId, usize> = BTreeMap::new();
        let mut encoding = None;
        // What comes before the first keyframe is of no use to anybody.
        let begin = media.iter().position(|got| trace.frames[&trace.packets[got.place].frame].is_key);
        for got in &media[begin.unwrap_or(media.len())..] {
            let id = trace.packets[got.place].frame;
            let frame = &trace.frames[&id];
            if encoding.replace(id.encoding) != Some(id.encoding) {
                checked.switches += 1;
                sent.clear();
                assert!(frame.is_key, "{} begins an encoding", context(got.place));
            }
            checked.layers.insert((id.encoding, id.spatial, frame.temporal));
            *sent.entry(id).or_default() += 1;
        }
        self.check_needs(trace, &media[begin.unwrap_or(media.len())..], is_whole);
        checked
    }

    /// No frame needs one of which we got more than was sent.
    fn check_needs(&self, trace: &Trace, media: &[&Got], is_whole: bool) {
        let mut sent: BTreeMap<FrameId, usize> = BTreeMap::new();
        let mut encoding = None;
        let count_of = |id: &FrameId| {
            let packets = &trace.frames[id].packets;
            packets.iter().filter(|place| !self.lost.contains(place)).count()
        };
        let mut known: Option<FrameId> = None;
        for got in media {
            let id = trace.packets[got.place].frame;
            if encoding.replace(id.encoding) != Some(id.encoding) {
                sent.clear();
            }
            *sent.entry(id).or_default() += 1;
            let frame = &trace.frames[&id];
            for needed in frame.needs.iter().filter(|_| known != Some(id)) {
                let whole = count_of(needed);
                let had = sent.get(needed).copied().unwrap_or(0);
                // Overtaken packets of a keyframe may come before its first one, which begins the run.
                let is_enough = had == whole || (!is_whole && trace.frames[needed].is_key && had > 0);
                assert!(is_enough, "{} {id:?} {frame:?} needs {needed:?}: {had} of {whole} sent", trace.name);
            }
            known = Some(id);
        }
    }

    /// Timestamps, and where a picture ends.
    fn check_numbers(&self, trace: &Trace, media: &[&Got], is_whole: bool) {
        for pair in media.windows(2) {
            let [before, after] = pair else { unreachable!() };
            let (old, new) = (&trace.packets[before.place], &trace.packets[after.place]);
            let is_same = (old.encoding, old.timestamp) == (new.encoding, new.timestamp);
            let step = after.timestamp.wrapping_sub(before.timestamp);
            let context = || format!("{}: {} after {}", trace.name, after.place, before.place);
            assert_eq!(is_same, step == 0, "{}", context());
            assert!(step < 180_000, "{}: {step} ticks", context());
            // Encodings are sent through each other, so a change of them may cut a picture. Where packets overtake each
            // other, so may one of layers.
            // And where a picture's spatial layers are of several temporal ones, its last is known too late.
            let is_cut = old.encoding != new.encoding || trace.is_shifted(old.frame);
            assert!(!is_whole || is_cut || before.marker != is_same, "{}: the mark", context());
        }
    }

    /// Picture ids and TL0PICIDX.
    fn check_pictures(&self, trace: &Trace, media: &[&Got], is_whole: bool) {
        let mut last: Option<(u32, u16, Option<u8>)> = None;
        for got in media {
            let payload = Bytes::copy_from_slice(&got.payload);
            let (picture, tl0, temporal) = match trace.codec {
                Codec::Vp8 => {
                    let mut vp8 = Vp8Packet::default();
                    vp8.depacketize(&payload).unwrap();
                    if vp8.i == 0 {
                        return;
                    }
                    (vp8.picture_id, (vp8.l == 1).then_some(vp8.tl0_pic_idx), vp8.tid)
                }
                Codec::Vp9 => {
                    let mut vp9 = Vp9Packet::default();
                    vp9.depacketize(&payload).unwrap();
                    (vp9.picture_id, (vp9.l && !vp9.f).then_some(vp9.tl0picidx), vp9.tid)
                }
                _ => return,
            };
            if let Some((timestamp, before, before_tl0)) = last {
                let step = picture.wrapping_sub(before) & 0x7fff;
                let context = || format!("{} packet {}: {picture} after {before}", trace.name, got.place);
                if got.timestamp == timestamp {
                    assert_eq!(step, 0, "{}", context());
                } else {
                    assert!((1..100).contains(&step), "{}", context());
                    // Pictures of VP9 name others by differences, so theirs are not closed up.
                    assert!(trace.codec == Codec::Vp9 || step == 1 || !is_whole, "{}", context());
                    if let (Some(tl0), Some(before), true) = (tl0, before_tl0, is_whole) {
                        let expected = before.wrapping_add(u8::from(temporal == 0));
                        assert_eq!(tl0, expected, "{} TL0PICIDX", context());
                    }
                }
            }
            last = Some((got.timestamp, picture, tl0));
        }
    }
}

const VIEWERS: usize = 10;
const SSRCS: [u32; 3] = [110, 120, 130];
