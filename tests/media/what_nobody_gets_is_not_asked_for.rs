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
    let mut camera = Camera { frame: 0, bound_bps: 0, layers: 3 };
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
    let mut camera = Camera { frame: 0, bound_bps: 0, layers: 3 };
    let bound = Command::SetBitrate { link: room.peers[publisher].link, bitrate_bps: BOUND_BPS, follows_need: false };
    room.media.command(room.now, bound);
    camera.play(&mut room, publisher, 15_000);
    assert_eq!((camera.bound_bps, room.needed), (BOUND_BPS, None));
}

fn ceiling(subscription: SubscriptionId, encoding: u8) -> Command {
    Command::SetLayers { subscription, layers: LayerCeiling { encoding, ..LayerCeiling::NONE } }
}

struct Camera {
    frame: u32,
    /// What the last REMB said.
    bound_bps: u32,
    /// How many encodings are sent.
    layers: usize,
}

impl Camera {
    /// A packet of each encoding every 50 ms.
    fn play(&mut self, room: &mut MemoryRoom, publisher: usize, ms: u32) {
        for _ in 0..ms / 50 {
            for layer in 0..self.layers {
                let payload = vec![0x10; (LAYER_BPS[layer] / 8 / 20) as usize - 20];
                let (timestamp, ssrc) = (self.frame * 4500, SSRCS[layer]);
                let header = rtp::Header { payload_type: PAYLOAD_TYPE, timestamp, ssrc, ..rtp::Header::default() };
                room.send(publisher, header, u64::from(500 + self.frame), &payload);
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

const SSRCS: [u32; 3] = [110, 120, 130];
const LAYER_BPS: [u32; 3] = [104_000, 152_000, 200_000];
const BOUND_BPS: u32 = 1_024_000;
