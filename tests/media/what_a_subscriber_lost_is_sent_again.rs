//! A NACK brings lost packets back: under RTX where it was negotiated, else byte for byte as before.

use crate::memory_room::{MemoryRoom, Opened, PAYLOAD_TYPE, RTX_PAYLOAD_TYPE};
use parlor_core::limits::Limits;
use parlor_core::link::SrtpProfile;
use parlor_core::wire::{Codec, rtcp, rtp};

const SSRC: u32 = 5000;

/// A publisher, and a subscriber with or without RTX.
fn room_of_two(rtx: bool) -> (MemoryRoom, usize, usize) {
    let mut room = MemoryRoom::new(Limits::DEFAULT, SrtpProfile::AeadAes128Gcm);
    let (publisher, subscriber) = (room.connect(), room.connect());
    let stream = room.publish(publisher, Codec::Vp8, 100);
    room.subscribe(subscriber, stream, SSRC, rtx);
    room.pass(1);
    room.forget();
    (room, publisher, subscriber)
}

fn send_ten(room: &mut MemoryRoom, publisher: usize) -> Vec<u64> {
    let mut indices = Vec::new();
    for step in 0..10_u64 {
        let header = rtp::Header { payload_type: PAYLOAD_TYPE, ssrc: 100, ..rtp::Header::default() };
        room.send(publisher, header, 1000 + step, &[0x10, step as u8, 7, 7]);
        room.pass(1);
    }
    room.collect(|_, opened| {
        if let Opened::Rtp(_, index) = opened {
            indices.push(index);
        }
    });
    indices
}

fn nack(room: &mut MemoryRoom, subscriber: usize, lost: &[u16]) {
    room.send_rtcp(subscriber, |buffer| rtcp::nack::write(buffer, 1, SSRC, lost).map(|written| written.len));
    room.pass(0);
}

#[test]
fn with_rtx_it_comes_in_a_stream_of_its_own() {
    let (mut room, publisher, subscriber) = room_of_two(true);
    let indices = send_ten(&mut room, publisher);
    nack(&mut room, subscriber, &[indices[3] as u16, indices[7] as u16, indices[9] as u16 + 5]);
    let mut repeated = Vec::new();
    room.collect(|_, opened| {
        if let Opened::Rtp(view, _) = opened {
            assert_eq!((view.ssrc(), view.payload_type()), (SSRC + 1, RTX_PAYLOAD_TYPE + 1));
            repeated.push((u16::from_be_bytes([view.payload()[0], view.payload()[1]]), view.payload()[3]));
        }
    });
    assert_eq!(repeated, [(indices[3] as u16, 3), (indices[7] as u16, 7)]);
}

#[test]
fn without_rtx_it_is_the_same_datagram() {
    let (mut room, publisher, subscriber) = room_of_two(false);
    let header = rtp::Header { payload_type: PAYLOAD_TYPE, ssrc: 100, ..rtp::Header::default() };
    room.send(publisher, header, 1000, &[0x10, 1, 2, 3]);
    room.pass(1);
    let first: Vec<Vec<u8>> = room.outbox.datagrams().map(<[u8]>::to_vec).collect();
    let mut index = 0;
    room.collect(|_, opened| {
        if let Opened::Rtp(_, at) = opened {
            index = at;
        }
    });
    nack(&mut room, subscriber, &[index as u16]);
    let again: Vec<Vec<u8>> = room.outbox.datagrams().map(<[u8]>::to_vec).collect();
    assert_eq!(again.len(), 1);
    assert!(first.contains(&again[0]));
}

#[test]
fn the_same_packet_is_not_repeated_at_once() {
    let (mut room, publisher, subscriber) = room_of_two(true);
    let indices = send_ten(&mut room, publisher);
    for _ in 0..100 {
        nack(&mut room, subscriber, &[indices[5] as u16]);
    }
    let mut repeated = 0;
    room.collect(|_, opened| repeated += u32::from(matches!(opened, Opened::Rtp(..))));
    assert_eq!(repeated, 1);
}
