//! What a publisher sends that nobody gets: found out here, told by REMB and to the control half.

use crate::id::{LinkId, StreamId};
use crate::link::{Gcm, Link};
use crate::media::Media;
use crate::random::Random;
use crate::store::{Table, list};
use crate::stream::Stream;
use crate::time::Instant;
use crate::wire::Kind;

impl<G: Gcm, R: Random> Media<'_, G, R> {
    /// Somebody begins to get a stream, or may get other layers of it: its publisher hears of it soon.
    pub(super) fn review_need(&mut self, now: Instant, id: StreamId) {
        let Some(link) = self.streams.get(id).map(|stream| stream.parameters.link) else { return };
        if let Some(state) = self.links.get_mut(link).filter(|state| state.feedback.follows_need) {
            state.feedback.need_due = now;
            self.wake(link.index, now);
        }
    }

    /// Looks at who gets what of the streams of a link, if it is time.
    pub(super) fn note_needs(&mut self, now: Instant, id: LinkId) {
        let Some(state) = self.links.get_mut(id).filter(|state| state.feedback.follows_need) else { return };
        if state.feedback.need_due > now {
            return;
        }
        state.feedback.need_due = now.after_ms(NEED_MS);
        let mut at = state.streams;
        let mut has_changed = false;
        while let Some(stream) = self.streams.at(at) {
            let (place, next) = (at, stream.next_of_link);
            at = next;
            if stream.parameters.codec.kind() == Kind::Audio {
                continue;
            }
            let layers = self.needed_layers(stream);
            let Some(stream) = self.streams.at_mut(place) else { return };
            stream.encodings.iter_mut().for_each(|encoding| encoding.note_usual_rate(now));
            has_changed |= stream.need.note(layers, now) || stream.need.told != Some(stream.need.layers());
        }
        if let Some(state) = self.links.get_mut(id).filter(|_| has_changed) {
            state.feedback.bitrate_due = now;
            state.news.needs = true;
            self.has_news = true;
        }
    }

    /// How many layers of a stream somebody gets, or would get if they were sent. Of spatial layers those count that
    /// applications ask for: what a way carries is seen only as long as they are sent.
    fn needed_layers(&self, stream: &Stream) -> u8 {
        let last = stream.layers() - 1;
        let is_simulcast = stream.encodings.len() > 1;
        let mut needed = 0;
        let mut at = stream.subscriptions;
        while let Some(subscription) = self.subscriptions.at(at) {
            at = subscription.next_of_stream;
            let is_up = self.links.get(subscription.parameters.link).is_some_and(Link::is_up);
            if is_up && subscription.parameters.active && subscription.selector.granted().is_some() {
                let selector = &subscription.selector;
                let highest = if is_simulcast { selector.highest_encoding() } else { selector.ceiling.spatial };
                needed = needed.max(highest.min(last) + 1);
            }
        }
        at = stream.relays;
        while let Some(relay) = self.relays.at(at) {
            at = relay.next_of_stream;
            let highest = if is_simulcast { relay.parameters.layer.unwrap_or(last) } else { last };
            let there = (0..=highest.min(last)).take_while(|layer| relay.needs(*layer)).count();
            needed = needed.max(there as u8);
        }
        needed
    }
}

/// The bitrate that is enough for what is needed of the streams of a link, in bits a second; `None` if that is
/// everything.
pub(super) fn needed_bps<G: Gcm>(link: &Link<G>, streams: &Table<'_, Stream>) -> Option<u32> {
    if !link.feedback.follows_need {
        return None;
    }
    let (mut sum_bps, mut at) = (0_u32, link.streams);
    while let Some(stream) = streams.at(at) {
        at = stream.next_of_link;
        let needed_bps = match (stream.parameters.codec.kind(), stream.need.layers()) {
            (Kind::Audio, _) => AUDIO_BPS,
            (Kind::Video, 0) => FLOOR_BPS,
            (Kind::Video, needed) if needed >= stream.layers() => return None,
            (Kind::Video, needed) => {
                let usual_bps = usual_bps(stream, needed);
                usual_bps.saturating_add(usual_bps / MARGIN)
            }
        };
        sum_bps = sum_bps.saturating_add(needed_bps);
    }
    (link.streams != list::END).then_some(sum_bps)
}

/// What so many layers usually take, in bits a second.
fn usual_bps(stream: &Stream, layers: u8) -> u32 {
    match &stream.encodings[..] {
        [encoding] => encoding.usual_bps[usize::from(layers) - 1].max(LAYER_BPS * u32::from(layers)),
        encodings => {
            let usual = encodings.iter().take(usize::from(layers));
            usual.map(|encoding| encoding.usual_bps().max(LAYER_BPS)).fold(0, u32::saturating_add)
        }
    }
}

/// How often it is looked whether somebody still gets something.
const NEED_MS: u64 = 500;

/// What audio is given, which nobody's need bounds.
const AUDIO_BPS: u32 = 128_000;

/// What a picture is left with that nobody gets: enough to begin with.
const FLOOR_BPS: u32 = 64_000;

/// The least that a layer is given: what it took lately says little where nothing moved.
const LAYER_BPS: u32 = 100_000;

/// The part that is given beyond what an encoding usually takes.
const MARGIN: u32 = 4;
