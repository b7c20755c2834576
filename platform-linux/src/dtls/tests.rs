//! Two of ours against each other, and `openssl` as a foreign peer.

use std::io::{BufRead, BufReader};
use std::net::UdpSocket;
use std::pin::pin;
use std::process::{Command, Stdio};

use parlor_core::link::SrtpKeys;
use smol::future::{or, zip};

use super::*;
use crate::queue::to_control;

const OURS: [SrtpProfile; 2] = [SrtpProfile::AeadAes128Gcm, SrtpProfile::Aes128CmSha1_80];
const THEIRS: [SrtpProfile; 2] = [SrtpProfile::Aes128CmSha1_80, SrtpProfile::AeadAes128Gcm];

/// One side: its task, and the shard's ends of its queues.
struct Side {
    handshakes: Handshakes,
    outgoing: Receiver<DtlsDatagram>,
    incoming: Sender<DtlsDatagram>,
    fingerprint: Fingerprint,
    link: LinkId,
}

impl Side {
    fn new(preference: [SrtpProfile; 2], link: LinkId) -> Self {
        let identity = Identity::ephemeral().unwrap();
        let (incoming, ours_incoming) = to_control::<_, 128>().unwrap();
        let (ours_outgoing, outgoing) = to_control::<_, 128>().unwrap();
        let queues = vec![DtlsQueues { incoming: ours_incoming, outgoing: ours_outgoing }];
        let handshakes = Handshakes::new(&identity, preference, queues, 4).unwrap();
        Self { handshakes, outgoing, incoming, fingerprint: identity.fingerprint(), link }
    }

    fn open(&mut self, role: Role, fingerprint: Fingerprint) {
        self.handshakes.command(HandshakeCommand::Open { link: self.link, shard: 0, role, fingerprint });
        self.handshakes.command(HandshakeCommand::Start { link: self.link, shard: 0 });
    }

    fn close(&mut self) {
        self.handshakes.command(HandshakeCommand::Close { link: self.link, shard: 0 });
    }
}

/// A server that prefers GCM and a client that prefers AES-CM, each told the other's fingerprint.
fn pair() -> (Side, Side) {
    let mut server = Side::new(OURS, LinkId::new(1, 7));
    let mut client = Side::new(THEIRS, LinkId::new(2, 9));
    server.open(Role::Server, client.fingerprint);
    client.open(Role::Client, server.fingerprint);
    (server, client)
}

/// Carries datagrams one way for ever; each is lost with a chance of `loss` in 256.
async fn carry(from: &mut Receiver<DtlsDatagram>, to: &mut Sender<DtlsDatagram>, link: LinkId, loss: u8, seed: u64) {
    let mut random = seed | 1;
    loop {
        let datagram = from.recv().await;
        random ^= random << 13;
        random ^= random >> 7;
        random ^= random << 17;
        if (random >> 32) as u8 >= loss {
            assert!(to.try_send(DtlsDatagram::new(link, datagram.payload()).unwrap()).is_ok());
        }
    }
}

/// Runs both sides until each has told something.
fn run(server: &mut Side, client: &mut Side, loss: u8, seed: u64) -> (HandshakeEvent, HandshakeEvent) {
    let mut ways = pin!(zip(
        carry(&mut server.outgoing, &mut client.incoming, client.link, loss, seed),
        carry(&mut client.outgoing, &mut server.incoming, server.link, loss, seed ^ 0xabcd_ef01_2345),
    ));
    let (mut first, mut second) = (None, None);
    smol::block_on(poll_fn(|context| {
        let _ = ways.as_mut().poll(context);
        for (handshakes, event) in [(&mut server.handshakes, &mut first), (&mut client.handshakes, &mut second)] {
            while let Poll::Ready(told) = handshakes.poll_event(context) {
                assert!(event.replace(handshake(told)).is_none(), "more than one event");
            }
        }
        if first.is_some() && second.is_some() { Poll::Ready(()) } else { Poll::Pending }
    }));
    (first.unwrap(), second.unwrap())
}

fn secured(server: &mut Side, client: &mut Side) -> (SrtpKeys, SrtpKeys) {
    let (first, second) = run(server, client, 0, 1);
    (keys(first), keys(second))
}

fn handshake(event: Event) -> HandshakeEvent {
    match event {
        Event::Handshake(event) => event,
        Event::Data { packet, .. } => panic!("{} bytes of data", packet.len()),
    }
}

fn keys(event: HandshakeEvent) -> SrtpKeys {
    match event {
        HandshakeEvent::Secured { keys, .. } => keys,
        HandshakeEvent::Failed { reason, .. } => panic!("{reason:?}"),
        HandshakeEvent::Closed { .. } => panic!("closed"),
    }
}

fn reason(event: HandshakeEvent) -> HandshakeFailure {
    match event {
        HandshakeEvent::Failed { reason, .. } => reason,
        _ => panic!("not a failure"),
    }
}

/// What a side tells when nobody answers it.
fn alone(side: &mut Side) -> HandshakeEvent {
    handshake(smol::block_on(side.handshakes.next_event()))
}

/// The next data that a side tells.
fn data(side: &mut Side) -> Vec<u8> {
    match smol::block_on(side.handshakes.next_event()) {
        Event::Data { shard: 0, link, packet } if link == side.link => packet,
        _ => panic!("not data"),
    }
}

/// The next datagram that a side sends.
fn sent(side: &mut Side) -> Vec<u8> {
    let Side { handshakes, outgoing, .. } = side;
    smol::block_on(or(
        async {
            handshakes.next_event().await;
            panic!("it told something before it sent anything")
        },
        async { outgoing.recv().await.payload().to_vec() },
    ))
}

/// Lets a side do what it can without waiting.
fn turn(side: &mut Side) {
    smol::block_on(or(async { drop(side.handshakes.next_event().await) }, smol::future::yield_now()));
}

fn give(side: &mut Side, bytes: &[u8]) {
    assert!(side.incoming.try_send(DtlsDatagram::new(side.link, bytes).unwrap()).is_ok());
}

#[test]
fn both_sides_have_the_same_keys_and_the_servers_profile() {
    let (mut server, mut client) = pair();
    let (ours, theirs) = secured(&mut server, &mut client);
    assert_eq!((ours.profile, theirs.profile), (SrtpProfile::AeadAes128Gcm, SrtpProfile::AeadAes128Gcm));
    assert_eq!((ours.local.key, ours.local.salt), (theirs.remote.key, theirs.remote.salt));
    assert_eq!((ours.remote.key, ours.remote.salt), (theirs.local.key, theirs.local.salt));
    assert_ne!(ours.local.key, ours.remote.key);
    assert_eq!(ours.local.salt[12..], [0; 2]);
}

#[test]
fn a_handshake_survives_loss() {
    // 20 % both ways
    for seed in 1..=8 {
        let (mut server, mut client) = pair();
        let (first, second) = run(&mut server, &mut client, 51, 0x9e37_79b9_7f4a_7c15 << seed);
        assert_eq!(keys(first).local.key, keys(second).remote.key);
    }
}

#[test]
fn a_certificate_that_was_not_promised_gives_no_keys() {
    let other = Fingerprint { sha256: [7; 32] };
    let (mut server, mut client) = (Side::new(OURS, LinkId::new(1, 0)), Side::new(OURS, LinkId::new(1, 0)));
    server.open(Role::Server, other);
    client.open(Role::Client, server.fingerprint);
    let (first, _) = run(&mut server, &mut client, 0, 1);
    assert_eq!(reason(first), HandshakeFailure::Certificate);

    let (mut server, mut client) = (Side::new(OURS, LinkId::new(1, 0)), Side::new(OURS, LinkId::new(1, 0)));
    server.open(Role::Server, client.fingerprint);
    client.open(Role::Client, other);
    let (_, second) = run(&mut server, &mut client, 0, 1);
    assert_eq!(reason(second), HandshakeFailure::Certificate);
}

#[test]
fn either_side_tells_the_other_that_it_leaves() {
    let (mut server, mut client) = pair();
    secured(&mut server, &mut client);
    client.close();
    let told = client.outgoing.try_recv().unwrap();
    give(&mut server, told.payload());
    assert!(matches!(alone(&mut server), HandshakeEvent::Closed { link, .. } if link == server.link));

    let (mut server, mut client) = pair();
    secured(&mut server, &mut client);
    server.close();
    let told = server.outgoing.try_recv().unwrap();
    // what is no alert of the server first
    for garbage in [&[21, 1, 2][..], &[21; 60], &[22; 100], &[23; 40], &[0; 10]] {
        give(&mut client, garbage);
    }
    give(&mut client, told.payload());
    assert!(matches!(alone(&mut client), HandshakeEvent::Closed { link, .. } if link == client.link));
}

#[test]
fn data_passes_both_ways_whenever_it_was_agreed_on_and_the_end_is_told() {
    for is_early in [true, false] {
        let (mut server, mut client) = pair();
        let names = [Name { shard: 0, link: server.link }, Name { shard: 0, link: client.link }];
        let agree = |server: &mut Side, client: &mut Side| {
            server.handshakes.carry(names[0]);
            client.handshakes.carry(names[1]);
        };
        if is_early {
            agree(&mut server, &mut client);
            assert!(!server.handshakes.write(names[0], b"too early"));
        }
        secured(&mut server, &mut client);
        if !is_early {
            assert!(!server.handshakes.write(names[0], b"not agreed on"));
            agree(&mut server, &mut client);
        }
        assert!(server.handshakes.handshaking.is_empty() && client.handshakes.handshaking.is_empty());
        for turn in 0..20_u8 {
            assert!(server.handshakes.write(names[0], &[turn; 1200]) && client.handshakes.write(names[1], &[turn]));
            let (down, up) = (server.outgoing.try_recv().unwrap(), client.outgoing.try_recv().unwrap());
            // What comes twice counts once.
            give(&mut client, down.payload());
            give(&mut client, down.payload());
            give(&mut server, up.payload());
            assert_eq!((data(&mut client), data(&mut server)), (vec![turn; 1200], vec![turn]));
        }
        assert!(server.handshakes.handshaking.is_empty() && client.handshakes.handshaking.is_empty(), "a deadline");
        client.close();
        give(&mut server, client.outgoing.try_recv().unwrap().payload());
        assert!(matches!(alone(&mut server), HandshakeEvent::Closed { link, .. } if link == server.link));
        assert!(!server.handshakes.write(names[0], b"over"));
    }
}

#[test]
fn application_data_finds_no_place_where_handshakes_need_it() {
    let (mut server, mut client) = pair();
    let name = Name { shard: 0, link: server.link };
    server.handshakes.carry(name);
    secured(&mut server, &mut client);
    let sent = (0..1000).take_while(|_| server.handshakes.has_room(0) && server.handshakes.write(name, &[1])).count();
    assert_eq!(sent, 127 - RESERVED_DATAGRAMS);
    assert!(!server.handshakes.has_room(1));
}

#[test]
fn garbage_does_not_disturb_a_handshake() {
    let (mut server, mut client) = pair();
    for byte in [0, 20, 21, 22, 23, 63] {
        for len in [0, 1, 13, 25, 200] {
            give(&mut server, &vec![byte; len]);
        }
    }
    let (ours, theirs) = secured(&mut server, &mut client);
    assert_eq!(ours.local.key, theirs.remote.key);
}

#[test]
fn silence_ends_by_the_deadline() {
    for role in [Role::Client, Role::Server] {
        let mut side = Side::new(OURS, LinkId::new(3, 3));
        side.handshakes.deadline = Duration::from_millis(20);
        side.open(role, Fingerprint { sha256: [0; 32] });
        assert_eq!(reason(alone(&mut side)), HandshakeFailure::Deadline);
        assert!(side.handshakes.connections.is_empty() && side.handshakes.running.is_empty());
    }
}

#[test]
fn a_full_table_refuses_and_a_closed_link_makes_room() {
    let mut side = Side::new(OURS, LinkId::new(0, 0));
    for index in 0..5 {
        side.link = LinkId::new(index, 0);
        side.open(Role::Server, Fingerprint { sha256: [0; 32] });
    }
    assert_eq!(reason(alone(&mut side)), HandshakeFailure::Full);
    side.link = LinkId::new(0, 0);
    side.close();
    side.link = LinkId::new(6, 0);
    side.open(Role::Server, Fingerprint { sha256: [0; 32] });
    assert!(side.handshakes.events.is_empty());
}

#[test]
fn datagrams_of_links_that_nobody_opens_make_room_for_others() {
    let (mut server, mut client) = pair();
    for number in 0..100 {
        let stale = DtlsDatagram::new(LinkId::new(number, 6), &[22; 100]).unwrap();
        assert!(server.incoming.try_send(stale).is_ok());
    }
    secured(&mut server, &mut client);
    assert_eq!(server.handshakes.dropped_datagrams(), 100 - 64);
}

#[test]
fn a_hello_that_is_earlier_than_the_answer_counts_when_that_has_come() {
    let mut server = Side::new(OURS, LinkId::new(1, 7));
    let mut client = Side::new(THEIRS, LinkId::new(2, 9));
    client.open(Role::Client, server.fingerprint);
    let hello = sent(&mut client);
    give(&mut server, &hello);
    turn(&mut server);
    assert!(server.outgoing.try_recv().is_none(), "an answer to a link that is not open");
    server.handshakes.command(HandshakeCommand::Open {
        link: server.link,
        shard: 0,
        role: Role::Server,
        fingerprint: client.fingerprint,
    });
    // The client says nothing more until it is answered.
    assert_eq!(sent(&mut server)[0], 22);
}

/// Lets `openssl` shake hands with `side` over a real socket, and gives what it printed.
fn with_openssl(mut side: Side, role: Role, name: &str) -> Option<(SrtpKeys, String)> {
    let identity = Identity::ephemeral().unwrap();
    let file = std::env::temp_dir().join(format!("parlor-openssl-{name}-{}.pem", std::process::id()));
    let parts = [
        pem::Pem::new("PRIVATE KEY", identity.private_key.clone()),
        pem::Pem::new("CERTIFICATE", identity.certificate.clone()),
    ];
    std::fs::write(&file, pem::encode_many(&parts)).unwrap();
    let socket = smol::Async::<UdpSocket>::bind(([127, 0, 0, 1], 0)).unwrap();
    let ours = socket.get_ref().local_addr().unwrap().to_string();
    let mut arguments = vec!["s_client", "-connect", &ours];
    let theirs = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    if role == Role::Client {
        arguments = vec!["s_server", "-accept", &theirs, "-verify", "1"];
    }
    arguments.extend(["-dtls1_2", "-use_srtp", "SRTP_AES128_CM_SHA1_80:SRTP_AEAD_AES_128_GCM"]);
    arguments.extend(["-keymatexport", "EXTRACTOR-dtls_srtp", "-keymatexportlen", "56"]);
    let spawned = Command::new("openssl")
        .args(arguments)
        .args(["-cert".as_ref(), file.as_os_str(), "-key".as_ref(), file.as_os_str()])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut openssl) = spawned else {
        eprintln!("skipped: there is no openssl");
        return None;
    };
    side.open(role, identity.fingerprint());
    let known = std::cell::Cell::new((role == Role::Client).then(|| theirs.parse().unwrap()));
    let inward = async {
        let mut bytes = [0; 1500];
        loop {
            // While openssl does not listen yet, a send ends in an error here.
            let Ok((len, from)) = socket.recv_from(&mut bytes).await else { continue };
            known.set(Some(from));
            assert!(side.incoming.try_send(DtlsDatagram::new(side.link, &bytes[..len]).unwrap()).is_ok());
        }
    };
    let outward = async {
        loop {
            let datagram = side.outgoing.recv().await;
            if let Some(to) = known.get() {
                let _ = socket.send_to(datagram.payload(), to).await;
            }
        }
    };
    // It needs our last flight before it prints its keys.
    let mut output = BufReader::new(openssl.stdout.take().unwrap());
    let printed = smol::unblock(move || {
        let mut printed = String::new();
        while !printed.contains("Keying material: ") && output.read_line(&mut printed).unwrap() > 0 {}
        printed
    });
    let told = zip(async { keys(handshake(side.handshakes.next_event().await)) }, printed);
    let (keys, printed) = smol::block_on(or(told, async {
        zip::<_, _>(inward, outward).await;
        unreachable!()
    }));
    let _ = openssl.kill();
    let _ = openssl.wait();
    let _ = std::fs::remove_file(file);
    Some((keys, printed))
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

#[test]
fn openssl_as_client_gets_our_profile_and_the_same_keys() {
    let side = Side::new(OURS, LinkId::new(1, 1));
    let Some((keys, printed)) = with_openssl(side, Role::Server, "client") else { return };
    assert_eq!(keys.profile, SrtpProfile::AeadAes128Gcm);
    let expected = [&keys.remote.key[..], &keys.local.key, &keys.remote.salt[..12], &keys.local.salt[..12]].concat();
    assert!(printed.contains(&hexadecimal(&expected[..56])), "{printed}");
}

#[test]
fn openssl_as_server_chooses_and_has_the_same_keys() {
    let side = Side::new(OURS, LinkId::new(1, 1));
    let Some((keys, printed)) = with_openssl(side, Role::Client, "server") else { return };
    let salt = keys.profile.salt_bytes();
    let expected =
        [&keys.local.key[..], &keys.remote.key, &keys.local.salt[..salt], &keys.remote.salt[..salt]].concat();
    assert!(printed.contains(&hexadecimal(&expected[..56])), "{printed}");
}
