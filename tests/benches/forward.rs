//! How long one forwarded packet takes in memory: received, kept, fanned out, rewritten, sealed, but not sent.

#[path = "../media/memory_room.rs"]
#[allow(dead_code)]
mod memory_room;

use std::time::Instant;

use memory_room::{MemoryRoom, PAYLOAD_TYPE};
use parlor_core::limits::Limits;
use parlor_core::link::SrtpProfile;
use parlor_core::wire::{Codec, rtp};

fn main() {
    println!("forward: ns per output packet, 1100-byte payload, median of {ROUNDS} rounds");
    for subscribers in [1, 10, 50, 200] {
        for profile in [SrtpProfile::AeadAes128Gcm, SrtpProfile::Aes128CmSha1_80] {
            println!("  {profile:?}, {subscribers:>3} subscribers: {:>5.0}", measure(subscribers, profile));
        }
    }
}

fn measure(subscribers: u32, profile: SrtpProfile) -> f64 {
    let mut room = MemoryRoom::new(Limits { subscribers: 256, ..Limits::DEFAULT }, profile);
    let publisher = room.connect();
    let stream = room.publish(publisher, Codec::Vp8, 100);
    for number in 0..subscribers {
        let subscriber = room.connect();
        room.subscribe(subscriber, stream, 5000 + number * 10, true);
    }
    room.pass(1);
    room.outbox.keeps = false;
    let payload = [0x10; 1100];
    let mut index = 1000;
    let mut rounds: Vec<f64> = (0..ROUNDS)
        .map(|_| {
            let packets = 20_000 / u64::from(subscribers);
            let sent_before = room.media.counters.sent_packets;
            let begin = Instant::now();
            for packet in 0..packets {
                if packet % 5_000 == 0 {
                    room.consent();
                }
                let header = rtp::Header { payload_type: PAYLOAD_TYPE, ssrc: 100, ..rtp::Header::default() };
                room.send(publisher, header, index, &payload);
                index += 1;
                room.pass(1);
            }
            let elapsed = begin.elapsed().as_nanos() as f64;
            elapsed / (room.media.counters.sent_packets - sent_before) as f64
        })
        .collect();
    rounds.sort_by(f64::total_cmp);
    rounds[rounds.len() / 2]
}

const ROUNDS: usize = 15;
