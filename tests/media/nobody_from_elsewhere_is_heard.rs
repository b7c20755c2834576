//! What comes from an address that ICE has not validated moves nothing, whatever it is: a ClientHello, a packet that
//! the publisher itself sealed, noise, a check with another password. The meeting goes on.

use crate::memory_room::{MemoryRoom, Opened, PAYLOAD_TYPE};
use parlor_core::drops::Drop;
use parlor_core::limits::Limits;
use parlor_core::link::{Route, SrtpProfile};
use parlor_core::wire::{Codec, rtp, stun};
use std::net::SocketAddr;

/// A ClientHello of DTLS 1.2, as far as its handshake header.
const CLIENT_HELLO: [u8; 25] = [22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

#[test]
fn nobody_from_elsewhere_is_heard() {
    let mut room = MemoryRoom::new(Limits::DEFAULT, SrtpProfile::AeadAes128Gcm);
    let (publisher, subscriber) = (room.connect(), room.connect());
    let stream = room.publish(publisher, Codec::Opus, 100);
    room.subscribe(subscriber, stream, 5000, false);
    room.pass(1);
    assert_eq!(heard(&mut room, publisher, 1), 1);

    let elsewhere = Route { remote: SocketAddr::from(([10, 9, 9, 9], 5000)), ..room.route(publisher) };
    let mut check = [0; 200];
    let wrong = stun::Integrity::new(b"not the password of this link!!").unwrap();
    let username = stun::Request::nominating([9; 12], b"nobody:peer");
    let check_len = username.write(&mut check, Some(&wrong)).unwrap();
    // Sealed with the publisher's own keys, and never seen by Parlor.
    let (packet, len) = room.sealed(publisher, header(), 2, &[], &[1, 2, 3]);
    let packet = &packet[..len];
    let before = room.outbox.handshakes;
    for first in 20..=255_u8 {
        room.throw(elsewhere, &[first; 40]);
    }
    room.throw(elsewhere, &CLIENT_HELLO);
    room.throw(elsewhere, packet);
    room.throw(elsewhere, &check[..check_len]);
    room.throw(elsewhere, &[]);
    room.pass(1);
    assert_eq!(room.outbox.handshakes, before, "a handshake of somebody else was taken");
    room.collect(|_, opened| assert!(!matches!(opened, Opened::Rtp(..)), "something was forwarded"));
    let drops = room.media.drops;
    assert_eq!(drops.get(Drop::BadTag) + drops.get(Drop::Replay), 0, "something was tried with keys");
    assert!(drops.get(Drop::UnknownAddress) >= 44 + 64 + 2, "{drops:?}");
    assert_eq!(drops.get(Drop::StunRefused), 1);

    // From its own address the very same packet counts, and the handshake of the link's peer is taken.
    room.throw(room.route(publisher), packet);
    room.throw(room.route(publisher), &CLIENT_HELLO);
    assert_eq!(room.outbox.handshakes, before + 1);
    room.pass(1);
    assert_eq!(forwarded(&mut room), 1);
    assert_eq!(heard(&mut room, publisher, 3), 1);
}

fn header() -> rtp::Header {
    rtp::Header { payload_type: PAYLOAD_TYPE, ssrc: 100, ..rtp::Header::default() }
}

/// How much of a packet of the publisher arrives.
fn heard(room: &mut MemoryRoom, publisher: usize, index: u64) -> usize {
    room.send(publisher, header(), index, &[7; 20]);
    room.pass(1);
    forwarded(room)
}

fn forwarded(room: &mut MemoryRoom) -> usize {
    let mut count = 0;
    room.collect(|_, opened| count += usize::from(matches!(opened, Opened::Rtp(..))));
    count
}
