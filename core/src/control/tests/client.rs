//! A control half with clients that write requests and read what comes.

use core::net::SocketAddr;
use std::boxed::Box;
use std::format;
use std::string::{String, ToString};
use std::vec::Vec;

use crate::control::json::{Value, parse};
use crate::control::{
    CaptureFailure, CapturePath, CaptureRequest, Contact, Control, EventBackendKind, EventCounts, Film, IngressPort,
    Lender, Memory, Outlet, RecordingRequest, Settings, ShardLoad, Transport,
};
use crate::drops::Drop;
use crate::id::{CaptureId, ConnectionId, LinkId, RelayId};
use crate::limits::Limits;
use crate::link::{DataMessage, Fingerprint, HandshakeCommand, OpenData};
use crate::media::{CloseReason, Command, Notice};
use crate::random::Random;
use crate::room::{Name, Network, RoomSettings};
use crate::store::Zeroable;
use crate::time::Instant;

/// Randomness that is the same in every run.
pub(super) struct Sequence(u64);

impl Random for Sequence {
    fn fill(&mut self, bytes: &mut [u8]) {
        for byte in bytes {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            *byte = (self.0 >> 33) as u8;
        }
    }
}

struct Leak;

impl Lender<'static> for Leak {
    fn lend<T: Zeroable + 'static>(&mut self, _: &'static str, count: usize) -> &'static mut [T] {
        Box::leak((0..count).map(|_| T::zeroed()).collect())
    }
}

/// What came out.
#[derive(Default)]
pub(super) struct Heard {
    pub(super) texts: Vec<(u16, String)>,
    pub(super) commands: Vec<Command>,
    /// The same, with their shards.
    pub(super) addressed: Vec<(u8, Command)>,
    pub(super) handshakes: Vec<HandshakeCommand>,
    pub(super) events: Vec<(u16, String)>,
    /// Rooms that are there after a restart.
    pub(super) kept: Vec<RoomSettings>,
    /// Files that grow.
    pub(super) captures: Vec<CaptureId>,
    /// Links that carry data channels.
    pub(super) data: Vec<OpenData>,
    /// Messages that went to a link: under which label, and what they say.
    pub(super) messages: Vec<(LinkId, String, String)>,
    /// Messages that went to an address.
    pub(super) forwarded: Vec<(SocketAddr, String)>,
    /// Messages that went into a file.
    pub(super) recorded: Vec<(RelayId, String)>,
    /// Recordings under way: which relay, and the file with its folder.
    pub(super) recordings: Vec<(RelayId, String)>,
    /// The films that m-lines were to go into, one for each.
    pub(super) films: Vec<Film>,
    /// Sockets for other boxes and shards that are open: whose, and the port that was asked for.
    pub(super) ingress: Vec<(LinkId, IngressPort)>,
    /// How busy the shard is.
    pub(super) busy_percent: u8,
    /// How often a drain was over.
    pub(super) drained: u32,
}

impl Outlet for Heard {
    fn text(&mut self, connection: ConnectionId, message: &[u8]) {
        self.texts.push((connection.index, String::from_utf8(message.to_vec()).unwrap()));
    }

    fn command(&mut self, shard: u8, command: Command) {
        self.addressed.push((shard, command.clone()));
        self.commands.push(command);
    }

    fn handshake(&mut self, command: HandshakeCommand) {
        self.handshakes.push(command);
    }

    fn keep_room(&mut self, room: &RoomSettings) -> bool {
        self.kept.retain(|kept| kept.room != room.room);
        self.kept.push(room.clone());
        true
    }

    fn forget_room(&mut self, room: Name) -> bool {
        self.kept.retain(|kept| kept.room != room);
        true
    }

    fn event_counts(&mut self, kind: EventBackendKind) -> Option<EventCounts> {
        (kind == EventBackendKind::Http).then_some(EventCounts { waiting: 2, lost: 7 })
    }

    fn connections(&mut self, _: Transport, are_administrators: bool) -> u32 {
        if are_administrators { 1 } else { 3 }
    }

    fn drained(&mut self) {
        self.drained += 1;
    }

    fn shard_load(&mut self, shard: u8) -> Option<ShardLoad> {
        let mut load = ShardLoad { busy_percent: self.busy_percent, ..ShardLoad::default() };
        load.totals.drops.add(Drop::Replay, 3);
        (load.totals.packets, load.totals.packets_limit) = (5, 10);
        (shard == 0).then_some(load)
    }

    fn start_capture(&mut self, request: &CaptureRequest<'_>) -> Result<CapturePath, CaptureFailure> {
        if request.folder == Some("elsewhere") {
            return Err("only here".try_into().unwrap());
        }
        self.captures.push(request.capture);
        Ok(format!("here/{}", request.file.unwrap_or("usual")).as_str().try_into().unwrap())
    }

    fn start_recording(&mut self, request: &RecordingRequest<'_>) {
        let folder = request.folder.map(|folder| format!("{folder}/")).unwrap_or_default();
        self.recordings.push((request.relay, folder + request.file));
        self.films.extend(request.film);
    }

    fn stop_recording(&mut self, _: u8, relay: RelayId) {
        self.recordings.retain(|(running, _)| *running != relay);
    }

    fn open_data(&mut self, data: &OpenData) {
        self.data.push(*data);
    }

    fn send_data(&mut self, _: u8, to: LinkId, message: &DataMessage<'_>) {
        self.messages.push((to, message.label.to_string(), text(message.payload)));
    }

    fn forward_data(&mut self, to: SocketAddr, payload: &[u8]) {
        self.forwarded.push((to, text(payload)));
    }

    fn record_data(&mut self, _: u8, relay: RelayId, payload: &[u8]) {
        self.recorded.push((relay, text(payload)));
    }

    fn open_ingress(&mut self, _: u8, link: LinkId, port: IngressPort) -> Option<u16> {
        if port == IngressPort::Numbered(1) {
            return None;
        }
        self.ingress.push((link, port));
        match port {
            IngressPort::Numbered(port) => Some(port),
            IngressPort::Configured | IngressPort::Loopback => Some(40_000 + link.index),
        }
    }

    fn close_ingress(&mut self, _: u8, link: LinkId) {
        self.ingress.retain(|(open, _)| *open != link);
    }

    fn stop_capture(&mut self, capture: CaptureId) {
        self.captures.retain(|running| *running != capture);
    }

    fn event(&mut self, topic: u16, message: &[u8]) {
        self.events.push((topic, String::from_utf8(message.to_vec()).unwrap()));
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Small enough that every table is easily filled.
pub(super) const LIMITS: Limits = Limits {
    sessions: 4,
    handles: 8,
    rooms: 2,
    publishers: 3,
    subscribers: 3,
    streams_per_publisher: 3,
    streams_per_subscriber: 6,
    data_channels: 4,
    ..Limits::DEFAULT
};

/// A control half, its clock, and what came out of it.
pub(super) struct World {
    pub(super) control: Control<'static, Sequence>,
    pub(super) now: Instant,
    pub(super) heard: Heard,
}

impl World {
    pub(super) fn new() -> Self {
        Self::with(|_| {})
    }

    /// The same with other settings.
    pub(super) fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings {
            server_name: "test".try_into().unwrap(),
            addresses: [core::net::IpAddr::from([10, 0, 0, 1])].into_iter().collect(),
            forward_networks: Network::LOCAL.iter().filter_map(|text| text.parse().ok()).collect(),
            create_rooms: true,
            admin_secret: "overlord".try_into().unwrap(),
            ..Settings::new(LIMITS, Fingerprint { sha256: [7; 32] })
        };
        change(&mut settings);
        let control = Control::new(Memory::new(&settings.limits, settings.shards, &mut Leak), settings, Sequence(1));
        Self { control, now: Instant::from_ms(1), heard: Heard::default() }
    }

    /// Sends `text` and returns what the client `connection` was told.
    pub(super) fn say(&mut self, connection: u16, text: &str) -> Vec<String> {
        let before = self.heard.texts.len();
        self.control.request(self.now, ConnectionId::new(connection, 0), text.as_bytes(), &mut self.heard);
        let new = self.heard.texts[before..].iter().filter(|(index, _)| *index == connection);
        new.map(|(_, text)| text.clone()).collect()
    }

    /// A new session with `handles` handles: their numbers, the session's first.
    pub(super) fn session(&mut self, connection: u16, handles: usize) -> Vec<u64> {
        let created = self.say(connection, r#"{"janus":"create","transaction":"t"}"#);
        let session = number(&created[0], "id");
        let mut numbers = std::vec![session];
        for _ in 0..handles {
            let text = format!(
                r#"{{"janus":"attach","session_id":{session},"plugin":"janus.plugin.videoroom","transaction":"t"}}"#
            );
            numbers.push(number(&self.say(connection, &text)[0], "id"));
        }
        numbers
    }

    /// Sends a message to the plugin and returns the last thing that its sender was told.
    pub(super) fn ask(&mut self, connection: u16, session: u64, handle: u64, body: &str) -> String {
        self.ask_with(connection, session, handle, body, None)
    }

    /// The same with a description.
    pub(super) fn ask_with(
        &mut self,
        connection: u16,
        session: u64,
        handle: u64,
        body: &str,
        jsep: Option<(&str, &str)>,
    ) -> String {
        let jsep = jsep.map(|(kind, sdp)| {
            let sdp = sdp.replace('\r', "\\r").replace('\n', "\\n");
            format!(r#","jsep":{{"type":"{kind}","sdp":"{sdp}"}}"#)
        });
        let text = format!(
            r#"{{"janus":"message","session_id":{session},"handle_id":{handle},"transaction":"t","body":{body}{}}}"#,
            jsep.unwrap_or_default()
        );
        let said = self.say(connection, &text);
        said.into_iter().rfind(|text| text.contains(r#""transaction":"t""#)).unwrap_or_default()
    }

    /// The texts that came since the last time, whoever they were for.
    pub(super) fn texts(&mut self) -> Vec<String> {
        core::mem::take(&mut self.heard.texts).into_iter().map(|(_, text)| text).collect()
    }

    /// The commands that came since the last time.
    pub(super) fn commands(&mut self) -> Vec<Command> {
        self.heard.addressed.clear();
        core::mem::take(&mut self.heard.commands)
    }

    pub(super) fn notice(&mut self, notice: Notice) {
        self.notice_of(0, notice);
    }

    pub(super) fn notice_of(&mut self, shard: u8, notice: Notice) {
        self.control.notice(self.now, shard, notice, &mut self.heard);
    }

    /// The commands that came since the last time, with their shards.
    pub(super) fn addressed(&mut self) -> Vec<(u8, Command)> {
        self.heard.commands.clear();
        core::mem::take(&mut self.heard.addressed)
    }

    /// The link that was opened last.
    pub(super) fn last_link(&self) -> LinkId {
        self.last_opened().1
    }

    /// That link, and its shard.
    pub(super) fn last_opened(&self) -> (u8, LinkId) {
        let opened = self.heard.addressed.iter().rev().find_map(|(shard, command)| match command {
            Command::OpenLink(open) => Some((*shard, open.link)),
            _ => None,
        });
        opened.unwrap()
    }

    /// Plays a shard that closes links when asked.
    pub(super) fn close_links(&mut self) {
        for (shard, command) in self.addressed() {
            if let Command::CloseLink { link } = command {
                self.notice_of(shard, Notice::Closed { link, reason: CloseReason::Asked });
            }
        }
    }

    pub(super) fn drop_connection(&mut self, connection: u16) {
        let (connection, transport) = (ConnectionId::new(connection, 0), Transport::WebSocket);
        let contact = Contact { connection, transport, is_administrator: false };
        self.control.closed(self.now, contact, &mut self.heard);
    }

    /// How many entries each table has: sessions, handles, rooms, links, streams, subscriptions, relays.
    pub(super) fn sizes(&self) -> [usize; 7] {
        let state = &self.control.state;
        let shard = &state.shards[0];
        [
            state.sessions.len(),
            state.handles.len(),
            state.rooms.len(),
            shard.links.len(),
            shard.streams.len(),
            shard.subscriptions.len(),
            shard.relays.len(),
        ]
    }

    /// A room of number 7 and a publisher in it whose media flows: session, handle and number.
    pub(super) fn publisher(&mut self, connection: u16) -> (u64, u64, u64) {
        let numbers = self.session(connection, 1);
        let (session, handle) = (numbers[0], numbers[1]);
        self.ask(connection, session, handle, r#"{"request":"create","room":7}"#);
        let joined = self.ask(connection, session, handle, r#"{"request":"join","ptype":"publisher","room":7}"#);
        let id = number(&joined, "id");
        self.ask_with(connection, session, handle, r#"{"request":"publish"}"#, Some(("offer", OFFER)));
        let link = self.last_link();
        self.notice(Notice::Connected { link });
        self.notice(Notice::Up { link });
        (session, handle, id)
    }

    /// A subscriber to all that `feed` publishes, whose media flows: session and handle.
    pub(super) fn subscriber(&mut self, connection: u16, feed: u64) -> (u64, u64) {
        let numbers = self.session(connection, 1);
        let (session, handle) = (numbers[0], numbers[1]);
        let body = format!(r#"{{"request":"join","ptype":"subscriber","room":7,"streams":[{{"feed":{feed}}}]}}"#);
        let attached = self.ask(connection, session, handle, &body);
        self.answer(connection, session, handle, &attached);
        let (shard, link) = self.last_opened();
        self.notice_of(shard, Notice::Up { link });
        (session, handle)
    }

    /// Answers the offer in `message`.
    pub(super) fn answer(&mut self, connection: u16, session: u64, handle: u64, message: &str) -> String {
        let answer = answer_to(&sdp(message));
        self.ask_with(connection, session, handle, r#"{"request":"start"}"#, Some(("answer", &answer)))
    }
}

/// The first number called `name` in `message`, however deep.
pub(super) fn number(message: &str, name: &str) -> u64 {
    let key = format!("\"{name}\":");
    let rest = &message[message.find(&key).unwrap_or_else(|| panic!("no {name} in {message}")) + key.len()..];
    rest.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap()
}

/// The description in `message`.
pub(super) fn sdp(message: &str) -> String {
    let value = parse(message.as_bytes()).unwrap();
    let text = value.get("jsep").and_then(|jsep| jsep.get("sdp")).and_then(Value::text).unwrap();
    text.copy(&mut [0; 16_384]).unwrap().to_string()
}

/// [`OFFER`] with a picture in three simulcast layers.
pub(super) fn simulcast_offer() -> String {
    let layers = "a=rid:h send\r\na=rid:l send\r\na=rid:m send\r\na=simulcast:send l;m;h\r\n";
    format!("{}{layers}", OFFER.replace("a=ssrc:5 cname:x\r\n", ""))
}

/// What a browser would answer to `offer`.
fn answer_to(offer: &str) -> String {
    let mut answer = String::new();
    for line in offer.lines() {
        let is_ours =
            ["a=ssrc", "a=msid:", "a=candidate", "a=end-of-candidates", "a=ice-lite", "a=ice-", "a=fingerprint"];
        if is_ours.iter().any(|prefix| line.starts_with(prefix)) {
            continue;
        }
        let line = line.replace("setup:actpass", "setup:active").replace("sendonly", "recvonly");
        answer += &format!("{line}\r\n");
        if line.starts_with("c=") {
            answer += &peer_lines('b');
        }
    }
    answer
}

fn peer_lines(letter: char) -> String {
    let fingerprint = [format!("{letter}{letter}"), "00:".repeat(30), "00".to_string()];
    let [first, middle, last] = fingerprint;
    format!(
        "a=ice-ufrag:{letter}{letter}{letter}{letter}\r\na=ice-pwd:0123456789012345678901\r\na=fingerprint:sha-256 {first}:{middle}{last}\r\n"
    )
}

/// Data channels alone.
pub(super) const DATA_OFFER: &str = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n\
m=application 9 UDP/DTLS/SCTP webrtc-datachannel\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:aaaa\r\na=ice-pwd:0123456789012345678901\r\n\
a=fingerprint:sha-256 AA:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00\r\n\
a=setup:actpass\r\na=mid:0\r\na=sctp-port:5001\r\na=max-message-size:1000\r\n";

/// Sound and picture.
pub(super) const OFFER: &str = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0 1\r\n\
m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:aaaa\r\na=ice-pwd:0123456789012345678901\r\n\
a=fingerprint:sha-256 AA:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00\r\n\
a=setup:actpass\r\na=mid:0\r\na=sendonly\r\na=rtcp-mux\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 useinbandfec=1\r\n\
a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n\
m=video 9 UDP/TLS/RTP/SAVPF 96 97\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:aaaa\r\na=ice-pwd:0123456789012345678901\r\n\
a=fingerprint:sha-256 AA:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00:00\r\n\
a=setup:actpass\r\na=mid:1\r\na=sendonly\r\na=rtcp-mux\r\na=rtpmap:96 VP8/90000\r\na=rtcp-fb:96 nack\r\n\
a=rtcp-fb:96 nack pli\r\na=rtpmap:97 rtx/90000\r\na=fmtp:97 apt=96\r\na=ssrc:5 cname:x\r\n";
