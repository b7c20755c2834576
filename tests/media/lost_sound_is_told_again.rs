//! Redundant audio: a subscriber who loses packets and takes it gets each sound once or twice more, made of what was
//! kept; one who does not take it gets none; what a publisher sends is taken apart, and a lost packet comes in with the
//! next.

use crate::memory_room::{MemoryRoom, Opened, PAYLOAD_TYPE, RED_PAYLOAD_TYPE};
use parlor_core::limits::Limits;
use parlor_core::link::SrtpProfile;
use parlor_core::wire::red::{self, Block};
use parlor_core::wire::rtcp::{ReportBlock, nack, receiver_report};
use parlor_core::wire::{Codec, rtp};

const SSRC: u32 = 100;
const TAKES: u32 = 5000;
const TAKES_NOT: u32 = 6000;
/// Speech of 20 ms, told apart by its bytes.
const FIRST: u64 = 65_530;

struct Listeners {
    room: MemoryRoom,
    publisher: usize,
    takes: usize,
    /// Number, payload type and payload of each packet, of the one who takes redundancy and of the other.
    got: [Vec<(u64, u8, Vec<u8>)>; 2],
}

impl Listeners {
    fn new() -> Self {
        let mut room = MemoryRoom::new(Limits::DEFAULT, SrtpProfile::AeadAes128Gcm);
        let (publisher, takes, takes_not) = (room.connect(), room.connect(), room.connect());
        let stream = room.publish(publisher, Codec::Opus, SSRC);
        room.takes_red = true;
        room.subscribe(takes, stream, TAKES, false);
        room.takes_red = false;
        room.subscribe(takes_not, stream, TAKES_NOT, false);
        room.pass(1);
        room.forget();
        Self { room, publisher, takes, got: [Vec::new(), Vec::new()] }
    }

    fn send(&mut self, step: u64, payload_type: u8, payload: &[u8]) {
        let header = rtp::Header { payload_type, ssrc: SSRC, timestamp: timestamp(step), ..Default::default() };
        self.room.send_sound(self.publisher, header, FIRST + step, 30, payload);
        self.room.pass(20);
    }

    fn collect(&mut self) {
        let (got, takes) = (&mut self.got, self.takes);
        self.room.collect(|peer, opened| {
            if let Opened::Rtp(view, index) = opened {
                got[usize::from(peer != takes)].push((index, view.payload_type(), view.payload().to_vec()));
            }
        });
    }

    /// The one who takes redundancy tells how much was lost, in 256ths.
    fn report(&mut self, fraction_lost: u8) {
        let block = ReportBlock { ssrc: TAKES, fraction_lost, ..ReportBlock::default() };
        self.room.send_rtcp(self.takes, |buffer| receiver_report::write(buffer, 1, &[block]));
    }
}

#[test]
fn who_loses_packets_is_told_again_and_nobody_else() {
    let mut listeners = Listeners::new();
    for step in 0..30 {
        match step {
            10 => listeners.report(5),
            20 => listeners.report(20),
            _ => {}
        }
        listeners.send(step, PAYLOAD_TYPE, &sound(step));
        listeners.collect();
    }
    for (step, (index, payload_type, payload)) in listeners.got[0].iter().enumerate() {
        assert_eq!(*index, listeners.got[0][0].0 + step as u64);
        let (step, count) = (step as u64, [0, 1, 2][step / 10]);
        if count == 0 {
            assert_eq!((*payload_type, &payload[..]), (PAYLOAD_TYPE + 1, &sound(step)[..]));
            continue;
        }
        assert_eq!(*payload_type, RED_PAYLOAD_TYPE + 1);
        let expected: Vec<_> = (0..=count).rev().map(|back| (960 * back as u16, sound(step - back).to_vec())).collect();
        let blocks = red::read(payload).unwrap();
        let blocks: Vec<_> = blocks.iter().map(|block| (block.timestamp_offset, block.data.to_vec())).collect();
        assert_eq!(blocks, expected);
    }
    assert_eq!((listeners.got[0].len(), listeners.got[1].len()), (30, 30));
    assert!(listeners.got[1].iter().all(|(_, payload_type, _)| *payload_type == PAYLOAD_TYPE + 1));
}

#[test]
fn what_a_publisher_tells_again_mends_what_was_lost_and_is_passed_to_who_takes_it() {
    let mut listeners = Listeners::new();
    let mut buffer = [0; 100];
    for step in 0..40_u64 {
        if [7, 8, 20].contains(&step) {
            continue;
        }
        let (earlier, own) = ([sound(step.wrapping_sub(2)), sound(step.wrapping_sub(1))], sound(step));
        let block = |back: u16, data| Block { payload_type: PAYLOAD_TYPE, timestamp_offset: back * 960, data };
        let earlier = [block(2, &earlier[0]), block(1, &earlier[1])];
        let skipped = 2 - step.min(2) as usize;
        let len = red::write(&mut buffer, &earlier[skipped..], &block(0, &own)).unwrap();
        listeners.send(step, RED_PAYLOAD_TYPE, &buffer[..len]);
        listeners.collect();
    }
    let [takes, takes_not] = &listeners.got;
    assert_eq!(takes_not.len(), 40, "nothing is missing");
    for (step, (index, payload_type, payload)) in takes_not.iter().enumerate() {
        assert_eq!((*index, *payload_type), (takes_not[0].0 + step as u64, PAYLOAD_TYPE + 1));
        assert_eq!(payload[..], sound(step as u64));
    }
    assert!(takes[3..].iter().all(|(_, payload_type, _)| *payload_type == RED_PAYLOAD_TYPE + 1));
    let last = red::read(&takes[39].2).unwrap();
    let last: Vec<_> = last.iter().map(|block| block.data.to_vec()).collect();
    assert_eq!(last, [37, 38, 39].map(|step| sound(step).to_vec()));
}

#[test]
fn a_packet_that_told_something_again_is_repeated_byte_for_byte() {
    let mut listeners = Listeners::new();
    listeners.report(20);
    for step in 0..10 {
        listeners.send(step, PAYLOAD_TYPE, &sound(step));
    }
    let datagrams: Vec<Vec<u8>> = listeners.room.outbox.datagrams().map(<[u8]>::to_vec).collect();
    listeners.collect();
    let sequence = listeners.got[0][8].0 as u16;
    listeners.room.send_rtcp(listeners.takes, |buffer| nack::write(buffer, 1, TAKES, &[sequence]).map(|nack| nack.len));
    listeners.room.pass(1);
    let again: Vec<Vec<u8>> = listeners.room.outbox.datagrams().map(<[u8]>::to_vec).collect();
    let again: Vec<_> = again.iter().filter(|datagram| rtp::ssrc(datagram) == Some(TAKES)).collect();
    assert_eq!(again.len(), 1);
    assert!(datagrams.contains(again[0]), "the same nonce with other bytes");
}

/// Opus of 20 ms.
fn sound(step: u64) -> [u8; 5] {
    [0x78, 1, 2, (step >> 8) as u8, step as u8]
}

fn timestamp(step: u64) -> u32 {
    (u64::from(u32::MAX) - 5 * 960 + step * 960) as u32
}
