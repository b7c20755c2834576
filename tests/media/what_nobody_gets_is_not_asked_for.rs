//! A publisher of three encodings hears by REMB, and the control half by notices, which of them somebody gets: less
//! after a while, more at once.

use crate::memory_room::{MemoryRoom, Opened, PAYLOAD_TYPE};
use parlor_core::id::SubscriptionId;
use parlor_core::limits::Limits;
use parlor_core::link::SrtpProfile;
use parlor_core::media::{Command, LayerCeiling};
use parlor_core::wire::rtcp::{self, Packet};
use parlor_core::wire::{Codec, rtp};

#[test]
fn what_nobody_gets_is_not_asked_for() {
    let mut room = MemoryRoom::new(Limits::DEFAULT, SrtpProfile::AeadAes128Gcm);
    let (publisher, subscriber, other) = (room.connect(), room.connect(), room.connect());
    let stream = room.publish_layers(publisher, Codec::Vp8, &SSRCS);
    let mut camera = Camera { frame: 0, bound_bps: 0, layers: 3, is_scalable: false, sent: 0 };
    let bound = Command::SetBitrate { link: room.peers[publisher].link, bitrate_bps: BOUND_BPS, follows_need: true };
    room.media.command(room.now, bound);
    camera.play(&mut room, publisher, 5_000);
    assert_eq!((camera.bound_bps, room.needed), (64_000, Some(0)), "nobody is there");
    let top = room.subscribe(subscriber, stream, 5000, true);
    camera.play(&mut room, publisher, 100);
    assert_eq!((camera.bound_bps, room.needed), (BOUND_BPS, Some(3)), "at once");
    camera.play(&mut room, publisher, 5_000);
    room.media.command(room.now, ceiling(top, 1));
    camera.play(&mut room, publisher, 2_500);
    assert_eq!(camera.bound_bps, BOUND_BPS, "it may only have changed its mind");
    camera.play(&mut room, publisher, 1_500);
    let needed_bps = LAYER_BPS[0] + LAYER_BPS[1];
    assert!((needed_bps..needed_bps * 3 / 2).contains(&camera.bound_bps), "{}", camera.bound_bps);
    assert_eq!(room.needed, Some(2));
    // The third ends, and somebody else wants it.
    camera.layers = 2;
    camera.play(&mut room, publisher, 8_000);
    let second = room.subscribe(other, stream, 6000, true);
    camera.play(&mut room, publisher, 100);
    assert_eq!((camera.bound_bps, room.needed), (BOUND_BPS, Some(3)));
    for subscription in [top, second] {
        room.media.command(room.now, Command::SetSubscriptionActive { subscription, active: false });
    }
    camera.play(&mut room, publisher, 5_000);
    assert_eq!((camera.bound_bps, room.needed), (64_000, Some(0)), "all pause");
    room.media.command(room.now, Command::SetSubscriptionActive { subscription: top, active: true });
    camera.play(&mut room, publisher, 100);
    assert_eq!(room.needed, Some(2));
}

#[test]
fn a_publisher_that_follows_nothing_has_the_bound_of_its_room() {
    let mut room = MemoryRoom::new(Limits::DEFAULT, SrtpProfile::AeadAes128Gcm);
    let publisher = room.connect();
    room.publish_layers(publisher, Codec::Vp8, &SSRCS);
    let mut camera = Camera { frame: 0, bound_bps: 0, layers: 3, is_scalable: false, sent: 0 };
    let bound = Command::SetBitrate { link: room.peers[publisher].link, bitrate_bps: BOUND_BPS, follows_need: false };
    room.media.command(room.now, bound);
    camera.play(&mut room, publisher, 15_000);
    assert_eq!((camera.bound_bps, room.needed), (BOUND_BPS, None));
}

#[test]
fn spatial_layers_that_nobody_asks_for_are_not_sent_either() {
    let mut room = MemoryRoom::new(Limits::DEFAULT, SrtpProfile::AeadAes128Gcm);
    let (publisher, subscriber) = (room.connect(), room.connect());
    let stream = room.publish(publisher, Codec::Vp9, SSRCS[0]);
    let mut camera = Camera { frame: 0, bound_bps: 0, layers: 3, is_scalable: true, sent: 0 };
    let bound = Command::SetBitrate { link: room.peers[publisher].link, bitrate_bps: BOUND_BPS, follows_need: true };
    room.media.command(room.now, bound);
    let subscription = room.subscribe(subscriber, stream, 5000, true);
    camera.play(&mut room, publisher, 6_000);
    assert_eq!((camera.bound_bps, room.needed), (BOUND_BPS, Some(3)));
    let layers = LayerCeiling { spatial: 1, ..LayerCeiling::NONE };
    room.media.command(room.now, Command::SetLayers { subscription, layers });
    camera.play(&mut room, publisher, 5_000);
    let needed_bps = LAYER_BPS[0] + LAYER_BPS[1];
    assert!((needed_bps..needed_bps * 3 / 2).contains(&camera.bound_bps), "{}", camera.bound_bps);
    assert_eq!(room.needed, Some(2));
    // The publisher obeys: what it does not send is not forgotten.
    camera.layers = 2;
    camera.play(&mut room, publisher, 20_000);
    assert!((needed_bps..needed_bps * 3 / 2).contains(&camera.bound_bps), "{}", camera.bound_bps);
    room.media.command(room.now, Command::SetLayers { subscription, layers: LayerCeiling::NONE });
    camera.play(&mut room, publisher, 100);
    assert_eq!((camera.bound_bps, room.needed), (BOUND_BPS, Some(3)), "at once");
}

fn ceiling(subscription: SubscriptionId, encoding: u8) -> Command {
    Command::SetLayers { subscription, layers: LayerCeiling { encoding, ..LayerCeiling::NONE } }
}

struct Camera {
    frame: u32,
    /// What the last REMB said.
    bound_bps: u32,
    /// How many layers are sent.
    layers: usize,
    /// They are spatial layers of one encoding.
    is_scalable: bool,
    /// How many packets of the scalable encoding were sent.
    sent: u64,
}

impl Camera {
    /// A packet of each layer every 50 ms.
    fn play(&mut self, room: &mut MemoryRoom, publisher: usize, ms: u32) {
        for _ in 0..ms / 50 {
            for layer in 0..self.layers {
                let mut payload = vec![0x10; (LAYER_BPS[layer] / 8 / 20) as usize - 20];
                if self.is_scalable {
                    payload[..4].copy_from_slice(&scalable_picture(self.frame, layer as u8));
                }
                let (timestamp, ssrc) = (self.frame * 4500, SSRCS[if self.is_scalable { 0 } else { layer }]);
                let header = rtp::Header { payload_type: PAYLOAD_TYPE, timestamp, ssrc, ..rtp::Header::default() };
                self.sent += 1;
                let index = if self.is_scalable { self.sent } else { u64::from(self.frame) };
                room.send(publisher, header, 500 + index, &payload);
            }
            self.frame += 1;
            if self.frame.is_multiple_of(100) {
                room.consent();
            }
            room.pass(50);
            room.collect(|_, opened| {
                let Opened::Rtcp(bytes) = opened else { return };
                for packet in rtcp::packets(bytes).unwrap() {
                    if let Packet::Remb(remb) = packet {
                        self.bound_bps = remb.bitrate_bps as u32;
                    }
                }
            });
        }
    }
}

/// How the payload of a frame of a spatial layer begins (RFC 9628 section 4.2); the first picture is a key picture.
fn scalable_picture(number: u32, spatial: u8) -> [u8; 4] {
    let inter_picture = if number > 0 { 0x40 } else { 0 };
    // picture id, layers, beginning and end of the frame
    [0x80 | inter_picture | 0x20 | 0x08 | 0x04, number as u8 & 0x7f, spatial << 1 | u8::from(spatial > 0), 0]
}

const SSRCS: [u32; 3] = [110, 120, 130];
const LAYER_BPS: [u32; 3] = [104_000, 152_000, 200_000];
const BOUND_BPS: u32 = 1_024_000;
