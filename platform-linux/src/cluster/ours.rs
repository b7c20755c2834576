//! What this box says and sends: who publishes here, as others are told of them, and the ways that they go.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use parlor_core::control::WayOut;
use parlor_core::room::Name;

use super::house::House;
use super::message::{Want, Wants};
use super::topics::Topics;
use super::{Counts, PUBLISHER_BYTES, count};
use crate::log;

/// How often a publisher is told of again: what a broker lost is made good.
const AGAIN: Duration = Duration::from_secs(10);

/// How long a box may be silent about what it wants before it gets nothing more. A broker that starts anew takes less.
const LEASE: Duration = Duration::from_secs(15);

/// What others are to be told: the topic, and a description, or nothing to have them forget it.
pub(super) type Told = (String, Option<Vec<u8>>);

/// Publishers of this box, and their ways to others.
pub(super) struct Ours {
    instance: String,
    publishers: BTreeMap<u64, Announced>,
    ways: BTreeMap<(String, u64), Way>,
}

struct Announced {
    room: Name,
    shown: Vec<u8>,
    /// When others were told; nothing if they are to be told now.
    told: Option<Instant>,
    is_seen: bool,
}

/// Where a publisher goes.
struct Way {
    want: Want,
    confirmed: Instant,
}

impl Ours {
    /// Nobody yet, in the life `instance` of this box.
    pub(super) fn new(instance: String) -> Self {
        Self { instance, publishers: BTreeMap::new(), ways: BTreeMap::new() }
    }

    /// What this life of the box is called.
    pub(super) fn instance(&self) -> &str {
        &self.instance
    }

    /// Somebody publishes in `room`. To be told of all of them between two calls of [`Self::tell`].
    pub(super) fn see(&mut self, number: u64, room: Name, shown: &[u8]) {
        if shown.len() > PUBLISHER_BYTES {
            log::warn("cluster", "a publisher has a description that is too long for other boxes");
            return;
        }
        let known = self.publishers.entry(number).or_insert_with(|| Announced {
            room,
            shown: Vec::new(),
            told: None,
            is_seen: true,
        });
        known.is_seen = true;
        if known.shown != shown {
            known.shown = shown.to_vec();
            known.told = None;
        }
    }

    /// What others are to be told now. Those who were not seen publish no more.
    pub(super) fn tell(&mut self, now: Instant, topics: &Topics, house: &mut impl House) -> Vec<Told> {
        let mut told = Vec::new();
        let Self { instance, publishers, ways } = self;
        publishers.retain(|number, announced| {
            let topic = || topics.publisher(announced.room, instance, *number);
            if !std::mem::take(&mut announced.is_seen) {
                told.push((topic(), None));
                return false;
            }
            if announced.told.is_none_or(|told| now.duration_since(told) >= AGAIN) {
                announced.told = Some(now);
                told.push((topic(), Some(announced.shown.clone())));
            }
            true
        });
        ways.retain(|(to, number), _| {
            let stays = publishers.contains_key(number);
            if !stays {
                house.stop(*number, &name_of(to));
            }
            stays
        });
        told
    }

    /// The broker may have forgotten everything.
    pub(super) fn tell_all_again(&mut self, now: Instant) {
        self.publishers.values_mut().for_each(|announced| announced.told = None);
        self.ways.values_mut().for_each(|way| way.confirmed = now);
    }

    /// The box `from` wants this, and nothing else.
    pub(super) fn send(&mut self, now: Instant, from: &str, wants: Wants, house: &mut impl House, counts: &Counts) {
        if wants.instance != self.instance {
            return;
        }
        self.ways.retain(|(to, number), _| {
            let stays = to != from || wants.feeds.iter().any(|want| want.publisher == *number);
            if !stays {
                house.stop(*number, &name_of(to));
            }
            stays
        });
        for want in wants.feeds {
            let at = (from.to_owned(), want.publisher);
            if let Some(way) = self.ways.get_mut(&at) {
                way.confirmed = now;
                if way.want == want {
                    continue;
                }
                house.stop(want.publisher, &name_of(from));
                self.ways.remove(&at);
            }
            match self.begin(from, &want, house) {
                Ok(()) => _ = self.ways.insert(at, Way { want, confirmed: now }),
                Err(why) => {
                    count(&counts.refused);
                    log::warn("cluster", format_args!("{from} does not get a publisher: {why}"));
                }
            }
        }
    }

    /// Ends the ways to boxes that said nothing for long. Not to be called while the broker is away: then nobody says
    /// anything.
    pub(super) fn end_leases(&mut self, now: Instant, house: &mut impl House) {
        self.ways.retain(|(to, number), way| {
            let stays = now.duration_since(way.confirmed) < LEASE;
            if !stays {
                log::info("cluster", format_args!("{to} is silent and gets nothing more"));
                house.stop(*number, &name_of(to));
            }
            stays
        });
    }

    pub(super) fn count(&self, counts: &Counts) {
        counts.announced.set(self.publishers.len());
        counts.sent.set(self.ways.len());
    }

    fn begin(&self, from: &str, want: &Want, house: &mut impl House) -> Result<(), String> {
        // Only who was told of can be wanted: nobody of a room that does not span boxes, and nobody of another box.
        if !self.publishers.contains_key(&want.publisher) {
            return Err("they are not there".into());
        }
        let keys = want.key.keys().ok_or("it has no key")?;
        let way = WayOut { name: &name_of(from), address: want.address, keys };
        house.send(want.publisher, &way).map_err(|refusal| refusal.reason.to_string())
    }
}

/// What the way to a box is called.
fn name_of(to: &str) -> String {
    format!("box {to}")
}

#[cfg(test)]
mod tests;
