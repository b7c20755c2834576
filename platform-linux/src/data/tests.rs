//! Two associations against each other, in virtual time.

use std::time::{Duration, Instant};

use parlor_core::link::{OpenData, Role};
use parlor_core::wire::data_channel::DeliveryBound;

use super::association::{Channel, Outgoing, Peer};
use super::*;

const LIMITS: Limits = Limits { data_message_bytes: 65_536, data_queue_bytes: 262_144, ..Limits::DEFAULT };

/// Two ends and what one of them heard: channel, whether it is text, message.
struct Pair {
    now: Instant,
    sender: Peer<u8>,
    receiver: Peer<u8>,
    heard: Vec<(u16, bool, Vec<u8>)>,
    /// Of how many packets one is lost; 0: none is.
    lost_one_of: u32,
    passed: u32,
}

impl Pair {
    fn new(sender: Role, receiver: Role) -> Self {
        let end = |role| {
            let data = OpenData { link: LinkId::new(0, 0), shard: 0, role, port: 5000, most_message_bytes: 65_536 };
            Peer::new(&data, &LIMITS)
        };
        let now = Instant::now();
        Self { now, sender: end(sender), receiver: end(receiver), heard: Vec::new(), lost_one_of: 0, passed: 0 }
    }

    fn send(&mut self, origin: u8, channel: Channel, is_text: bool, payload: &[u8]) -> bool {
        self.sender.send(Outgoing { origin, channel, is_text, payload: payload.into() })
    }

    /// Lets packets pass for so long; a receiver that does not read only acknowledges what it has room for.
    fn run(&mut self, time: Duration, reads: bool) {
        let end = self.now + time;
        while self.now < end {
            let mut is_idle = true;
            for is_forward in [true, false] {
                let (from, to) = match is_forward {
                    true => (&mut self.sender, &mut self.receiver),
                    false => (&mut self.receiver, &mut self.sender),
                };
                while let Some(packet) = from.packet(self.now).map(<[u8]>::to_vec) {
                    from.sent();
                    is_idle = false;
                    self.passed += 1;
                    if self.lost_one_of == 0 || !self.passed.is_multiple_of(self.lost_one_of) {
                        to.input(self.now, packet);
                    }
                }
            }
            while let Some(message) = if reads { self.receiver.read() } else { None } {
                self.heard.push((message.channel, message.is_text, message.payload));
                is_idle = false;
            }
            assert!(self.sender.read().is_none());
            if is_idle {
                let due = [self.sender.due(), self.receiver.due()].into_iter().flatten().min();
                self.now = due.unwrap_or(end).clamp(self.now + Duration::from_micros(100), end);
                self.sender.tick(self.now);
                self.receiver.tick(self.now);
            }
        }
    }
}

fn channel(label: &str) -> Channel {
    Channel { label: label.into(), priority: 256, ..Channel::default() }
}

#[test]
fn a_channel_keeps_its_names_and_how_it_delivers_whoever_begins() {
    for (sender, receiver, number) in [(Role::Client, Role::Server, 0), (Role::Server, Role::Client, 1)] {
        let mut pair = Pair::new(sender, receiver);
        let delivery = Delivery { is_unordered: true, bound: DeliveryBound::Repetitions(3) };
        let chat = Channel { delivery, protocol: "p".into(), ..channel("chat") };
        // Before the association is there, too.
        assert!(pair.send(1, chat.clone(), true, b"hello"));
        pair.run(Duration::from_secs(1), true);
        assert!(pair.send(1, chat, false, &[0, 1]) && pair.send(2, channel("files"), true, b""));
        pair.run(Duration::from_secs(1), true);
        let first = (number, true, b"hello".to_vec());
        assert_eq!(pair.heard, [first, (number, false, vec![0, 1]), (number + 2, true, vec![])]);
        let Channel { delivery: told, priority, label, protocol } = pair.receiver.channel(number);
        assert_eq!((told, priority, &*label, &*protocol), (delivery, 256, "chat", "p"));
        assert_eq!(&*pair.receiver.channel(number + 2).label, "files");
        assert_eq!(&*pair.receiver.channel(9).label, "", "one that nobody opened");
    }
}

#[test]
fn a_further_beginning_does_not_disturb_what_has_begun() {
    // Browsers begin whatever the other side does.
    for seconds in [0, 1] {
        let mut pair = Pair::new(Role::Client, Role::Server);
        pair.run(Duration::from_secs(seconds), true);
        for _ in 0..100 {
            let mut other = Pair::new(Role::Client, Role::Server);
            let beginning = other.sender.packet(other.now).unwrap().to_vec();
            pair.sender.input(pair.now, beginning);
        }
        assert!(pair.send(1, channel("chat"), true, b"hello"));
        pair.run(Duration::from_secs(3), true);
        assert_eq!(pair.heard, [(0, true, b"hello".to_vec())]);
    }
}

#[test]
fn messages_of_all_sizes_arrive_in_order_though_packets_are_lost() {
    let mut pair = Pair::new(Role::Client, Role::Server);
    pair.lost_one_of = 37;
    let size = |number: usize| if number.is_multiple_of(20) { 65_536 } else { number % 3000 };
    for number in 0..300_usize {
        while !pair.send(1, channel("chat"), number.is_multiple_of(2), &vec![number as u8; size(number)]) {
            pair.run(Duration::from_millis(20), true);
        }
    }
    pair.run(Duration::from_secs(20), true);
    assert_eq!(pair.heard.len(), 300);
    for (number, (_, is_text, payload)) in pair.heard.iter().enumerate() {
        assert_eq!((*is_text, payload.len()), (number.is_multiple_of(2), size(number)));
        assert!(payload.iter().all(|byte| *byte == number as u8));
    }
}

#[test]
fn what_does_not_fit_is_refused_and_fits_again_when_the_peer_has_read() {
    let mut pair = Pair::new(Role::Client, Role::Server);
    pair.run(Duration::from_secs(1), true);
    assert!(!pair.send(1, channel("chat"), false, &vec![0; 65_537]), "longer than the peer takes");
    let message = vec![7; 60_000];
    let mut sent = 0;
    for _ in 0..20 {
        sent += usize::from(pair.send(1, channel("chat"), false, &message));
        pair.run(Duration::from_secs(1), false);
    }
    assert!(sent < 12 && pair.sender.queued_bytes() > LIMITS.data_queue_bytes as usize - message.len(), "{sent}");
    pair.run(Duration::from_secs(20), true);
    assert_eq!((pair.heard.len(), pair.sender.queued_bytes()), (sent, 0));
    assert!(pair.send(1, channel("chat"), false, &message));
}

#[test]
fn channels_beyond_the_bound_and_long_names_are_not_opened() {
    let mut pair = Pair::new(Role::Client, Role::Server);
    for origin in 0..=u8::MAX {
        let sent = pair.send(origin, channel("chat"), true, b"x");
        pair.run(Duration::from_millis(300), true);
        assert_eq!(sent, origin < 128);
    }
    assert_eq!(pair.heard.len(), 128);
    let mut pair = Pair::new(Role::Client, Role::Server);
    assert!(pair.send(1, channel(&"x".repeat(257)), true, b"x"));
    pair.run(Duration::from_secs(2), true);
    assert_eq!(&*pair.receiver.channel(0).label, "");
}

#[test]
fn a_channel_that_ends_is_told_and_its_number_is_free_again() {
    let mut pair = Pair::new(Role::Client, Role::Server);
    for turn in 0..600 {
        assert!(pair.send(1, channel("chat"), true, b"x"), "{turn}");
        pair.run(Duration::from_millis(300), true);
        pair.sender.close(|origin| *origin == 1);
        pair.run(Duration::from_millis(700), true);
        assert_eq!((pair.heard.len(), &*pair.receiver.channel(0).label), (turn + 1, ""));
    }
}

#[test]
fn garbage_is_nothing() {
    let mut pair = Pair::new(Role::Client, Role::Server);
    for len in [0, 1, 4, 8, 11, 12, 13, 28, 1200] {
        for byte in [0, 1, 0xff] {
            assert!(pair.receiver.input(pair.now, vec![byte; len]).is_empty());
        }
    }
    assert!(pair.send(1, channel("chat"), true, b"hello"));
    pair.run(Duration::from_secs(2), true);
    assert_eq!(pair.heard.len(), 1);
}
