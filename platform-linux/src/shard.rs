//! A media shard on Linux: a pinned thread that drives the core's media half over one UDP socket, and allocates
//! nothing once it runs.

use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Waker};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use parlor_core::id::LinkId;
use parlor_core::limits::DATAGRAM_BYTES;
use parlor_core::link::{CopiedPacket, Route, TapReader};
use parlor_core::media::{self, Command, Datagram, DtlsDatagram, Notice, Totals};
use parlor_core::time::Instant;
use polling::{Events, Poller};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

use crate::capture::{Copied, Tapping};
use crate::dtls::DtlsQueues;
use crate::gauges::{Gauges, Watched};
use crate::ingress::{self, IngressOpener, IngressSockets};
use crate::pulse::Pulse;
use crate::queue::{self, Bell, Inbox, Receiver, Sender};
use crate::recording::{self, RecordedPackets, RecordingTap};
use crate::udp::{Binding, Counters, Counts, Method, Multicast, Receive, Socket, Transmit, system};

/// What the poller calls the socket.
const SOCKET: usize = 0;

/// The longest sleep: a supervisor wants a sign of life, several in each of its periods.
const LONGEST_SLEEP: Duration = Duration::from_millis(400);

/// Seconds from the start of the NTP era to that of Unix time (RFC 5905 section 6).
const NTP_TO_UNIX_SECONDS: u64 = 2_208_988_800;

/// What a shard is made of.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Which shard; also the core that it asks for.
    pub index: u8,
    /// Its UDP port; 0 lets the system choose.
    pub port: u16,
    /// The addresses of that port.
    pub binding: Binding,
    /// How packets to groups leave.
    pub multicast: Multicast,
    /// Whether packets can be copied: captured, or heard.
    pub copies: bool,
    /// How many relays can be recorded; nothing if nothing is.
    pub recorded_relays: Option<u16>,
    /// The first of the ports that publishers of other boxes get, and how many; nothing where the system chooses.
    pub ingress_ports: Option<(u16, u16)>,
}

/// A running shard, seen from the control thread.
pub struct ShardHandle {
    /// Which shard.
    pub index: u8,
    /// Its UDP port.
    pub port: u16,
    /// Tells it what to do; gives the command back if too many wait.
    pub commands: Sender<Command>,
    /// What it tells.
    pub notices: Receiver<Notice>,
    /// Opens sockets for publishers of other boxes.
    pub ingress: IngressOpener,
    /// For [`crate::dtls::Handshakes`].
    pub dtls: DtlsQueues,
    /// Copies of packets, if they can be copied.
    pub copied: Option<Receiver<Copied>>,
    /// Packets that are recorded, if any are.
    pub recorded: Option<RecordedPackets>,
    /// The thread itself.
    pub thread: ShardThread,
}

/// A running media thread. It ends when it is told to; dropping this lets it run on.
pub struct ShardThread {
    stop: Arc<AtomicBool>,
    pulse: Arc<Pulse>,
    bell: Arc<Bell>,
    counters: Arc<Counters>,
    gauges: Arc<Gauges>,
    thread: JoinHandle<()>,
}

impl ShardThread {
    /// What passed the socket until now.
    pub fn counts(&self) -> Counts {
        self.counters.counts()
    }

    /// The thread as whoever watches over it sees it.
    pub fn watched(&self) -> Watched {
        Watched::new(Arc::clone(&self.pulse), Arc::clone(&self.counters), Arc::clone(&self.gauges))
    }

    /// Its signs of life.
    pub fn pulse(&self) -> Arc<Pulse> {
        Arc::clone(&self.pulse)
    }

    /// Asks the thread to end and waits for it; false if it ended by a panic.
    pub fn stop(self) -> bool {
        self.stop.store(true, Ordering::Release);
        self.bell.ring();
        self.thread.join().is_ok()
    }
}

/// Starts a shard on a thread of its own, named `media-` and its index. `body` makes the media half on that thread and
/// runs it over the port; its future ends when the port says [`media::Port::stopped`].
pub fn start<B, F>(settings: Settings, body: B) -> io::Result<ShardHandle>
where
    B: FnOnce(ShardPort) -> F + Send + 'static,
    F: Future<Output = ()>,
{
    let socket = Socket::bind(settings.binding, settings.port)?;
    socket.set_multicast(settings.multicast)?;
    let port = socket.port()?;
    let counters = Arc::new(Counters::default());
    let stop = Arc::new(AtomicBool::new(false));
    let (pulse, gauges) = (Arc::new(Pulse::default()), Arc::new(Gauges::default()));
    let poller = Arc::new(Poller::new()?);
    system::watch(&poller, &socket.descriptor, SOCKET)?;
    let bell = Bell::poller(Arc::clone(&poller));
    let (commands, commands_inbox) = queue::to_media::<_, { queue::COMMANDS }>(&bell);
    let (mut outgoing, mut outgoing_inbox) = queue::to_media::<_, { queue::DTLS_DATAGRAMS }>(&bell);
    let (notices_outbox, notices) = queue::to_control::<_, { queue::NOTICES }>()?;
    let (mut incoming_outbox, mut incoming) = queue::to_control::<_, { queue::DTLS_DATAGRAMS }>()?;
    // Every place is used once now, so that resident memory does not grow with the first handshakes.
    for _ in 0..queue::DTLS_DATAGRAMS {
        let blank = DtlsDatagram { link: LinkId::new(0, 0), len: 0, bytes: [0; DATAGRAM_BYTES] };
        let _ = (outgoing.try_send(blank.clone()), outgoing_inbox.try_recv());
        let _ = (incoming_outbox.try_send(blank), incoming.try_recv());
    }
    // It is not touched before something is copied.
    let copies = settings.copies.then(queue::to_control::<_, { queue::COPIES }>).transpose()?;
    let (tapping, copied) = copies.map(|(sender, copied)| (Tapping::new(sender), copied)).unzip();
    let (recording, recorded) = settings.recorded_relays.map(recording::tap).transpose()?.unzip();
    let transmit = Transmit::new(Arc::clone(&socket), Arc::clone(&counters));
    let (opener, ingress) = ingress::ingress(&bell, Arc::clone(&poller), settings.binding, settings.ingress_ports);
    let media_port = ShardPort {
        outbox: Outbox { transmit, dtls: incoming_outbox, tapping, recording, ingress },
        receive: Receive::new(Arc::clone(&socket), Arc::clone(&counters)),
        commands: commands_inbox,
        notices: notices_outbox,
        dtls: outgoing_inbox,
        clock: Clock::new(),
        waiting: Waiting { poller, events: Events::new(), socket },
        bell: Arc::clone(&bell),
        stop: Arc::clone(&stop),
        pulse: Arc::clone(&pulse),
        counters: Arc::clone(&counters),
        gauges: Arc::clone(&gauges),
    };
    let thread = std::thread::Builder::new().name(format!("media-{}", settings.index)).spawn(move || {
        pin_to_core(settings.index);
        block_on(body(media_port));
    })?;
    let thread = ShardThread { stop, pulse, bell, counters, gauges, thread };
    let dtls = DtlsQueues { incoming, outgoing };
    let index = settings.index;
    Ok(ShardHandle { index, port, commands, notices, ingress: opener, dtls, copied, recorded, thread })
}

/// Bytes of a shard's queues and socket buffers, apart from the core's tables.
pub const fn memory_bytes() -> usize {
    queue::memory_bytes::<Command, { queue::COMMANDS }>()
        + queue::memory_bytes::<Notice, { queue::NOTICES }>()
        + 2 * queue::memory_bytes::<DtlsDatagram, { queue::DTLS_DATAGRAMS }>()
        + ingress::memory_bytes()
        + Transmit::MEMORY_BYTES
        + Receive::MEMORY_BYTES
}

/// Bytes of the queue of a shard whose packets can be copied.
pub const fn copy_bytes() -> usize {
    queue::memory_bytes::<Copied, { queue::COPIES }>()
}

/// Bytes of the queue of a shard whose publishers can be recorded.
pub const fn recording_bytes() -> usize {
    recording::memory_bytes()
}

/// What a media thread reaches the world by.
pub struct ShardPort {
    outbox: Outbox,
    receive: Receive,
    commands: Inbox<Command>,
    notices: Sender<Notice>,
    dtls: Inbox<DtlsDatagram>,
    clock: Clock,
    waiting: Waiting,
    bell: Arc<Bell>,
    stop: Arc<AtomicBool>,
    pulse: Arc<Pulse>,
    counters: Arc<Counters>,
    gauges: Arc<Gauges>,
}

impl ShardPort {
    /// The wall clock at [`Instant`] 0, as an NTP timestamp (RFC 3550 section 4).
    pub fn ntp_at_start(&self) -> u64 {
        self.clock.ntp_at_start
    }
}

/// The sending side of a [`ShardPort`].
pub struct Outbox {
    transmit: Transmit,
    dtls: Sender<DtlsDatagram>,
    tapping: Option<Tapping>,
    recording: Option<RecordingTap>,
    ingress: IngressSockets,
}

impl Outbox {
    /// Sends by another method, to compare them.
    pub fn set_method(&mut self, method: Method) {
        self.transmit.set_method(method);
    }
}

impl media::Outbox for Outbox {
    fn lend(&mut self) -> &mut [u8] {
        self.transmit.lend()
    }

    fn commit(&mut self, route: &Route, len: usize) {
        self.transmit.commit(route, len);
    }

    fn commit_ingress(&mut self, link: LinkId, route: &Route, len: usize) {
        if let Some(socket) = self.ingress.of(link) {
            self.transmit.send_by(socket, route, len);
        }
    }

    fn flush(&mut self) {
        self.transmit.flush();
    }

    fn dtls(&mut self, datagram: DtlsDatagram) -> bool {
        self.dtls.try_send(datagram).is_ok()
    }

    fn copy(&mut self, packet: CopiedPacket) {
        match packet.reader {
            TapReader::Recording(relay) => {
                if let Some(recording) = &mut self.recording {
                    recording.push(relay, packet);
                }
            }
            TapReader::Capture(_) | TapReader::Sound(_) => {
                if let Some(tapping) = &mut self.tapping {
                    tapping.push(packet);
                }
            }
        }
    }
}

impl media::Port for ShardPort {
    type Outbox = Outbox;

    fn outbox(&mut self) -> &mut Outbox {
        &mut self.outbox
    }

    fn now(&mut self) -> Instant {
        self.clock.now()
    }

    /// Blocks this thread, which has nothing else to do, and is ready at its first poll.
    async fn wait(&mut self, until: Instant) {
        let timeout_us = until.since_us(self.clock.now());
        if timeout_us == 0 || self.stopped() {
            return;
        }
        self.bell.sleep();
        if self.commands.is_empty() && self.dtls.is_empty() && self.outbox.ingress.is_settled() && !self.stopped() {
            self.gauges.fall_asleep();
            self.waiting.block(Duration::from_micros(timeout_us).min(LONGEST_SLEEP));
            self.gauges.wake_up();
        }
        self.bell.wake();
    }

    fn receive(&mut self, mut each: impl FnMut(Datagram<'_>, &mut Outbox)) -> usize {
        // Once in every round of the loop.
        self.pulse.beat();
        let outbox = &mut self.outbox;
        self.receive.batch(|datagram| each(datagram, outbox))
    }

    fn receive_ingress(&mut self, mut each: impl FnMut(LinkId, Datagram<'_>, &mut Outbox)) -> usize {
        self.outbox.ingress.settle();
        let (mut place, mut datagrams) = (0, 0);
        while let Some((link, socket)) = self.outbox.ingress.at(place) {
            place += 1;
            let outbox = &mut self.outbox;
            datagrams += self.receive.batch_of(&socket, |datagram| each(link, datagram, outbox));
        }
        datagrams
    }

    fn command(&mut self) -> Option<Command> {
        self.commands.try_recv()
    }

    fn notice(&mut self, notice: Notice) -> Result<(), Notice> {
        self.notices.try_send(notice)
    }

    fn dtls(&mut self) -> Option<DtlsDatagram> {
        self.dtls.try_recv()
    }

    fn show(&mut self, totals: &Totals) {
        self.gauges.show(totals);
        self.counters.set_ingress_full(self.outbox.ingress.lost());
    }

    fn stopped(&self) -> bool {
        self.stop.load(Ordering::Acquire)
    }
}

/// Where the thread sleeps.
struct Waiting {
    poller: Arc<Poller>,
    events: Events,
    socket: Arc<Socket>,
}

impl Waiting {
    /// Sleeps until the socket is readable, the bell rings, or `timeout` has passed.
    fn block(&mut self, timeout: Duration) {
        self.events.clear();
        // An interrupted wait is one that ended early. Nothing else can fail here; if it does, the media half goes on
        // and lets other threads have their turn.
        if self.poller.wait(&mut self.events, Some(timeout)).is_err() {
            std::thread::yield_now();
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        let _ = self.poller.delete(&self.socket.descriptor);
    }
}

/// Monotonic time, and a wall clock that was read once: sender reports must not jump when somebody sets the clock.
struct Clock {
    start: std::time::Instant,
    ntp_at_start: u64,
}

impl Clock {
    fn new() -> Self {
        let unix = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        // The era's number is not told: the seconds wrap in 2036.
        let seconds = unix.as_secs().wrapping_add(NTP_TO_UNIX_SECONDS) << 32;
        let fraction = (u64::from(unix.subsec_nanos()) << 32) / 1_000_000_000;
        Self { start: std::time::Instant::now(), ntp_at_start: seconds | fraction }
    }

    fn now(&self) -> Instant {
        Instant::from_us(self.start.elapsed().as_micros() as u64)
    }
}

/// Keeps this thread on one of the cores that the process may use. Where that is not allowed, it floats.
fn pin_to_core(index: u8) {
    let Ok(allowed) = sched_getaffinity(None) else { return };
    let count = allowed.count() as usize;
    let mut cores = (0..CpuSet::MAX_CPU).filter(|core| allowed.is_set(*core));
    if let Some(core) = cores.nth(usize::from(index) % count.max(1)) {
        let mut own = CpuSet::new();
        own.set(core);
        let _ = sched_setaffinity(None, &own);
    }
}

/// Runs a future whose only pause blocks by itself ([`media::Port::wait`]): no waker is needed.
fn block_on(future: impl Future<Output = ()>) {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    while future.as_mut().poll(&mut context) == Poll::Pending {
        std::thread::yield_now();
    }
}

#[cfg(test)]
mod tests {
    use std::net::UdpSocket;

    use parlor_core::id::LinkId;
    use parlor_core::media::{Outbox as _, Port};

    use super::*;

    /// Echoes datagrams, answers a closed link by its notice, sends DTLS datagrams back.
    async fn echo(mut port: ShardPort) {
        let mut ticks = 0;
        while !port.stopped() {
            let until = port.now().after_ms(if ticks < 3 { 1 } else { 60_000 });
            port.wait(until).await;
            ticks += 1;
            while let Some(command) = port.command() {
                if let Command::CloseLink { link } = command {
                    assert!(port.notice(Notice::Connected { link }).is_ok());
                }
            }
            while let Some(datagram) = Port::dtls(&mut port) {
                assert!(port.outbox().dtls(datagram));
            }
            while port.receive(|datagram, outbox| {
                outbox.lend()[..datagram.bytes.len()].copy_from_slice(datagram.bytes);
                outbox.commit(&datagram.route, datagram.bytes.len());
            }) > 0
            {}
            port.outbox().flush();
        }
    }

    fn settings(index: u8, port: u16) -> Settings {
        let (binding, multicast) = (Binding::All, Multicast::default());
        Settings { index, port, binding, multicast, copies: false, recorded_relays: None, ingress_ports: None }
    }

    fn start_echo(index: u8) -> ShardHandle {
        start(settings(index, 0), echo).unwrap()
    }

    #[test]
    fn a_sleeping_shard_wakes_for_datagrams_commands_and_dtls() {
        let mut shard = start_echo(0);
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
        let link = LinkId::new(3, 4);
        for turn in 0..50_u8 {
            socket.send_to(&[turn; 100], ("127.0.0.1", shard.port)).unwrap();
            let mut bytes = [0; 200];
            assert_eq!(socket.recv(&mut bytes).unwrap(), 100);
            assert_eq!(bytes[99], turn);
            assert!(shard.commands.try_send(Command::CloseLink { link }).is_ok());
            assert_eq!(smol::block_on(shard.notices.recv()), Notice::Connected { link });
            assert!(shard.dtls.outgoing.try_send(DtlsDatagram::new(link, &[turn; 9]).unwrap()).is_ok());
            assert_eq!(smol::block_on(shard.dtls.incoming.recv()).payload(), [turn; 9]);
        }
        assert_eq!((shard.thread.counts().received, shard.thread.counts().sent), (50, 50));
        assert!(shard.thread.stop());
    }

    #[test]
    fn a_port_is_free_again_when_its_shard_has_stopped() {
        let shard = start_echo(1);
        let port = shard.port;
        let settings = Settings { binding: Binding::V4, ..settings(2, port) };
        assert!(start(settings, echo).is_err());
        assert!(shard.thread.stop());
        let settings = Settings { index: 1, binding: Binding::All, copies: true, recorded_relays: Some(2), ..settings };
        assert!(start(settings, echo).unwrap().thread.stop());
    }

    #[test]
    fn the_wall_clock_counts_from_1900() {
        let unix_seconds = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        let ntp_seconds = Clock::new().ntp_at_start >> 32;
        assert!((ntp_seconds as u32).wrapping_sub(unix_seconds as u32).wrapping_sub(2_208_988_800) < 60);
    }
}
