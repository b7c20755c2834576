//! What goes to another shard for more of the same room: of pictures the layers that somebody there needs, which the
//! publisher is told of as if they were here; of sound what everybody in the room hears. Other ways get all of it.

use std::net::SocketAddr;

use crate::memory_room::{CONVERSATION, MemoryRoom, Opened, PAYLOAD_TYPE};
use parlor_core::id::{RelayId, StreamId};
use parlor_core::limits::Limits;
use parlor_core::link::SrtpProfile;
use parlor_core::media::{Command, ConversationSettings, RelayDestination, RelayParameters};
use parlor_core::wire::rtcp::{self, Packet};
use parlor_core::wire::{Codec, ExtensionMap, rtp};

const SSRCS: [u32; 3] = [110, 120, 130];
const SILENCE: u8 = 127;

fn address(place: u16) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 40_000 + place))
}

/// A way to an address of its own, to another shard or elsewhere.
fn relay(place: u16, stream: StreamId, layer: Option<u8>, is_cascade: bool) -> Command {
    Command::AddRelay(RelayParameters {
        relay: RelayId::new(place, 1),
        stream,
        layer,
        destination: RelayDestination::Address { remote: address(place), rtcp: None, keys: None },
        ssrc: 1000 + u32::from(place),
        payload_type: 96,
        extensions: ExtensionMap::EMPTY,
        is_cascade,
    })
}

/// The numbers of what went to an address since the last look.
fn numbers(room: &MemoryRoom, place: u16) -> Vec<u16> {
    let is_media = |bytes: &&[u8]| !(192..224).contains(&bytes[1]);
    let sent = room.outbox.datagrams_to(address(place)).filter(is_media);
    sent.map(|bytes| rtp::View::new(bytes).unwrap().sequence()).collect()
}

/// A publisher of three layers, each of which has a way to another shard.
struct Camera {
    room: MemoryRoom,
    frame: u32,
    /// Whether the next frame of each layer is a keyframe.
    is_key: [bool; 3],
    /// What went to the other shard of each layer.
    relayed: [Vec<u16>; 3],
    /// How often a keyframe was asked for of each layer.
    asked: [u32; 3],
}

impl Camera {
    fn new() -> Self {
        let mut room = MemoryRoom::new(Limits::DEFAULT, SrtpProfile::AeadAes128Gcm);
        let publisher = room.connect();
        let stream = room.publish_layers(publisher, Codec::Vp8, &SSRCS);
        let link = room.peers[publisher].link;
        room.media.command(room.now, Command::SetBitrate { link, bitrate_bps: 0, follows_need: true });
        for layer in 0..3_u8 {
            room.media.command(room.now, relay(layer.into(), stream, Some(layer), true));
        }
        Self { room, frame: 0, is_key: [true; 3], relayed: Default::default(), asked: [0; 3] }
    }

    /// Frames of 50 ms, of all layers; each asked-for one is a keyframe.
    fn play(&mut self, ms: u32) {
        for _ in 0..ms / 50 {
            for (layer, ssrc) in SSRCS.into_iter().enumerate() {
                let [high, low] = (0x8000 | self.frame as u16).to_be_bytes();
                let payload = [0x90, 0x80, high, low, u8::from(!self.is_key[layer]), layer as u8, 0x9d, 1, 2];
                let timestamp = self.frame * 4500;
                let header = rtp::Header { payload_type: PAYLOAD_TYPE, timestamp, ssrc, ..Default::default() };
                self.room.send(0, header, u64::from(500 + self.frame), &payload);
            }
            self.is_key = [false; 3];
            self.frame += 1;
            if self.frame.is_multiple_of(100) {
                self.room.consent();
            }
            self.room.pass(50);
            for layer in 0..3 {
                self.relayed[usize::from(layer)].extend(numbers(&self.room, layer));
            }
            let (asked, is_key) = (&mut self.asked, &mut self.is_key);
            self.room.collect(|_, opened| {
                let Opened::Rtcp(packet) = opened else { return };
                for packet in rtcp::packets(packet).into_iter().flatten() {
                    let Packet::Pli(pli) = packet else { continue };
                    let layer = SSRCS.iter().position(|ssrc| *ssrc == pli.media_ssrc).unwrap();
                    asked[layer] += 1;
                    is_key[layer] = true;
                }
            });
        }
    }

    fn need(&mut self, layers: u8) {
        for layer in 0..3 {
            let command = Command::SetRelayNeed { relay: RelayId::new(layer, 1), layers };
            self.room.media.command(self.room.now, command);
        }
    }

    fn counts(&self) -> [usize; 3] {
        std::array::from_fn(|layer| self.relayed[layer].len())
    }
}

#[test]
fn layers_that_nobody_needs_there_are_not_sent_and_not_asked_for() {
    let mut camera = Camera::new();
    camera.play(2_000);
    assert_eq!(camera.room.needed, Some(3), "all, until somebody says otherwise");
    assert_eq!(camera.counts(), [40; 3]);
    camera.need(1);
    camera.play(5_000);
    assert_eq!(camera.room.needed, Some(1));
    assert_eq!(camera.counts(), [140, 40, 40]);
    camera.need(0);
    camera.play(5_000);
    assert_eq!((camera.room.needed, camera.counts()), (Some(0), [140, 40, 40]));
    let asked = camera.asked;
    camera.need(2);
    camera.play(1_000);
    assert_eq!(camera.room.needed, Some(2), "at once");
    assert_eq!(camera.counts(), [160, 60, 40]);
    let more: Vec<bool> = camera.asked.iter().zip(asked).map(|(now, before)| *now > before).collect();
    assert_eq!(more, [true, true, false], "what begins again begins with a keyframe");
    for numbers in &camera.relayed {
        assert!(numbers.windows(2).all(|pair| pair[1] == pair[0].wrapping_add(1)), "a pause is no loss");
    }
}

#[test]
fn sound_that_is_not_heard_in_its_room_is_not_heard_there_either() {
    let mut room = MemoryRoom::new(Limits::DEFAULT, SrtpProfile::AeadAes128Gcm);
    let settings = Some(ConversationSettings { loudest: 1, ..ConversationSettings::default() });
    room.media.command(room.now, Command::Converse { conversation: CONVERSATION, settings });
    let mut forwarded = 0;
    let mut relayed: [Vec<u16>; 2] = Default::default();
    for speaker in 0..2_u16 {
        let peer = room.connect();
        let stream = room.publish(peer, Codec::Opus, SSRCS[peer]);
        room.media.command(room.now, relay(speaker, stream, None, true));
        room.media.command(room.now, relay(10 + speaker, stream, None, false));
    }
    room.forget();
    let mut frame = 0_u32;
    for loud in [0, 1, 0, 1] {
        for _ in 0..150 {
            for (speaker, ssrc) in SSRCS.into_iter().enumerate().take(2) {
                let level = if speaker == loud { 30 } else { SILENCE };
                let timestamp = frame * 960;
                let header = rtp::Header { payload_type: PAYLOAD_TYPE, timestamp, ssrc, ..Default::default() };
                room.send_sound(speaker, header, u64::from(65_500 + frame), level, &[0x78, 1, 2, 3]);
            }
            frame += 1;
            room.pass(20);
            room.consent();
            for speaker in 0..2 {
                relayed[usize::from(speaker)].extend(numbers(&room, speaker));
                forwarded += numbers(&room, 10 + speaker).len();
            }
            room.collect(|_, _| {});
        }
    }
    assert_eq!(forwarded, 2 * 600, "elsewhere goes all of it");
    for numbers in &relayed {
        assert!((150..450).contains(&numbers.len()), "{} of 600", numbers.len());
        assert!(numbers.windows(2).all(|pair| pair[1] == pair[0].wrapping_add(1)), "silence is no loss");
    }
}
