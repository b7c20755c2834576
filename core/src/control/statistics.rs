//! What management systems are told about the media of an m-line, now and again.

use serde::Serialize;

use super::media_info::{codec_name, kind_name};
use crate::sdp::MediaKind;
use crate::stream::Traffic;
use crate::wire::Codec;

/// What passed through an m-line. What goes the other way is 0, and qualities are in hundredths.
#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) struct StatisticsEvent<'a> {
    mid: &'a str,
    mindex: usize,
    media: &'static str,
    codec: Option<&'static str>,
    base: u32,
    rtt: u32,
    lost: u64,
    lost_by_remote: u64,
    jitter_local: u32,
    jitter_remote: u32,
    in_link_quality: u64,
    in_media_link_quality: u64,
    out_link_quality: u64,
    out_media_link_quality: u64,
    packets_received: u64,
    packets_sent: u64,
    bytes_received: u64,
    bytes_sent: u64,
    bytes_received_lastsec: u32,
    bytes_sent_lastsec: u32,
    nacks_received: u32,
    nacks_sent: u32,
    retransmissions_received: u32,
}

impl<'a> StatisticsEvent<'a> {
    /// About an m-line (its mid, its place, what it carries, its codec): what arrived on it, and what was sent.
    pub(crate) fn of(
        (mid, mindex, kind, codec): (&'a str, usize, MediaKind, Option<Codec>),
        incoming: Traffic,
        outgoing: Traffic,
    ) -> Self {
        let clock_rate_hz = codec.map_or(0, Codec::clock_rate_hz);
        let lost = |traffic: Traffic| u64::try_from(traffic.lost_packets).unwrap_or_default();
        let jitter_ms = |traffic: Traffic| traffic.jitter / (clock_rate_hz / 1000).max(1);
        // Of an m-line on which nothing was sent nothing was lost.
        let quality = |passed: u64, lost: u64| (passed * 100).checked_div(passed + lost).unwrap_or(100);
        let in_quality = quality(incoming.packets, lost(incoming));
        // What was lost on its way to a subscriber was counted when it was sent.
        let out_quality = quality(outgoing.packets.saturating_sub(lost(outgoing)), lost(outgoing));
        Self {
            mid,
            mindex,
            media: kind_name(kind),
            codec: codec.map(codec_name),
            base: clock_rate_hz,
            rtt: incoming.round_trip_us.max(outgoing.round_trip_us) / 1000,
            lost: lost(incoming),
            lost_by_remote: lost(outgoing),
            jitter_local: jitter_ms(incoming),
            jitter_remote: jitter_ms(outgoing),
            in_link_quality: in_quality,
            in_media_link_quality: in_quality,
            out_link_quality: out_quality,
            out_media_link_quality: out_quality,
            packets_received: incoming.packets,
            packets_sent: outgoing.packets,
            bytes_received: incoming.bytes,
            bytes_sent: outgoing.bytes,
            bytes_received_lastsec: incoming.bytes_last_second,
            bytes_sent_lastsec: outgoing.bytes_last_second,
            // A NACK goes against the media that it is about.
            nacks_received: outgoing.nacks,
            nacks_sent: incoming.nacks,
            retransmissions_received: 0,
        }
    }
}
