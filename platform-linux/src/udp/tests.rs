//! Real sockets on loopback.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parlor_core::link::Route;

use super::{Binding, Counters, Counts, Method, Receive, Socket, Transmit};

struct End {
    receive: Receive,
    transmit: Transmit,
    counters: Arc<Counters>,
    port: u16,
}

impl End {
    fn new() -> Self {
        Self::bound(Binding::All)
    }

    fn bound(binding: Binding) -> Self {
        let socket = Socket::bind(binding, 0).unwrap();
        let counters = Arc::new(Counters::default());
        let port = socket.port().unwrap();
        let receive = Receive::new(Arc::clone(&socket), Arc::clone(&counters));
        Self { receive, transmit: Transmit::new(socket, Arc::clone(&counters)), counters, port }
    }

    fn send(&mut self, route: &Route, datagrams: &[Vec<u8>]) {
        for datagram in datagrams {
            self.transmit.lend()[..datagram.len()].copy_from_slice(datagram);
            self.transmit.commit(route, datagram.len());
        }
        self.transmit.flush();
    }

    /// What arrives until there are `count` or five seconds have passed.
    fn receive(&mut self, count: usize) -> Vec<(Route, Vec<u8>)> {
        let mut arrived = Vec::new();
        let end = Instant::now() + Duration::from_secs(5);
        while arrived.len() < count && Instant::now() < end {
            self.receive.batch(|datagram| arrived.push((datagram.route, datagram.bytes.to_vec())));
        }
        arrived
    }

    fn counts(&self) -> Counts {
        self.counters.counts()
    }
}

fn route(from: impl Into<IpAddr>, to: impl Into<IpAddr>, port: u16) -> Route {
    Route { remote: SocketAddr::new(to.into(), port), local: from.into() }
}

fn datagrams(sizes: &[usize]) -> Vec<Vec<u8>> {
    sizes.iter().enumerate().map(|(index, size)| vec![index as u8; *size]).collect()
}

fn has_ip_v6() -> bool {
    std::net::UdpSocket::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()
}

#[test]
fn an_answer_leaves_from_the_address_that_was_asked() {
    let (mut here, mut there) = (End::new(), End::new());
    let asked = Ipv4Addr::new(127, 0, 0, 2);
    let asker = Ipv4Addr::new(127, 0, 0, 3);
    here.send(&route(asker, asked, there.port), &datagrams(&[10]));
    let (way, bytes) = there.receive(1).remove(0);
    assert_eq!(way, route(asked, asker, here.port));
    there.send(&way, &[bytes]);
    let (back, bytes) = here.receive(1).remove(0);
    assert_eq!(back, route(asker, asked, there.port));
    assert_eq!(bytes, [0; 10]);
}

#[test]
fn a_socket_of_one_address_answers_from_it_and_hears_no_other() {
    let address = Ipv4Addr::new(127, 0, 0, 2);
    let (mut here, mut there) = (End::new(), End::bound(Binding::One(address)));
    here.send(&route(Ipv4Addr::LOCALHOST, Ipv4Addr::LOCALHOST, there.port), &datagrams(&[11]));
    let asker = Ipv4Addr::new(127, 0, 0, 3);
    here.send(&route(asker, address, there.port), &datagrams(&[10]));
    let (way, bytes) = there.receive(1).remove(0);
    assert_eq!((way, bytes.len()), (route(address, asker, here.port), 10));
    there.send(&way, &datagrams(&[1200, 1200, 700]));
    let back = here.receive(3);
    assert!(back.iter().all(|(way, _)| *way == route(asker, address, there.port)));
    assert_eq!(back.into_iter().map(|(_, bytes)| bytes).collect::<Vec<_>>(), datagrams(&[1200, 1200, 700]));
}

#[test]
fn an_address_that_the_machine_does_not_have_is_not_bound_to() {
    let (mut here, mut there) = (End::new(), End::bound(Binding::One(Ipv4Addr::new(192, 0, 2, 1))));
    here.send(&route(Ipv4Addr::LOCALHOST, Ipv4Addr::LOCALHOST, there.port), &datagrams(&[10]));
    assert_eq!(there.receive(1).len(), 1);
}

#[test]
fn both_families_share_the_socket() {
    if !has_ip_v6() {
        return;
    }
    let (mut here, mut there) = (End::new(), End::new());
    let way = route(Ipv6Addr::LOCALHOST, Ipv6Addr::LOCALHOST, there.port);
    here.send(&way, &datagrams(&[1200, 1200, 700]));
    let arrived = there.receive(3);
    assert!(arrived.iter().all(|(back, _)| *back == route(Ipv6Addr::LOCALHOST, Ipv6Addr::LOCALHOST, here.port)));
    assert_eq!(arrived.iter().map(|(_, bytes)| bytes.clone()).collect::<Vec<_>>(), datagrams(&[1200, 1200, 700]));
}

#[test]
fn every_method_delivers_every_datagram_whole_and_in_order() {
    // groups that end by a shorter one, by a longer one, by their number, and by their bytes
    let mut sizes = vec![1200; 5];
    sizes.extend([900, 1200, 1201, 1, 1]);
    sizes.extend([100; 70]);
    sizes.extend([1400; 50]);
    for method in [Method::Single, Method::Batch, Method::Segmented] {
        let (mut here, mut there) = (End::new(), End::new());
        if method == Method::Segmented && here.transmit.method() != Method::Segmented {
            continue;
        }
        here.transmit.set_method(method);
        let way = route(Ipv4Addr::LOCALHOST, Ipv4Addr::LOCALHOST, there.port);
        here.send(&way, &datagrams(&sizes));
        let arrived: Vec<_> = there.receive(sizes.len()).into_iter().map(|(_, bytes)| bytes).collect();
        assert_eq!(arrived, datagrams(&sizes), "{method:?}");
        let counts = here.counts();
        assert_eq!(counts.sent, sizes.len() as u64);
        assert_eq!(counts.sent_bytes, sizes.iter().sum::<usize>() as u64);
        assert_eq!(counts.segmentation_refused, 0);
        let most_calls = if method == Method::Single { sizes.len() } else { 3 };
        assert!(counts.send_calls <= most_calls as u64, "{method:?}: {counts:?}");
    }
}

#[test]
fn more_than_the_arena_holds_is_sent_in_between() {
    let (mut here, mut there) = (End::new(), End::new());
    let way = route(Ipv4Addr::LOCALHOST, Ipv4Addr::LOCALHOST, there.port);
    for turn in 0..300_usize {
        let len = 1000 + turn % 7;
        here.transmit.lend()[..len].fill(turn as u8);
        here.transmit.commit(&way, len);
    }
    here.transmit.flush();
    let arrived = there.receive(300);
    assert_eq!(arrived.len(), 300);
    for (turn, (_, bytes)) in arrived.iter().enumerate() {
        assert_eq!(*bytes, vec![turn as u8; 1000 + turn % 7]);
    }
}

#[test]
fn a_peer_that_cannot_be_reached_costs_only_its_own_datagrams() {
    let (mut here, mut there) = (End::new(), End::new());
    let way = route(Ipv4Addr::LOCALHOST, Ipv4Addr::LOCALHOST, there.port);
    // an address that no machine has as its own cannot be a source
    let nowhere = route(Ipv4Addr::new(203, 0, 113, 77), Ipv4Addr::LOCALHOST, there.port);
    for way in [&way, &nowhere, &way] {
        for byte in [1, 2] {
            here.transmit.lend()[..100].fill(byte);
            here.transmit.commit(way, 100);
        }
    }
    here.transmit.flush();
    assert_eq!(there.receive(4).len(), 4);
    let counts = here.counts();
    assert_eq!((counts.sent, counts.dropped_unreachable, counts.segmentation_refused), (4, 2, 0));
}

#[test]
fn a_group_that_the_kernel_will_not_cut_goes_one_by_one() {
    let (mut here, mut there) = (End::new(), End::new());
    let way = route(Ipv4Addr::LOCALHOST, Ipv4Addr::LOCALHOST, there.port);
    if here.transmit.method() != Method::Segmented {
        return;
    }
    for _ in 0..32 {
        here.transmit.lend()[..100].fill(7);
        here.transmit.commit(&way, 100);
        here.transmit.lend()[..100].fill(8);
        here.transmit.commit(&way, 100);
        let refused = here.transmit.refuse_first(libc::EINVAL);
        assert_eq!(refused, 1);
    }
    assert_eq!(there.receive(64).len(), 64);
    assert_eq!(here.transmit.method(), Method::Batch);
    assert_eq!(here.counts().segmentation_refused, 32);
}

#[test]
fn a_full_socket_drops_the_rest_and_counts_it() {
    let mut here = End::new();
    let way = route(Ipv4Addr::LOCALHOST, Ipv4Addr::LOCALHOST, here.port);
    for _ in 0..3 {
        here.transmit.lend()[..100].fill(7);
        here.transmit.commit(&way, 100);
    }
    here.transmit.refuse_first(libc::EAGAIN);
    assert_eq!((here.counts().dropped_full, here.counts().sent), (3, 0));
}
