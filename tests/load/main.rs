//! Load for a Janus VideoRoom: publishers, many cheap subscribers, and what they cost the server.
//!
//! Handshakes are str0m's. After that a subscriber only counts: its packets' heads are received many at a time, and
//! since a server shifts a publisher's sequence numbers by a constant, each says which packet it is and when it was
//! sent, without being opened. Whole payloads are compared in the scenarios.
//!
//! ```text
//! parlor-load --websocket 127.0.0.1:8188 --pid PID --subscribers 50 --phase even:300 --phase burst:300 --highest 1000
//! ```
//!
//! With `--sessions 100` it measures the control channel instead: idle sessions, and requests without pause.
//! Prints one JSON object. With `--audience ADDRESS` subscribers are there, and standard input says what is done
//! (`audience.rs`).

mod audience;
mod delays;
mod receive;
mod requests;
mod stage;

use parlor_tests::peer::Options;
use parlor_tests::process::Process;
use parlor_tests::server::create_room;
use parlor_tests::{Error, Result};
use serde_json::{Value, json};
use stage::{Pace, Stage};
use std::net::IpAddr;
use std::time::{Duration, Instant};

/// Before a phase is measured: the server's caches and socket buffers settle.
const WARM_UP: Duration = Duration::from_millis(1000);
/// After it: what is under way arrives.
const AFTERMATH: Duration = Duration::from_millis(500);
/// After everybody left, until memory is looked at.
const REST: Duration = Duration::from_secs(3);
/// Length of one step of the search for the highest rate.
const STEP: Duration = Duration::from_secs(3);
/// What the rate is multiplied by from step to step.
const GROWTH: f64 = 1.1;
/// Share of the pace that the publishers must have kept: below it the client was the limit, not the server.
const LEAST_PACE: f64 = 0.98;
/// Where the search gives up on its way down.
const LEAST_RATE: f64 = 10.0;
/// How often one rate is tried: what else runs on the machine disturbs a single attempt.
const ATTEMPTS: usize = 4;
/// Loss and delay that a server must not exceed in the search.
const MOST_LOSS: f64 = 0.001;
const MOST_P99_MS: f64 = 50.0;

struct Settings {
    websocket: String,
    process: Process,
    publishers: usize,
    subscribers: usize,
    mesh: bool,
    options: Options,
    pace: Pace,
    time: Duration,
    rtcp_delay: Duration,
    phases: Vec<(bool, f64)>,
    highest: Option<f64>,
    sessions: Option<usize>,
    audience: Option<IpAddr>,
}

fn main() -> Result<()> {
    let settings = read_settings()?;
    let process = settings.process;
    if let Some(sessions) = settings.sessions {
        println!("{}", requests::measure(&settings.websocket, process, sessions, settings.time)?);
        return Ok(());
    }
    let (idle_bytes, idle_threads) = (process.resident_bytes()?, process.threads()?);
    let room = create_room(&settings.websocket, settings.publishers as u64)?;
    let mut stage = Stage::new(settings.websocket.clone(), room, settings.options, settings.pace);
    stage.listening = settings.audience;
    for _ in 0..settings.publishers {
        stage.add_publisher()?;
    }
    stage.set_pace(settings.pace);
    stage.run(WARM_UP, |_| false)?;
    let published_bytes = process.resident_bytes()?;
    let mut joins_ms = Vec::new();
    for number in 0..settings.subscribers {
        joins_ms.push(stage.add_subscriber(settings.mesh.then_some(number))?);
    }
    stage.learn()?;
    if settings.audience.is_some() {
        audience::follow(&mut stage, joins_ms)?;
        return stage.leave();
    }
    stage.delay_subscribers(settings.rtcp_delay);
    stage.run(WARM_UP, |_| false)?;
    let joined_bytes = process.resident_bytes()?;
    let mut phases = Vec::new();
    for (burst, rate) in &settings.phases {
        let pace = Pace { rate: *rate, burst: *burst, ..settings.pace };
        phases.push(measure(&mut stage, process, pace, settings.time)?);
    }
    let highest = settings.highest.map(|start| highest(&mut stage, process, settings.pace, start)).transpose()?;
    let threads = process.threads()?;
    stage.leave()?;
    std::thread::sleep(REST);
    joins_ms.sort_by(f64::total_cmp);
    let report = json!({
        "publishers": settings.publishers,
        "subscribers": settings.subscribers,
        "idle_bytes": idle_bytes,
        "published_bytes": published_bytes,
        "joined_bytes": joined_bytes,
        "left_bytes": process.resident_bytes()?,
        "idle_threads": idle_threads,
        "threads": threads,
        "join_p50_ms": joins_ms[joins_ms.len() / 2],
        "join_p95_ms": joins_ms[joins_ms.len() * 95 / 100],
        "phases": phases,
        "highest": highest,
    });
    println!("{report}");
    Ok(())
}

/// One phase at one pace.
fn measure(stage: &mut Stage, process: Process, pace: Pace, time: Duration) -> Result<Value> {
    stage.set_pace(pace);
    stage.run(WARM_UP, |_| false)?;
    let client = Process(std::process::id());
    stage.open_window();
    let (start, cpu_ns, client_ns) = (Instant::now(), process.cpu_ns()?, client.cpu_ns()?);
    stage.run(time, |_| false)?;
    let (cpu_ns, client_ns) = (process.cpu_ns()? - cpu_ns, client.cpu_ns()? - client_ns);
    let seconds = start.elapsed().as_secs_f64();
    let expected = stage.close_window();
    stage.run(AFTERMATH, |_| false)?;
    let window = stage.window.take().ok_or("no window is open")?;
    let loss = 1.0 - window.received as f64 / expected.max(1) as f64;
    Ok(json!({
        "pace": if pace.burst { "burst" } else { "even" },
        "rate": pace.rate,
        "forwarded": window.received,
        "forwarded_per_s": (window.received as f64 / seconds).round(),
        "expected": expected,
        "loss": loss,
        // What the publishers sent of what they should have: the client's own limit.
        "kept_pace": expected as f64 / (seconds * pace.rate * stage.sources() as f64),
        "cpu_us": cpu_ns as f64 / 1e3 / window.received.max(1) as f64,
        "cpu_share": cpu_ns as f64 / 1e9 / seconds,
        "client_share": client_ns as f64 / 1e9 / seconds,
        "p50_ms": window.delays.quantile_ms(0.50),
        "p99_ms": window.delays.quantile_ms(0.99),
    }))
}

/// The last phase that a server bears when the rate rises step by step.
fn highest(stage: &mut Stage, process: Process, pace: Pace, start: f64) -> Result<Value> {
    let mut best = Value::Null;
    let mut rate = start;
    loop {
        let mut borne = false;
        for _ in 0..ATTEMPTS {
            let phase = measure(stage, process, Pace { rate, ..pace }, STEP)?;
            let loss = phase["loss"].as_f64().unwrap_or(1.0);
            let p99_ms = phase["p99_ms"].as_f64().unwrap_or(f64::INFINITY);
            let kept_pace = phase["kept_pace"].as_f64().unwrap_or(0.0);
            if loss < MOST_LOSS && p99_ms < MOST_P99_MS && kept_pace > LEAST_PACE {
                (best, borne) = (phase, true);
                break;
            }
        }
        match (borne, best.is_null()) {
            (true, _) => rate *= GROWTH,
            // It began too high.
            (false, true) if rate > LEAST_RATE => rate /= GROWTH.powi(3),
            (false, _) => return Ok(best),
        }
    }
}

fn read_settings() -> Result<Settings> {
    use lexopt::prelude::{Long, ValueExt};
    let mut settings = Settings {
        websocket: "127.0.0.1:8188".into(),
        process: Process(0),
        publishers: 1,
        subscribers: 50,
        mesh: false,
        options: Options { extensions: false, ..Options::local() },
        pace: Pace { rate: 300.0, frame: 10, burst: false, length: 1088 },
        time: Duration::from_secs(10),
        rtcp_delay: Duration::ZERO,
        phases: Vec::new(),
        highest: None,
        sessions: None,
        audience: None,
    };
    let mut arguments = lexopt::Parser::from_env();
    while let Some(argument) = arguments.next()? {
        let Long(name) = argument else { return Err(argument.unexpected().into()) };
        match name.to_owned().as_str() {
            "websocket" => settings.websocket = arguments.value()?.string()?,
            "pid" => settings.process = Process(arguments.value()?.parse()?),
            "publishers" => settings.publishers = arguments.value()?.parse()?,
            "subscribers" => settings.subscribers = arguments.value()?.parse()?,
            "mesh" => settings.mesh = true,
            "address" => settings.options.address = arguments.value()?.parse()?,
            "burst" => settings.pace.burst = true,
            "frame" => settings.pace.frame = arguments.value()?.parse()?,
            "length" => settings.pace.length = arguments.value()?.parse()?,
            "rate" => settings.pace.rate = arguments.value()?.parse()?,
            "seconds" => settings.time = Duration::from_secs_f64(arguments.value()?.parse()?),
            "rtcp-delay-ms" => settings.rtcp_delay = Duration::from_millis(arguments.value()?.parse()?),
            "phase" => settings.phases.push(read_phase(&arguments.value()?.string()?)?),
            "sessions" => settings.sessions = Some(arguments.value()?.parse()?),
            "audience" => settings.audience = Some(arguments.value()?.parse()?),
            "highest" => settings.highest = Some(arguments.value()?.parse()?),
            _ => return Err(format!("unknown option --{name}").into()),
        }
    }
    if settings.process.0 == 0 {
        return Err("--pid is needed: whose cost is measured".into());
    }
    Ok(settings)
}

/// `even:RATE` or `burst:RATE`, in packets a second.
fn read_phase(text: &str) -> Result<(bool, f64)> {
    let (kind, rate) = text.split_once(':').ok_or("a phase is even:RATE or burst:RATE")?;
    let burst = match kind {
        "even" => false,
        "burst" => true,
        _ => return Err(Error::from("a phase is even:RATE or burst:RATE")),
    };
    Ok((burst, rate.parse()?))
}
