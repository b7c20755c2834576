//! A relay with a key (RFC 4568) sends SRTP that the key opens; one without sends the publisher's payload as it is.

use std::net::SocketAddr;

use crate::memory_room::{MemoryRoom, PAYLOAD_TYPE};
use parlor_core::id::{RelayId, StreamId};
use parlor_core::limits::Limits;
use parlor_core::link::{IncomingIndex, MasterKey, SrtpKeys, SrtpProfile, SrtpSession};
use parlor_core::media::{Command, RelayDestination, RelayKeys, RelayParameters};
use parlor_core::wire::{Codec, ExtensionMap, rtp};
use parlor_linux::crypto::RingGcm;

const MASTER: MasterKey = MasterKey { key: [5; 16], salt: [6; 14] };

fn relay(index: u16, stream: StreamId, keys: Option<RelayKeys>) -> Command {
    Command::AddRelay(RelayParameters {
        relay: RelayId::new(index, 1),
        stream,
        layer: None,
        destination: RelayDestination::Address {
            remote: SocketAddr::from(([127, 0, 0, 1], 4000 + index)),
            rtcp: None,
            keys,
        },
        ssrc: 70 + u32::from(index),
        payload_type: 99,
        extensions: ExtensionMap::EMPTY,
        is_cascade: false,
    })
}

#[test]
fn a_relay_is_sealed_where_it_has_a_key() {
    let mut room = MemoryRoom::new(Limits::DEFAULT, SrtpProfile::AeadAes128Gcm);
    let publisher = room.connect();
    let stream = room.publish(publisher, Codec::Opus, 100);
    let sealed = |has_short_tags| Some(RelayKeys { master: MASTER, has_short_tags });
    for (index, keys) in [None, sealed(false), sealed(true)].into_iter().enumerate() {
        room.media.command(room.now, relay(index as u16, stream, keys));
    }
    room.pass(1);
    room.forget();
    let header = rtp::Header { payload_type: PAYLOAD_TYPE, ssrc: 100, ..rtp::Header::default() };
    room.send(publisher, header, 1, b"hello");
    let mut packets: Vec<Vec<u8>> = room.outbox.datagrams().map(<[u8]>::to_vec).collect();
    packets.sort_by_key(|packet| rtp::ssrc(packet));
    let [plain, long, short] = &mut packets[..] else { panic!("{} packets", packets.len()) };
    let view = rtp::View::new(plain).unwrap();
    assert_eq!((view.payload(), view.payload_type(), view.ssrc()), (&b"hello"[..], 99, 70));
    let keys = SrtpKeys { profile: SrtpProfile::Aes128CmSha1_80, local: MASTER, remote: MASTER };
    let receiver = SrtpSession::<RingGcm>::new(&keys);
    let (len, _) = receiver.open_rtp(long, &mut IncomingIndex::NEW.clone()).unwrap();
    assert_eq!(rtp::View::new(&long[..len]).unwrap().payload(), b"hello");
    assert_eq!((short.len(), long.len()), (len + 4, len + 10));

    room.media.command(room.now, Command::RemoveRelay { relay: RelayId::new(1, 1) });
    room.media.command(room.now, Command::RemoveStream { stream });
    room.forget();
    let again = room.publish(publisher, Codec::Opus, 200);
    room.media.command(room.now, relay(0, again, None));
    assert_eq!(room.outbox.datagrams().count(), 0);
}
