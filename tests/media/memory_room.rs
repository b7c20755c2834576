//! A shard's media half driven in memory: peers whose packets are sealed and opened by hand, no socket, no thread, no
//! clock. Nothing here allocates while packets flow, so that what allocates is the code under test.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use parlor_core::id::{ConversationId, LinkId, StreamId, SubscriptionId};
use parlor_core::limits::{DATAGRAM_BYTES, Limits};
use parlor_core::link::{CopiedPacket, Credentials, DtlsDatagram, IncomingIndex, MasterKey, Outbox, Route};
use parlor_core::link::{SrtpKeys, SrtpProfile, SrtpSession, TapReader};
use parlor_core::media::{
    Command, Datagram, EncodingParameters, Feedback, LayerCeiling, Media, Memory, Notice, OpenLink, SentLayers,
    Settings, SlowSource, StreamParameters, SubscriptionParameters, tables,
};
use parlor_core::random::Random;
use parlor_core::stream::Traffic;
use parlor_core::time::Instant;
use parlor_core::wire::{Codec, Extension, ExtensionMap, Kind, rtp, stun};
use parlor_linux::crypto::RingGcm;

/// Header extensions of every m-line here.
pub(crate) const MID_ID: u8 = 1;
/// See [`MID_ID`].
pub(crate) const TRANSPORT_ID: u8 = 3;
/// See [`MID_ID`].
pub(crate) const LEVEL_ID: u8 = 4;

/// The conversation of all who publish sound here.
pub(crate) const CONVERSATION: ConversationId = ConversationId::new(0, 1);

/// An extension that is forwarded as it comes, the playout delay.
pub(crate) const TAG_ID: u8 = 5;
/// The video orientation.
pub(crate) const ORIENTATION_ID: u8 = 6;
/// The dependency descriptor.
pub(crate) const DESCRIPTOR_ID: u8 = 12;

/// A small generator, the same numbers in every run.
pub(crate) struct Numbers(pub(crate) u64);

impl Random for Numbers {
    fn fill(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mut number = self.0;
            number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            chunk.copy_from_slice(&(number ^ (number >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}

/// Collects what leaves, in memory that was taken at the beginning.
pub(crate) struct Collected {
    arena: Vec<u8>,
    used: usize,
    sent: Vec<(Route, usize, usize)>,
    /// What left by sockets of links' own.
    by_ingress: Vec<(usize, usize)>,
    /// Whether datagrams are kept; else only counted.
    pub(crate) keeps: bool,
    /// How many left since the beginning.
    pub(crate) count: u64,
    /// How many copies were made for files.
    pub(crate) recorded: u64,
    /// How many datagrams went to DTLS.
    pub(crate) handshakes: u64,
}

impl Collected {
    fn new(datagrams: usize) -> Self {
        let arena = vec![0; (datagrams + 1) * DATAGRAM_BYTES];
        Self {
            arena,
            used: 0,
            sent: Vec::with_capacity(datagrams),
            by_ingress: Vec::new(),
            keeps: true,
            count: 0,
            recorded: 0,
            handshakes: 0,
        }
    }

    /// What left since the last look, sealed.
    pub(crate) fn datagrams(&self) -> impl Iterator<Item = &[u8]> {
        self.sent.iter().map(|(_, start, len)| &self.arena[*start..start + len])
    }

    /// Those that went to `remote`.
    pub(crate) fn datagrams_to(&self, remote: SocketAddr) -> impl Iterator<Item = &[u8]> {
        let meant = self.sent.iter().filter(move |(route, ..)| route.remote == remote);
        meant.map(|(_, start, len)| &self.arena[*start..start + len])
    }

    /// What left by sockets of links' own.
    pub(crate) fn by_ingress(&self) -> impl Iterator<Item = &[u8]> {
        self.by_ingress.iter().map(|(start, len)| &self.arena[*start..start + len])
    }

    fn clear(&mut self) {
        self.used = 0;
        self.by_ingress.clear();
        self.sent.clear();
    }
}

impl Outbox for Collected {
    fn lend(&mut self) -> &mut [u8] {
        &mut self.arena[self.used..self.used + DATAGRAM_BYTES]
    }

    fn commit(&mut self, route: &Route, len: usize) {
        self.count += 1;
        if self.keeps && self.sent.len() < self.sent.capacity() {
            self.sent.push((*route, self.used, len));
            self.used += len;
        }
    }

    fn commit_ingress(&mut self, _: LinkId, _: &Route, len: usize) {
        if self.keeps {
            self.by_ingress.push((self.used, len));
            self.used += len;
        }
    }

    fn flush(&mut self) {}

    fn dtls(&mut self, _: DtlsDatagram) -> bool {
        self.handshakes += 1;
        true
    }

    fn copy(&mut self, packet: CopiedPacket) {
        self.recorded += u64::from(matches!(packet.reader, TapReader::Recording(_)));
    }
}

/// A peer's own end of its link.
pub(crate) struct Peer {
    /// Its link.
    pub(crate) link: LinkId,
    route: Route,
    check: Vec<u8>,
    srtp: SrtpSession<RingGcm>,
    incoming: Vec<(u32, IncomingIndex)>,
}

/// One shard and its peers.
pub(crate) struct MemoryRoom {
    /// The code under test.
    pub(crate) media: Media<'static, RingGcm, Numbers>,
    /// What it sent.
    pub(crate) outbox: Collected,
    /// The time there.
    pub(crate) now: Instant,
    /// Its peers, in the order in which they came.
    pub(crate) peers: Vec<Peer>,
    /// The last that was told of an m-line that is published.
    pub(crate) arrived: Option<Traffic>,
    /// The last that was told of an m-line of a subscriber.
    pub(crate) sent: Option<Traffic>,
    /// The layers that somebody was told to be sent last.
    pub(crate) layers: SentLayers,
    /// Whose floor it is, as far as told.
    pub(crate) dominant: Option<StreamId>,
    /// Whether m-lines of subscribers from now on take redundant audio.
    pub(crate) takes_red: bool,
    /// How many encodings of the stream that was told of last are needed.
    pub(crate) needed: Option<u8>,
    /// Of whom many packets were told to be lost.
    pub(crate) slow: Vec<(SlowSource, u32)>,
    /// Whether what is published from now on is encrypted end to end.
    pub(crate) seals_end_to_end: bool,
    profile: SrtpProfile,
    subscriptions: u16,
    streams: u16,
}

impl MemoryRoom {
    /// An empty shard.
    pub(crate) fn new(limits: Limits, profile: SrtpProfile) -> Self {
        let sizes = tables::<RingGcm>(&limits).map(|table| table.count);
        let memory = Memory {
            links: leak(sizes[0]),
            routes: leak(sizes[1]),
            departures: leak(sizes[2]),
            streams: leak(sizes[3]),
            subscriptions: leak(sizes[4]),
            sent: leak(sizes[5]),
            relays: leak(sizes[6]),
            packets: leak(sizes[7]),
            packet_bytes: vec![0; sizes[8]].leak(),
            histories: leak(sizes[9]),
            queued: leak(sizes[10]),
            conversations: leak(sizes[11]),
        };
        Self {
            media: Media::new(memory, limits, Settings::default(), Numbers(1)),
            outbox: Collected::new(16_384),
            now: Instant::from_ms(1000),
            peers: Vec::new(),
            arrived: None,
            sent: None,
            layers: SentLayers::default(),
            needed: None,
            slow: Vec::new(),
            seals_end_to_end: false,
            dominant: None,
            takes_red: false,
            profile,
            subscriptions: 0,
            streams: 0,
        }
    }

    /// A new peer whose link is up.
    pub(crate) fn connect(&mut self) -> usize {
        let peer = self.open();
        self.secure(peer);
        self.outbox.clear();
        peer
    }

    /// A new peer whose link has an address and no keys yet.
    pub(crate) fn open(&mut self) -> usize {
        let number = self.peers.len() as u16;
        let link = LinkId::new(number, 1);
        let local = Credentials::new(link, [7; 25]);
        let remote_ufrag = heapless::String::try_from("peer").unwrap();
        let open = OpenLink { link, local: local.clone(), remote_ufrag, reduced_rtcp: true };
        self.media.command(self.now, Command::OpenLink(open));
        let remote = SocketAddr::from(([10, 0, (number >> 8) as u8, number as u8], 5000));
        let route = Route { remote, local: IpAddr::V4(Ipv4Addr::LOCALHOST) };
        let username = format!("{}:peer", local.ufrag);
        let request = stun::Request::nominating([9; 12], username.as_bytes());
        let mut bytes = [0; 200];
        let integrity = stun::Integrity::new(local.password.as_bytes()).unwrap();
        let len = request.write(&mut bytes, Some(&integrity)).unwrap();
        let check = bytes[..len].to_vec();
        self.media.receive(self.now, Datagram { route, bytes: &mut bytes[..len] }, &mut self.outbox);
        let SrtpKeys { profile, local, remote } = self.keys(number);
        let srtp = SrtpSession::new(&SrtpKeys { profile, local: remote, remote: local });
        let incoming = Vec::with_capacity(16);
        self.peers.push(Peer { link, route, check, srtp, incoming });
        usize::from(number)
    }

    /// The link of a peer gets its keys.
    pub(crate) fn secure(&mut self, peer: usize) {
        let (link, keys) = (self.peers[peer].link, self.keys(peer as u16));
        self.media.command(self.now, Command::SecureLink { link, keys });
    }

    fn keys(&self, number: u16) -> SrtpKeys {
        let local = MasterKey { key: [number as u8; 16], salt: [1; 14] };
        let remote = MasterKey { key: [number as u8 ^ 0xff; 16], salt: [2; 14] };
        SrtpKeys { profile: self.profile, local, remote }
    }

    /// Every peer sends its consent check.
    pub(crate) fn consent(&mut self) {
        let mut bytes = [0; 200];
        for peer in &self.peers {
            let bytes = &mut bytes[..peer.check.len()];
            bytes.copy_from_slice(&peer.check);
            self.media.receive(self.now, Datagram { route: peer.route, bytes }, &mut self.outbox);
        }
    }

    /// Has a peer publish an m-line under `ssrc`.
    pub(crate) fn publish(&mut self, peer: usize, codec: Codec, ssrc: u32) -> StreamId {
        self.publish_layers(peer, codec, &[ssrc])
    }

    /// Has a peer publish an m-line of several encodings, the lowest first, whose SSRCs have the same hundreds.
    pub(crate) fn publish_layers(&mut self, peer: usize, codec: Codec, ssrcs: &[u32]) -> StreamId {
        let stream = StreamId::new(self.streams, 1);
        self.streams += 1;
        let of_ssrc = |ssrc| EncodingParameters { rid: None, ssrc: Some(ssrc), rtx_ssrc: Some(ssrc + 1) };
        let encodings = ssrcs.iter().copied().map(of_ssrc).collect();
        self.media.command(
            self.now,
            Command::ConfigureStream(StreamParameters {
                stream,
                link: self.peers[peer].link,
                conversation: (codec.kind() == Kind::Audio).then_some(CONVERSATION),
                mid: heapless::String::try_from(core::str::from_utf8(&mid(ssrcs[0])).unwrap()).unwrap(),
                codec,
                payload_type: PAYLOAD_TYPE,
                rtx_payload_type: Some(RTX_PAYLOAD_TYPE),
                red_payload_type: Some(RED_PAYLOAD_TYPE),
                is_end_to_end: self.seals_end_to_end,
                extensions: extensions(),
                encodings,
                ingress_stream: None,
                feedback: FEEDBACK,
                speech: None,
                keyframe_interval_s: 0,
                active: true,
            }),
        );
        stream
    }

    /// Has a peer subscribe to a stream under `ssrc`, with or without RTX.
    pub(crate) fn subscribe(&mut self, peer: usize, stream: StreamId, ssrc: u32, rtx: bool) -> SubscriptionId {
        let subscription = SubscriptionId::new(self.subscriptions, 1);
        self.subscriptions += 1;
        self.media.command(
            self.now,
            Command::Subscribe(SubscriptionParameters {
                subscription,
                link: self.peers[peer].link,
                stream: Some(stream),
                mid: heapless::String::try_from("a").unwrap(),
                ssrc,
                rtx_ssrc: rtx.then_some(ssrc + 1),
                payload_type: PAYLOAD_TYPE + 1,
                rtx_payload_type: rtx.then_some(RTX_PAYLOAD_TYPE + 1),
                red_payload_type: self.takes_red.then_some(RED_PAYLOAD_TYPE + 1),
                extensions: extensions(),
                playout_delay: None,
                layers: LayerCeiling::NONE,
                feedback: FEEDBACK,
                active: true,
            }),
        );
        subscription
    }

    /// A peer sends an RTP packet; `index` is its extended sequence number.
    pub(crate) fn send(&mut self, peer: usize, header: rtp::Header, index: u64, payload: &[u8]) {
        self.send_with(peer, header, index, &[], payload);
    }

    /// The same of sound, with its level in dB below the loudest.
    pub(crate) fn send_sound(&mut self, peer: usize, header: rtp::Header, index: u64, level: u8, payload: &[u8]) {
        self.send_with(peer, header, index, &[(LEVEL_ID, &[level])], payload);
    }

    /// As [`Self::send`], with these header extensions too.
    pub(crate) fn send_with(
        &mut self,
        peer: usize,
        header: rtp::Header,
        index: u64,
        elements: &[(u8, &[u8])],
        payload: &[u8],
    ) {
        let (mut packet, len) = self.sealed(peer, header, index, elements, payload);
        let datagram = Datagram { route: self.peers[peer].route, bytes: &mut packet[..len] };
        self.media.receive(self.now, datagram, &mut self.outbox);
    }

    /// What a peer sends then, and its length.
    pub(crate) fn sealed(
        &self,
        peer: usize,
        header: rtp::Header,
        index: u64,
        elements: &[(u8, &[u8])],
        payload: &[u8],
    ) -> ([u8; DATAGRAM_BYTES], usize) {
        let transport = (index as u16).to_be_bytes();
        let mid = mid(header.ssrc);
        let own: [(u8, &[u8]); 2] = [(MID_ID, &mid), (TRANSPORT_ID, &transport)];
        let mut packet = [0; DATAGRAM_BYTES];
        let header = rtp::Header { sequence: index as u16, ..header };
        let header_len = header.write(&mut packet, own.into_iter().chain(elements.iter().copied())).unwrap();
        packet[header_len..header_len + payload.len()].copy_from_slice(payload);
        let len = self.peers[peer].srtp.seal_rtp(&mut packet, header_len + payload.len(), header_len, index).unwrap();
        (packet, len)
    }

    /// Somebody at `route` sends these bytes.
    pub(crate) fn throw(&mut self, route: Route, bytes: &[u8]) {
        let mut datagram = bytes.to_vec();
        self.media.receive(self.now, Datagram { route, bytes: &mut datagram }, &mut self.outbox);
    }

    /// The route of a peer.
    pub(crate) fn route(&self, peer: usize) -> Route {
        self.peers[peer].route
    }

    /// A peer sends an RTCP packet that `write` writes.
    pub(crate) fn send_rtcp(&mut self, peer: usize, write: impl FnOnce(&mut [u8]) -> Option<usize>) {
        let mut packet = [0; DATAGRAM_BYTES];
        let len = write(&mut packet).unwrap();
        let peer = &mut self.peers[peer];
        let len = peer.srtp.seal_rtcp(&mut packet, len).unwrap();
        let datagram = Datagram { route: peer.route, bytes: &mut packet[..len] };
        self.media.receive(self.now, datagram, &mut self.outbox);
    }

    /// Lets `ms` pass, and everything leave.
    pub(crate) fn pass(&mut self, ms: u64) {
        self.now = self.now.after_ms(ms);
        self.media.leave(self.now, &mut self.outbox);
        self.media.tick(self.now, &mut self.outbox);
        self.media.notices(|notice| {
            match notice {
                Notice::Arrived { traffic, .. } => self.arrived = Some(traffic),
                Notice::Sent { traffic, .. } => self.sent = Some(traffic),
                Notice::Layers { layers, .. } => self.layers = layers,
                Notice::SlowLink { source, lost_packets } => self.slow.push((source, lost_packets)),
                Notice::Needed { layers, .. } => self.needed = Some(layers),
                Notice::Dominant { stream } => self.dominant = Some(stream),
                _ => {}
            }
            Ok(())
        });
    }

    /// Opens everything that left since the last call, and shows it with the number of the peer that got it.
    pub(crate) fn collect(&mut self, mut seen: impl FnMut(usize, Opened<'_>)) {
        let Collected { arena, sent, .. } = &mut self.outbox;
        for (route, start, len) in sent.drain(..) {
            let Some(number) = self.peers.iter().position(|peer| peer.route == route) else { continue };
            let peer = &mut self.peers[number];
            let packet = &mut arena[start..start + len];
            if (192..224).contains(&packet[1]) {
                let len = peer.srtp.open_rtcp(packet).unwrap();
                seen(number, Opened::Rtcp(&packet[..len]));
                continue;
            }
            let ssrc = rtp::ssrc(packet).unwrap();
            let place = peer.incoming.iter().position(|(known, _)| *known == ssrc);
            let place = place.unwrap_or_else(|| {
                peer.incoming.push((ssrc, IncomingIndex::default()));
                peer.incoming.len() - 1
            });
            // A retransmission without RTX is a repetition, which a receiver's replay window refuses.
            if let Ok((len, index)) = peer.srtp.open_rtp(packet, &mut peer.incoming[place].1) {
                seen(number, Opened::Rtp(rtp::View::new(&packet[..len]).unwrap(), index));
            }
        }
        self.outbox.clear();
    }

    /// Forgets what left.
    pub(crate) fn forget(&mut self) {
        self.outbox.clear();
    }
}

/// What a peer got, in clear.
pub(crate) enum Opened<'a> {
    /// An RTP packet and its extended sequence number.
    Rtp(rtp::View<'a>, u64),
    /// A compound RTCP packet.
    Rtcp(&'a [u8]),
}

/// The payload type of what is published; subscribers get the next number.
pub(crate) const PAYLOAD_TYPE: u8 = 96;
/// The payload type of its retransmissions; subscribers get the next number.
pub(crate) const RTX_PAYLOAD_TYPE: u8 = 98;

/// The payload type of redundant audio; subscribers get the next number.
pub(crate) const RED_PAYLOAD_TYPE: u8 = 120;

const FEEDBACK: Feedback = Feedback { nack: true, pli: true, fir: true, remb: true, transport_cc: true };

/// The mid of the m-line with this SSRC, or with the one below for retransmissions.
fn mid(ssrc: u32) -> [u8; 1] {
    [b'A' + (ssrc / 100) as u8]
}

fn extensions() -> ExtensionMap {
    ExtensionMap::EMPTY
        .with(Extension::Mid, MID_ID)
        .with(Extension::TransportSequence, TRANSPORT_ID)
        .with(Extension::AudioLevel, LEVEL_ID)
        .with(Extension::PlayoutDelay, TAG_ID)
        .with(Extension::VideoOrientation, ORIENTATION_ID)
        .with(Extension::DependencyDescriptor, DESCRIPTOR_ID)
}

fn leak<T: Default>(count: usize) -> &'static mut [T] {
    (0..count).map(|_| T::default()).collect::<Vec<T>>().leak()
}
