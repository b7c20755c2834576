use parlor_core::control::Refusal;
use parlor_core::id::HandleId;
use parlor_core::media::RelayKeys;

use super::super::message::Key;
use super::*;
use crate::random::SystemSource;

const LIFE: &str = "0123456789abcdef";
const ROOM: Name = Name::Number(7);

/// Where publishers go.
#[derive(Default)]
struct Ways(Vec<(u64, String)>);

impl House for Ways {
    fn add(&mut self, _: Name, _: &[u8], _: RelayKeys) -> Result<(HandleId, u16), Refusal> {
        Err(Refusal { code: 499, field: "remote_publishers", reason: Default::default() })
    }

    fn update(&mut self, _: HandleId, _: &[u8]) -> Result<(), Refusal> {
        Ok(())
    }

    fn secure(&mut self, _: HandleId, _: RelayKeys) {}

    fn bound_silence(&mut self, _: HandleId, _: u32) {}

    fn remove(&mut self, _: HandleId) {}

    fn has(&self, _: HandleId) -> bool {
        false
    }

    fn send(&mut self, number: u64, way: &WayOut<'_>) -> Result<(), Refusal> {
        let way = (number, format!("{} at {}", way.name, way.address));
        assert!(!self.0.contains(&way), "it goes there already");
        self.0.push(way);
        Ok(())
    }

    fn stop(&mut self, number: u64, name: &str) {
        let before = self.0.len();
        self.0.retain(|(other, way)| *other != number || !way.starts_with(&format!("{name} at")));
        assert_eq!(self.0.len(), before - 1);
    }
}

struct Telling {
    ours: Ours,
    ways: Ways,
    topics: Topics,
    counts: Counts,
    now: Instant,
}

impl Telling {
    fn new() -> Self {
        let (ours, topics) = (Ours::new(LIFE.into()), Topics::new("parlor", "a"));
        Self { ours, ways: Ways::default(), topics, counts: Counts::default(), now: Instant::now() }
    }

    /// What is told while these publish.
    fn tell(&mut self, publishers: &[(u64, &str)]) -> Vec<Option<String>> {
        for (number, shown) in publishers {
            self.ours.see(*number, ROOM, shown.as_bytes());
        }
        let told = self.ours.tell(self.now, &self.topics, &mut self.ways);
        told.into_iter().map(|(_, text)| text.map(|text| String::from_utf8(text).unwrap())).collect()
    }

    fn want(&mut self, from: &str, feeds: &[Want]) {
        let wants = Wants { instance: LIFE.into(), feeds: feeds.to_vec() };
        self.ours.send(self.now, from, wants, &mut self.ways, &self.counts);
    }
}

fn want(publisher: u64, port: u16) -> Want {
    Want { publisher, address: ([10, 0, 0, 2], port).into(), key: Key::new(&mut SystemSource::new()) }
}

#[test]
fn others_are_told_who_comes_changes_and_goes_and_now_and_then_who_is_there() {
    let mut telling = Telling::new();
    assert_eq!(telling.tell(&[(1, "one")]), [Some("one".into())]);
    assert_eq!(telling.tell(&[(1, "one")]), []);
    assert_eq!(telling.tell(&[(1, "another")]), [Some("another".into())]);
    telling.now += AGAIN;
    assert_eq!(telling.tell(&[(1, "another")]), [Some("another".into())]);
    telling.ours.tell_all_again(telling.now);
    assert_eq!(telling.tell(&[(1, "another")]), [Some("another".into())]);
    assert_eq!(telling.tell(&[]), [None]);
    assert_eq!(telling.tell(&[]), []);
    assert_eq!(telling.tell(&[(1, &"x".repeat(PUBLISHER_BYTES + 1))]), []);
}

#[test]
fn a_box_gets_what_it_wants_once_and_nothing_more() {
    let mut telling = Telling::new();
    telling.tell(&[(1, "one"), (2, "two")]);
    let (one, two) = (want(1, 4001), want(2, 4002));
    telling.want("b", &[one.clone(), two.clone()]);
    telling.want("b", &[one.clone(), two]);
    telling.want("c", std::slice::from_ref(&one));
    assert_eq!(telling.ways.0.len(), 3);
    telling.want("b", std::slice::from_ref(&one));
    assert_eq!(telling.ways.0.len(), 2);
    telling.want("b", &[want(1, 5001)]);
    assert_eq!(telling.ways.0.last(), Some(&(1, "box b at 10.0.0.2:5001".into())), "it begins anew elsewhere");
    telling.tell(&[(2, "two")]);
    assert!(telling.ways.0.is_empty(), "they are gone");
}

#[test]
fn who_is_not_told_of_goes_nowhere() {
    let mut telling = Telling::new();
    telling.want("b", &[want(1, 4001)]);
    assert_eq!((telling.ways.0.len(), telling.counts.refused.get()), (0, 1));
    telling.tell(&[(1, "one")]);
    let wants = Wants { instance: "another life".into(), feeds: vec![want(1, 4001)] };
    telling.ours.send(telling.now, "b", wants, &mut telling.ways, &telling.counts);
    assert!(telling.ways.0.is_empty());
}

#[test]
fn a_box_that_is_silent_gets_nothing_after_a_while() {
    let mut telling = Telling::new();
    telling.tell(&[(1, "one")]);
    let one = want(1, 4001);
    telling.want("b", std::slice::from_ref(&one));
    telling.now += LEASE / 2;
    telling.want("b", std::slice::from_ref(&one));
    telling.now += LEASE / 2;
    telling.ours.end_leases(telling.now, &mut telling.ways);
    assert_eq!(telling.ways.0.len(), 1);
    telling.now += LEASE;
    telling.ours.tell_all_again(telling.now);
    telling.ours.end_leases(telling.now, &mut telling.ways);
    assert_eq!(telling.ways.0.len(), 1, "the broker was away: nobody could say anything");
    telling.now += LEASE;
    telling.ours.end_leases(telling.now, &mut telling.ways);
    assert!(telling.ways.0.is_empty());
}
