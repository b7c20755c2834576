//! The publishers and listeners of one run, driven by one thread.

use crate::delays::Delays;
use crate::receive::{Batch, Packet, prepare};
use parlor_tests::peer::Options;
use parlor_tests::{Publisher, Result, Subscriber, payload};
use std::net::IpAddr;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use str0m::media::MediaKind;

/// Between two looks at a listener's socket; delays are taken by the kernel, so this costs no precision.
const SWEEP: Duration = Duration::from_millis(2);
/// Between two runs of every stack's timers.
const TICK: Duration = Duration::from_millis(20);
/// Between two looks at somebody's signalling connection.
const STAY: Duration = Duration::from_millis(100);
/// How far behind its pace a publisher may be and still catch up.
const MOST_BEHIND: Duration = Duration::from_millis(20);
/// Send times remembered by publisher: as many as there are sequence numbers.
const REMEMBERED: usize = 1 << 16;
/// Packets of a source that its listener's stack reads itself, to learn how its numbers are shifted.
const LESSONS: u64 = 3;
/// Listeners that are read between two looks at what is to be sent.
const TURN: usize = 8;

/// How packets are sent.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Pace {
    /// Packets a second, of every publisher.
    pub(crate) rate: f64,
    /// Packets of one frame.
    pub(crate) frame: usize,
    /// Whether a frame's packets leave at once, or evenly spread.
    pub(crate) burst: bool,
    /// Payload bytes of a packet.
    pub(crate) length: usize,
}

struct Speaker {
    publisher: Publisher,
    /// Its place among the speakers, sent in every packet.
    number: usize,
    sent_at_ns: Vec<u64>,
    place: usize,
    due: Instant,
}

/// One source as one listener receives it.
struct Source {
    ssrc: u32,
    speaker: usize,
    /// Sequence number less the publisher's index.
    shift: u16,
    lessons: u64,
}

struct Listener {
    subscriber: Subscriber,
    expected: usize,
    sources: Vec<Source>,
    learning: bool,
}

/// What is counted while a phase is measured: packets with these indices, by speaker.
pub(crate) struct Window {
    first: Vec<u64>,
    end: Vec<u64>,
    pub(crate) received: u64,
    pub(crate) delays: Delays,
}

/// Everybody in the room.
pub(crate) struct Stage {
    websocket: String,
    room: u64,
    options: Options,
    /// Where listeners are, if not where publishers are.
    pub(crate) listening: Option<IpAddr>,
    pub(crate) pace: Pace,
    speakers: Vec<Speaker>,
    listeners: Vec<Listener>,
    batch: Batch,
    pub(crate) window: Option<Window>,
    sweep: Instant,
    tick: Instant,
    stay: Instant,
    stayed: usize,
}

impl Stage {
    pub(crate) fn new(websocket: String, room: u64, options: Options, pace: Pace) -> Stage {
        let now = Instant::now();
        Stage {
            websocket,
            room,
            options,
            listening: None,
            pace,
            speakers: Vec::new(),
            listeners: Vec::new(),
            batch: Batch::new(),
            window: None,
            sweep: now,
            tick: now,
            stay: now,
            stayed: 0,
        }
    }

    pub(crate) fn add_publisher(&mut self) -> Result<()> {
        let publisher = Publisher::join(&self.websocket, self.room, self.options, &[MediaKind::Video])?;
        prepare(publisher.peer.socket())?;
        let sent_at_ns = vec![0; REMEMBERED];
        self.speakers.push(Speaker {
            publisher,
            number: self.speakers.len(),
            sent_at_ns,
            place: 0,
            due: Instant::now(),
        });
        Ok(())
    }

    /// Lets a subscriber join to all publishers but its own; gives how long its first packet took, in milliseconds.
    pub(crate) fn add_subscriber(&mut self, own: Option<usize>) -> Result<f64> {
        let others = self.speakers.iter().enumerate().filter(|(place, _)| Some(*place) != own);
        let feeds: Vec<u64> = others.map(|(_, speaker)| speaker.publisher.id).collect();
        let start = Instant::now();
        let options = Options { address: self.listening.unwrap_or(self.options.address), ..self.options };
        let subscriber = Subscriber::join(&self.websocket, self.room, options, &feeds)?;
        prepare(subscriber.peer.socket())?;
        let listener = Listener { subscriber, expected: feeds.len(), sources: Vec::new(), learning: true };
        self.listeners.push(listener);
        let place = self.listeners.len() - 1;
        self.run(Duration::from_secs(15), |stage| !stage.listeners[place].sources.is_empty())?;
        let taken = start.elapsed();
        if self.listeners[place].sources.is_empty() {
            return Err("a subscriber got nothing within 15 s".into());
        }
        Ok(taken.as_secs_f64() * 1e3)
    }

    /// Goes on until every listener knows all its sources.
    pub(crate) fn learn(&mut self) -> Result<()> {
        self.run(Duration::from_secs(15), |stage| stage.listeners.iter().all(|listener| !listener.learning))?;
        match self.listeners.iter().filter(|listener| listener.learning).count() {
            0 => Ok(()),
            count => Err(format!("{count} subscribers do not get all streams").into()),
        }
    }

    /// Holds back what subscribers send: Janus keeps nothing for retransmission while a round trip takes 0 ms.
    pub(crate) fn delay_subscribers(&mut self, delay: Duration) {
        for listener in &mut self.listeners {
            listener.subscriber.peer.link.delay_out = delay;
        }
    }

    /// Starts to count, from the next packet on.
    pub(crate) fn open_window(&mut self) {
        let first = self.sent();
        let end = vec![u64::MAX; first.len()];
        self.window = Some(Window { first, end, received: 0, delays: Delays::new() });
    }

    /// Ends the window: what is sent from now on does not count, but what is under way does.
    pub(crate) fn close_window(&mut self) -> u64 {
        let end = self.sent();
        let Some(window) = &mut self.window else { return 0 };
        window.end = end;
        let sent = |speaker: usize| window.end[speaker] - window.first[speaker];
        let sources = self.listeners.iter().flat_map(|listener| &listener.sources);
        sources.map(|source| sent(source.speaker)).sum()
    }

    /// How many streams are received, by all listeners together.
    pub(crate) fn sources(&self) -> usize {
        self.listeners.iter().map(|listener| listener.sources.len()).sum()
    }

    fn sent(&self) -> Vec<u64> {
        self.speakers.iter().map(|speaker| speaker.publisher.tracks[0].sent).collect()
    }

    /// Everybody leaves.
    pub(crate) fn leave(self) -> Result<()> {
        for listener in self.listeners {
            listener.subscriber.signalling.leave()?;
        }
        for speaker in self.speakers {
            speaker.publisher.signalling.leave()?;
        }
        Ok(())
    }

    /// Changes the pace from now on.
    pub(crate) fn set_pace(&mut self, pace: Pace) {
        self.pace = pace;
        let now = Instant::now();
        let count = self.speakers.len() as f64;
        for (place, speaker) in self.speakers.iter_mut().enumerate() {
            // Publishers are not in step with each other.
            speaker.due = now + Duration::from_secs_f64(pace.step_s() * place as f64 / count);
        }
    }

    /// Packets that all publishers sent until now.
    pub(crate) fn sent_packets(&self) -> u64 {
        self.sent().iter().sum()
    }

    /// The publishers send for `time`, and nobody reads what comes of it.
    pub(crate) fn run_unread(&mut self, time: Duration) -> Result<()> {
        let end = Instant::now() + time;
        loop {
            self.send_due()?;
            let now = Instant::now();
            if now >= end {
                return Ok(());
            }
            if now >= self.tick {
                self.tick = now + TICK;
                for speaker in &mut self.speakers {
                    speaker.publisher.peer.poll(now)?;
                }
            }
            let next = self.speakers.iter().map(|speaker| speaker.due).min().unwrap_or(end).min(end);
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
        }
    }

    /// Sends and receives for `time`, or until `done`.
    pub(crate) fn run(&mut self, time: Duration, mut done: impl FnMut(&Stage) -> bool) -> Result<()> {
        let end = Instant::now() + time;
        loop {
            self.send_due()?;
            let now = Instant::now();
            if now >= end || done(self) {
                return Ok(());
            }
            if now >= self.sweep {
                self.sweep = now + SWEEP;
                for place in 0..self.listeners.len() {
                    self.read(place, now)?;
                    if place % TURN == TURN - 1 {
                        self.send_due()?;
                    }
                }
            }
            self.keep(now)?;
            let next = self.speakers.iter().map(|speaker| speaker.due).min().unwrap_or(end);
            let next = next.min(self.sweep).min(end);
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
        }
    }

    fn send_due(&mut self) -> Result<()> {
        let pace = self.pace;
        for speaker in &mut self.speakers {
            // A client that was held up does not catch up: it would measure a burst that nobody asked for.
            speaker.due = speaker.due.max(Instant::now() - MOST_BEHIND);
            while speaker.due <= Instant::now() {
                speaker.due += Duration::from_secs_f64(pace.step_s());
                for _ in 0..if pace.burst { pace.frame } else { 1 } {
                    speaker.send(pace)?;
                }
            }
        }
        Ok(())
    }

    /// Timers, and what keeps servers from giving us up.
    fn keep(&mut self, now: Instant) -> Result<()> {
        if now >= self.tick {
            self.tick = now + TICK;
            for speaker in &mut self.speakers {
                speaker.publisher.peer.poll(now)?;
            }
            for listener in &mut self.listeners {
                listener.subscriber.peer.tick(now)?;
            }
        }
        if now >= self.stay {
            self.stay = now + STAY;
            let everybody = self.speakers.len() + self.listeners.len();
            self.stayed = (self.stayed + 1) % everybody.max(1);
            match self.stayed.checked_sub(self.speakers.len()) {
                Some(place) => self.listeners[place].subscriber.signalling.stay()?,
                None => self.speakers[self.stayed].publisher.signalling.stay()?,
            }
        }
        Ok(())
    }

    fn read(&mut self, place: usize, now: Instant) -> Result<()> {
        let Stage { speakers, listeners, batch, window, .. } = self;
        let listener = &mut listeners[place];
        if listener.learning {
            listener.subscriber.peer.poll(now)?;
            return listener.learn();
        }
        loop {
            let mut others = Vec::new();
            let Listener { subscriber, sources, .. } = &*listener;
            let count = batch.receive(subscriber.peer.socket(), |packet| match media(&packet) {
                Some((ssrc, sequence)) => {
                    let Some(source) = sources.iter().find(|source| source.ssrc == ssrc) else { return };
                    let index = sequence.wrapping_sub(source.shift);
                    count_packet(window, &speakers[source.speaker], index, packet.at_ns);
                }
                None => others.push((packet.source, packet.head.to_vec())),
            })?;
            for (source, datagram) in others {
                listener.subscriber.peer.accept(now, source, &datagram)?;
            }
            if count == 0 {
                return Ok(());
            }
        }
    }
}

/// SSRC and sequence number, if this is RTP (RFC 7983, and RFC 5761 for what is RTCP).
fn media(packet: &Packet<'_>) -> Option<(u32, u16)> {
    let head = packet.head.get(..12)?;
    let is_media = (128..192).contains(&head[0]) && !(192..224).contains(&head[1]);
    let ssrc = u32::from_be_bytes([head[8], head[9], head[10], head[11]]);
    is_media.then(|| (ssrc, u16::from_be_bytes([head[2], head[3]])))
}

fn count_packet(window: &mut Option<Window>, speaker: &Speaker, index: u16, at_ns: u64) {
    let Some(window) = window else { return };
    // The newest index of the publisher's that ends in these sixteen bits.
    let newest = speaker.publisher.tracks[0].sent.wrapping_sub(1);
    let index64 = newest.wrapping_sub(u64::from((newest as u16).wrapping_sub(index)));
    if (window.first[speaker.number]..window.end[speaker.number]).contains(&index64) {
        window.received += 1;
        window.delays.add(at_ns.saturating_sub(speaker.sent_at_ns[usize::from(index)]));
    }
}

impl Speaker {
    fn send(&mut self, pace: Pace) -> Result<()> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?;
        let index = self.publisher.tracks[0].sent as usize;
        self.sent_at_ns[index % REMEMBERED] = now.as_nanos() as u64;
        self.publisher.send_part(0, self.place, pace.frame, pace.length, self.number as u64)?;
        self.place = (self.place + 1) % pace.frame;
        Ok(())
    }
}

impl Listener {
    /// Learns from the packets that the stack has opened which SSRC is whose, and how it is numbered.
    fn learn(&mut self) -> Result<()> {
        for packet in self.subscriber.peer.received.drain(..) {
            let (index, speaker) = payload::read_stamp(&packet.payload).ok_or("a payload that nobody sent")?;
            let shift = (packet.sequence as u16).wrapping_sub(index as u16);
            match self.sources.iter_mut().find(|source| source.ssrc == packet.ssrc) {
                Some(source) => {
                    source.shift = shift;
                    source.lessons += 1;
                }
                None => self.sources.push(Source { ssrc: packet.ssrc, speaker: speaker as usize, shift, lessons: 1 }),
            }
        }
        let known = self.sources.iter().filter(|source| source.lessons >= LESSONS).count();
        self.learning = known < self.expected;
        Ok(())
    }
}

impl Pace {
    /// Seconds between two sends.
    fn step_s(&self) -> f64 {
        if self.burst { self.frame as f64 / self.rate } else { 1.0 / self.rate }
    }
}
