//! What this box hears of others and wants: which boxes are there, who publishes there and is shown here, and whose
//! media shall come.

use std::collections::btree_map::{BTreeMap, Entry};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use parlor_core::id::HandleId;
use parlor_core::random::Random;
use parlor_core::room::Name;

use super::house::House;
use super::message::{Key, Want, Wants};
use super::topics::FeedKey;
use super::{BOXES, Counts, count};
use crate::log;

/// How long a box counts as there after it said so.
const PRESENCE: Duration = Duration::from_millis(1600);

/// How long it still does after the broker said that it is gone: it may have connected anew.
const GRACE: Duration = Duration::from_secs(1);

/// Silence after which media counts as ended whose box the broker does not hear. Reports come each second.
const SILENCE_MS: u32 = 1500;

/// The same while the broker is away, and nobody knows which boxes are there: one report may be lost.
const SILENCE_ALONE_MS: u32 = 2200;

/// How long media goes on coming when nobody wants it any more.
const LINGER: Duration = Duration::from_secs(5);

/// How long a publisher is remembered who is not told of again.
const MEMORY: Duration = Duration::from_secs(30);

/// How soon a publisher is tried again who found no place.
const RETRY: Duration = Duration::from_secs(5);

/// How often what is wanted is said again.
const AGAIN: Duration = Duration::from_secs(1);

/// Other boxes and their publishers.
pub(super) struct Theirs {
    boxes: BTreeMap<String, Neighbour>,
    feeds: BTreeMap<FeedKey, Feed>,
    most_feeds: usize,
    /// The silence that ends publishers whose box is not known to be there.
    silence_ms: u32,
}

/// Another box.
struct Neighbour {
    /// Which of its lives this is.
    instance: String,
    /// Until when it counts as there.
    until: Instant,
    /// Whether it was there when that was looked at last.
    is_there: bool,
    /// What was said last to be wanted of it, and when.
    wanted: (Wants, Option<Instant>),
}

/// A publisher of another box.
struct Feed {
    room: Name,
    shown: Vec<u8>,
    /// When their box told of them last.
    told: Instant,
    place: Place,
}

/// What became of a publisher here.
enum Place {
    /// Not in the room, and not tried before then.
    Nowhere(Option<Instant>),
    /// In the room.
    Shown(Shown),
    /// Somebody here removed or kicked them: they stay away until they publish anew.
    Dismissed,
}

/// A publisher of another box in a room here.
struct Shown {
    handle: HandleId,
    port: u16,
    /// The key under which media comes, and when somebody wanted it last.
    want: Option<(Key, Instant)>,
    /// The silence that ends them; nothing while their box is there.
    silence_ms: Option<u32>,
}

impl Theirs {
    /// Nobody yet, of at most so many.
    pub(super) fn new(most_feeds: usize) -> Self {
        Self { boxes: BTreeMap::new(), feeds: BTreeMap::new(), most_feeds, silence_ms: SILENCE_ALONE_MS }
    }

    /// The box `name` is there, in its life `instance`.
    pub(super) fn hear(&mut self, now: Instant, name: &str, instance: &str, counts: &Counts) {
        let is_full = self.boxes.len() >= BOXES;
        let neighbour = match self.boxes.entry(name.into()) {
            Entry::Vacant(_) if is_full => return count(&counts.full),
            Entry::Vacant(place) => place.insert(Neighbour {
                instance: instance.into(),
                until: now,
                is_there: false,
                wanted: Default::default(),
            }),
            Entry::Occupied(place) => place.into_mut(),
        };
        if neighbour.instance != instance {
            neighbour.instance = instance.into();
            neighbour.wanted = Default::default();
        }
        if neighbour.until <= now {
            // While it was away it told of nobody, who are there all the same.
            let of_it = self.feeds.iter_mut().filter(|(key, _)| key.owner == name && key.instance == instance);
            of_it.for_each(|(_, feed)| feed.told = now);
        }
        neighbour.until = now + PRESENCE;
    }

    /// The broker says that `name` is gone.
    pub(super) fn lose(&mut self, now: Instant, name: &str) {
        if let Some(neighbour) = self.boxes.get_mut(name) {
            neighbour.until = neighbour.until.min(now + GRACE);
        }
    }

    /// Another box tells of a publisher in `room`.
    pub(super) fn show(
        &mut self,
        now: Instant,
        key: FeedKey,
        (room, shown): (Name, &[u8]),
        house: &mut impl House,
        counts: &Counts,
    ) {
        let is_full = self.feeds.len() >= self.most_feeds;
        match self.feeds.entry(key) {
            Entry::Vacant(_) if is_full => count(&counts.full),
            Entry::Vacant(entry) => {
                entry.insert(Feed { room, shown: shown.into(), told: now, place: Place::Nowhere(None) });
            }
            Entry::Occupied(entry) => {
                let feed = entry.into_mut();
                feed.told = now;
                if feed.shown == shown {
                    return;
                }
                feed.shown = shown.into();
                if let Place::Shown(place) = &feed.place
                    && house.update(place.handle, shown).is_err()
                {
                    count(&counts.malformed);
                }
            }
        }
    }

    /// Another box tells that a publisher of its own is gone.
    pub(super) fn forget(&mut self, key: &FeedKey, house: &mut impl House) {
        if let Some(feed) = self.feeds.remove(key) {
            feed.leave(house);
        }
    }

    /// Nothing is known any more of `room`, which is here no more.
    pub(super) fn forget_room(&mut self, room: Name, house: &mut impl House) {
        let gone = self.feeds.extract_if(.., |_, feed| feed.room == room);
        gone.for_each(|(_, feed)| feed.leave(house));
    }

    /// The broker is there again: what it told before counts as told now, and it will tell the rest.
    pub(super) fn connect(&mut self, now: Instant) {
        self.silence_ms = SILENCE_MS;
        self.feeds.values_mut().for_each(|feed| feed.told = now);
        self.boxes.values_mut().for_each(|neighbour| neighbour.wanted.1 = None);
    }

    /// The broker is there no more.
    pub(super) fn disconnect(&mut self) {
        self.silence_ms = SILENCE_ALONE_MS;
    }

    /// Does what is due. `wanted` are the publishers of other boxes whose media somebody wants.
    pub(super) fn tick(
        &mut self,
        now: Instant,
        wanted: &[HandleId],
        random: &mut impl Random,
        house: &mut impl House,
        counts: &Counts,
    ) {
        let Self { boxes, feeds, silence_ms, .. } = self;
        feeds.retain(|key, feed| {
            let is_there = |it: &&Neighbour| it.instance == key.instance && it.until > now;
            let is_there = boxes.get(&key.owner).filter(is_there).is_some();
            let silence_ms = (!is_there).then_some(*silence_ms);
            feed.tick(now, silence_ms, wanted, random, house, counts);
            let is_here = matches!(feed.place, Place::Shown(_));
            // Of a box that is away nothing is told: who is here goes by silence.
            let is_remembered = now.duration_since(feed.told) < MEMORY || is_here && !is_there;
            if !is_remembered {
                feed.leave(house);
            }
            is_remembered
        });
        for (name, neighbour) in boxes.iter_mut() {
            let is_there = neighbour.until > now;
            if std::mem::replace(&mut neighbour.is_there, is_there) != is_there {
                log::info("cluster", format_args!("{name} is {}", if is_there { "there" } else { "gone" }));
            }
        }
        boxes.retain(|_, neighbour| neighbour.until + MEMORY > now);
        let shown = || feeds.values().filter_map(|feed| feed.here());
        counts.boxes.set(boxes.values().filter(|neighbour| neighbour.is_there).count());
        counts.shown.set(shown().count());
        counts.wanted.set(shown().filter(|shown| shown.want.is_some()).count());
    }

    /// What is to be said now to boxes of whom something is wanted, or was until now. Packets shall come to `address`.
    pub(super) fn wants(&mut self, now: Instant, address: IpAddr) -> Vec<(String, Wants)> {
        let mut all = Vec::new();
        for (name, neighbour) in self.boxes.iter_mut().filter(|(_, neighbour)| neighbour.until > now) {
            let of_it = self.feeds.iter().filter(|(key, _)| key.owner == *name && key.instance == neighbour.instance);
            let feeds = of_it.filter_map(|(key, feed)| feed.want(key.number, address)).collect();
            let wants = Wants { instance: neighbour.instance.clone(), feeds };
            let (before, said) = &neighbour.wanted;
            let is_other = wants.feeds != before.feeds;
            let is_due = said.is_none_or(|said| now.duration_since(said) >= AGAIN);
            if is_other || is_due && !wants.feeds.is_empty() {
                neighbour.wanted = (wants.clone(), Some(now));
                all.push((name.clone(), wants));
            }
        }
        all
    }
}

impl Feed {
    /// Does what is due. `silence_ms` ends media while the box is not known to be there.
    fn tick(
        &mut self,
        now: Instant,
        silence_ms: Option<u32>,
        wanted: &[HandleId],
        random: &mut impl Random,
        house: &mut impl House,
        counts: &Counts,
    ) {
        match &mut self.place {
            Place::Nowhere(not_before) if silence_ms.is_none() && not_before.is_none_or(|due| due <= now) => {
                // Under this key nothing comes: with each want there is another.
                let key = Key::new(random);
                let added = key.keys().map(|keys| house.add(self.room, &self.shown, keys));
                match added {
                    Some(Ok((handle, port))) => {
                        self.place = Place::Shown(Shown { handle, port, want: None, silence_ms: None });
                    }
                    Some(Err(why)) => {
                        count(&counts.full);
                        log::warn("cluster", format_args!("a publisher of another box has no place: {}", why.reason));
                        self.place = Place::Nowhere(Some(now + RETRY));
                    }
                    None => {}
                }
            }
            Place::Shown(shown) if !house.has(shown.handle) => {
                // Silence ended them, or somebody here did.
                self.place = if shown.silence_ms.is_some() { Place::Nowhere(None) } else { Place::Dismissed };
            }
            Place::Shown(shown) => {
                shown.follow_want(now, wanted.contains(&shown.handle), random, house);
                if silence_ms.is_some() && shown.want.is_none() {
                    house.remove(shown.handle);
                    self.place = Place::Nowhere(None);
                } else if shown.silence_ms != silence_ms {
                    shown.silence_ms = silence_ms;
                    house.bound_silence(shown.handle, silence_ms.unwrap_or(u32::MAX));
                }
            }
            Place::Nowhere(_) | Place::Dismissed => {}
        }
    }

    fn here(&self) -> Option<&Shown> {
        match &self.place {
            Place::Shown(shown) => Some(shown),
            Place::Nowhere(_) | Place::Dismissed => None,
        }
    }

    fn want(&self, publisher: u64, address: IpAddr) -> Option<Want> {
        let shown = self.here()?;
        let (key, _) = shown.want.as_ref()?;
        Some(Want { publisher, address: SocketAddr::new(address, shown.port), key: key.clone() })
    }

    fn leave(&self, house: &mut impl House) {
        if let Some(shown) = self.here() {
            house.remove(shown.handle);
        }
    }
}

impl Shown {
    fn follow_want(&mut self, now: Instant, is_wanted: bool, random: &mut impl Random, house: &mut impl House) {
        match &mut self.want {
            Some((_, last)) if is_wanted => *last = now,
            Some((_, last)) if now.duration_since(*last) >= LINGER => self.want = None,
            None if is_wanted => {
                // Under one key media comes only once: nobody can play it again.
                let key = Key::new(random);
                if let Some(keys) = key.keys() {
                    house.secure(self.handle, keys);
                }
                self.want = Some((key, now));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests;
