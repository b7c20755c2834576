//! A subscriber asks for each of three simulcast layers in turn: each begins with the keyframe that is asked for of it
//! alone, numbers go on without a hole, and the control half is told.

use crate::memory_room::{MemoryRoom, Opened, PAYLOAD_TYPE};
use parlor_core::limits::Limits;
use parlor_core::link::SrtpProfile;
use parlor_core::media::{Command, LayerCeiling, Settings};
use parlor_core::wire::rtcp::{self, Packet};
use parlor_core::wire::{Codec, rtp};

#[test]
fn a_subscriber_gets_the_simulcast_layer_it_asks_for() {
    let mut room = MemoryRoom::new(Limits::DEFAULT, SrtpProfile::AeadAes128Gcm);
    let (publisher, subscriber) = (room.connect(), room.connect());
    let stream = room.publish_layers(publisher, Codec::Vp8, &SSRCS);
    let subscription = room.subscribe(subscriber, stream, 5000, true);
    room.pass(1);
    room.forget();
    let mut camera = Camera { wanted: [true; 3], asked: [0; 3], got: Vec::new() };
    for (phase, encoding) in [2_u8, 0, 1, 2, 0].into_iter().enumerate() {
        room.media.command(room.now, set_layers(subscription, encoding));
        let asked = camera.asked;
        for step in 0..30 {
            camera.frame(&mut room, publisher, phase as u32 * 30 + step);
        }
        assert_eq!(room.layers.encoding, Some(encoding));
        assert_eq!(camera.got.last().map(|got| got.layer), Some(encoding));
        if phase > 1 {
            let others = (0..3).filter(|layer| *layer != usize::from(encoding));
            let asked_others: u32 = others.map(|layer| camera.asked[layer] - asked[layer]).sum();
            assert!(asked_others == 0 && camera.asked[usize::from(encoding)] > asked[usize::from(encoding)]);
        }
    }
    assert!(camera.got.len() >= 5 * 30 - 10, "{}", camera.got.len());
    for pair in camera.got.windows(2) {
        assert_eq!(pair[1].index, pair[0].index + 1);
        assert_eq!(pair[1].picture, (pair[0].picture + 1) & 0x7fff);
        assert!((1..=9000).contains(&pair[1].timestamp.wrapping_sub(pair[0].timestamp)));
        assert!(pair[1].layer == pair[0].layer || pair[1].is_key, "{pair:?}");
    }
}

#[test]
fn a_machine_without_time_sends_the_lowest_layer_until_it_has_some() {
    let mut room = MemoryRoom::new(Limits::DEFAULT, SrtpProfile::AeadAes128Gcm);
    let (publisher, subscriber) = (room.connect(), room.connect());
    let stream = room.publish_layers(publisher, Codec::Vp8, &SSRCS);
    room.subscribe(subscriber, stream, 5000, true);
    room.pass(1);
    let mut camera = Camera { wanted: [true; 3], asked: [0; 3], got: Vec::new() };
    for (phase, lowest_layers) in [false, true, false].into_iter().enumerate() {
        room.media.command(room.now, Command::Configure(Settings { lowest_layers, ..Settings::default() }));
        for step in 0..60 {
            camera.frame(&mut room, publisher, phase as u32 * 60 + step);
        }
        let expected = if lowest_layers { 0 } else { 2 };
        assert_eq!(camera.got.last().map(|got| got.layer), Some(expected), "in phase {phase}");
    }
}

/// Three encodings that make keyframes when they are asked to.
struct Camera {
    wanted: [bool; 3],
    asked: [u32; 3],
    got: Vec<Got>,
}

#[derive(Debug)]
struct Got {
    index: u64,
    timestamp: u32,
    picture: u16,
    layer: u8,
    is_key: bool,
}

impl Camera {
    fn frame(&mut self, room: &mut MemoryRoom, publisher: usize, number: u32) {
        for layer in 0..3_u32 {
            let is_key = std::mem::take(&mut self.wanted[layer as usize]);
            let picture = 0x8000 | (0x7ff0 + number + 900 * layer) as u16;
            let [high, low] = picture.to_be_bytes();
            let payload = [0x90, 0x80, high, low, u8::from(!is_key), layer as u8, 0x9d, 1, 2];
            let timestamp = (number * 3000).wrapping_add(0x5fff_0000 * layer);
            let ssrc = SSRCS[layer as usize];
            let header = rtp::Header { payload_type: PAYLOAD_TYPE, timestamp, ssrc, ..rtp::Header::default() };
            room.send(publisher, header, u64::from(500 + 10_000 * layer + number), &payload);
        }
        room.pass(33);
        let Self { wanted, asked, got } = self;
        room.collect(|_, opened| match opened {
            Opened::Rtp(view, index) => {
                let payload = view.payload();
                let picture = u16::from_be_bytes([payload[2], payload[3]]) & 0x7fff;
                let (layer, is_key) = (payload[5], payload[4] == 0);
                got.push(Got { index, timestamp: view.timestamp(), picture, layer, is_key });
            }
            Opened::Rtcp(packet) => {
                for packet in rtcp::packets(packet).into_iter().flatten() {
                    let Packet::Pli(pli) = packet else { continue };
                    let layer = SSRCS.iter().position(|ssrc| *ssrc == pli.media_ssrc).unwrap();
                    wanted[layer] = true;
                    asked[layer] += 1;
                }
            }
        });
    }
}

fn set_layers(subscription: parlor_core::id::SubscriptionId, encoding: u8) -> Command {
    Command::SetLayers { subscription, layers: LayerCeiling { encoding, ..LayerCeiling::NONE } }
}

const SSRCS: [u32; 3] = [110, 120, 130];
