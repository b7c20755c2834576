//! What the way of a link carries is shared among its m-lines, again and again, as far as it is known to be narrow.

use heapless::Vec;

use crate::forward::allocate::{Allocation, DEMANDS, Demand, LEVELS, Level, allocate};
use crate::forward::{Grant, LimitedBy, Subscription};
use crate::id::LinkId;
use crate::link::Gcm;
use crate::media::Media;
use crate::random::Random;
use crate::store::list;
use crate::stream::{LAYERS, LayerCount, Stream};
use crate::time::Instant;
use crate::wire::Kind;

impl<G: Gcm, R: Random> Media<'_, G, R> {
    /// Shares anew, if it is time.
    pub(super) fn allocate(&mut self, now: Instant, id: LinkId) {
        let Some(link) = self.links.get_mut(id).filter(|link| link.subscriptions != list::END) else { return };
        if link.feedback.allocation_due > now {
            return;
        }
        link.feedback.allocation_due = now.after_ms(ALLOCATION_MS);
        let first = link.subscriptions;
        let Some(estimate_bps) = link.bandwidth.bitrate_bps() else { return self.grant_all(first, now) };
        let (audio_bps, places, offers) = self.offers(first, now);
        let demands = offers.iter().map(|offer| offer.demand.clone()).collect();
        // What is sent again has its part.
        let budget_bps = (estimate_bps - estimate_bps / 20).saturating_sub(audio_bps);
        let Allocation { grants, wanted_bps } = allocate(budget_bps, &demands);
        if let Some(link) = self.links.get_mut(id) {
            // More than the media itself, so that a change up has its reserve.
            let reserve_bps =
                if offers.iter().any(|offer| offer.demand.fell) { wanted_bps / 8 * 5 } else { wanted_bps / 4 };
            let wanted_bps = wanted_bps.saturating_add(reserve_bps);
            link.bandwidth.want(if offers.is_empty() { 0 } else { wanted_bps.saturating_add(audio_bps) });
            link.bandwidth.tick(now);
        }
        let is_by_number = self.links.get(id).is_some_and(|link| !link.bandwidth.has_feedback());
        let spared = if is_by_number && grants.iter().all(Option::is_none) { first_of(&offers) } else { None };
        let sent_bps = offers.iter().filter_map(|offer| offer.demand.current_bps()).fold(0, u32::saturating_add);
        for (number, (place, offer)) in places.iter().zip(&offers).enumerate() {
            let level = grants.get(number).copied().flatten();
            let granted = level.and_then(|level| offer.grants.get(usize::from(level))).copied();
            if sent_bps > budget_bps
                && level.is_some_and(|level| offer.demand.shrinks_to(level))
                && let Some(subscription) = self.subscriptions.at_mut(*place)
            {
                subscription.selector.note_fall(now);
            }
            self.grant(*place, if spared == Some(number) { Some(Grant::LEAST) } else { granted }, now);
        }
    }

    /// Sends what a probe needs beside media.
    pub(super) fn probe(&mut self, now: Instant, id: LinkId) {
        let Some(link) = self.links.get_mut(id) else { return };
        let Some(bytes) = link.bandwidth.padding(now) else { return };
        let (start, first) = (link.feedback.paddings, link.subscriptions);
        let (mut forwarding, streams, ring) = self.forwarding();
        // Not the same packet again each time; some were left out, or are kept no longer.
        let mut turns = (0..PADDING_PACKETS).map(|step| start.wrapping_add(step));
        let found = turns.find(|turn| {
            let mut at = first;
            while let Some(subscription) = forwarding.subscriptions.at(at) {
                let place = at;
                at = subscription.next_of_link;
                let back = u16::from(turn % PADDING_PACKETS);
                if forwarding.pad(place, (bytes, back), (streams, ring), now).is_some() {
                    return true;
                }
            }
            false
        });
        let Some(link) = self.links.get_mut(id) else { return };
        match found {
            Some(turn) => link.feedback.paddings = turn.wrapping_add(1),
            None => link.bandwidth.give_up_probe(now),
        }
    }

    /// The peer told something: where the way is known to be narrow, it is shared.
    pub(super) fn wake_narrow(&mut self, now: Instant, id: LinkId) {
        let Some(link) = self.links.get(id).filter(|link| link.bandwidth.bitrate_bps().is_some()) else { return };
        let due = link.feedback.allocation_due.max(now);
        self.wake(id.index, due);
    }

    fn grant_all(&mut self, first: u16, now: Instant) {
        let mut at = first;
        while let Some(subscription) = self.subscriptions.at(at) {
            let place = at;
            at = subscription.next_of_link;
            self.grant(place, Some(Grant::ALL), now);
        }
    }

    /// What the audio of the subscriptions from `first` on takes, and what each video m-line could be sent.
    fn offers(&self, first: u16, now: Instant) -> (u32, Vec<u16, DEMANDS>, Vec<Offer, DEMANDS>) {
        let (mut audio_bps, mut places, mut offers) = (0_u32, Vec::new(), Vec::new());
        let mut at = first;
        while let Some(subscription) = self.subscriptions.at(at) {
            let place = at;
            at = subscription.next_of_link;
            let Some(stream) = subscription.parameters.stream.and_then(|stream| self.streams.get(stream)) else {
                continue;
            };
            if !subscription.parameters.active {
                continue;
            }
            if stream.parameters.codec.kind() == Kind::Audio {
                if self.conversation_of(stream).is_some_and(|conversation| !conversation.hears(stream)) {
                    continue;
                }
                let encoding = stream.encodings.first();
                let bitrate_bps = encoding.and_then(|encoding| encoding.rates.bitrate_bps((0, 0)));
                let copies = 1 + u32::from(subscription.redundancy_of(stream));
                audio_bps = audio_bps.saturating_add(bitrate_bps.unwrap_or(0).saturating_mul(copies));
                continue;
            }
            let priority = self.links.get(stream.parameters.link).map_or(0, |link| self.priority(link.streams));
            let offer = Offer::new(subscription, stream, priority, now);
            // Those that were not measured yet, and those beyond the bound, are sent as they are.
            if !offer.grants.is_empty() && places.push(place).is_ok() {
                let _ = offers.push(offer);
            }
        }
        (audio_bps, places, offers)
    }

    /// How much the streams from `first` on matter: whoever has the floor before who talks, and these before others.
    fn priority(&self, first: u16) -> u8 {
        let (mut priority, mut at) = (0, first);
        while let Some(stream) = self.streams.at(at) {
            at = stream.next_of_link;
            let is_dominant =
                self.conversation_of(stream).is_some_and(|it| it.dominant == Some(stream.parameters.stream));
            priority = priority.max(if is_dominant { 2 } else { u8::from(stream.speech.talking) });
        }
        priority
    }

    /// Gives a subscription its part; none pauses it, but only when it has been so for a while.
    fn grant(&mut self, place: u16, grant: Option<Grant>, now: Instant) {
        let lowest_layers = self.settings.lowest_layers;
        let Some(subscription) = self.subscriptions.at_mut(place) else { return };
        let grant = if lowest_layers { grant.map(|_| Grant::LEAST) } else { grant };
        subscription.narrowed = match grant {
            Some(Grant::ALL) => LimitedBy::Nothing,
            Some(_) if lowest_layers => LimitedBy::Load,
            _ => LimitedBy::Bandwidth,
        };
        let resumes = subscription.grant(grant, now);
        let (id, link) = (subscription.parameters.subscription, subscription.parameters.link);
        if subscription.selector.granted().is_none() != subscription.selector.told_paused
            && let Some(link) = self.links.get_mut(link)
        {
            link.news.paused = true;
            self.has_news = true;
        }
        if resumes {
            self.begin_picture(now, id);
        }
    }
}

/// Whom nothing pauses that is only a number: the first of those with the highest priority.
fn first_of(offers: &[Offer]) -> Option<usize> {
    (0..offers.len()).rev().max_by_key(|number| offers[*number].demand.priority)
}

/// What one m-line could be sent.
struct Offer {
    demand: Demand,
    /// What each level of the demand is.
    grants: Vec<Grant, LEVELS>,
}

impl Offer {
    fn new(subscription: &Subscription, stream: &Stream, priority: u8, now: Instant) -> Self {
        let selector = &subscription.selector;
        let mut demand = Demand { priority, fell: selector.fell_lately(now), ..Demand::default() };
        let mut grants = Vec::new();
        let mut highest_bps = 0;
        for (number, encoding) in (0..=selector.ceiling.encoding).zip(&stream.encodings) {
            if encoding.arrived.is_none_or(|arrived| now.since_us(arrived) > SILENT_US) {
                // Where nobody needed it, it ended; it would be as large as it was.
                let is_stopped = number >= stream.need.layers() && encoding.usual_bps() > highest_bps;
                if is_stopped && !grants.is_full() {
                    highest_bps = encoding.usual_bps();
                    let grant = Grant { encoding: number, ..Grant::ALL };
                    let level = Level { bitrate_bps: highest_bps, size: size_of(number, 0) };
                    let _ = (demand.levels.push(level), grants.push(grant));
                }
                continue;
            }
            let top = |count: LayerCount, ceiling: u8| count.get().saturating_sub(1).min(ceiling);
            let highest = top(encoding.temporal_layers, selector.ceiling.temporal);
            for spatial in 0..=top(encoding.spatial_layers, selector.ceiling.spatial) {
                for temporal in 0..=highest {
                    let Some(bitrate_bps) = encoding.rates.bitrate_bps((spatial, temporal)) else { continue };
                    // A level that brings nothing is none.
                    if bitrate_bps <= highest_bps || grants.is_full() {
                        continue;
                    }
                    let grant = Grant { encoding: number, spatial, temporal };
                    if selector.granted().is_some_and(|granted| grant.is_within(granted)) {
                        demand.current = Some(grants.len() as u8);
                    }
                    highest_bps = bitrate_bps;
                    // There is room in both, as was seen above.
                    let level = Level { bitrate_bps, size: size_of(number, spatial) };
                    let _ = (demand.levels.push(level), grants.push(grant));
                }
            }
        }
        // The last level is all there is, also of layers that only begin.
        if let Some(last) = grants.last_mut() {
            *last = Grant::ALL;
        }
        Self { demand, grants }
    }
}

/// A number for the size of a picture, higher for a larger one.
fn size_of(encoding: u8, spatial: u8) -> u8 {
    encoding.saturating_mul(LAYERS as u8).saturating_add(spatial)
}

const ALLOCATION_MS: u64 = 100;
const PADDING_PACKETS: u8 = 32;
const SILENT_US: u64 = 1_000_000;
