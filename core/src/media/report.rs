//! Sender and receiver reports, once a second (RFC 3550 section 6.4).

use heapless::Vec;

use crate::forward::Rewriter;
use crate::id::LinkId;
use crate::link::{Gcm, Outbox};
use crate::media::Media;
use crate::random::Random;
use crate::store::{Table, list};
use crate::stream::{SenderReport, Stream};
use crate::time::Instant;
use crate::wire::rtcp::sender_report::{self, SenderInfo};
use crate::wire::rtcp::{ReportBlock, extended_report, receiver_report, sdes};

use super::compound::Compound;

impl<G: Gcm, R: Random> Media<'_, G, R> {
    /// Tells a publisher how its streams arrive, and a subscriber what time its streams are of.
    pub(super) fn report(&mut self, now: Instant, id: LinkId, outbox: &mut impl Outbox) {
        let blocks = self.blocks(now, id);
        self.measure(id);
        self.note_slow_link(id);
        let Some(link) = self.links.get_mut(id) else { return };
        link.feedback.report_due = now.after_ms(REPORT_MS);
        link.feedback.repetitions_left = REPETITIONS_A_REPORT;
        link.feedback.patience.look(link.bandwidth.loses_by_itself(), link.feedback.round_trip_us);
        if !blocks.is_empty() {
            let mut compound = Compound::bare(link);
            compound.add(|buffer, own| receiver_report::write(buffer, own, &blocks));
            compound.add(|buffer, own| sdes::write(buffer, own, CNAME));
            compound.send(link, outbox);
        }
        let clocks = link.feedback.clocks.take(now);
        let mut compound = Compound::bare(link);
        let mut at = link.subscriptions;
        for _ in 0..self.subscriptions.capacity() {
            let Some(subscription) = self.subscriptions.at_mut(at) else { break };
            at = subscription.next_of_link;
            let counts = (subscription.traffic.packets as u32, subscription.traffic.bytes as u32);
            let Some(info) = sender_info(&subscription.rewriter, counts, &self.streams, now) else { continue };
            let ssrc = subscription.parameters.ssrc;
            let write = |compound: &mut Compound| {
                compound.add(|buffer, _| {
                    let mut len = sender_report::write(buffer, ssrc, &info, &[])?;
                    len += sdes::write(&mut buffer[len..], ssrc, CNAME)?;
                    if !clocks.is_empty() {
                        len += extended_report::write(&mut buffer[len..], ssrc, &clocks)?;
                    }
                    Some(len)
                })
            };
            if !write(&mut compound) {
                core::mem::replace(&mut compound, Compound::bare(link)).send(link, outbox);
                write(&mut compound);
            }
            subscription.reported = Some(((info.ntp >> 16) as u32, now));
        }
        compound.send(link, outbox);
        self.report_to_relays(now, id, outbox);
    }

    /// A report block for each encoding that arrives on the link.
    fn blocks(&mut self, now: Instant, id: LinkId) -> Vec<ReportBlock, { receiver_report::MAX_BLOCKS }> {
        let mut blocks = Vec::new();
        let mut at = self.links.get(id).map_or(list::END, |link| link.streams);
        while let Some(stream) = self.streams.at_mut(at) {
            at = stream.next_of_link;
            (stream.traffic.lost_packets, stream.traffic.jitter) = (0, 0);
            for encoding in &mut stream.encodings {
                let (Some(ssrc), Some(report)) = (encoding.parameters.ssrc, encoding.statistics.report()) else {
                    continue;
                };
                stream.traffic.lost_packets = stream.traffic.lost_packets.saturating_add(report.lost_packets);
                stream.traffic.jitter = stream.traffic.jitter.max(report.jitter);
                let (last_sender_report, delay_since_last) = encoding.sender_report.map_or((0, 0), |report| {
                    let delay = (now.since_us(report.arrived) << 16) / 1_000_000;
                    ((report.ntp >> 16) as u32, delay as u32)
                });
                // A link has fewer encodings than a report has room for.
                let _ = blocks.push(ReportBlock {
                    ssrc,
                    fraction_lost: report.fraction_lost,
                    cumulative_lost: report.lost_packets,
                    highest_sequence: report.newest_sequence,
                    jitter: report.jitter,
                    last_sender_report,
                    delay_since_last,
                });
            }
        }
        blocks
    }

    /// A second of the link's traffic is over. Now and then the control half is told.
    fn measure(&mut self, id: LinkId) {
        let Some(link) = self.links.get_mut(id) else { return };
        let mut at = link.streams;
        while let Some(stream) = self.streams.at_mut(at) {
            at = stream.next_of_link;
            stream.traffic.end_second();
        }
        at = link.subscriptions;
        while let Some(subscription) = self.subscriptions.at_mut(at) {
            at = subscription.next_of_link;
            subscription.traffic.round_trip_us = link.feedback.round_trip_us;
            subscription.traffic.end_second();
        }
        link.feedback.seconds = link.feedback.seconds.wrapping_add(1);
        if link.feedback.seconds.checked_rem(self.settings.statistics_s) == Some(0) {
            link.news.traffic = true;
            self.has_news = true;
        }
    }

    /// Notes the m-lines of which many packets were lost since the last report.
    fn note_slow_link(&mut self, id: LinkId) {
        let threshold = self.settings.slow_link_packets;
        let Some(link) = self.links.get_mut(id) else { return };
        let mut note = |lost: u32, slow_packets: &mut u32| {
            if threshold > 0 && lost >= threshold {
                *slow_packets = lost;
                link.news.slow = true;
                self.has_news = true;
            }
        };
        let mut at = link.streams;
        while let Some(stream) = self.streams.at_mut(at) {
            at = stream.next_of_link;
            let lost = stream.encodings.iter_mut().map(|encoding| encoding.loss.take_lost()).sum();
            note(lost, &mut stream.slow_packets);
        }
        at = link.subscriptions;
        while let Some(subscription) = self.subscriptions.at_mut(at) {
            at = subscription.next_of_link;
            let lost = core::mem::take(&mut subscription.nacked_packets);
            note(lost, &mut subscription.slow_packets);
        }
    }
}

/// The publisher's clocks, moved to now and onto the subscriber's timeline. The wall clock stays the publisher's: by it
/// a receiver aligns that publisher's picture and sound.
pub(super) fn sender_info(
    rewriter: &Rewriter,
    (packets, bytes): (u32, u32),
    streams: &Table<'_, Stream>,
    now: Instant,
) -> Option<SenderInfo> {
    let splice = rewriter.current()?;
    let stream = streams.get(splice.source.stream)?;
    let encoding = stream.encodings.get(usize::from(splice.source.encoding))?;
    let SenderReport { ntp, timestamp, arrived } = encoding.sender_report?;
    let elapsed_us = now.since_us(arrived);
    let ticks = elapsed_us * u64::from(stream.parameters.codec.clock_rate_hz()) / 1_000_000;
    Some(SenderInfo {
        ntp: ntp.wrapping_add((elapsed_us << 32) / 1_000_000),
        timestamp: splice.timestamp(timestamp.wrapping_add(ticks as u32)),
        packets,
        bytes,
    })
}

/// The name of our end in all its reports (RFC 3550 section 6.5.1).
pub(super) const CNAME: &[u8] = b"parlor";

const REPORT_MS: u64 = 1_000;

/// The most packets that a link's NACKs cause between two reports.
const REPETITIONS_A_REPORT: u32 = 1_000;
