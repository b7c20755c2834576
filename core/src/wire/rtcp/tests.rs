use std::vec;
use std::vec::Vec;

use proptest::collection::vec as vec_of;
use proptest::prelude::*;

use super::transport_feedback::Arrival;
use super::*;

fn only(bytes: &[u8]) -> Packet<'_> {
    let mut all = packets(bytes).unwrap();
    let first = all.next().unwrap();
    assert_eq!(all.next(), None);
    first
}

#[test]
fn a_compound_packet_is_read_part_by_part() {
    let mut bytes = vec![0x80, 201, 0, 1, 0, 0, 0, 7];
    bytes.extend([0x81, 202, 0, 3, 0, 0, 0, 7, 1, 3, b'a', b'b', b'c', 0, 0, 0]);
    bytes.extend([0x81, 206, 0, 2, 0, 0, 0, 7, 0, 0, 0, 9]);
    bytes.extend([0x81, 203, 0, 1, 0, 0, 0, 7]);
    bytes.extend([0x80, 204, 0, 0]);
    let all = packets(&bytes).unwrap();
    assert!(all.begin_with_report());
    let all: Vec<_> = all.collect();
    assert!(matches!(all[0], Packet::ReceiverReport(report) if report.ssrc == 7 && report.blocks.count() == 0));
    assert!(matches!(all[1], Packet::SourceDescription(sdes) if sdes.chunks().eq([(7, Some(&b"abc"[..]))])));
    assert_eq!(all[2], Packet::Pli(Pli { sender_ssrc: 7, media_ssrc: 9 }));
    assert!(matches!(all[3], Packet::Goodbye(bye) if bye.sources().eq([7])));
    assert_eq!(all[4], Packet::Unknown { packet_type: 204, count: 0 });
    assert_eq!(sender_ssrc(&bytes), Some(7));
}

#[test]
fn a_reduced_packet_stands_alone() {
    let bytes = [0x81, 206, 0, 2, 0, 0, 0, 7, 0, 0, 0, 9];
    assert!(!packets(&bytes).unwrap().begin_with_report());
    assert!(matches!(only(&bytes), Packet::Pli(_)));
}

#[test]
fn lengths_that_do_not_add_up_are_refused_whole() {
    let bytes = [0x80, 201, 0, 1, 0, 0, 0, 7, 0x81, 203, 0, 1, 0, 0, 0, 7];
    for len in (0..16).filter(|len| *len != 8) {
        assert_eq!(packets(&bytes[..len]), None, "{len}");
    }
    assert!(packets(&bytes).is_some());
    assert_eq!(packets(&[0x40, 201, 0, 1, 0, 0, 0, 7]), None, "version 1");
    assert_eq!(packets(&[0xa0, 201, 0, 1, 0, 0, 0, 0]), None, "padding of nothing");
    assert_eq!(packets(&[0xa0, 201, 0, 1, 0, 0, 0, 5]), None, "padding beyond the packet");
    assert_eq!(only(&[0x81, 201, 0, 1, 0, 0, 0, 7]), Packet::Unknown { packet_type: 201, count: 1 });
}

#[test]
fn padding_does_not_belong_to_the_content() {
    let bytes = [0xa0, 206, 0, 2, 0, 0, 0, 7, 0, 0, 0, 4];
    assert_eq!(only(&bytes), Packet::Unknown { packet_type: 206, count: 0 });
    let bytes = [0xa1, 205, 0, 4, 0, 0, 0, 7, 0, 0, 0, 9, 0, 5, 0, 0, 0, 0, 0, 4];
    assert!(matches!(only(&bytes), Packet::Nack(nack) if nack.lost().eq([5])));
}

#[test]
fn a_nack_counts_over_the_wrap() {
    let bytes = [0x81, 205, 0, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0xff, 0xfe, 0x80, 0x05];
    let Packet::Nack(nack) = only(&bytes) else { panic!() };
    assert!(nack.lost().eq([0xfffe, 0xffff, 1, 14]));
    let mut buffer = [0; 16];
    let written = nack::write(&mut buffer, 1, 2, &[0xfffe, 0xffff, 0xffff, 1, 14]).unwrap();
    assert_eq!((buffer, written.len, written.count), (bytes, 16, 5));
}

#[test]
fn a_nack_takes_what_there_is_room_for() {
    let mut buffer = [0; 23];
    let lost = [1, 17, 18, 40, 41];
    let written = nack::write(&mut buffer, 1, 2, &lost).unwrap();
    assert_eq!((written.len, written.count), (20, 3));
    assert_eq!(nack::write(&mut buffer, 1, 2, &[]), None);
    assert_eq!(nack::write(&mut buffer[..15], 1, 2, &lost), None);
}

#[test]
fn a_bitrate_has_a_mantissa_and_an_exponent() {
    let mut buffer = [0; 32];
    let len = remb::write(&mut buffer, 1, 1_000_000, &[2, 3]).unwrap();
    assert_eq!(
        buffer[..len],
        [0x8f, 206, 0, 6, 0, 0, 0, 1, 0, 0, 0, 0, b'R', b'E', b'M', b'B', 2, 0x0b, 0xd0, 0x90, 0, 0, 0, 2, 0, 0, 0, 3]
    );
    assert!(matches!(only(&buffer[..len]), Packet::Remb(remb) if remb.bitrate_bps == 1_000_000));
    buffer[17] = 0xff;
    assert!(matches!(only(&buffer[..len]), Packet::Remb(remb) if remb.bitrate_bps == u64::MAX));
    buffer[12] = b'X';
    assert_eq!(only(&buffer[..len]), Packet::Unknown { packet_type: 206, count: 15 });
}

#[test]
fn a_full_intra_request_names_each_source_with_its_count() {
    let mut buffer = [0xff; 32];
    let entries = [fir::Entry { ssrc: 5, number: 200 }, fir::Entry { ssrc: 6, number: 0 }];
    let len = fir::write(&mut buffer, 1, &entries).unwrap();
    assert_eq!(buffer[..20], [0x84, 206, 0, 6, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 5, 200, 0, 0, 0]);
    assert!(matches!(only(&buffer[..len]), Packet::Fir(fir) if fir.entries().eq(entries)));
}

#[test]
fn every_kind_of_chunk_is_read() {
    let mut bytes = vec![0x8f, 205, 0, 8, 0, 0, 0, 1, 0, 0, 0, 2, 0xff, 0xfe, 0, 12, 0xff, 0xff, 0xff, 9];
    bytes.extend([0x20, 0x02]); // two small
    bytes.extend([0xc0 | 0x02, 0x01]); // 0 0 2 0 0 0 1: seven of two bits
    bytes.extend([0x90, 0x00]); // one-bit: 0 1 0, and eleven beyond the count
    bytes.extend([4, 255, 0xff, 0xfe, 1, 7]);
    bytes.extend([0; 4]);
    let Packet::TransportFeedback(feedback) = only(&bytes) else { panic!() };
    assert_eq!((feedback.base_sequence, feedback.status_count), (0xfffe, 12));
    assert_eq!((feedback.reference_64ms, feedback.feedback_count), (-1, 9));
    let arrived: Vec<_> = feedback.statuses().filter_map(|(number, delta)| Some((number, delta?))).collect();
    assert_eq!(arrived, [(0xfffe, 4), (0xffff, 255), (2, -2), (6, 1), (8, 7)]);
    assert_eq!(feedback.statuses().count(), 12);
}

#[test]
fn feedback_whose_deltas_are_missing_or_reserved_is_not_understood() {
    let mut bytes = [0x8f, 205, 0, 5, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 0, 0x20, 0x02, 1, 1];
    assert!(matches!(only(&bytes), Packet::TransportFeedback(_)));
    bytes[15] = 3;
    assert!(matches!(only(&bytes), Packet::Unknown { .. }), "more statuses than chunks");
    bytes[15] = 2;
    bytes[20] = 0x40;
    assert!(matches!(only(&bytes), Packet::Unknown { .. }), "large deltas");
    bytes[20] = 0x60;
    assert!(matches!(only(&bytes), Packet::Unknown { .. }), "the reserved symbol");
}

fn feedback_roundtrip(arrivals: &[Arrival], room: usize) -> (usize, Vec<(u16, u64)>) {
    let mut buffer = vec![0; room];
    let written = transport_feedback::write(&mut buffer, 1, 2, 3, arrivals).unwrap();
    let Packet::TransportFeedback(feedback) = only(&buffer[..written.len]) else { panic!() };
    let mut ticks = i64::from(feedback.reference_64ms) * 256;
    let read = feedback.statuses().filter_map(|(number, delta)| {
        ticks += i64::from(delta?);
        Some((number, ticks as u64))
    });
    (written.count, read.collect())
}

#[test]
fn feedback_is_split_where_a_delta_or_the_room_ends() {
    let arrival = |sequence, arrival_us| Arrival { sequence, arrival_us };
    let late = [arrival(1, 0), arrival(2, 0x7fff * 250), arrival(3, 0xffff * 250), arrival(4, 0xffff * 250)];
    assert_eq!(feedback_roundtrip(&late, 1500).0, 2);
    assert_eq!(feedback_roundtrip(&late[2..], 1500).0, 2);
    let far = [arrival(1, 0), arrival(0x2001, 1), arrival(0x4002, 2)];
    assert_eq!(feedback_roundtrip(&far, 1500).0, 2);
    let backwards = [arrival(5, 0), arrival(4, 0), arrival(3, 0)];
    assert_eq!(feedback_roundtrip(&backwards, 1500).0, 1);
    let repeated = [arrival(5, 0), arrival(5, 750), arrival(6, 1000)];
    assert_eq!(feedback_roundtrip(&repeated, 1500), (3, vec![(5, 0), (6, 4)]));
    assert_eq!(transport_feedback::write(&mut [0; 23], 1, 2, 3, &far), None);
    assert_eq!(transport_feedback::write(&mut [0; 24], 1, 2, 3, &[]), None);
}

fn block() -> impl Strategy<Value = ReportBlock> {
    (any::<[u32; 5]>(), any::<u8>(), -0x80_0000..=0x7f_ffff).prop_map(|(words, fraction_lost, cumulative_lost)| {
        let [ssrc, highest_sequence, jitter, last_sender_report, delay_since_last] = words;
        ReportBlock {
            ssrc,
            fraction_lost,
            cumulative_lost,
            highest_sequence,
            jitter,
            last_sender_report,
            delay_since_last,
        }
    })
}

/// Arrivals in order, with gaps and with times that go forth and back.
fn arrivals() -> impl Strategy<Value = Vec<Arrival>> {
    let steps = vec_of((prop_oneof![9 => Just(0), 1 => 0..40_u16], -3_000..90_000_i64), 1..300);
    (any::<u16>(), 1_000_000_000..2_000_000_000_u64, steps).prop_map(|(mut sequence, mut at, steps)| {
        let step = |(lost, us)| {
            sequence = sequence.wrapping_add(1 + lost);
            at = at.wrapping_add_signed(us);
            Arrival { sequence, arrival_us: at }
        };
        steps.into_iter().map(step).collect()
    })
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(mut bytes: Vec<u8>, kind in 198..208_u8, count in 0..32_u8) {
        for pass in 0..2 {
            for packet in packets(&bytes).into_iter().flatten() {
                match packet {
                    Packet::SenderReport(report) => drop(report.blocks.count()),
                    Packet::ReceiverReport(report) => drop(report.blocks.count()),
                    Packet::SourceDescription(sdes) => drop(sdes.chunks().count()),
                    Packet::Goodbye(bye) => drop(bye.sources().count()),
                    Packet::Nack(nack) => drop(nack.lost().count()),
                    Packet::Fir(fir) => drop(fir.entries().count()),
                    Packet::Remb(remb) => drop(remb.sources().count()),
                    Packet::TransportFeedback(feedback) => {
                        prop_assert_eq!(feedback.statuses().count(), usize::from(feedback.status_count));
                    }
                    Packet::ExtendedReport(report) => drop(report.receiver_clock()),
                    Packet::Pli(_) | Packet::Unknown { .. } => {}
                }
            }
            if pass == 0 && bytes.len() >= 4 {
                bytes.truncate(bytes.len() / 4 * 4);
                let words = (bytes.len() / 4 - 1) as u16;
                bytes[..2].copy_from_slice(&[0x80 | count, kind]);
                bytes[2..4].copy_from_slice(&words.to_be_bytes());
            }
        }
    }

    #[test]
    fn reports_are_read_as_they_were_written(
        ssrc: u32, ntp: u64, words: [u32; 3], blocks in vec_of(block(), 0..=31),
    ) {
        let mut buffer = [0; 1024];
        let info = SenderInfo { ntp, timestamp: words[0], packets: words[1], bytes: words[2] };
        let len = sender_report::write(&mut buffer, ssrc, &info, &blocks).unwrap();
        let Packet::SenderReport(report) = only(&buffer[..len]) else { panic!() };
        prop_assert_eq!((report.ssrc, report.info), (ssrc, info));
        prop_assert!(report.blocks.eq(blocks.iter().copied()));
        let len = receiver_report::write(&mut buffer, ssrc, &blocks).unwrap();
        let Packet::ReceiverReport(report) = only(&buffer[..len]) else { panic!() };
        prop_assert_eq!(report.ssrc, ssrc);
        prop_assert!(report.blocks.eq(blocks));
    }

    #[test]
    fn names_are_read_as_they_were_written(
        ssrc: u32,
        cname in vec_of(any::<u8>(), 0..256),
        bye in vec_of(any::<u32>(), 0..32),
    ) {
        let mut buffer = [0xff; 300];
        let len = sdes::write(&mut buffer, ssrc, &cname).unwrap();
        let Packet::SourceDescription(sdes) = only(&buffer[..len]) else { panic!() };
        prop_assert!(sdes.chunks().eq([(ssrc, Some(&cname[..]))]));
        let len = goodbye::write(&mut buffer, &bye).unwrap();
        let Packet::Goodbye(goodbye) = only(&buffer[..len]) else { panic!() };
        prop_assert!(goodbye.sources().eq(bye));
    }

    #[test]
    fn lost_numbers_are_read_as_they_were_written(start: u16, gaps in vec_of(1..40_u16, 1..200)) {
        let mut number = start;
        let lost: Vec<u16> = gaps.into_iter().map(|gap| { number = number.wrapping_add(gap); number }).collect();
        let mut buffer = [0; 1500];
        let written = nack::write(&mut buffer, 1, 2, &lost).unwrap();
        prop_assert_eq!(written.count, lost.len());
        let Packet::Nack(nack) = only(&buffer[..written.len]) else { panic!() };
        prop_assert!(nack.lost().eq(lost));
    }

    #[test]
    fn a_bitrate_keeps_its_eighteen_highest_bits(
        bitrate_bps: u64,
        shift in 0..64_u32,
        sources in vec_of(any::<u32>(), 0..20),
    ) {
        let bitrate_bps = bitrate_bps >> shift;
        let mut buffer = [0; 128];
        let len = remb::write(&mut buffer, 1, bitrate_bps, &sources).unwrap();
        let Packet::Remb(remb) = only(&buffer[..len]) else { panic!() };
        prop_assert!(remb.bitrate_bps <= bitrate_bps && bitrate_bps - remb.bitrate_bps <= bitrate_bps >> 17);
        prop_assert!(remb.sources().eq(sources));
    }

    #[test]
    fn arrivals_are_read_as_they_were_written(arrivals in arrivals(), room in 24..400_usize) {
        let mut rest = &arrivals[..];
        while !rest.is_empty() {
            let (count, read) = feedback_roundtrip(rest, room);
            prop_assert!(count > 0);
            let told: Vec<_> =
                rest[..count].iter().map(|arrival| (arrival.sequence, arrival.arrival_us / 250)).collect();
            prop_assert_eq!(read, told);
            rest = &rest[count..];
        }
    }
}
