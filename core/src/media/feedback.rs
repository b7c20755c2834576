//! What we say by RTCP, and when: requests to publishers, reports to everybody.

use crate::id::LinkId;
use crate::link::{Gcm, Link, Outbox};
use crate::media::{Media, Settings};
use crate::random::Random;
use crate::store::{Table, list};
use crate::stream::Stream;
use crate::time::Instant;
use crate::wire::rtcp::{fir, nack, pli, remb, transport_feedback};

use super::compound::Compound;
use super::need::needed_bps;
use super::shard::FAR;

impl<G: Gcm, R: Random> Media<'_, G, R> {
    /// Does what time asks for; must be called when [`Self::due`] has come, may be called at any time.
    pub fn tick(&mut self, now: Instant, outbox: &mut impl Outbox) {
        if now < self.due {
            return;
        }
        let mut due = FAR;
        for place in 0..self.links.capacity() as u16 {
            let Some(state) = self.links.at(place) else { continue };
            if state.due <= now
                && let Some(id) = self.links.id_at(place)
            {
                self.tick_link(now, id.into(), outbox);
            }
            due = due.min(self.links.at(place).map_or(FAR, |state| state.due));
        }
        self.due = due;
        self.leave(now, outbox);
    }

    fn tick_link(&mut self, now: Instant, id: LinkId, outbox: &mut impl Outbox) {
        let Some(state) = self.links.get_mut(id).filter(|state| state.closed.is_none()) else { return };
        if let Some(reason) = state.expired(now) {
            return self.close(id, reason);
        }
        state.due = state.deadline().unwrap_or(FAR);
        if !state.is_up() {
            return;
        }
        if !state.queue.is_empty() {
            self.pending.push(&mut self.links, id.index);
        }
        let Some(state) = self.links.get_mut(id) else { return };
        self.has_news |= note_silence(state, &mut self.streams, &self.settings, now);
        request(state, &mut self.streams, now, outbox);
        report_arrivals(state, &self.streams, now, outbox);
        self.note_needs(now, id);
        let Some(state) = self.links.get_mut(id) else { return };
        bound_bitrate(state, &self.streams, now, outbox);
        if state.feedback.report_due <= now {
            self.report(now, id, outbox);
        }
        self.allocate(now, id);
        self.probe(now, id);
        if let Some(state) = self.links.get_mut(id) {
            let due = next_due(state, &self.streams, now);
            state.due_by(due);
        }
    }
}

/// When the link's RTCP is due next.
fn next_due<G: Gcm>(link: &Link<G>, streams: &Table<'_, Stream>, now: Instant) -> Instant {
    let mut due = link.feedback.report_due;
    if link.streams != list::END {
        due = due.min(link.feedback.bitrate_due);
        if link.feedback.follows_need {
            due = due.min(link.feedback.need_due);
        }
    }
    if !link.arrivals.is_empty() {
        due = due.min(link.feedback.arrivals_due);
    }
    if link.subscriptions != list::END && link.bandwidth.bitrate_bps().is_some() {
        due = due.min(link.feedback.allocation_due).min(link.bandwidth.due().unwrap_or(FAR));
    }
    let mut at = link.streams;
    while let Some(stream) = streams.at(at) {
        due = due.min(stream.due().unwrap_or(FAR));
        at = stream.next_of_link;
    }
    // A request that could not be sent is tried again, but not at once.
    due.max(now.after_ms(1))
}

/// Whether a stream of the link ceased to arrive, or began.
fn note_silence<G: Gcm>(
    link: &mut Link<G>,
    streams: &mut Table<'_, Stream>,
    settings: &Settings,
    now: Instant,
) -> bool {
    let silence_us = u64::from(settings.silence_ms) * 1000;
    let mut at = link.streams;
    while let Some(stream) = streams.at_mut(at) {
        at = stream.next_of_link;
        let newest = stream.encodings.iter().filter_map(|encoding| encoding.arrived).max();
        let is_silent = newest.is_none_or(|newest| now.since_us(newest) >= silence_us);
        if stream.receiving && is_silent && silence_us > 0 {
            stream.receiving = false;
            link.news.receiving = true;
        }
    }
    link.news.receiving
}

/// Asks the publisher for missing packets and for keyframes.
fn request<G: Gcm>(link: &mut Link<G>, streams: &mut Table<'_, Stream>, now: Instant, outbox: &mut impl Outbox) {
    let mut compound = Compound::new(link);
    let mut at = link.streams;
    while let Some(stream) = streams.at_mut(at) {
        at = stream.next_of_link;
        let feedback = stream.parameters.feedback;
        for encoding in &mut stream.encodings {
            let Some(ssrc) = encoding.parameters.ssrc else { continue };
            let lost = encoding.loss.requests(now);
            if encoding.loss.take_gave_up() && !feedback.nack | feedback.pli | feedback.fir {
                encoding.keyframe.want();
            }
            let mut rest = lost.as_slice();
            while feedback.nack && !rest.is_empty() {
                let mut taken: usize = 0;
                compound.add(|buffer, own| {
                    let written = nack::write(buffer, own, ssrc, rest)?;
                    taken = written.count;
                    Some(written.len)
                });
                stream.traffic.nacks = stream.traffic.nacks.wrapping_add(taken as u32);
                rest = if taken == 0 { &[] } else { &rest[taken..] };
            }
            if !encoding.keyframe.poll(now) {
                continue;
            }
            if feedback.pli {
                compound.add(|buffer, own| pli::write(buffer, own, ssrc));
            } else if feedback.fir {
                let entry = fir::Entry { ssrc, number: encoding.fir_sequence };
                encoding.fir_sequence = encoding.fir_sequence.wrapping_add(1);
                compound.add(|buffer, own| fir::write(buffer, own, &[entry]));
            }
        }
    }
    compound.send(link, outbox);
}

/// Transport-wide feedback.
fn report_arrivals<G: Gcm>(link: &mut Link<G>, streams: &Table<'_, Stream>, now: Instant, outbox: &mut impl Outbox) {
    if link.arrivals.is_empty() || (link.feedback.arrivals_due > now && !link.arrivals.is_pressing()) {
        return;
    }
    let media_ssrc = first_ssrc(link, streams);
    let arrivals = link.arrivals.take();
    let mut rest = arrivals.as_slice();
    while !rest.is_empty() {
        let number = link.arrivals.next_report();
        let mut compound = Compound::new(link);
        let mut taken = 0;
        compound.add(|buffer, own| {
            let written = transport_feedback::write(buffer, own, media_ssrc, number, rest)?;
            taken = written.count;
            Some(written.len)
        });
        compound.send(link, outbox);
        rest = if taken == 0 { &[] } else { &rest[taken..] };
    }
}

/// Tells the publisher its bound by REMB: a quarter first, then a third, a half, all of it, as Janus does.
fn bound_bitrate<G: Gcm>(link: &mut Link<G>, streams: &Table<'_, Stream>, now: Instant, outbox: &mut impl Outbox) {
    if link.feedback.bitrate_due > now || link.streams == list::END {
        return;
    }
    let steps_left = RAMP_STEPS.saturating_sub(link.feedback.ramp).max(1);
    let asked_bps = match link.feedback.bitrate_bps {
        0 => BITRATE_BPS_UNBOUND,
        bound => bound,
    };
    let bound_bps = needed_bps(link, streams).map_or(asked_bps, |needed_bps| needed_bps.min(asked_bps));
    link.feedback.ramp = link.feedback.ramp.saturating_add(1).min(RAMP_STEPS);
    link.feedback.bitrate_due = now.after_ms(if steps_left > 1 { RAMP_MS } else { BITRATE_MS });
    let mut sources = heapless::Vec::<u32, 8>::new();
    let mut at = link.streams;
    while let Some(stream) = streams.at(at) {
        at = stream.next_of_link;
        if stream.parameters.feedback.remb {
            let ssrcs = stream.encodings.iter().filter_map(|encoding| encoding.parameters.ssrc);
            // More than these share the bound of the first.
            ssrcs.for_each(|ssrc| _ = sources.push(ssrc));
        }
    }
    if sources.is_empty() {
        return;
    }
    let mut compound = Compound::new(link);
    compound.add(|buffer, own| remb::write(buffer, own, u64::from(bound_bps / u32::from(steps_left)), &sources));
    compound.send(link, outbox);
}

fn first_ssrc<G: Gcm>(link: &Link<G>, streams: &Table<'_, Stream>) -> u32 {
    streams.at(link.streams).and_then(|stream| stream.encodings.first()?.parameters.ssrc).unwrap_or(0)
}

/// Arrivals are reported after this time at the latest.
pub(super) const ARRIVALS_MS: u64 = 50;

const RAMP_STEPS: u8 = 4;
const RAMP_MS: u64 = 1_000;
const BITRATE_MS: u64 = 5_000;
/// What REMB says where no bound was set.
const BITRATE_BPS_UNBOUND: u32 = 10_000_000;
