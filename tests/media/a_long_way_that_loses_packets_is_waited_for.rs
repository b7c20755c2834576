//! Where a long way loses packets although it has room, receivers are told to wait for what is sent again, which goes
//! twice; on a short way, and on one that loses nothing, they are not.

use crate::memory_room::{MemoryRoom, Opened, PAYLOAD_TYPE, RTX_PAYLOAD_TYPE, TAG_ID, TRANSPORT_ID};
use parlor_core::limits::Limits;
use parlor_core::link::SrtpProfile;
use parlor_core::wire::extension::PlayoutDelay;
use parlor_core::wire::rtcp::transport_feedback::{self, Arrival};
use parlor_core::wire::rtcp::{Packet, ReportBlock, SenderInfo, nack, packets, receiver_report, sender_report};
use parlor_core::wire::{Codec, rtp};

const PUBLISHED_SSRC: u32 = 110;
const SUBSCRIBED_SSRC: u32 = 5000;

#[test]
fn a_long_way_that_loses_packets_is_waited_for() {
    let mut way = Way::new(80);
    way.play(1..100, 0);
    assert_eq!((way.told, way.copies()), (None, 1), "nothing is lost");
    way.play(100..200, 10);
    let told = way.told.unwrap();
    assert_eq!((told.minimum_10ms, told.maximum_10ms), (18, 1_000), "the round trip and the time until it is noticed");
    assert_eq!(way.copies(), 2);
    way.play(200..500, 0);
    assert_eq!((way.told.unwrap().minimum_10ms, way.copies()), (0, 1), "nothing is lost any more");
}

#[test]
fn on_a_short_way_nobody_has_to_wait() {
    let mut way = Way::new(10);
    way.play(1..200, 10);
    assert_eq!((way.told, way.copies()), (None, 1));
}

/// What leads to a subscriber who tells what arrives.
struct Way {
    room: MemoryRoom,
    publisher: usize,
    subscriber: usize,
    round_trip_ms: u64,
    /// The last that it was told.
    told: Option<PlayoutDelay>,
    newest: u64,
}

impl Way {
    fn new(round_trip_ms: u64) -> Self {
        let mut room = MemoryRoom::new(Limits::DEFAULT, SrtpProfile::AeadAes128Gcm);
        let (publisher, subscriber) = (room.connect(), room.connect());
        let stream = room.publish(publisher, Codec::Vp8, PUBLISHED_SSRC);
        room.subscribe(subscriber, stream, SUBSCRIBED_SSRC, true);
        Self { room, publisher, subscriber, round_trip_ms, told: None, newest: 0 }
    }

    /// Ten packets each 100 ms. Of the subscriber's, every so many is lost; none if that is 0.
    fn play(&mut self, steps: std::ops::Range<u64>, loses_every: u64) {
        let Self { room, publisher, subscriber, round_trip_ms, told, newest } = self;
        for step in steps {
            let mut arrivals = Vec::new();
            for number in 0..10 {
                let timestamp = (step * 9_000) as u32;
                let header =
                    rtp::Header { payload_type: PAYLOAD_TYPE, timestamp, ssrc: PUBLISHED_SSRC, ..Default::default() };
                room.send(*publisher, header, 1_000 + 10 * step + number, &[0x10; 500]);
                room.pass(1);
            }
            if step % 10 == 0 {
                let info = SenderInfo { ntp: step << 32, timestamp: 0, packets: 1, bytes: 1 };
                room.send_rtcp(*publisher, |buffer| sender_report::write(buffer, PUBLISHED_SSRC, &info, &[]));
                room.consent();
            }
            let (now_us, mut report) = (room.now.us, None);
            room.collect(|_, opened| match opened {
                Opened::Rtp(view, index) => {
                    let element = |id| view.element(id);
                    let sequence = u16::from_be_bytes(element(TRANSPORT_ID).unwrap().try_into().unwrap());
                    if loses_every == 0 || !u64::from(sequence).is_multiple_of(loses_every) {
                        arrivals.push(Arrival { sequence, arrival_us: now_us });
                    }
                    *told = element(TAG_ID).and_then(PlayoutDelay::read).or(*told);
                    if view.ssrc() == SUBSCRIBED_SSRC {
                        *newest = index;
                    }
                }
                Opened::Rtcp(compound) => {
                    let told = packets(compound).unwrap().find_map(|packet| match packet {
                        Packet::SenderReport(told) => Some(told.info.middle_ntp()),
                        _ => None,
                    });
                    report = told.or(report);
                }
            });
            // Whatever was sent in this step was sent at its end or before: the round trip is that much or a bit more.
            room.pass(*round_trip_ms);
            if let Some(last_sender_report) = report {
                let block = ReportBlock { ssrc: SUBSCRIBED_SSRC, last_sender_report, ..ReportBlock::default() };
                room.send_rtcp(*subscriber, |buffer| receiver_report::write(buffer, 1, &[block]));
            }
            if !arrivals.is_empty() {
                room.send_rtcp(*subscriber, |buffer| {
                    transport_feedback::write(buffer, 1, SUBSCRIBED_SSRC, 0, &arrivals).map(|it| it.len)
                });
            }
            room.pass(90 - *round_trip_ms);
        }
    }

    /// How many times a packet comes that is asked for.
    fn copies(&mut self) -> usize {
        let sequence = self.newest as u16;
        self.room.forget();
        self.room.send_rtcp(self.subscriber, |buffer| {
            nack::write(buffer, 1, SUBSCRIBED_SSRC, &[sequence]).map(|written| written.len)
        });
        self.room.pass(0);
        let mut copies = 0;
        self.room.collect(|_, opened| {
            let Opened::Rtp(view, _) = opened else { return };
            copies += usize::from(view.payload_type() == RTX_PAYLOAD_TYPE + 1 && !view.payload().is_empty());
        });
        copies
    }
}
