//! A whole room in memory: no socket, no thread, no heap. Two people speak, two listen, one of these is switched from
//! the first speaker to the other, a third speaker is refused. It builds for machines without operating system too.

use core::{fmt, net::IpAddr};
use heapless::{String, Vec, format};
use parlor_core::control::{self, Control, Outlet};
use parlor_core::limits::{DATAGRAM_BYTES, Limits};
use parlor_core::link::{DtlsDatagram, Fingerprint, HandshakeCommand, HandshakeEvent, IncomingIndex, MasterKey, NoGcm};
use parlor_core::link::{Outbox, Route, SrtpKeys, SrtpProfile, SrtpSession};
use parlor_core::media::{self, Command, Datagram, Media, Notice, OpenLink};
use parlor_core::wire::{rtp, stun};
use parlor_core::{
    control_storage, id::ConnectionId, media_storage, random::Random, room::RoomSettings, time::Instant,
};
use static_cell::ConstStaticCell;

const LIMITS: Limits = Limits::SMALL;
static CONTROL_HALF: ConstStaticCell<control_storage!(1, LIMITS)> = ConstStaticCell::new(control::Storage::EMPTY);
static MEDIA_HALF: ConstStaticCell<media_storage!(NoGcm, LIMITS)> = ConstStaticCell::new(media::Storage::EMPTY);
const PEER_SDP: &str = r"v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\na=ice-ufrag:peer\r\na=ice-pwd:0123456789012345678901\r\na=fingerprint:sha-256 AA:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00\r\n";

/// What a platform is: the media half, a clock, and where both halves' words go.
struct Firmware {
    media: Media<'static, NoGcm, Numbers>,
    now: Instant,
    opened: Option<OpenLink>,
    told: String<4096>,
    network: Network,
}

/// Room for a datagram, and the peers that it may go to.
struct Network([u8; DATAGRAM_BYTES], Vec<Peer, 4>);

/// A browser's end of a connection, and what it heard.
struct Peer(Route, SrtpSession<NoGcm>, IncomingIndex, String<16>);

impl Outlet for Firmware {
    fn text(&mut self, _client: ConnectionId, message: &[u8]) {
        self.told = core::str::from_utf8(message).unwrap().try_into().unwrap();
    }
    fn command(&mut self, _shard: u8, command: Command) {
        self.opened = if let Command::OpenLink(open) = &command { Some(open.clone()) } else { self.opened.take() };
        self.media.command(self.now, command);
    }
    fn handshake(&mut self, _for_the_dtls_library: HandshakeCommand) {}
}

impl Outbox for Network {
    fn lend(&mut self) -> &mut [u8] {
        &mut self.0
    }
    fn commit(&mut self, route: &Route, len: usize) {
        for Peer(_, srtp, index, heard) in self.1.iter_mut().filter(|peer| peer.0 == *route) {
            if let Ok((len, _)) = srtp.open_rtp(&mut self.0[..len], index) {
                heard.push(self.0[len - 1].into()).unwrap();
            }
        }
    }
    fn flush(&mut self) {}
    fn dtls(&mut self, _for_the_dtls_library: DtlsDatagram) -> bool {
        true
    }
}

impl Firmware {
    /// A client says something; the number that its answer names.
    fn ask(&mut self, control: &mut Control<'_, Numbers>, rest: fmt::Arguments<'_>) -> u64 {
        let text: String<2048> = format!(r#"{{"transaction":"t",{rest}}}"#).unwrap();
        control.request(self.now, ConnectionId::new(0, 0), text.as_bytes(), self);
        let number = self.told.split(r#""id":"#).nth(1).and_then(|rest| rest.split(['}', ',']).next());
        number.and_then(|number| number.parse().ok()).unwrap_or_default()
    }

    /// Somebody joins as `body` says and describes a connection; ICE and DTLS follow: a check comes, keys are there.
    fn join(&mut self, control: &mut Control<'_, Numbers>, body: &str, request: &str, jsep: &str) -> u64 {
        let id =
            self.ask(control, format_args!(r#""janus":"attach","session_id":1,"plugin":"janus.plugin.videoroom""#));
        let begin = format_args!(r#""janus":"message","session_id":1,"handle_id":{id},"body":"#);
        self.ask(control, format_args!(r#"{begin}{{"request":"join","room":7,{body}}}"#));
        self.ask(control, format_args!(r#"{begin}{{"request":"{request}"}},"jsep":{{"sdp":"{PEER_SDP}{jsep}}}"#));
        let Some(OpenLink { link, local: ours, .. }) = self.opened.take() else { return id };
        let route = Route { remote: ([10, 0, 0, 9], 5000 + link.index).into(), local: IpAddr::from([10, 0, 0, 1]) };
        let name: String<32> = format!("{}:peer", ours.ufrag).unwrap();
        let mut bytes = [0; 256];
        let password = stun::Integrity::new(ours.password.as_bytes());
        let len = stun::Request::nominating([9; 12], name.as_bytes()).write(&mut bytes, password.as_ref()).unwrap();
        self.media.receive(self.now, Datagram { route, bytes: &mut bytes[..len] }, &mut self.network);
        let (local, remote) = (MasterKey { key: [1; 16], salt: [2; 14] }, MasterKey { key: [3; 16], salt: [4; 14] });
        let keys = SrtpKeys { profile: SrtpProfile::Aes128CmSha1_80, local, remote };
        control.handshake(self.now, HandshakeEvent::Secured { link, shard: 0, keys }, self);
        let srtp = SrtpSession::new(&SrtpKeys { local: remote, remote: local, ..keys });
        self.network.1.push(Peer(route, srtp, IncomingIndex::default(), String::new())).ok().unwrap();
        self.pass(control, 0);
        id
    }

    /// Some speakers send a packet, and 20 ms pass: packets leave for the listeners, and news for the control half.
    fn pass(&mut self, control: &mut Control<'_, Numbers>, speakers: usize) {
        let index = self.now.us / 20_000;
        for (speaker, word) in (0..speakers).zip(b'a'..) {
            let (mut packet, Peer(route, srtp, ..)) = ([word; 64], &self.network.1[speaker]);
            let header = rtp::Header { payload_type: 111, sequence: index as u16, ..Default::default() };
            header.write(&mut packet, []).unwrap();
            let len = srtp.seal_rtp(&mut packet, 13, 12, index).unwrap();
            self.media.receive(self.now, Datagram { route: *route, bytes: &mut packet[..len] }, &mut self.network);
        }
        self.now = self.now.after_ms(20);
        self.media.leave(self.now, &mut self.network);
        self.media.tick(self.now, &mut self.network);
        let mut news: Vec<Notice, 16> = Vec::new();
        self.media.notices(|notice| news.push(notice));
        news.into_iter().for_each(|notice| control.notice(self.now, 0, notice, self));
        control.tick(self.now, self);
    }
}

/// Plays the scene. A firmware calls it once.
pub fn main() {
    let settings = control::Settings::new(LIMITS, Fingerprint { sha256: [7; 32] });
    let control = &mut Control::new(CONTROL_HALF.take().lend(&LIMITS, 1).unwrap(), settings, Numbers(1));
    control.add_room(RoomSettings { room: 7.into(), publishers: 2, ..RoomSettings::default() }).unwrap();
    let media = Media::new(MEDIA_HALF.take().lend(&LIMITS).unwrap(), LIMITS, media::Settings::default(), Numbers(2));
    let (now, network) = (Instant::from_ms(1000), Network([0; DATAGRAM_BYTES], Vec::new()));
    let mut board = Firmware { media, now, opened: None, told: String::new(), network };
    board.ask(control, format_args!(r#""janus":"create","id":1"#));
    for speaker in [r#""ptype":"publisher","id":1"#, r#""ptype":"publisher","id":2"#, r#""ptype":"publisher""#] {
        board.join(control, speaker, "publish", r#"a=setup:actpass\r\na=sendonly\r\n","type":"offer""#);
    }
    assert!(board.told.contains("432"), "the third speaker is refused: {}", board.told);
    let [_, handle] = [r#""ptype":"subscriber","streams":[{"feed":1}]"#; 2]
        .map(|listener| board.join(control, listener, "start", r#"a=setup:active\r\na=recvonly\r\n","type":"answer""#));
    (0..4).for_each(|_| board.pass(control, 2));
    board.ask(control, format_args!(r#""janus":"message","session_id":1,"handle_id":{handle},"body":{{"request":"switch","streams":[{{"feed":2,"mid":"0","sub_mid":"0"}}]}}"#));
    (0..4).for_each(|_| board.pass(control, 2));
    let heard = [2, 3].map(|listener| board.network.1[listener].3.as_str());
    assert_eq!(heard, ["aaaaaaaa", "aaaabbbb"]);
    #[cfg(not(target_os = "none"))]
    println!("the listeners heard {} and {}", heard[0], heard[1]);
}

/// A bad source of randomness.
struct Numbers(u8);

impl Random for Numbers {
    fn fill(&mut self, bytes: &mut [u8]) {
        self.0 = self.0.wrapping_add(29);
        bytes.fill(self.0);
    }
}
