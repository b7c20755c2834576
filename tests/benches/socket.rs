//! What a packet costs to send over real UDP: µs of CPU for each 1200-byte packet to 50 receivers on loopback, by the
//! way in which packets are handed to the kernel. Every packet is copied from one slot, as forwarding does.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use parlor_core::link::Route;
use parlor_linux::udp::{Binding, Counters, Method, Receive, Socket, Transmit};
use rustix::time::{ClockId, clock_gettime};

const RECEIVERS: usize = 50;
const PACKET_BYTES: usize = 1200;

/// Packets of one measurement, and measurements of which the median counts.
const PACKETS: usize = 16_000;
const TURNS: usize = 15;

/// Between two packets of a publisher whose 300 packets a second are evenly spread: caches and the core cool down.
const PAUSE: Duration = Duration::from_micros(3333);
const PAUSED_ROUNDS: usize = 60;

fn main() {
    println!(
        "socket: µs of CPU per {PACKET_BYTES}-byte packet to {RECEIVERS} receivers on loopback, median of {TURNS}"
    );
    let slot = vec![0x5a; PACKET_BYTES];
    let mut ways = vec![
        Way { method: Method::Single, group: 1, pause: None },
        Way { method: Method::Batch, group: 1, pause: None },
        Way { method: Method::Batch, group: 1, pause: Some(PAUSE) },
    ];
    let socket = Socket::bind(Binding::All, 0).expect("a socket");
    if socket.can_segment() {
        ways.extend([2, 4, 8, 16].map(|group| Way { method: Method::Segmented, group, pause: None }));
    }
    let counters = Arc::new(Counters::default());
    let mut transmit = Transmit::new(socket, Arc::clone(&counters));
    let receivers = Receivers::start();
    let mut measured = vec![Vec::new(); ways.len()];
    for turn in 0..=TURNS {
        for (way, results) in ways.iter().zip(&mut measured) {
            let us = way.measure(&mut transmit, &receivers.routes, &slot);
            // The first turn warms up.
            if turn > 0 {
                results.push(us);
            }
        }
    }
    receivers.stop();
    let medians: Vec<_> = measured.into_iter().map(median).collect();
    for (way, us) in ways.iter().zip(&medians) {
        println!("  {:32} {us:6.2}   {:.2} of one a call", way.name(), us / medians[0]);
    }
    let counts = counters.counts();
    println!("  sent {}, not taken {}", counts.sent, counts.dropped_full + counts.dropped_unreachable);
}

/// A way to send: a method, how many packets follow each other to one receiver, and how long the thread sleeps then.
struct Way {
    method: Method,
    group: usize,
    pause: Option<Duration>,
}

impl Way {
    fn name(&self) -> String {
        match self.method {
            _ if self.pause.is_some() => "sendmmsg, 300 times a second".into(),
            Method::Single => "one packet a call".into(),
            Method::Batch => "sendmmsg".into(),
            Method::Segmented => format!("sendmmsg x GSO, {} to each", self.group),
        }
    }

    /// CPU time of this thread for each packet, in microseconds.
    fn measure(&self, transmit: &mut Transmit, routes: &[Route], slot: &[u8]) -> f64 {
        transmit.set_method(self.method);
        let rounds = if self.pause.is_some() { PAUSED_ROUNDS } else { PACKETS / (RECEIVERS * self.group) };
        let mut cpu = Duration::ZERO;
        for _ in 0..rounds {
            let start = cpu_time();
            for route in routes {
                for _ in 0..self.group {
                    transmit.lend()[..PACKET_BYTES].copy_from_slice(slot);
                    transmit.commit(route, PACKET_BYTES);
                }
            }
            transmit.flush();
            cpu += cpu_time() - start;
            // So that receivers keep up: a queue that overflows would make packets cheaper than they are.
            match self.pause {
                Some(pause) => thread::sleep(pause),
                None => thread::yield_now(),
            }
        }
        cpu.as_secs_f64() * 1e6 / (rounds * RECEIVERS * self.group) as f64
    }
}

/// Sockets that read what they get.
struct Receivers {
    routes: Vec<Route>,
    stop: Arc<AtomicBool>,
    thread: thread::JoinHandle<u64>,
}

impl Receivers {
    fn start() -> Self {
        let home = IpAddr::from(Ipv4Addr::LOCALHOST);
        let sockets: Vec<_> = (0..RECEIVERS).map(|_| Socket::bind(Binding::All, 0).expect("a receiver")).collect();
        let route =
            |socket: &Arc<Socket>| Route { remote: SocketAddr::new(home, socket.port().expect("a port")), local: home };
        let routes = sockets.iter().map(route).collect();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = thread::spawn(move || {
            let counters = Arc::new(Counters::default());
            let mut ends: Vec<_> =
                sockets.into_iter().map(|socket| Receive::new(socket, Arc::clone(&counters))).collect();
            while !stopped.load(Ordering::Relaxed) {
                let received: usize = ends.iter_mut().map(|end| end.batch(|_| {})).sum();
                if received == 0 {
                    thread::sleep(Duration::from_micros(50));
                }
            }
            counters.counts().received
        });
        Self { routes, stop, thread }
    }

    fn stop(self) {
        thread::sleep(Duration::from_millis(100));
        self.stop.store(true, Ordering::Relaxed);
        println!("  received {}", self.thread.join().expect("the receivers"));
    }
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}
