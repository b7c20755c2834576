//! A way that carries little is probed with padding of the size that the probe wants: whole packets sent again would
//! fill it, and the picture would wait behind them.

use std::collections::VecDeque;

use crate::memory_room::{MemoryRoom, Opened, PAYLOAD_TYPE, RTX_PAYLOAD_TYPE, TRANSPORT_ID};
use parlor_core::limits::Limits;
use parlor_core::link::SrtpProfile;
use parlor_core::time::Instant;
use parlor_core::wire::rtcp::transport_feedback::{self, Arrival};
use parlor_core::wire::{Codec, rtp};

#[test]
fn a_narrow_way_is_probed_with_small_packets() {
    let mut room = MemoryRoom::new(Limits::DEFAULT, SrtpProfile::AeadAes128Gcm);
    let (publisher, subscriber) = (room.connect(), room.connect());
    let stream = room.publish(publisher, Codec::Vp8, PUBLISHED_SSRC);
    room.subscribe(subscriber, stream, SUBSCRIBED_SSRC, true);
    let mut way = Way { rate_bps: 50_000, free_at: room.now, coming: VecDeque::new(), padding: Vec::new() };
    play(&mut room, (publisher, subscriber), &mut way, 0..50);
    way.rate_bps = 150_000;
    way.padding.clear();
    play(&mut room, (publisher, subscriber), &mut way, 50..250);
    assert!(way.padding.len() >= 6, "{:?}", way.padding);
    assert!(way.padding.iter().all(|bytes| (200..300).contains(bytes)), "{:?}", way.padding);
    // The picture itself takes 80 kbit/s.
    assert!(way.padding.iter().sum::<usize>() < 20 * 70_000 / 8, "{:?}", way.padding.len());
}

/// What leads to the subscriber.
struct Way {
    rate_bps: u64,
    free_at: Instant,
    coming: VecDeque<Arrival>,
    /// The lengths of packets that are nothing but padding, or that were sent again.
    padding: Vec<usize>,
}

/// A packet of 1000 bytes each 100 ms, and what arrived is told as often.
fn play(room: &mut MemoryRoom, (publisher, subscriber): (usize, usize), way: &mut Way, frames: std::ops::Range<u32>) {
    for frame in frames {
        let timestamp = frame * 9_000;
        let header =
            rtp::Header { payload_type: PAYLOAD_TYPE, timestamp, ssrc: PUBLISHED_SSRC, ..rtp::Header::default() };
        room.send(publisher, header, u64::from(500 + frame), &[0x10; 1000]);
        if frame.is_multiple_of(100) {
            room.consent();
        }
        for _ in 0..20 {
            room.pass(5);
            let now = room.now;
            room.collect(|peer, opened| {
                let Opened::Rtp(packet, _) = opened else { return };
                assert_eq!(peer, subscriber);
                way.take(&packet, now);
            });
        }
        let told: Vec<Arrival> =
            std::iter::from_fn(|| way.coming.pop_front_if(|arrival| arrival.arrival_us <= room.now.us)).collect();
        if !told.is_empty() {
            room.send_rtcp(subscriber, |buffer| {
                transport_feedback::write(buffer, 1, SUBSCRIBED_SSRC, 0, &told).map(|it| it.len)
            });
        }
    }
}

impl Way {
    fn take(&mut self, packet: &rtp::View<'_>, now: Instant) {
        if packet.payload_type() == RTX_PAYLOAD_TYPE + 1 {
            assert!(packet.payload().is_empty() && packet.has_padding());
            self.padding.push(packet.bytes().len());
        }
        let element = packet.elements().find(|element| element.id == TRANSPORT_ID).unwrap();
        let sequence = u16::from_be_bytes(element.data.try_into().unwrap());
        self.free_at = self.free_at.max(now).after_us(packet.bytes().len() as u64 * 8_000_000 / self.rate_bps);
        self.coming.push_back(Arrival { sequence, arrival_us: self.free_at.us });
    }
}

const PUBLISHED_SSRC: u32 = 110;
const SUBSCRIBED_SSRC: u32 = 5000;
