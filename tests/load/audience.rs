//! A large audience whose packets nobody reads: whoever measures has them thrown away on their way, so that what their
//! reception costs is not measured. Standard input says what is done next, a line each, and what came of it is a line
//! of JSON:
//!
//! ```text
//! send RATE SECONDS    the publishers alone, at so many packets a second
//! rest SECONDS         everybody, slowly: timers of the audience, and what comes to it
//! ```

use crate::stage::{Pace, Stage};
use parlor_tests::Result;
use parlor_tests::process::Process;
use serde_json::json;
use std::io::{BufRead, Write};
use std::time::{Duration, Instant};

/// How fast it is sent while the audience reads: packets a second.
const REST_RATE: f64 = 20.0;

/// Does what standard input says until it ends.
pub(crate) fn follow(stage: &mut Stage, mut joins_ms: Vec<f64>) -> Result<()> {
    joins_ms.sort_by(f64::total_cmp);
    say(&json!({ "subscribers": joins_ms.len(), "join_p50_ms": joins_ms[joins_ms.len() / 2] }))?;
    let pace = stage.pace;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let words: Vec<&str> = line.split_ascii_whitespace().collect();
        match words[..] {
            ["send", rate, seconds] => {
                let rate: f64 = rate.parse()?;
                stage.set_pace(Pace { rate, ..pace });
                let process = Process(std::process::id());
                let (start, before, cpu_ns) = (Instant::now(), stage.sent_packets(), process.cpu_ns()?);
                stage.run_unread(Duration::from_secs_f64(seconds.parse()?))?;
                let seconds = start.elapsed().as_secs_f64();
                let sent = stage.sent_packets() - before;
                let client_share = (process.cpu_ns()? - cpu_ns) as f64 / 1e9 / seconds;
                let kept_pace = sent as f64 / (rate * seconds);
                say(&json!({ "sent": sent, "kept_pace": kept_pace, "client_share": client_share }))?;
            }
            ["rest", seconds] => {
                stage.set_pace(Pace { rate: REST_RATE, ..pace });
                stage.run(Duration::from_secs_f64(seconds.parse()?), |_| false)?;
                say(&json!({}))?;
            }
            _ => return Err(format!("{line:?} is neither send RATE SECONDS nor rest SECONDS").into()),
        }
    }
    Ok(())
}

fn say(value: &serde_json::Value) -> Result<()> {
    let mut out = std::io::stdout().lock();
    writeln!(out, "{value}")?;
    Ok(out.flush()?)
}
