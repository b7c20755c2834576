//! What one shard relays to another box arrives there as three layers of one m-line, sealed or not; keyframes are asked
//! for of the layer that is wanted, all the way back to the publisher; what is not of the origin is dropped.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use crate::allocations;
use crate::memory_room::{MemoryRoom, Opened, PAYLOAD_TYPE};
use parlor_core::drops::Drop;
use parlor_core::id::{LinkId, RelayId, StreamId};
use parlor_core::limits::Limits;
use parlor_core::link::{MasterKey, Route, SrtpProfile, ingress_ssrc};
use parlor_core::media::{
    CloseReason, Command, Datagram, EncodingParameters, Feedback, LayerCeiling, Notice, OpenIngress, RelayDestination,
    RelayKeys, RelayParameters, StreamParameters,
};
use parlor_core::wire::rtcp::{self, Packet, SenderInfo, sender_report};
use parlor_core::wire::{Codec, ExtensionMap, rtp};
use proptest::prelude::*;

/// The link and the m-line of the publisher where it is another box's.
const LINK: LinkId = LinkId::new(6, 1);
const STREAM: StreamId = StreamId::new(7, 1);
const NUMBER: u8 = 5;

const LIMITS: Limits = Limits {
    publishers: 4,
    subscribers: 4,
    streams_per_publisher: 2,
    subscriptions: 16,
    history_packets: 64,
    queued_packets: 256,
    ..Limits::DEFAULT
};

const SSRCS: [u32; 3] = [110, 120, 130];
const SILENCE_MS: u32 = 5000;

fn ingress() -> SocketAddr {
    SocketAddr::from(([10, 9, 0, 1], 40_000))
}

fn route(remote: SocketAddr) -> Route {
    Route { remote, local: IpAddr::V4(Ipv4Addr::LOCALHOST) }
}

/// An origin that relays a simulcast publisher, and a target with a subscriber.
struct Boxes {
    origin: MemoryRoom,
    target: MemoryRoom,
    subscription: parlor_core::id::SubscriptionId,
    wanted: [bool; 3],
    asked: [u32; 3],
    /// The layer of each packet that the subscriber got, with its number.
    got: Vec<(u8, u64)>,
    frame: u32,
}

impl Boxes {
    fn new(sent_with: Option<RelayKeys>, taken_with: Option<RelayKeys>) -> Self {
        let mut origin = MemoryRoom::new(LIMITS, SrtpProfile::AeadAes128Gcm);
        let publisher = origin.connect();
        let stream = origin.publish_layers(publisher, Codec::Vp8, &SSRCS);
        for layer in 0..3 {
            let remote = ingress();
            origin.media.command(
                origin.now,
                Command::AddRelay(RelayParameters {
                    relay: RelayId::new(layer.into(), 1),
                    stream,
                    layer: Some(layer),
                    destination: RelayDestination::Address { remote, rtcp: Some(remote), keys: sent_with },
                    ssrc: ingress_ssrc(0x9abc_def0 ^ u32::from(layer) << 20, NUMBER, layer),
                    payload_type: 96,
                    extensions: ExtensionMap::EMPTY,
                    is_cascade: false,
                }),
            );
        }
        let mut target = MemoryRoom::new(LIMITS, SrtpProfile::AeadAes128Gcm);
        let subscriber = target.connect();
        let open = OpenIngress { link: LINK, keys: taken_with, silence_ms: SILENCE_MS };
        target.media.command(target.now, Command::OpenIngress(open));
        target.media.command(target.now, Command::ConfigureStream(published()));
        let subscription = target.subscribe(subscriber, STREAM, 5000, true);
        Self { origin, target, subscription, wanted: [true; 3], asked: [0; 3], got: Vec::new(), frame: 0 }
    }

    /// A frame of each layer goes all the way, and what is asked for all the way back.
    fn frame(&mut self) {
        let number = self.frame;
        self.frame += 1;
        for layer in 0..3_u32 {
            let is_key = std::mem::take(&mut self.wanted[layer as usize]);
            let [high, low] = (0x8000 | (0x7ff0 + number + 900 * layer) as u16).to_be_bytes();
            let payload = [0x90, 0x80, high, low, u8::from(!is_key), layer as u8, 0x9d, 1, 2];
            let ssrc = SSRCS[layer as usize];
            let header =
                rtp::Header { payload_type: PAYLOAD_TYPE, timestamp: number * 3000, ssrc, ..Default::default() };
            self.origin.send(0, header, u64::from(500 + 10_000 * layer + number), &payload);
        }
        self.origin.pass(33);
        let sent: Vec<Vec<u8>> = self.origin.outbox.datagrams_to(ingress()).map(<[u8]>::to_vec).collect();
        for packet in sent {
            self.arrive(SocketAddr::from(([10, 8, 0, 1], 7000)), packet);
        }
        self.target.pass(33);
        let back: Vec<Vec<u8>> = self.target.outbox.by_ingress().map(<[u8]>::to_vec).collect();
        let got = &mut self.got;
        self.target.collect(|_, opened| {
            if let Opened::Rtp(view, index) = opened {
                got.push((view.payload()[5], index));
            }
        });
        for mut packet in back {
            let datagram = Datagram { route: route(ingress()), bytes: &mut packet };
            self.origin.media.receive(self.origin.now, datagram, &mut self.origin.outbox);
        }
        self.origin.pass(1);
        let (wanted, asked) = (&mut self.wanted, &mut self.asked);
        self.origin.collect(|_, opened| {
            let Opened::Rtcp(packet) = opened else { return };
            for packet in rtcp::packets(packet).into_iter().flatten() {
                let Packet::Pli(pli) = packet else { continue };
                let layer = SSRCS.iter().position(|ssrc| *ssrc == pli.media_ssrc).unwrap();
                wanted[layer] = true;
                asked[layer] += 1;
            }
        });
    }

    fn arrive(&mut self, from: SocketAddr, mut packet: Vec<u8>) {
        let datagram = Datagram { route: route(from), bytes: &mut packet };
        self.target.media.receive_ingress(self.target.now, LINK, datagram, &mut self.target.outbox);
    }

    fn watch(&mut self, encoding: u8) {
        let layers = LayerCeiling { encoding, ..LayerCeiling::NONE };
        self.target.media.command(self.target.now, Command::SetLayers { subscription: self.subscription, layers });
    }
}

fn published() -> StreamParameters {
    StreamParameters {
        stream: STREAM,
        link: LINK,
        conversation: None,
        mid: heapless::String::try_from("v").unwrap(),
        codec: Codec::Vp8,
        payload_type: 96,
        rtx_payload_type: None,
        red_payload_type: None,
        is_end_to_end: false,
        extensions: ExtensionMap::EMPTY,
        encodings: (0..3).map(|_| EncodingParameters::default()).collect(),
        ingress_stream: Some(NUMBER),
        feedback: Feedback { pli: true, ..Feedback::default() },
        speech: None,
        keyframe_interval_s: 0,
        active: true,
    }
}

fn keys(byte: u8, has_short_tags: bool) -> Option<RelayKeys> {
    Some(RelayKeys { master: MasterKey { key: [byte; 16], salt: [byte; 14] }, has_short_tags })
}

#[test]
fn each_layer_arrives_when_it_is_asked_for_and_only_its_keyframe_is() {
    for keys in [None, keys(7, false), keys(7, true)] {
        let mut boxes = Boxes::new(keys, keys);
        for (phase, encoding) in [2, 0, 1, 2].into_iter().enumerate() {
            boxes.watch(encoding);
            let asked = boxes.asked;
            (0..60).for_each(|_| boxes.frame());
            assert_eq!(boxes.got.last().map(|got| got.0), Some(encoding), "in phase {phase}");
            if phase > 1 {
                let others = (0..3).filter(|layer| *layer != usize::from(encoding));
                assert!(others.clone().all(|layer| boxes.asked[layer] == asked[layer]), "in phase {phase}");
                assert!(boxes.asked[usize::from(encoding)] > asked[usize::from(encoding)], "in phase {phase}");
            }
        }
        assert!(boxes.got.windows(2).all(|pair| pair[1].1 == pair[0].1 + 1), "numbers have holes");
        assert!(boxes.got.len() > 200, "{}", boxes.got.len());
    }
}

#[test]
fn what_has_no_or_another_key_is_dropped() {
    for (sent_with, taken_with) in
        [(None, keys(7, false)), (keys(8, false), keys(7, false)), (keys(7, true), keys(7, false))]
    {
        let mut boxes = Boxes::new(sent_with, taken_with);
        (0..30).for_each(|_| boxes.frame());
        assert_eq!(boxes.got.len(), 0);
        assert!(boxes.target.media.drops.get(Drop::BadTag) + boxes.target.media.drops.get(Drop::Malformed) > 60);
        assert_eq!(boxes.asked, [0; 3]);
    }
}

#[test]
fn other_hosts_are_not_heard_while_the_origin_speaks() {
    let mut boxes = Boxes::new(None, None);
    (0..10).for_each(|_| boxes.frame());
    let before = boxes.target.media.counters.received_packets;
    let header = rtp::Header { payload_type: 96, ssrc: ingress_ssrc(1, NUMBER, 0), ..Default::default() };
    let mut packet = [0; 40];
    header.write(&mut packet, core::iter::empty()).unwrap();
    boxes.arrive(SocketAddr::from(([10, 8, 0, 2], 7000)), packet.to_vec());
    assert_eq!(boxes.target.media.counters.received_packets, before);
    assert_eq!(boxes.target.media.drops.get(Drop::UnknownAddress), 1);
}

#[test]
fn other_keys_in_the_middle_are_those_that_count() {
    let mut boxes = Boxes::new(keys(7, false), keys(8, false));
    (0..5).for_each(|_| boxes.frame());
    assert_eq!(boxes.got.len(), 0);
    boxes.target.media.command(boxes.target.now, Command::SecureIngress { link: LINK, keys: keys(7, false) });
    (0..30).for_each(|_| boxes.frame());
    assert!(boxes.got.len() > 20, "{}", boxes.got.len());
}

#[test]
fn an_origin_that_is_silent_is_gone_in_time_and_no_sooner() {
    let mut boxes = Boxes::new(None, None);
    (0..10).for_each(|_| boxes.frame());
    let closed = |boxes: &mut Boxes, ms| {
        boxes.target.now = boxes.target.now.after_ms(ms);
        boxes.target.consent();
        boxes.target.media.tick(boxes.target.now, &mut boxes.target.outbox);
        let mut closed = None;
        boxes.target.media.notices(|notice| {
            if let Notice::Closed { link, reason } = notice {
                closed = Some((link, reason));
            }
            Ok(())
        });
        closed
    };
    assert_eq!(closed(&mut boxes, u64::from(SILENCE_MS) - 100), None);
    assert_eq!(closed(&mut boxes, 200), Some((LINK, CloseReason::Silent)));
    (0..3).for_each(|_| boxes.frame());
}

/// Where pictures are forwarded to from the second box.
fn receiver() -> SocketAddr {
    SocketAddr::from(([10, 7, 0, 1], 5000))
}

#[test]
fn what_arrives_is_shown_recorded_and_forwarded_without_an_allocation() {
    let mut boxes = Boxes::new(None, None);
    let address = RelayDestination::Address { remote: receiver(), rtcp: Some(receiver()), keys: None };
    for (index, destination) in [RelayDestination::File, address].into_iter().enumerate() {
        let relay = RelayParameters {
            relay: RelayId::new(index as u16, 0),
            stream: STREAM,
            layer: None,
            destination,
            ssrc: 77,
            payload_type: 96,
            extensions: ExtensionMap::EMPTY,
            is_cascade: false,
        };
        boxes.target.media.command(boxes.target.now, Command::AddRelay(relay));
    }
    (0..10).for_each(|_| boxes.frame());
    let target = &mut boxes.target;
    target.outbox.keeps = false;
    let (recorded, sent) = (target.outbox.recorded, target.outbox.count);
    let before = allocations::on_this_thread();
    for number in 0..20_000_u32 {
        for layer in 0..3_u8 {
            let ssrc = ingress_ssrc(0x1234_5678 ^ u32::from(layer) << 20, NUMBER, layer);
            let mut packet = [0; 64];
            let info = SenderInfo { ntp: u64::from(number) << 25, timestamp: number * 3000, ..SenderInfo::default() };
            if number % 50 == 3 {
                let len = sender_report::write(&mut packet, ssrc, &info, &[]).unwrap();
                let datagram =
                    Datagram { route: route(SocketAddr::from(([10, 8, 0, 1], 7000))), bytes: &mut packet[..len] };
                target.media.receive_ingress(target.now, LINK, datagram, &mut target.outbox);
            }
            // Some are lost.
            if number % 101 == 1 {
                continue;
            }
            let [high, low] = (0x8000 | number as u16).to_be_bytes();
            let (sequence, timestamp) = (number as u16, number * 3000);
            let header =
                rtp::Header { payload_type: 96, marker: true, sequence, timestamp, ssrc, ..Default::default() };
            let len = header.write(&mut packet, core::iter::empty()).unwrap();
            packet[len..len + 9].copy_from_slice(&[
                0x90,
                0x80,
                high,
                low,
                u8::from(number % 100 != 2),
                layer,
                0x9d,
                1,
                2,
            ]);
            let bytes = &mut packet[..len + 9];
            let datagram = Datagram { route: route(SocketAddr::from(([10, 8, 0, 1], 7000))), bytes };
            target.media.receive_ingress(target.now, LINK, datagram, &mut target.outbox);
        }
        target.pass(10);
        if number % 200 == 0 {
            target.consent();
        }
    }
    assert_eq!(allocations::on_this_thread() - before, 0);
    let (recorded, sent) = (target.outbox.recorded - recorded, target.outbox.count - sent);
    // A file gets what a subscriber and the address get.
    assert!(recorded > 19_000, "only {recorded} packets were recorded");
    assert!(sent > 2 * 19_000, "only {sent} packets left");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn whatever_comes_is_taken_or_dropped(
        packets in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..80), 1..60),
        is_sealed in any::<bool>(),
    ) {
        let keys = if is_sealed { keys(7, false) } else { None };
        let mut boxes = Boxes::new(keys, keys);
        for (number, mut packet) in packets.into_iter().enumerate() {
            // Mostly RTP and RTCP.
            if let Some(first) = packet.first_mut().filter(|_| number % 8 > 0) {
                *first = 0x80 | *first & 0x3f;
            }
            boxes.arrive(SocketAddr::from(([10, 8, 0, 1], 7000)), packet);
        }
        boxes.target.pass(33);
        (0..30).for_each(|_| boxes.frame());
        prop_assert!(!boxes.got.is_empty(), "what is good comes through afterwards");
    }
}
