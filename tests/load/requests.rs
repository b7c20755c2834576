//! What the control channel costs: idle sessions, and requests as fast as the server answers.

use parlor_tests::process::Process;
use parlor_tests::{Result, Signalling};
use serde_json::{Value, json};
use std::thread;
use std::time::{Duration, Instant};

/// Connections that send requests at a time.
const CALLERS: usize = 4;
/// Requests that a caller sends before it reads their answers.
const WINDOW: usize = 16;
/// Until memory is looked at.
const REST: Duration = Duration::from_secs(1);

/// Measures `sessions` idle sessions, each with a connection and a handle of its own, then requests for `time`.
pub(crate) fn measure(websocket: &str, process: Process, sessions: usize, time: Duration) -> Result<Value> {
    // The first one touches what all share.
    let mut room = Signalling::connect(websocket)?;
    let handle = room.attach()?;
    let number = room.message(handle, json!({ "request": "create" }), None)?.0["room"].clone();
    thread::sleep(REST);
    let before_bytes = process.resident_bytes()?;
    let mut idle = Vec::new();
    for _ in 0..sessions {
        let mut signalling = Signalling::connect(websocket)?;
        signalling.attach()?;
        idle.push(signalling);
    }
    thread::sleep(REST);
    let idle_bytes = process.resident_bytes()?;
    for signalling in idle {
        signalling.leave()?;
    }
    let (start, cpu_ns) = (Instant::now(), process.cpu_ns()?);
    let body = json!({ "request": "listparticipants", "room": number });
    let answered = thread::scope(|scope| -> Result<usize> {
        let callers: Vec<_> = (0..CALLERS).map(|_| scope.spawn(|| call(websocket, &body, start + time))).collect();
        callers.into_iter().map(|caller| caller.join().map_err(|_| "a caller panicked")?).sum()
    })?;
    let (cpu_ns, seconds) = (process.cpu_ns()? - cpu_ns, start.elapsed().as_secs_f64());
    room.message(handle, json!({ "request": "destroy", "room": number }), None)?;
    Ok(json!({
        "sessions": sessions,
        "session_bytes": (idle_bytes.saturating_sub(before_bytes)) as f64 / sessions.max(1) as f64,
        "requests_per_s": answered as f64 / seconds,
        "request_cpu_us": cpu_ns as f64 / 1e3 / answered.max(1) as f64,
    }))
}

/// Sends requests until `end` and says how many were answered.
fn call(websocket: &str, body: &Value, end: Instant) -> Result<usize> {
    let mut signalling = Signalling::connect(websocket)?;
    let handle = signalling.attach()?;
    let request = json!({ "janus": "message", "handle_id": handle, "body": body });
    let mut answered = 0;
    while Instant::now() < end {
        signalling.pipeline(request.clone(), WINDOW)?;
        answered += WINDOW;
    }
    signalling.leave()?;
    Ok(answered)
}
