//! An agent and the checks of its peer.

use core::net::{IpAddr, SocketAddr};
use std::vec::Vec;

use super::*;
use crate::id::LinkId;

fn credentials(seed: u8) -> Credentials {
    Credentials::new(LinkId::new(1, 1), [seed; 25])
}

fn remote(ufrag: &str) -> RemoteUfrag {
    RemoteUfrag::try_from(ufrag).unwrap()
}

fn route(port: u16) -> Route {
    Route { remote: SocketAddr::from(([10, 0, 0, 9], port)), local: IpAddr::from([10, 0, 0, 1]) }
}

/// What a peer may get wrong.
#[derive(Clone)]
struct Peer {
    ours: Credentials,
    ufrag: &'static str,
    nominates: bool,
    priority: u32,
    role: IceRole,
}

impl Peer {
    fn new(ours: &Credentials) -> Self {
        let role = IceRole::Controlling(5);
        Self { ours: ours.clone(), ufrag: "peer", nominates: true, priority: 100, role }
    }

    fn nominates(mut self, nominates: bool) -> Self {
        self.nominates = nominates;
        self
    }

    fn request(&self) -> Vec<u8> {
        let username = std::format!("{}:{}", self.ours.ufrag, self.ufrag);
        let mut request = Request::default();
        request.transaction = [3; 12];
        request.username = Some(username.as_bytes());
        request.priority = Some(self.priority);
        request.use_candidate = self.nominates;
        request.role = Some(self.role);
        let mut buffer = [0; 256];
        let integrity = Integrity::new(self.ours.password.as_bytes());
        let len = request.write(&mut buffer, integrity.as_ref()).unwrap();
        buffer[..len].to_vec()
    }
}

/// Gives `agent` a check of `peer` from `port`, and says what it did and the kind of the reply.
fn check(agent: &mut IceAgent, ms: u64, peer: &Peer, port: u16) -> (Outcome, [u8; 2]) {
    let mut reply = [0; REPLY_BYTES];
    let bytes = peer.request();
    let request = Request::new(&bytes).unwrap();
    let check = agent.check(Instant::from_ms(ms), &request, &route(port), &mut reply);
    assert!(check.reply_len > 0 && check.reply_len <= bytes.len(), "no reply is longer than its request");
    (check.outcome, [reply[0], reply[1]])
}

const SUCCESS: [u8; 2] = [1, 1];
const ERROR: [u8; 2] = [1, 0x11];
const REFUSED: Outcome = Outcome::Refused(Drop::StunRefused);

#[test]
fn the_first_valid_check_connects_even_without_nomination() {
    let ours = credentials(1);
    let mut agent = IceAgent::new(Instant::from_ms(0), ours.clone(), remote("peer"));
    assert_eq!(agent.route(), None);
    let peer = Peer::new(&ours).nominates(false);
    assert_eq!(check(&mut agent, 1, &peer, 1), (Outcome::Connected, SUCCESS));
    assert_eq!(agent.route(), Some(&route(1)));
    assert_eq!(check(&mut agent, 2, &peer, 2), (Outcome::Validated, SUCCESS));
    assert_eq!(agent.route(), Some(&route(1)));
}

#[test]
fn a_nomination_moves_the_link_at_once() {
    let ours = credentials(1);
    let mut agent = IceAgent::new(Instant::from_ms(0), ours.clone(), remote("peer"));
    let peer = Peer::new(&ours);
    check(&mut agent, 1, &peer.clone().nominates(false), 1);
    assert_eq!(check(&mut agent, 2, &peer, 2).0, Outcome::Moved);
    let mut worse = peer.clone();
    worse.priority = 1;
    assert_eq!(check(&mut agent, 3, &worse, 3).0, Outcome::Validated, "a burst of nominations means the best");
    assert_eq!(check(&mut agent, 3 + BURST_MS, &worse, 3).0, Outcome::Moved, "a phone left its network");
    assert_eq!(agent.route(), Some(&route(3)));
}

#[test]
fn a_route_that_fell_silent_gives_way_without_nomination() {
    let ours = credentials(1);
    let mut agent = IceAgent::new(Instant::from_ms(0), ours.clone(), remote("peer"));
    let peer = Peer::new(&ours);
    let quiet = peer.clone().nominates(false);
    check(&mut agent, 1, &peer, 1);
    assert_eq!(check(&mut agent, SILENT_ROUTE_MS, &quiet, 2).0, Outcome::Validated);
    assert_eq!(check(&mut agent, SILENT_ROUTE_MS + 1, &quiet, 2).0, Outcome::Moved);
}

#[test]
fn wrong_credentials_are_refused() {
    let ours = credentials(1);
    let mut agent = IceAgent::new(Instant::from_ms(0), ours.clone(), remote("peer"));
    let mut wrong_name = Peer::new(&ours);
    wrong_name.ufrag = "else";
    let mut wrong_password = Peer::new(&ours);
    wrong_password.ours.password = credentials(2).password;
    let unknown = Peer::new(&credentials(3));
    for peer in [wrong_name, wrong_password, unknown] {
        assert_eq!(check(&mut agent, 1, &peer, 1), (REFUSED, ERROR));
    }
    assert_eq!(agent.route(), None);
}

#[test]
fn a_request_without_a_password_is_a_bad_request() {
    let ours = credentials(1);
    let mut agent = IceAgent::new(Instant::from_ms(0), ours.clone(), remote("peer"));
    let username = std::format!("{}:peer", ours.ufrag);
    let mut request = Request::default();
    request.username = Some(username.as_bytes());
    let mut reply = [0; REPLY_BYTES];
    let check = agent.check(Instant::from_ms(1), &request, &route(1), &mut reply);
    assert_eq!((check.outcome, reply[26], reply[27]), (REFUSED, 4, 0));
}

#[test]
fn a_peer_that_wants_to_be_controlled_is_told_of_the_conflict() {
    let ours = credentials(1);
    let mut agent = IceAgent::new(Instant::from_ms(0), ours.clone(), remote("peer"));
    let mut peer = Peer::new(&ours);
    peer.role = IceRole::Controlled(u64::MAX);
    let bytes = peer.request();
    let mut reply = [0; REPLY_BYTES];
    let check = agent.check(Instant::from_ms(1), &Request::new(&bytes).unwrap(), &route(1), &mut reply);
    assert_eq!((check.outcome, reply[26], reply[27]), (REFUSED, 4, 87));
    assert_eq!(agent.route(), None);
}

#[test]
fn an_attribute_that_must_be_understood_is_named() {
    let ours = credentials(1);
    let mut agent = IceAgent::new(Instant::from_ms(0), ours.clone(), remote("peer"));
    let bytes = Peer::new(&ours).request();
    let mut request = Request::new(&bytes).unwrap();
    request.unknown.push(0x7777).unwrap();
    let mut reply = [0; REPLY_BYTES];
    let check = agent.check(Instant::from_ms(1), &request, &route(1), &mut reply);
    assert_eq!((check.outcome, reply[26], reply[27]), (REFUSED, 4, 20));
    assert!(reply[..check.reply_len].windows(2).any(|pair| pair == [0x77, 0x77]));
}

#[test]
fn checks_before_the_answer_are_answered_and_count_from_it_on() {
    let ours = credentials(1);
    let mut agent = IceAgent::new(Instant::from_ms(0), ours.clone(), remote(""));
    let peer = Peer::new(&ours);
    assert_eq!(check(&mut agent, 89_000, &peer, 1), (Outcome::Early, SUCCESS));
    assert_eq!((agent.route(), agent.deadline()), (None, None));
    let outcome = agent.restart(Instant::from_ms(90_000), ours.clone(), remote("peer"));
    assert_eq!((outcome, agent.route()), (Some(Outcome::Connected), Some(&route(1))));
    assert_eq!(agent.deadline(), Some(Instant::from_ms(89_000 + CONSENT_MS)));
    assert_eq!(check(&mut agent, 90_001, &peer, 1), (Outcome::Validated, SUCCESS));
}

#[test]
fn a_check_before_the_answer_of_another_fragment_or_long_ago_proves_nothing() {
    for (asked_ms, answered) in [(89_000, "another"), (84_000, "peer")] {
        let ours = credentials(1);
        let mut agent = IceAgent::new(Instant::from_ms(0), ours.clone(), remote(""));
        check(&mut agent, asked_ms, &Peer::new(&ours), 1);
        assert_eq!(agent.restart(Instant::from_ms(90_000), ours.clone(), remote(answered)), None);
        assert_eq!((agent.route(), agent.deadline()), (None, Some(Instant::from_ms(90_000 + CONNECT_MS))));
    }
}

#[test]
fn a_check_before_the_answer_of_a_restart_moves_the_link_with_it() {
    let (old, new) = (credentials(1), credentials(2));
    let mut agent = IceAgent::new(Instant::from_ms(0), old.clone(), remote("peer"));
    check(&mut agent, 1, &Peer::new(&old), 1);
    agent.restart(Instant::from_ms(2), new.clone(), remote(""));
    assert_eq!(check(&mut agent, 3, &Peer::new(&new), 2).0, Outcome::Early);
    assert_eq!(agent.route(), Some(&route(1)));
    assert_eq!(agent.restart(Instant::from_ms(4), new, remote("peer")), Some(Outcome::Moved));
    assert_eq!(agent.route(), Some(&route(2)));
}

#[test]
fn a_restart_keeps_the_old_path_until_the_new_one_is_checked() {
    let (old, new) = (credentials(1), credentials(2));
    let mut agent = IceAgent::new(Instant::from_ms(0), old.clone(), remote("peer"));
    check(&mut agent, 1, &Peer::new(&old), 1);
    agent.restart(Instant::from_ms(2), new.clone(), remote("next"));
    assert_eq!(agent.route(), Some(&route(1)));
    assert_eq!(check(&mut agent, 3, &Peer::new(&old), 1), (Outcome::Validated, SUCCESS));
    let mut next = Peer::new(&new);
    next.ufrag = "next";
    next.priority = 1;
    assert_eq!(check(&mut agent, 4, &next, 2).0, Outcome::Moved, "whatever its priority");
    assert_eq!(check(&mut agent, 5, &Peer::new(&old), 1), (REFUSED, ERROR));
}

#[test]
fn a_restart_on_the_same_route_retires_the_old_credentials_by_nomination() {
    let (old, new) = (credentials(1), credentials(2));
    let mut agent = IceAgent::new(Instant::from_ms(0), old.clone(), remote("peer"));
    check(&mut agent, 1, &Peer::new(&old), 1);
    agent.restart(Instant::from_ms(2), new.clone(), remote("peer"));
    let next = Peer::new(&new);
    assert_eq!(check(&mut agent, 3, &next.clone().nominates(false), 1).0, Outcome::Validated);
    assert_eq!(check(&mut agent, 4, &Peer::new(&old), 1).0, Outcome::Validated);
    assert_eq!(check(&mut agent, 5, &next, 1).0, Outcome::Validated);
    assert_eq!(check(&mut agent, 6, &Peer::new(&old), 1).0, REFUSED);
}

#[test]
fn of_two_restarts_the_one_in_the_middle_is_forgotten() {
    let (old, middle, new) = (credentials(1), credentials(2), credentials(3));
    let mut agent = IceAgent::new(Instant::from_ms(0), old.clone(), remote("peer"));
    check(&mut agent, 1, &Peer::new(&old), 1);
    agent.restart(Instant::from_ms(2), middle.clone(), remote("peer"));
    agent.restart(Instant::from_ms(3), new.clone(), remote("peer"));
    assert_eq!(check(&mut agent, 4, &Peer::new(&middle), 1).0, REFUSED);
    assert_eq!(check(&mut agent, 5, &Peer::new(&old), 1).0, Outcome::Validated);
    assert_eq!(check(&mut agent, 6, &Peer::new(&new), 2).0, Outcome::Moved);
}

#[test]
fn consent_ends_thirty_seconds_after_the_last_valid_check() {
    let ours = credentials(1);
    let mut agent = IceAgent::new(Instant::from_ms(0), ours.clone(), remote("peer"));
    check(&mut agent, 10, &Peer::new(&ours), 1);
    check(&mut agent, 20_000, &Peer::new(&ours), 1);
    check(&mut agent, 49_000, &Peer::new(&credentials(4)), 1);
    assert_eq!(agent.expired(Instant::from_ms(49_999)), None);
    assert_eq!(agent.expired(Instant::from_ms(50_000)), Some(Expiry::Consent));
}

#[test]
fn a_peer_that_never_comes_is_given_up() {
    let agent = IceAgent::new(Instant::from_ms(5), credentials(1), remote("peer"));
    assert_eq!(agent.expired(Instant::from_ms(4 + CONNECT_MS)), None);
    assert_eq!(agent.expired(Instant::from_ms(5 + CONNECT_MS)), Some(Expiry::NeverConnected));
}
