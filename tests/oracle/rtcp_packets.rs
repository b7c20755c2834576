//! Each kind of RTCP packet, written by one side and compared with or read by the other.

use parlor_core::wire::rtcp as ours;
use proptest::collection::vec;
use proptest::prelude::*;
use rtcp::extended_report::{DLRRReport, DLRRReportBlock, ExtendedReport, ReceiverReferenceTimeReportBlock};
use rtcp::goodbye::Goodbye;
use rtcp::payload_feedbacks::full_intra_request::{FirEntry, FullIntraRequest};
use rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtcp::payload_feedbacks::receiver_estimated_maximum_bitrate::ReceiverEstimatedMaximumBitrate;
use rtcp::receiver_report::ReceiverReport;
use rtcp::reception_report::ReceptionReport;
use rtcp::sender_report::SenderReport;
use rtcp::source_description::{SdesType, SourceDescription, SourceDescriptionChunk, SourceDescriptionItem};
use rtcp::transport_feedbacks::transport_layer_cc::{PacketStatusChunk, SymbolTypeTcc, TransportLayerCc};
use rtcp::transport_feedbacks::transport_layer_nack::{TransportLayerNack, nack_pairs_from_sequence_numbers};
use webrtc_util::marshal::{Marshal, Unmarshal};

/// The only packet of `bytes`, as we read it.
fn only(bytes: &[u8]) -> ours::Packet<'_> {
    let mut all = ours::packets(bytes).unwrap();
    let first = all.next().unwrap();
    assert!(all.next().is_none());
    first
}

prop_compose! {
    fn report()(words in any::<[u32; 5]>(), fraction_lost: u8, total_lost in 0..1_u32 << 24) -> ReceptionReport {
        ReceptionReport {
            ssrc: words[0],
            fraction_lost,
            total_lost,
            last_sequence_number: words[1],
            jitter: words[2],
            last_sender_report: words[3],
            delay: words[4],
        }
    }
}

fn block(report: &ReceptionReport) -> ours::ReportBlock {
    ours::ReportBlock {
        ssrc: report.ssrc,
        fraction_lost: report.fraction_lost,
        cumulative_lost: (report.total_lost << 8).cast_signed() >> 8,
        highest_sequence: report.last_sequence_number,
        jitter: report.jitter,
        last_sender_report: report.last_sender_report,
        delay_since_last: report.delay,
    }
}

proptest! {
    #[test]
    fn reports(ssrc: u32, ntp_time: u64, words: [u32; 3], reports in vec(report(), 0..=31)) {
        let [rtp_time, packet_count, octet_count] = words;
        let theirs = SenderReport {
            ssrc, ntp_time, rtp_time, packet_count, octet_count, reports: reports.clone(), ..Default::default()
        };
        let bytes = theirs.marshal().unwrap();
        let info = ours::SenderInfo { ntp: ntp_time, timestamp: rtp_time, packets: packet_count, bytes: octet_count };
        let blocks: Vec<_> = reports.iter().map(block).collect();
        let ours::Packet::SenderReport(read) = only(&bytes) else { panic!() };
        prop_assert_eq!((read.ssrc, read.info), (ssrc, info));
        prop_assert!(read.blocks.eq(blocks.iter().copied()));
        let mut buffer = [0; 1024];
        let len = ours::sender_report::write(&mut buffer, ssrc, &info, &blocks).unwrap();
        prop_assert_eq!(&buffer[..len], &bytes[..]);

        let bytes = ReceiverReport { ssrc, reports, ..Default::default() }.marshal().unwrap();
        let ours::Packet::ReceiverReport(read) = only(&bytes) else { panic!() };
        prop_assert!(read.ssrc == ssrc && read.blocks.eq(blocks.iter().copied()));
        let len = ours::receiver_report::write(&mut buffer, ssrc, &blocks).unwrap();
        prop_assert_eq!(&buffer[..len], &bytes[..]);
    }

    #[test]
    fn descriptions_and_goodbyes(
        chunks in vec((any::<u32>(), "[a-z]{0,40}", "[a-z]{1,9}"), 0..5), sources in vec(any::<u32>(), 0..=31),
    ) {
        let item = |sdes_type, text: &str| SourceDescriptionItem { sdes_type, text: text.to_owned().into() };
        let theirs = SourceDescription {
            chunks: chunks.iter().map(|(source, cname, tool)| SourceDescriptionChunk {
                source: *source,
                items: vec![item(SdesType::SdesTool, tool), item(SdesType::SdesCname, cname)],
            }).collect(),
        };
        let bytes = theirs.marshal().unwrap();
        let ours::Packet::SourceDescription(read) = only(&bytes) else { panic!() };
        prop_assert!(read.chunks().eq(chunks.iter().map(|(source, cname, _)| (*source, Some(cname.as_bytes())))));
        let mut buffer = [0xee; 512];
        for (source, cname, _) in &chunks {
            let len = ours::sdes::write(&mut buffer, *source, cname.as_bytes()).unwrap();
            let theirs = SourceDescription::unmarshal(&mut &buffer[..len]).unwrap();
            let items = vec![item(SdesType::SdesCname, cname)];
            prop_assert_eq!(theirs.chunks, [SourceDescriptionChunk { source: *source, items }]);
        }

        let bytes = Goodbye { sources: sources.clone(), reason: "gone".into() }.marshal().unwrap();
        let ours::Packet::Goodbye(read) = only(&bytes) else { panic!() };
        prop_assert!(read.sources().eq(sources.iter().copied()));
        let len = ours::goodbye::write(&mut buffer, &sources).unwrap();
        prop_assert_eq!(Goodbye::unmarshal(&mut &buffer[..len]).unwrap().sources, sources);
    }

    #[test]
    fn requests_for_packets(sender_ssrc: u32, media_ssrc: u32, start: u16, gaps in vec(1..30_u16, 1..200)) {
        let mut number = start;
        let mut next = |gap: &u16| {
            number = number.wrapping_add(*gap);
            number
        };
        let lost: Vec<u16> = gaps.iter().map(&mut next).collect();
        let nacks = nack_pairs_from_sequence_numbers(&lost);
        let bytes = TransportLayerNack { sender_ssrc, media_ssrc, nacks }.marshal().unwrap();
        let ours::Packet::Nack(read) = only(&bytes) else { panic!() };
        prop_assert_eq!((read.sender_ssrc, read.media_ssrc), (sender_ssrc, media_ssrc));
        prop_assert!(read.lost().eq(lost.iter().copied()));
        let mut buffer = [0; 1500];
        let written = ours::nack::write(&mut buffer, sender_ssrc, media_ssrc, &lost).unwrap();
        prop_assert_eq!(written.count, lost.len());
        // The crate begins a new word at the wrap.
        prop_assert!(!lost.is_sorted() || buffer[..written.len] == bytes[..]);
        let theirs = TransportLayerNack::unmarshal(&mut &buffer[..written.len]).unwrap();
        prop_assert!(theirs.nacks.iter().flat_map(|pair| pair.packet_list()).eq(lost));
    }

    #[test]
    fn requests_for_pictures(sender_ssrc: u32, media_ssrc: u32, entries in vec(any::<(u32, u8)>(), 1..20)) {
        let mut buffer = [0xee; 512];
        let bytes = PictureLossIndication { sender_ssrc, media_ssrc }.marshal().unwrap();
        let len = ours::pli::write(&mut buffer, sender_ssrc, media_ssrc).unwrap();
        prop_assert_eq!(&buffer[..len], &bytes[..]);
        prop_assert_eq!(only(&bytes), ours::Packet::Pli(ours::Pli { sender_ssrc, media_ssrc }));

        let theirs = |&(ssrc, sequence_number): &(u32, u8)| FirEntry { ssrc, sequence_number };
        let fir = entries.iter().map(theirs).collect();
        let bytes = FullIntraRequest { sender_ssrc, media_ssrc: 0, fir }.marshal().unwrap();
        let entries: Vec<_> = entries.iter().map(|&(ssrc, number)| ours::fir::Entry { ssrc, number }).collect();
        let len = ours::fir::write(&mut buffer, sender_ssrc, &entries).unwrap();
        prop_assert_eq!(&buffer[..len], &bytes[..]);
        let ours::Packet::Fir(read) = only(&bytes) else { panic!() };
        prop_assert!(read.entries().eq(entries));
    }

    #[test]
    fn bitrates(
        sender_ssrc: u32,
        mantissa in 1_u32 << 17..1 << 18,
        exponent in 0..20_u32,
        ssrcs in vec(any::<u32>(), 0..20),
    ) {
        let bitrate_bps = u64::from(mantissa) << exponent;
        let theirs = ReceiverEstimatedMaximumBitrate { sender_ssrc, bitrate: bitrate_bps as f32, ssrcs: ssrcs.clone() };
        let bytes = theirs.marshal().unwrap();
        let ours::Packet::Remb(read) = only(&bytes) else { panic!() };
        prop_assert_eq!((read.sender_ssrc, read.bitrate_bps), (sender_ssrc, bitrate_bps));
        prop_assert!(read.sources().eq(ssrcs.iter().copied()));
        let mut buffer = [0; 512];
        let len = ours::remb::write(&mut buffer, sender_ssrc, bitrate_bps, &ssrcs).unwrap();
        prop_assert_eq!(&buffer[..len], &bytes[..]);
    }

    #[test]
    fn receivers_clocks(sender_ssrc: u32, ntp_timestamp: u64, words in vec(any::<[u32; 3]>(), 0..20)) {
        let report = |[ssrc, last_rr, dlrr]: &[u32; 3]| DLRRReport { ssrc: *ssrc, last_rr: *last_rr, dlrr: *dlrr };
        let heard = DLRRReportBlock { reports: words.iter().map(report).collect() };
        let said = ReceiverReferenceTimeReportBlock { ntp_timestamp };
        let theirs = ExtendedReport { sender_ssrc, reports: std::vec![Box::new(heard.clone()), Box::new(said)] };
        let bytes = theirs.marshal().unwrap();
        let ours::Packet::ExtendedReport(read) = only(&bytes) else { panic!() };
        prop_assert_eq!((read.ssrc, read.receiver_clock()), (sender_ssrc, Some(ntp_timestamp)));
        let clocks: Vec<_> = words.iter().map(|[ssrc, ntp_middle, delay]| {
            ours::ClockHeard { ssrc: *ssrc, ntp_middle: *ntp_middle, delay: *delay }
        }).collect();
        let mut buffer = [0; 512];
        let len = ours::extended_report::write(&mut buffer, sender_ssrc, &clocks).unwrap();
        let alone = ExtendedReport { sender_ssrc, reports: std::vec![Box::new(heard)] };
        prop_assert_eq!(&buffer[..len], &alone.marshal().unwrap()[..]);
        let ours::Packet::ExtendedReport(read) = only(&buffer[..len]) else { panic!() };
        prop_assert_eq!(read.receiver_clock(), None);
    }

    #[test]
    fn arrivals(
        sequence: u16,
        start_us in 0..900_000_000_000_u64,
        steps in vec(step(), 1..200),
    ) {
        let (mut number, mut arrival_us) = (sequence, start_us + 1_000_000);
        let arrivals: Vec<_> = steps.iter().map(|(lost, us)| {
            number = number.wrapping_add(1 + lost);
            arrival_us = arrival_us.wrapping_add_signed(*us);
            ours::transport_feedback::Arrival { sequence: number, arrival_us }
        }).collect();
        let mut buffer = [0; 1500];
        let written = ours::transport_feedback::write(&mut buffer, 1, 2, 3, &arrivals).unwrap();
        prop_assert_eq!(written.count, arrivals.len());
        let bytes = &buffer[..written.len];
        let ours::Packet::TransportFeedback(mine) = only(bytes) else { panic!() };
        let statuses: Vec<_> = mine.statuses().collect();

        // The crate reads what we wrote as we meant it.
        let theirs = TransportLayerCc::unmarshal(&mut &*bytes).unwrap();
        prop_assert_eq!(theirs.base_sequence_number, arrivals[0].sequence);
        prop_assert_eq!(theirs.packet_status_count, mine.status_count);
        prop_assert_eq!(theirs.reference_time, (arrivals[0].arrival_us / 64_000) as u32);
        let deltas: Vec<i64> = theirs.recv_deltas.iter().map(|delta| delta.delta / 250).collect();
        let read: Vec<i64> = statuses.iter().filter_map(|(_, delta)| delta.map(i64::from)).collect();
        prop_assert_eq!(&deltas, &read);
        let symbols = symbols(&theirs).take(statuses.len()).map(|symbol| symbol != SymbolTypeTcc::PacketNotReceived);
        prop_assert!(symbols.eq(statuses.iter().map(|(_, delta)| delta.is_some())));

        // What the crate writes, with its own padding, we read the same.
        let again = theirs.marshal().unwrap();
        let ours::Packet::TransportFeedback(read) = only(&again) else { panic!() };
        prop_assert!(read.statuses().eq(statuses));
    }
}

/// How many packets were lost before one, and how long after the one before it arrived.
fn step() -> impl Strategy<Value = (u16, i64)> {
    (prop_oneof![9 => Just(0_u16), 1 => 0..60_u16], prop_oneof![0..2_000_i64, -3_000..90_000_i64])
}

/// The symbols of all chunks, with those that fill up the last.
fn symbols(feedback: &TransportLayerCc) -> impl Iterator<Item = SymbolTypeTcc> {
    feedback.packet_chunks.iter().flat_map(|chunk| match chunk {
        PacketStatusChunk::RunLengthChunk(run) => vec![run.packet_status_symbol; usize::from(run.run_length)],
        PacketStatusChunk::StatusVectorChunk(vector) => vector.symbol_list.clone(),
    })
}
