//! Compound packets, as they come and as one packet whose length is right.
#![no_main]

use libfuzzer_sys::fuzz_target;
use parlor_core::wire::rtcp::{Packet, nack, packets, remb};

fuzz_target!(|bytes: &[u8]| {
    read(bytes);
    let mut bytes = bytes[..bytes.len() / 4 * 4].to_vec();
    if bytes.len() >= 8 {
        let words = (bytes.len() / 4 - 1) as u16;
        bytes[0] = 0x80 | bytes[0] & 0x1f;
        bytes[1] = 200 + bytes[1] % 8;
        bytes[2..4].copy_from_slice(&words.to_be_bytes());
        read(&bytes);
    }
});

fn read(bytes: &[u8]) {
    for packet in packets(bytes).into_iter().flatten() {
        let mut buffer = [0; 8192];
        match packet {
            Packet::SenderReport(report) => assert!(report.blocks.count() <= 31),
            Packet::ReceiverReport(report) => assert!(report.blocks.count() <= 31),
            Packet::SourceDescription(sdes) => assert!(sdes.chunks().count() <= 31),
            Packet::Goodbye(bye) => assert!(bye.sources().count() <= 31),
            Packet::Nack(nack) => {
                let lost: Vec<u16> = nack.lost().collect();
                if let Some(written) = nack::write(&mut buffer, 1, 2, &lost) {
                    let Some(Packet::Nack(again)) = packets(&buffer[..written.len]).unwrap().next() else { panic!() };
                    assert!(again.lost().all(|number| lost.contains(&number)));
                }
            }
            Packet::Fir(fir) => assert!(fir.entries().count() <= bytes.len() / 8),
            Packet::Remb(remb) => {
                let sources: Vec<u32> = remb.sources().collect();
                let len = remb::write(&mut buffer, remb.sender_ssrc, remb.bitrate_bps, &sources).unwrap();
                let Some(Packet::Remb(again)) = packets(&buffer[..len]).unwrap().next() else { panic!() };
                assert!(again.bitrate_bps <= remb.bitrate_bps && again.sources().eq(sources));
            }
            Packet::TransportFeedback(feedback) => {
                assert_eq!(feedback.statuses().count(), usize::from(feedback.status_count));
            }
            Packet::ExtendedReport(report) => drop(report.receiver_clock()),
            Packet::Pli(_) | Packet::Unknown { .. } => {}
        }
    }
}
