//! Lines for the operator, ours and the core's: by importance, and never a flood of one kind. They go to stderr as text
//! or JSON, or to whom the platform above gives them.

use std::fmt;
use std::io::Write;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use crate::config::{Log, LogFormat, LogLevel};

/// How long lines of one kind are counted together.
const WINDOW: Duration = Duration::from_secs(10);

/// The most lines of one kind in a window.
const LINES: u32 = 20;

static LOGGER: OnceLock<Logger> = OnceLock::new();

/// Takes a line that is to be written: its level, kind and text.
pub type Sink = fn(LogLevel, &str, &str);

/// Says how lines look on stderr from now on. The first call counts.
pub fn start(settings: Log) {
    start_into(settings, to_stderr);
}

/// The sink that writes lines on stderr, as text or JSON.
pub fn to_stderr(level: LogLevel, kind: &str, text: &str) {
    let time = utc(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default());
    let format = LOGGER.get().map_or(LogFormat::Text, |logger| logger.settings.format);
    let line = formatted(format, &time, level, kind, text);
    // Nobody is left to tell if stderr is gone.
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// Gives lines to `sink` from now on; `settings.format` is its own matter. The first call counts.
pub fn start_into(settings: Log, sink: Sink) {
    let _ = LOGGER.set(Logger::new(settings, sink));
    #[cfg(feature = "log")]
    core_lines::start();
}

/// Has lines of `level` and above written from now on.
pub fn set_level(level: LogLevel) {
    if let Some(logger) = LOGGER.get() {
        logger.level.store(level as u8, Ordering::Relaxed);
    }
}

/// A line of any level.
pub fn line(level: LogLevel, kind: &'static str, message: impl fmt::Display) {
    write(level, kind, &message);
}

/// Something does not work.
pub fn error(kind: &'static str, message: impl fmt::Display) {
    write(LogLevel::Error, kind, &message);
}

/// Something may soon not work.
pub fn warn(kind: &'static str, message: impl fmt::Display) {
    write(LogLevel::Warn, kind, &message);
}

/// What an operator wants to know.
pub fn info(kind: &'static str, message: impl fmt::Display) {
    write(LogLevel::Info, kind, &message);
}

/// What a developer wants to know.
pub fn debug(kind: &'static str, message: impl fmt::Display) {
    write(LogLevel::Debug, kind, &message);
}

/// A client's address as it may be shown.
pub fn address(address: SocketAddr) -> impl fmt::Display {
    match LOGGER.get() {
        Some(logger) if logger.settings.addresses => address.to_string(),
        _ => "a client".into(),
    }
}

struct Logger {
    settings: Log,
    sink: Sink,
    /// The present level, as a number of [`LogLevel`].
    level: AtomicU8,
    kinds: Mutex<Vec<Kind>>,
}

/// Lines of one kind in the present window.
struct Kind {
    name: &'static str,
    since: Instant,
    lines: u32,
}

fn write(level: LogLevel, kind: &'static str, message: &dyn fmt::Display) {
    let Some(logger) = LOGGER.get() else { return };
    if level as u8 > logger.level.load(Ordering::Relaxed) {
        return;
    }
    let Some(left_out) = logger.admit(kind, Instant::now()) else { return };
    let mut text = message.to_string();
    if left_out > 0 {
        text.push_str(&format!(" ({left_out} lines before were left out)"));
    }
    (logger.sink)(level, kind, &text);
}

impl Logger {
    fn new(settings: Log, sink: Sink) -> Self {
        Self { settings, sink, level: AtomicU8::new(settings.level as u8), kinds: Mutex::new(Vec::new()) }
    }

    /// Whether one more line of `kind` may be written, and how many before were not.
    fn admit(&self, kind: &'static str, now: Instant) -> Option<u32> {
        let mut kinds = self.kinds.lock().unwrap_or_else(PoisonError::into_inner);
        match kinds.iter_mut().find(|known| known.name == kind) {
            None => kinds.push(Kind { name: kind, since: now, lines: 1 }),
            Some(known) if now.duration_since(known.since) >= WINDOW => {
                let left_out = known.lines.saturating_sub(LINES);
                *known = Kind { name: kind, since: now, lines: 1 };
                return Some(left_out);
            }
            Some(known) => {
                known.lines = known.lines.saturating_add(1);
                if known.lines > LINES {
                    return None;
                }
            }
        }
        Some(0)
    }
}

fn formatted(format: LogFormat, time: &str, level: LogLevel, kind: &str, text: &str) -> String {
    let level = match level {
        LogLevel::Error => "error",
        LogLevel::Warn => "warn",
        LogLevel::Info => "info",
        LogLevel::Debug => "debug",
    };
    match format {
        LogFormat::Text => format!("{time} {level:5} {kind}: {}\n", text.replace(['\n', '\r'], " ")),
        LogFormat::Json => format!(
            "{{\"time\":\"{time}\",\"level\":\"{level}\",\"kind\":\"{kind}\",\"message\":\"{}\"}}\n",
            escaped(text)
        ),
    }
}

/// The inside of a JSON string (RFC 8259 section 7).
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            letter if letter < ' ' => out.push_str(&format!("\\u{:04x}", letter as u32)),
            letter => out.push(letter),
        }
    }
    out
}

/// A time since 1970 as RFC 3339 has it.
fn utc(since_1970: Duration) -> String {
    let seconds = since_1970.as_secs();
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    // The calendar repeats every 400 years of 146 097 days; years are counted from March, so that a leap day is the
    // last.
    let days = seconds / 86_400 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = (month_from_march + 2) % 12 + 1;
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", since_1970.subsec_millis())
}

/// The core's lines, which come by the crate `log`. Other libraries are not listened to.
#[cfg(feature = "log")]
mod core_lines {
    use log::{Level, LevelFilter, Metadata, Record};

    use super::{LogLevel, write};

    struct CoreLines;

    pub(super) fn start() {
        if log::set_logger(&CoreLines).is_ok() {
            // The level may be changed later; `write` looks at it.
            log::set_max_level(LevelFilter::Debug);
        }
    }

    impl log::Log for CoreLines {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            metadata.target().starts_with("parlor_core")
        }

        fn log(&self, record: &Record<'_>) {
            if !self.enabled(record.metadata()) {
                return;
            }
            let level = match record.level() {
                Level::Error => LogLevel::Error,
                Level::Warn => LogLevel::Warn,
                Level::Info => LogLevel::Info,
                Level::Debug | Level::Trace => LogLevel::Debug,
            };
            write(level, super::kind(record.module_path_static().unwrap_or_default()), record.args());
        }

        fn flush(&self) {}
    }
}

/// The kind of a line of the core: the last name of its module.
#[cfg(feature = "log")]
fn kind(module: &'static str) -> &'static str {
    module.rsplit("::").next().unwrap_or(module)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(feature = "log")]
    #[test]
    fn the_kind_of_a_line_of_the_core_is_its_file() {
        assert_eq!(kind("parlor_core::control::rooms"), "rooms");
        assert_eq!(kind(""), "");
    }

    #[test]
    fn time_is_written_as_calendars_have_it() {
        let cases = [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199, "2024-02-29T23:59:59.000Z"),
            (4_107_542_400, "2100-03-01T00:00:00.000Z"),
        ];
        for (seconds, text) in cases {
            assert_eq!(utc(Duration::from_secs(seconds)), text);
        }
    }

    #[test]
    fn a_line_is_one_line_whatever_its_text_is() {
        assert_eq!(formatted(LogFormat::Text, "t", LogLevel::Info, "k", "a\nb"), "t info  k: a b\n");
        let json = formatted(LogFormat::Json, "t", LogLevel::Warn, "k", "a\n\"b\\");
        assert_eq!(json, "{\"time\":\"t\",\"level\":\"warn\",\"kind\":\"k\",\"message\":\"a\\u000a\\\"b\\\\\"}\n");
    }

    #[test]
    fn a_flood_of_one_kind_leaves_the_others_heard() {
        let settings = Log { level: LogLevel::Info, format: LogFormat::Text, addresses: false };
        let logger = Logger::new(settings, |_, _, _| {});
        let now = Instant::now();
        let written = (0..100).filter(|_| logger.admit("flood", now).is_some()).count();
        assert_eq!(written, LINES as usize);
        assert_eq!(logger.admit("other", now), Some(0));
        assert_eq!(logger.admit("flood", now + WINDOW), Some(100 - LINES));
    }
}
