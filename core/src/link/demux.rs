//! From a datagram's two ends to its link: a hash map of fixed size over lent memory.

use core::net::{IpAddr, SocketAddr};

use super::Route;
use crate::id::LinkId;
use crate::store::{Place, Zeroable};

/// The most validated routes of one link; with another the one that was checked longest ago goes.
pub const ROUTES_PER_LINK: usize = 4;

/// One place of a [`RouteMap`]. All zero is a vacant one.
#[derive(Clone, Copy, Debug, Default, Zeroable)]
pub struct RouteSlot {
    entry: Place<Entry>,
}

#[derive(Clone, Copy, Debug)]
struct Entry {
    route: Route,
    link: LinkId,
    /// Low bits of the hash: they say where the entry would like to stand.
    hash: u32,
    /// When it was last checked, in insertions.
    checked: u64,
}

/// Which link a validated route belongs to. Open addressing with linear probing; removal moves followers back, so
/// that no traces of the removed are left.
#[derive(Debug)]
pub struct RouteMap<'m> {
    slots: &'m mut [RouteSlot],
    seed: u64,
    insertions: u64,
    count: usize,
}

impl<'m> RouteMap<'m> {
    /// Places that `links` links need: a power of two, at most three quarters taken.
    pub const fn slots_for(links: usize) -> usize {
        (links * ROUTES_PER_LINK * 4 / 3 + 1).next_power_of_two()
    }

    /// A map in `slots`, which must be new, and whose number is a power of two. The secret `seed` keeps peers from
    /// choosing addresses that collide.
    pub fn new(slots: &'m mut [RouteSlot], seed: u64) -> Self {
        assert!(slots.len().is_power_of_two() && slots.len() <= 1 << 31, "the number of places is a power of two");
        Self { slots, seed, insertions: 0, count: 0 }
    }

    /// The link of `route`.
    pub fn get(&self, route: &Route) -> Option<LinkId> {
        let at = self.find(route, hash(self.seed, route))?;
        self.slots[at].entry.as_ref().map(|entry| entry.link)
    }

    /// Says that ICE has checked `route` for `link` just now. A route that was another link's changes its owner. False
    /// if the map is full.
    pub fn insert(&mut self, route: &Route, link: LinkId) -> bool {
        self.insertions += 1;
        let hash = hash(self.seed, route);
        if let Some(entry) = self.find(route, hash).and_then(|at| self.slots[at].entry.as_mut())
            && entry.link == link
        {
            entry.checked = self.insertions;
            return true;
        }
        self.remove(route);
        self.make_room(link);
        // One place stays vacant: it ends every search.
        if self.count + 1 >= self.slots.len() {
            return false;
        }
        let mut at = self.home(hash);
        while !self.slots[at].entry.is_vacant() {
            at = self.after(at);
        }
        self.slots[at].entry = Place::Taken(Entry { route: *route, link, hash, checked: self.insertions });
        self.count += 1;
        true
    }

    /// Forgets `route`.
    pub fn remove(&mut self, route: &Route) {
        if let Some(at) = self.find(route, hash(self.seed, route)) {
            self.remove_at(at);
        }
    }

    /// Forgets all routes of `link`. Looks at every place: links come and go seldom.
    pub fn remove_link(&mut self, link: LinkId) {
        let mut at = 0;
        while at < self.slots.len() {
            // What moved back into the place is looked at next.
            if self.slots[at].entry.as_ref().is_some_and(|entry| entry.link == link) {
                self.remove_at(at);
            } else {
                at += 1;
            }
        }
    }

    /// How many routes there are.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Removes the route of `link` that was checked longest ago if it has as many as it may have.
    fn make_room(&mut self, link: LinkId) {
        let mut count = 0;
        let mut oldest: Option<(u64, usize)> = None;
        for (at, entry) in self.slots.iter().enumerate().filter_map(|(at, slot)| Some((at, slot.entry.as_ref()?))) {
            if entry.link == link {
                count += 1;
                let candidate = (entry.checked, at);
                oldest = Some(oldest.map_or(candidate, |oldest| oldest.min(candidate)));
            }
        }
        if let Some((_, at)) = oldest
            && count >= ROUTES_PER_LINK
        {
            self.remove_at(at);
        }
    }

    /// Where `route` stands.
    fn find(&self, route: &Route, hash: u32) -> Option<usize> {
        let mut at = self.home(hash);
        // Ends at the latest at the vacant place.
        while let Place::Taken(entry) = self.slots[at].entry {
            if entry.hash == hash && entry.route == *route {
                return Some(at);
            }
            at = self.after(at);
        }
        None
    }

    /// Empties place `gap` and moves back what would no longer be found behind it.
    fn remove_at(&mut self, mut gap: usize) {
        self.slots[gap].entry = Place::Vacant;
        self.count -= 1;
        let mut at = self.after(gap);
        while let Place::Taken(entry) = self.slots[at].entry {
            let from_home = self.distance(self.home(entry.hash), at);
            if from_home >= self.distance(gap, at) {
                self.slots.swap(gap, at);
                gap = at;
            }
            at = self.after(at);
        }
    }

    fn home(&self, hash: u32) -> usize {
        hash as usize & (self.slots.len() - 1)
    }

    fn after(&self, at: usize) -> usize {
        (at + 1) & (self.slots.len() - 1)
    }

    /// Steps from place `from` on to place `to`.
    fn distance(&self, from: usize, to: usize) -> usize {
        to.wrapping_sub(from) & (self.slots.len() - 1)
    }
}

/// Mixes both ends of `route` with `seed` by folded multiplications. Entries come only from checks with a password,
/// so a stranger cannot fill the map whatever the hash is.
fn hash(seed: u64, route: &Route) -> u32 {
    let mut state = fold(seed ^ 0x243f_6a88_85a3_08d3, 0x1319_8a2e_0370_7344 ^ u64::from(route.remote.port()));
    let scope = match route.remote {
        SocketAddr::V4(_) => 0,
        SocketAddr::V6(address) => address.scope_id(),
    };
    state = fold(state ^ u64::from(scope), seed | 1);
    for address in [route.remote.ip(), route.local] {
        let number = match address {
            IpAddr::V4(address) => u128::from(u32::from(address)),
            IpAddr::V6(address) => u128::from(address),
        };
        state = fold(state ^ number as u64, seed.rotate_left(17) ^ 0xa409_3822_299f_31d0);
        state = fold(state ^ (number >> 64) as u64, seed.rotate_left(41) ^ 0x082e_fa98_ec4e_6c89);
    }
    (state ^ state >> 32) as u32
}

fn fold(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    product as u64 ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::vec;

    use proptest::prelude::*;

    use super::*;

    fn route(number: u16) -> Route {
        Route {
            remote: SocketAddr::from(([10, 0, (number >> 8) as u8, number as u8], 40_000)),
            local: IpAddr::from([10, 0, 0, 1]),
        }
    }

    #[test]
    fn both_ends_tell_routes_apart() {
        let mut slots = [RouteSlot::default(); 8];
        let mut map = RouteMap::new(&mut slots, 1);
        let here = route(1);
        assert!(map.insert(&here, LinkId::new(3, 1)));
        assert_eq!(map.get(&here), Some(LinkId::new(3, 1)));
        assert_eq!(map.get(&Route { local: IpAddr::from([10, 0, 0, 2]), ..here }), None);
        assert_eq!(map.get(&Route { remote: SocketAddr::from(([10, 0, 0, 1], 40_001)), ..here }), None);
    }

    #[test]
    fn of_too_many_routes_the_one_checked_longest_ago_goes() {
        let mut slots = [RouteSlot::default(); 16];
        let mut map = RouteMap::new(&mut slots, 7);
        let link = LinkId::new(1, 1);
        for number in 0..4 {
            map.insert(&route(number), link);
        }
        map.insert(&route(0), link);
        map.insert(&route(9), link);
        assert_eq!(map.len(), ROUTES_PER_LINK);
        assert_eq!(map.get(&route(1)), None);
        assert_eq!(map.get(&route(0)), Some(link));
    }

    #[test]
    fn a_full_map_refuses_and_still_ends_every_search() {
        let mut slots = [RouteSlot::default(); 4];
        let mut map = RouteMap::new(&mut slots, 7);
        for number in 0..3 {
            assert!(map.insert(&route(number), LinkId::new(number, 0)));
        }
        assert!(!map.insert(&route(3), LinkId::new(3, 0)));
        assert_eq!(map.get(&route(4)), None);
        assert!(map.insert(&route(0), LinkId::new(9, 0)), "a new owner needs no new place");
    }

    #[test]
    fn places_suffice_for_all_links() {
        for links in 0..100 {
            let slots = RouteMap::slots_for(links);
            assert!(slots.is_power_of_two() && links * ROUTES_PER_LINK < slots, "{links}");
        }
    }

    proptest! {
        #[test]
        fn the_map_is_a_map_whatever_is_inserted_and_removed(
            seed: u64,
            steps in proptest::collection::vec((0..5_u8, 0..24_u16, 0..8_u16), 1..200),
        ) {
            let mut slots = vec![RouteSlot::default(); RouteMap::slots_for(8)];
            let mut map = RouteMap::new(&mut slots, seed);
            let mut model: HashMap<u16, (u16, usize)> = HashMap::new();
            for (time, (action, number, owner)) in steps.into_iter().enumerate() {
                let link = LinkId::new(owner, 0);
                match action {
                    0..=2 => {
                        prop_assert!(map.insert(&route(number), link));
                        if model.get(&number).is_none_or(|(known, _)| *known != owner) {
                            model.remove(&number);
                            let mut own = model.iter().filter(|(_, (known, _))| *known == owner);
                            if own.clone().count() >= ROUTES_PER_LINK {
                                let first = own.next().unwrap();
                                let oldest = *own.fold(first, |a, b| if a.1.1 < b.1.1 { a } else { b }).0;
                                model.remove(&oldest);
                            }
                        }
                        model.insert(number, (owner, time));
                    }
                    3 => {
                        map.remove(&route(number));
                        model.remove(&number);
                    }
                    _ => {
                        map.remove_link(link);
                        model.retain(|_, (known, _)| *known != owner);
                    }
                }
                prop_assert_eq!(map.len(), model.len());
                for number in 0..24 {
                    let expected = model.get(&number).map(|(owner, _)| LinkId::new(*owner, 0));
                    prop_assert_eq!(map.get(&route(number)), expected);
                }
            }
        }
    }
}
