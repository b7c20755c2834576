//! Checks and handshakes race with the answer on its way through the control half. What came before it counts when it
//! comes: nobody waits for a second try.

use crate::memory_room::MemoryRoom;
use parlor_core::drops::Drop;
use parlor_core::id::LinkId;
use parlor_core::limits::Limits;
use parlor_core::link::{Credentials, DtlsDatagram, Route, SrtpProfile};
use parlor_core::media::{Command, Notice, OpenLink};
use parlor_core::wire::stun;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

const CLIENT_HELLO: [u8; 25] = [22, 254, 253, 0, 0, 0, 0, 0, 0, 0, 0, 0, 12, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];

#[test]
fn a_peer_that_is_faster_than_its_answer_is_known_with_it() {
    let mut room = MemoryRoom::new(Limits::DEFAULT, SrtpProfile::AeadAes128Gcm);
    let link = LinkId::new(0, 1);
    let local = Credentials::new(link, [7; 25]);
    let unknown = heapless::String::new();
    let open = OpenLink { link, local: local.clone(), remote_ufrag: unknown, reduced_rtcp: true };
    room.media.command(room.now, Command::OpenLink(open));

    let route = Route { remote: SocketAddr::from(([10, 0, 0, 1], 5000)), local: IpAddr::V4(Ipv4Addr::LOCALHOST) };
    let elsewhere = Route { remote: SocketAddr::from(([10, 0, 0, 2], 5000)), ..route };
    let username = format!("{}:peer", local.ufrag);
    let mut check = [0; 200];
    let integrity = stun::Integrity::new(local.password.as_bytes());
    let check_len =
        stun::Request::nominating([9; 12], username.as_bytes()).write(&mut check, integrity.as_ref()).unwrap();
    room.throw(route, &check[..check_len]);
    room.throw(route, &CLIENT_HELLO);
    room.throw(elsewhere, &CLIENT_HELLO);
    assert_eq!((room.outbox.count, room.outbox.handshakes), (1, 1), "a reply, and a hello that waits");
    assert_eq!(room.media.drops.get(Drop::UnknownAddress), 1);
    // Nothing else is sent to an address whose owner nobody named.
    room.media.send_dtls(&DtlsDatagram::new(link, &CLIENT_HELLO).unwrap(), &mut room.outbox);
    assert_eq!(room.outbox.count, 1);

    let remote_ufrag = heapless::String::try_from("peer").unwrap();
    room.media.command(room.now, Command::RestartIce { link, local, remote_ufrag });
    room.media.send_dtls(&DtlsDatagram::new(link, &CLIENT_HELLO).unwrap(), &mut room.outbox);
    assert_eq!(room.outbox.count, 2, "the handshake cannot go on");
    let mut is_told = false;
    room.media.notices(|notice| {
        is_told |= matches!(notice, Notice::Connected { .. });
        Ok(())
    });
    assert!(is_told, "the control half does not know that the peer is there");
}
