//! What peers say by RTCP: reports about what we sent, reports about what they send, requests.

use crate::drops::Drop;
use crate::id::LinkId;
use crate::link::{Gcm, Outbox, PacketWay, SourcePlace};
use crate::media::Media;
use crate::random::Random;
use crate::store::list;
use crate::stream::SenderReport;
use crate::time::Instant;
use crate::wire::rtcp::{self, Packet, ReportBlock};

impl<G: Gcm, R: Random> Media<'_, G, R> {
    pub(super) fn receive_rtcp(
        &mut self,
        now: Instant,
        link: LinkId,
        bytes: &mut [u8],
        outbox: &mut impl Outbox,
    ) -> Result<(), Drop> {
        let state = self.links.get_mut(link).ok_or(Drop::Stale)?;
        let len = state.open_rtcp(bytes)?;
        if let Some(tap) = state.tap {
            outbox.copy(tap.copy(PacketWay::RtcpIn, &bytes[..len]));
        }
        for packet in rtcp::packets(&bytes[..len]).ok_or(Drop::Malformed)? {
            match packet {
                Packet::SenderReport(report) => {
                    let info = report.info;
                    self.note_sender_report(now, link, report.ssrc, info.ntp, info.timestamp);
                    report.blocks.for_each(|block| self.note_report(now, link, &block));
                }
                Packet::ReceiverReport(report) => report.blocks.for_each(|block| self.note_report(now, link, &block)),
                Packet::Nack(nack) => self.repeat(now, link, nack.media_ssrc, nack.lost()),
                Packet::Pli(pli) => self.want_keyframe_by(now, link, pli.media_ssrc),
                Packet::Fir(fir) => fir.entries().for_each(|entry| self.want_keyframe_by(now, link, entry.ssrc)),
                Packet::TransportFeedback(feedback) => {
                    if let Some(state) = self.links.get_mut(link) {
                        state.bandwidth.feedback(self.departures.of(link.index), &feedback, now);
                    }
                    self.wake_narrow(now, link);
                }
                Packet::Remb(remb) => {
                    if let Some(state) = self.links.get_mut(link) {
                        state.bandwidth.remb(remb.bitrate_bps, now);
                    }
                    self.wake_narrow(now, link);
                }
                Packet::ExtendedReport(report) => {
                    let clock = report.receiver_clock();
                    if let Some((state, ntp)) = self.links.get_mut(link).zip(clock) {
                        state.feedback.clocks.note(report.ssrc, ntp, now);
                    }
                }
                // A goodbye is followed by silence.
                Packet::Goodbye(_) | Packet::SourceDescription(_) | Packet::Unknown { .. } => {}
            }
        }
        Ok(())
    }

    /// The publisher's clocks, from which subscribers' sender reports are made.
    fn note_sender_report(&mut self, now: Instant, link: LinkId, ssrc: u32, ntp: u64, timestamp: u32) {
        let Some(state) = self.links.get_mut(link) else { return };
        let place = state.source(ssrc).and_then(|source| source.place);
        let Some(SourcePlace { stream, layer, .. }) = place.filter(|place| !place.repair) else { return };
        let layer = usize::from(layer);
        if let Some(encoding) = self.streams.get_mut(stream).and_then(|stream| stream.encodings.get_mut(layer)) {
            encoding.sender_report = Some(SenderReport { ntp, timestamp, arrived: now });
        }
    }

    /// How a subscriber receives one of our streams: the round trip (RFC 3550 section 6.4.1).
    fn note_report(&mut self, now: Instant, link: LinkId, block: &ReportBlock) {
        let Some(place) = self.subscription_with(link, block.ssrc) else { return };
        let Some(subscription) = self.subscriptions.at_mut(place) else { return };
        subscription.traffic.lost_packets = block.cumulative_lost;
        subscription.traffic.jitter = block.jitter;
        if subscription.parameters.red_payload_type.is_some() {
            let bitrate_bps = self.links.get(link).and_then(|state| state.bandwidth.bitrate_bps());
            subscription.note_loss(block.fraction_lost, bitrate_bps, &self.streams);
        }
        let Some((reported, sent)) = subscription.reported else { return };
        if block.last_sender_report != reported || block.last_sender_report == 0 {
            return;
        }
        let delay_us = (u64::from(block.delay_since_last) * 1_000_000) >> 16;
        if let Some(state) = self.links.get_mut(link) {
            state.feedback.round_trip_us = now.since_us(sent).saturating_sub(delay_us).min(10_000_000) as u32;
        }
    }

    fn repeat(&mut self, now: Instant, link: LinkId, ssrc: u32, lost: impl Iterator<Item = u16>) {
        let Some(place) = self.subscription_with(link, ssrc) else { return };
        let mut nacks = 0;
        let lost = lost.inspect(|_| nacks += 1);
        let (mut forwarding, streams, ring) = self.forwarding();
        forwarding.retransmit(place, lost, (streams, ring), now);
        if let Some(subscription) = self.subscriptions.at_mut(place) {
            subscription.traffic.nacks = subscription.traffic.nacks.wrapping_add(nacks);
        }
    }

    fn want_keyframe_by(&mut self, now: Instant, link: LinkId, ssrc: u32) {
        let place = self.subscription_with(link, ssrc);
        let subscription = place.and_then(|place| Some(self.subscriptions.at(place)?.parameters.subscription));
        if let Some(subscription) = subscription {
            self.want_keyframe_for(now, subscription);
        }
    }

    /// The subscription of `link` that is sent under `ssrc`.
    fn subscription_with(&self, link: LinkId, ssrc: u32) -> Option<u16> {
        let mut at = self.links.get(link).map_or(list::END, |state| state.subscriptions);
        while let Some(subscription) = self.subscriptions.at(at) {
            if subscription.parameters.ssrc == ssrc {
                return Some(at);
            }
            at = subscription.next_of_link;
        }
        None
    }
}
