//! What is lost on the way from the publisher is asked for; whether it comes as RTX or as it was, subscribers get it in
//! its place.

use crate::memory_room::{MemoryRoom, Opened, PAYLOAD_TYPE, RTX_PAYLOAD_TYPE};
use parlor_core::limits::Limits;
use parlor_core::link::SrtpProfile;
use parlor_core::wire::rtcp::{self, Packet};
use parlor_core::wire::{Codec, rtp};

#[test]
fn a_lost_packet_is_asked_for_and_reaches_everybody() {
    for as_rtx in [false, true] {
        let mut room = MemoryRoom::new(Limits::DEFAULT, SrtpProfile::AeadAes128Gcm);
        let (publisher, subscriber) = (room.connect(), room.connect());
        let stream = room.publish(publisher, Codec::Vp8, 100);
        room.subscribe(subscriber, stream, 5000, true);
        room.pass(1);
        room.forget();
        let header = rtp::Header { payload_type: PAYLOAD_TYPE, ssrc: 100, ..rtp::Header::default() };
        for index in [65_534, 65_535, 65_537] {
            room.send(publisher, header, index, &[0x10, index as u8, 0, 0]);
        }
        room.pass(10);
        let mut asked = Vec::new();
        let mut got = Vec::new();
        room.collect(|peer, opened| match opened {
            Opened::Rtcp(bytes) if peer == publisher => {
                for packet in rtcp::packets(bytes).unwrap() {
                    if let Packet::Nack(nack) = packet {
                        assert_eq!(nack.media_ssrc, 100);
                        asked.extend(nack.lost());
                    }
                }
            }
            Opened::Rtp(view, index) => got.push((index, view.payload()[1])),
            Opened::Rtcp(_) => {}
        });
        assert_eq!(asked, [0]);
        if as_rtx {
            let header = rtp::Header { payload_type: RTX_PAYLOAD_TYPE, ssrc: 101, ..rtp::Header::default() };
            room.send(publisher, header, 40, &[0, 0, 0x10, 0, 0, 0]);
        } else {
            room.send(publisher, header, 65_536, &[0x10, 0, 0, 0]);
        }
        room.pass(1);
        room.collect(|_, opened| {
            if let Opened::Rtp(view, index) = opened {
                got.push((index, view.payload()[1]));
            }
        });
        got.sort_unstable();
        let payloads: Vec<u8> = got.iter().map(|(_, payload)| *payload).collect();
        assert_eq!(payloads, [254, 255, 0, 1]);
        assert!(got.windows(2).all(|pair| pair[1].0 == pair[0].0 + 1));
    }
}
