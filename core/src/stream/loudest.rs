//! Who of many is heard: a few places that those have who speak, so that a room of many costs what a few cost.
//!
//! A place is taken by speech and never by comfort noise, kept over the pauses between sentences, and given up only
//! when somebody else wants it: to whoever speaks while its owner was silent for a while, or to whoever is much louder
//! once its owner had it for some time.

use heapless::Vec;

use crate::id::StreamId;
use crate::stream::Voice;
use crate::time::Instant;

/// The most places of a conversation.
pub const LOUDEST: usize = 16;

/// Whose streams are forwarded.
#[derive(Clone, Debug, Default)]
pub struct Loudest {
    places: Vec<Place, LOUDEST>,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    stream: StreamId,
    /// Since when it has the place.
    since: Instant,
    /// When it was last speech.
    spoke: Instant,
    loudness_16: u16,
}

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Admission {
    /// It is forwarded.
    Continues,
    /// It is forwarded, and those before it were not.
    Begins,
    /// It is not.
    Waits,
}

impl Loudest {
    /// What becomes of a packet of `stream` that `voice` heard already, where `count` are forwarded.
    pub fn admit(&mut self, stream: StreamId, voice: &Voice, count: u8, now: Instant) -> Admission {
        let count = usize::from(count).min(LOUDEST);
        while self.places.len() > count {
            self.give_up(self.longest_silent());
        }
        let is_speaking = voice.is_speaking(now);
        if let Some(place) = self.places.iter_mut().find(|place| place.stream == stream) {
            place.loudness_16 = voice.loudness_16();
            place.spoke = if is_speaking { now } else { place.spoke };
            return Admission::Continues;
        }
        if !is_speaking {
            return Admission::Waits;
        }
        if self.places.len() == count {
            let Some(loser) = self.loser(voice, now) else { return Admission::Waits };
            self.give_up(Some(loser));
        }
        let place = Place { stream, since: now, spoke: now, loudness_16: voice.loudness_16() };
        // There is room where fewer than the count are there.
        let _ = self.places.push(place);
        Admission::Begins
    }

    /// `stream` is there no more.
    pub fn remove(&mut self, stream: StreamId) {
        self.places.retain(|place| place.stream != stream);
    }

    /// The streams that have a place.
    pub fn streams(&self) -> impl Iterator<Item = StreamId> {
        self.places.iter().map(|place| place.stream)
    }

    /// Who must yield to somebody with this voice.
    fn loser(&self, voice: &Voice, now: Instant) -> Option<StreamId> {
        let silent = |place: &&Place| now.since_us(place.spoke) >= HANGOVER_US;
        let by_silence = self.places.iter().filter(silent).min_by_key(|place| place.spoke);
        let by_loudness = || {
            let had = |place: &&Place| now.since_us(place.since) >= TENURE_US;
            let quietest = self.places.iter().filter(had).min_by_key(|place| place.loudness_16)?;
            (voice.loudness_16() >= quietest.loudness_16 + MARGIN_16).then_some(quietest)
        };
        by_silence.or_else(by_loudness).map(|place| place.stream)
    }

    fn longest_silent(&self) -> Option<StreamId> {
        self.places.iter().min_by_key(|place| place.spoke).map(|place| place.stream)
    }

    fn give_up(&mut self, stream: Option<StreamId>) {
        stream.into_iter().for_each(|stream| self.remove(stream));
    }
}

/// Whoever is silent for so long yields to anybody who speaks.
const HANGOVER_US: u64 = 1_500_000;

/// Nobody is outvoiced before they had their place for so long.
const TENURE_US: u64 = 2_000_000;

/// Who outvoices somebody is so much louder: 6 dB.
const MARGIN_16: u16 = 6 * 16;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// People who send a frame each 20 ms.
    struct People<const N: usize> {
        loudest: Loudest,
        voices: [Voice; N],
        frame: u32,
    }

    impl<const N: usize> People<N> {
        fn new() -> Self {
            Self { loudest: Loudest::default(), voices: [Voice::default(); N], frame: 0 }
        }

        fn now(&self) -> Instant {
            Instant::from_ms(u64::from(self.frame) * 20)
        }

        /// One frame of each, with its level.
        fn frame(&mut self, levels: [u8; N], count: u8) -> [Admission; N] {
            self.frame += 1;
            let now = self.now();
            core::array::from_fn(|at| {
                self.voices[at].arrived(levels[at], (self.frame * 960, 48_000), now);
                self.loudest.admit(StreamId::new(at as u16, 1), &self.voices[at], count, now)
            })
        }

        fn frames(&mut self, levels: [u8; N], frames: u32) -> [bool; N] {
            let mut last = [Admission::Waits; N];
            (0..frames).for_each(|_| last = self.frame(levels, 2));
            last.map(|admission| admission != Admission::Waits)
        }
    }

    #[test]
    fn a_place_is_had_by_speech_and_kept_over_a_pause() {
        let mut people = People::<3>::new();
        assert_eq!(people.frames([127, 127, 127], 50), [false; 3], "silence takes no place");
        assert_eq!(people.frames([30, 127, 127], 3), [true, false, false], "speech does at once");
        assert_eq!(people.frames([127, 127, 127], 100), [true, false, false], "nobody else wants it");
        assert_eq!(people.frames([127, 30, 127], 10), [true, true, false]);
        assert_eq!(people.frames([127, 30, 30], 10), [false, true, true], "whoever is silent longest yields");
        assert_eq!(people.frames([30, 30, 30], 50), [false, true, true], "a place is not taken from who speaks");
    }

    #[test]
    fn who_is_much_louder_is_heard_after_a_while_and_no_flapping_follows() {
        let mut people = People::<3>::new();
        people.frames([45, 40, 127], 10);
        assert_eq!(people.frames([45, 40, 20], 60), [true, true, false], "they just began");
        assert_eq!(people.frames([45, 40, 20], 60), [false, true, true]);
        let mut changes = 0;
        for _ in 0..500 {
            changes += people.frame([45, 40, 20], 2).iter().filter(|it| **it == Admission::Begins).count();
        }
        assert_eq!(changes, 0);
    }

    #[test]
    fn fewer_places_leave_those_who_spoke_last() {
        let mut people = People::<3>::new();
        people.frames([30, 127, 127], 10);
        people.frames([127, 30, 127], 10);
        people.frame([127, 30, 127], 1);
        assert_eq!(people.loudest.streams().collect::<std::vec::Vec<_>>(), [StreamId::new(1, 1)]);
    }

    proptest! {
        #[test]
        fn never_more_than_the_count_and_never_two_changes_of_one_place_in_a_breath(
            levels in proptest::collection::vec(proptest::array::uniform5(0_u8..=127), 1..400),
            count in 1_u8..4,
        ) {
            let mut people = People::<5>::new();
            let mut began = [None::<Instant>; 5];
            let mut had = [false; 5];
            for frame in levels {
                let admitted = people.frame(frame, count).map(|admission| admission != Admission::Waits);
                let has: [bool; 5] = core::array::from_fn(|at| {
                    people.loudest.streams().any(|stream| stream == StreamId::new(at as u16, 1))
                });
                prop_assert!(has.iter().filter(|has| **has).count() <= usize::from(count));
                let now = people.now();
                for at in 0..5 {
                    if has[at] && !had[at] {
                        prop_assert!(admitted[at]);
                        began[at] = Some(now);
                    }
                    if had[at] && !has[at] {
                        prop_assert!(began[at].is_some_and(|began| now.since_us(began) >= HANGOVER_US));
                    }
                }
                had = has;
            }
        }
    }
}
