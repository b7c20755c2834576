//! After the joins, a hundred thousand packets to fifty subscribers and into files, with loss, NACKs and keyframe
//! requests, cause not one allocation.

use crate::allocations;
use crate::memory_room::{CONVERSATION, MemoryRoom, PAYLOAD_TYPE};
use parlor_core::id::{RelayId, StreamId};
use parlor_core::limits::Limits;
use parlor_core::link::SrtpProfile;
use parlor_core::media::{Command, ConversationSettings, RelayDestination, RelayParameters};
use parlor_core::wire::rtcp::ReportBlock;
use parlor_core::wire::{Codec, ExtensionMap, rtcp, rtp};

#[test]
fn forwarding_allocates_nothing() {
    let mut room = MemoryRoom::new(Limits::DEFAULT, SrtpProfile::AeadAes128Gcm);
    let publisher = room.connect();
    let video = room.publish(publisher, Codec::Vp8, 100);
    let audio = room.publish(publisher, Codec::Opus, 200);
    let settings = Some(ConversationSettings { loudest: 2, copies_sound: true });
    room.media.command(room.now, Command::Converse { conversation: CONVERSATION, settings });
    for (index, stream) in [video, audio].into_iter().enumerate() {
        room.media.command(room.now, into_file(RelayId::new(index as u16, 0), stream));
    }
    for number in 0..50 {
        let subscriber = room.connect();
        room.takes_red = number % 2 == 0;
        room.subscribe(subscriber, video, 5000 + number * 10, number % 2 == 0);
        room.subscribe(subscriber, audio, 9000 + number * 10, false);
    }
    room.pass(1);
    room.outbox.keeps = false;
    let sent_before = room.outbox.count;
    let before = allocations::on_this_thread();
    for step in 0..100_000_u64 {
        let is_audio = step % 5 == 0;
        let ssrc = if is_audio { 200 } else { 100 };
        // Audio and video have sequence numbers of their own; each hundredth video packet is lost.
        let index = 60_000 + if is_audio { step / 5 } else { step - step / 5 };
        if step % 101 != 1 {
            let key = u8::from(step % 3000 != 1);
            let header =
                rtp::Header { payload_type: PAYLOAD_TYPE, ssrc, timestamp: step as u32, ..rtp::Header::default() };
            let payload = [[0x10, key, 0, 0], [7; 4], [8; 4], [9; 4]].concat_fixed();
            match is_audio {
                true => room.send_sound(publisher, header, index, 30, &payload),
                false => room.send(publisher, header, index, &payload),
            }
        }
        if step % 5000 == 0 {
            room.consent();
        }
        if step % 50 == 7 {
            let subscriber = 1 + (step as usize / 50) % 50;
            let media_ssrc = 5000 + (subscriber as u32 - 1) * 10;
            let lost = [(step % 65_536) as u16, (step % 65_536) as u16 + 1];
            room.send_rtcp(subscriber, |buffer| rtcp::nack::write(buffer, 1, media_ssrc, &lost).map(|nack| nack.len));
            let block = ReportBlock { ssrc: media_ssrc + 4000, fraction_lost: (step % 40) as u8, ..Default::default() };
            room.send_rtcp(subscriber, |buffer| rtcp::receiver_report::write(buffer, 1, &[block]));
            room.send_rtcp(subscriber, |buffer| rtcp::pli::write(buffer, 1, media_ssrc));
        }
        room.pass(1);
    }
    assert_eq!(allocations::on_this_thread() - before, 0);
    assert!(room.outbox.recorded > 98_000, "only {} packets were recorded", room.outbox.recorded);
    assert!(room.outbox.count - sent_before > 4_900_000, "only {} packets left", room.outbox.count - sent_before);
}

fn into_file(relay: RelayId, stream: StreamId) -> Command {
    Command::AddRelay(RelayParameters {
        relay,
        stream,
        layer: None,
        destination: RelayDestination::File,
        ssrc: 1,
        payload_type: PAYLOAD_TYPE,
        extensions: ExtensionMap::EMPTY,
        is_cascade: false,
    })
}

trait Concat {
    fn concat_fixed(self) -> [u8; 16];
}

impl Concat for [[u8; 4]; 4] {
    fn concat_fixed(self) -> [u8; 16] {
        let mut whole = [0; 16];
        for (place, part) in whole.chunks_mut(4).zip(self) {
            place.copy_from_slice(&part);
        }
        whole
    }
}
