use parlor_core::control::{Refusal, WayOut};
use parlor_core::media::RelayKeys;

use super::*;
use crate::random::SystemSource;

const LIFE: &str = "0123456789abcdef";
const NEXT_LIFE: &str = "fedcba9876543210";
const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 1));

/// A box with so many places.
#[derive(Default)]
struct Rooms {
    places: usize,
    next: u16,
    there: Vec<HandleId>,
    keys: usize,
    bounds: Vec<(HandleId, u32)>,
    shown: Vec<String>,
}

impl House for Rooms {
    fn add(&mut self, _: Name, shown: &[u8], _: RelayKeys) -> Result<(HandleId, u16), Refusal> {
        if self.there.len() == self.places {
            return Err(Refusal { code: 499, field: "remote_publishers", reason: Default::default() });
        }
        self.next += 1;
        let handle = HandleId::new(self.next, 0);
        self.there.push(handle);
        self.shown.push(String::from_utf8_lossy(shown).into());
        Ok((handle, 4000 + self.next))
    }

    fn update(&mut self, _: HandleId, shown: &[u8]) -> Result<(), Refusal> {
        self.shown.push(String::from_utf8_lossy(shown).into());
        Ok(())
    }

    fn secure(&mut self, _: HandleId, _: RelayKeys) {
        self.keys += 1;
    }

    fn bound_silence(&mut self, handle: HandleId, silence_ms: u32) {
        self.bounds.push((handle, silence_ms));
    }

    fn remove(&mut self, handle: HandleId) {
        self.there.retain(|other| *other != handle);
    }

    fn has(&self, handle: HandleId) -> bool {
        self.there.contains(&handle)
    }

    fn send(&mut self, _: u64, _: &WayOut<'_>) -> Result<(), Refusal> {
        Ok(())
    }

    fn stop(&mut self, _: u64, _: &str) {}
}

/// Box `a` as box `b` sees it.
struct Watching {
    theirs: Theirs,
    rooms: Rooms,
    counts: Counts,
    now: Instant,
    wanted: Vec<HandleId>,
}

impl Watching {
    fn new() -> Self {
        let rooms = Rooms { places: 2, ..Rooms::default() };
        Self { theirs: Theirs::new(3), rooms, counts: Counts::default(), now: Instant::now(), wanted: Vec::new() }
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.theirs.tick(self.now, &self.wanted, &mut SystemSource::new(), &mut self.rooms, &self.counts);
    }

    /// The same while the box says that it is there.
    fn pass_with(&mut self, life: &str, time: Duration) {
        for _ in 0..time.div_duration_f64(SHORT).ceil() as u32 {
            self.theirs.hear(self.now, "a", life, &self.counts);
            self.pass(SHORT);
        }
    }

    fn show(&mut self, life: &str, number: u64, shown: &str) {
        let (room, shown) = (Name::Number(7), shown.as_bytes());
        self.theirs.show(self.now, key(life, number), (room, shown), &mut self.rooms, &self.counts);
    }

    fn wants(&mut self) -> Vec<(String, Wants)> {
        self.theirs.wants(self.now, HERE)
    }
}

fn key(life: &str, number: u64) -> FeedKey {
    FeedKey { owner: "a".into(), instance: life.into(), number }
}

const SHORT: Duration = Duration::from_millis(400);

#[test]
fn a_publisher_is_shown_while_their_box_is_there() {
    let mut watching = Watching::new();
    watching.show(LIFE, 1, "one");
    watching.pass(SHORT);
    assert!(watching.rooms.there.is_empty(), "nobody knows whether that box is there");
    watching.pass_with(LIFE, SHORT);
    assert_eq!(watching.rooms.shown, ["one"]);
    watching.show(LIFE, 1, "another");
    watching.pass_with(LIFE, 20 * SHORT);
    assert_eq!((watching.rooms.there.len(), watching.rooms.shown.len()), (1, 2));
    watching.pass(PRESENCE);
    assert!(watching.rooms.there.is_empty(), "their box is gone");
    watching.pass_with(LIFE, SHORT);
    assert_eq!(watching.rooms.there.len(), 1, "it is there again");
    watching.theirs.forget(&key(LIFE, 1), &mut watching.rooms);
    assert!(watching.rooms.there.is_empty());
}

#[test]
fn a_box_that_the_broker_missed_for_a_moment_is_not_gone() {
    let mut watching = Watching::new();
    watching.show(LIFE, 1, "one");
    watching.pass_with(LIFE, SHORT);
    watching.theirs.lose(watching.now, "a");
    watching.pass(SHORT);
    watching.pass_with(LIFE, 4 * SHORT);
    assert_eq!((watching.rooms.there.len(), watching.rooms.shown.len()), (1, 1));
    watching.theirs.lose(watching.now, "a");
    watching.pass(GRACE);
    assert!(watching.rooms.there.is_empty());
}

#[test]
fn of_a_box_in_a_new_life_nobody_of_the_old_one_is_left() {
    let mut watching = Watching::new();
    watching.show(LIFE, 1, "one");
    watching.pass_with(LIFE, SHORT);
    watching.show(NEXT_LIFE, 2, "two");
    watching.pass_with(NEXT_LIFE, SHORT);
    assert_eq!((watching.rooms.there.len(), watching.rooms.shown.last().unwrap().as_str()), (1, "two"));
}

#[test]
fn media_comes_while_somebody_wants_it_and_a_little_longer() {
    let mut watching = Watching::new();
    watching.show(LIFE, 1, "one");
    watching.pass_with(LIFE, SHORT);
    assert!(watching.wants().is_empty(), "nobody wants anything");
    watching.wanted = watching.rooms.there.clone();
    watching.pass_with(LIFE, SHORT);
    let said = watching.wants();
    let (owner, wants) = said.first().unwrap();
    assert_eq!((owner.as_str(), wants.instance.as_str(), wants.feeds.len()), ("a", LIFE, 1));
    assert_eq!((wants.feeds[0].publisher, wants.feeds[0].address), (1, SocketAddr::new(HERE, 4001)));
    let first = wants.feeds[0].key.clone();
    assert!(watching.wants().is_empty(), "it was said just now");
    watching.pass_with(LIFE, AGAIN);
    assert_eq!(watching.wants()[0].1.feeds[0].key, first, "it is said again");
    watching.wanted.clear();
    watching.pass_with(LIFE, LINGER - SHORT);
    assert_eq!(watching.wants()[0].1.feeds.len(), 1, "somebody may come back");
    watching.pass_with(LIFE, 2 * SHORT);
    assert_eq!(watching.wants()[0].1.feeds.len(), 0);
    watching.pass_with(LIFE, AGAIN);
    assert!(watching.wants().is_empty(), "that is said once");
    watching.wanted = watching.rooms.there.clone();
    watching.pass_with(LIFE, SHORT);
    assert_ne!(watching.wants()[0].1.feeds[0].key, first, "a key is used once");
    assert_eq!(watching.rooms.keys, 2);
}

#[test]
fn who_is_watched_stays_as_long_as_media_comes() {
    let mut watching = Watching::new();
    watching.show(LIFE, 1, "one");
    watching.pass_with(LIFE, SHORT);
    watching.wanted = watching.rooms.there.clone();
    let handle = watching.wanted[0];
    watching.pass_with(LIFE, SHORT);
    watching.pass(PRESENCE);
    watching.pass(2 * MEMORY);
    assert_eq!(watching.rooms.bounds, [(handle, SILENCE_ALONE_MS)]);
    watching.theirs.connect(watching.now);
    watching.pass(SHORT);
    assert_eq!(watching.rooms.bounds.last(), Some(&(handle, SILENCE_MS)));
    assert!(watching.rooms.has(handle), "their box is not heard, but media may come");
    watching.pass_with(LIFE, SHORT);
    assert_eq!(watching.rooms.bounds.last(), Some(&(handle, u32::MAX)));
    assert!(watching.rooms.has(handle));
    watching.pass(PRESENCE);
    // The shard hears nothing for long enough.
    watching.rooms.remove(handle);
    watching.pass(SHORT);
    watching.pass_with(LIFE, 2 * SHORT);
    assert_eq!(watching.rooms.there.len(), 1, "they are back with their box");
}

#[test]
fn whom_somebody_here_kicked_stays_away() {
    let mut watching = Watching::new();
    watching.show(LIFE, 1, "one");
    watching.pass_with(LIFE, SHORT);
    watching.rooms.there.clear();
    for _ in 0..10 {
        watching.show(LIFE, 1, "one");
        watching.pass_with(LIFE, 2 * RETRY / 10);
    }
    assert!(watching.rooms.there.is_empty());
    watching.theirs.forget(&key(LIFE, 1), &mut watching.rooms);
    watching.show(LIFE, 1, "one");
    watching.pass_with(LIFE, SHORT);
    assert_eq!(watching.rooms.there.len(), 1, "they publish anew");
}

#[test]
fn who_finds_no_place_is_counted_and_tried_again() {
    let mut watching = Watching::new();
    for number in 1..=4 {
        watching.show(LIFE, number, "somebody");
    }
    assert_eq!(watching.counts.full.get(), 1, "the fourth is not remembered");
    watching.pass_with(LIFE, SHORT);
    assert_eq!((watching.rooms.there.len(), watching.counts.full.get()), (2, 2));
    watching.theirs.forget(&key(LIFE, 1), &mut watching.rooms);
    watching.pass_with(LIFE, RETRY);
    watching.pass_with(LIFE, SHORT);
    assert_eq!(watching.rooms.there.len(), 2);
}

#[test]
fn who_is_not_told_of_any_more_is_forgotten() {
    let mut watching = Watching::new();
    watching.show(LIFE, 1, "one");
    watching.pass_with(LIFE, MEMORY + SHORT);
    assert!(watching.rooms.there.is_empty() && watching.theirs.feeds.is_empty());
    for number in 0..2 * BOXES {
        watching.theirs.hear(watching.now, &number.to_string(), LIFE, &watching.counts);
    }
    assert_eq!(watching.theirs.boxes.len(), BOXES);
    watching.pass(PRESENCE + MEMORY);
    assert!(watching.theirs.boxes.is_empty());
}

#[test]
fn with_a_room_all_in_it_are_forgotten() {
    let mut watching = Watching::new();
    watching.show(LIFE, 1, "one");
    watching.pass_with(LIFE, SHORT);
    watching.theirs.forget_room(Name::Number(8), &mut watching.rooms);
    assert_eq!(watching.rooms.there.len(), 1);
    watching.theirs.forget_room(Name::Number(7), &mut watching.rooms);
    assert!(watching.rooms.there.is_empty() && watching.theirs.feeds.is_empty());
}
