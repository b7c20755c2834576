//! Where log lines go: as frames to `board.log` once that could be opened, as text to the console before; errors to
//! both.

use parlor_linux::config::{Log, LogLevel};
use parlor_linux::log;

/// Lines are text on the console from now on.
pub(crate) fn start(settings: Log) {
    log::start_into(settings, |level, kind, text| {
        let is_framed = frames::line(level, kind, text);
        if !is_framed || level == LogLevel::Error {
            log::to_stderr(level, kind, text);
        }
    });
}

/// Lines are frames to `setting` from now on, if it names something. The error is a sentence.
pub(crate) fn open(setting: &str) -> Result<(), String> {
    if setting.is_empty() { Ok(()) } else { frames::open(setting) }
}

/// Frames need a binary that lies where its linker put it, as those for ARM do.
#[cfg(any(target_arch = "aarch64", target_arch = "arm"))]
mod frames {
    use std::sync::atomic::{AtomicBool, Ordering};

    use parlor_defmt::{Level, Output};
    use parlor_linux::config::LogLevel;

    static IS_OPEN: AtomicBool = AtomicBool::new(false);

    pub(super) fn open(setting: &str) -> Result<(), String> {
        parlor_defmt::start(Output::open(setting)?);
        IS_OPEN.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Whether the line went to an open output.
    pub(super) fn line(level: LogLevel, kind: &str, text: &str) -> bool {
        let is_open = IS_OPEN.load(Ordering::Relaxed);
        if is_open {
            let level = match level {
                LogLevel::Error => Level::Error,
                LogLevel::Warn => Level::Warn,
                LogLevel::Info => Level::Info,
                LogLevel::Debug => Level::Debug,
            };
            parlor_defmt::line(level, kind, text);
        }
        is_open
    }
}

#[cfg(not(any(target_arch = "aarch64", target_arch = "arm")))]
mod frames {
    use parlor_linux::config::LogLevel;

    pub(super) fn open(setting: &str) -> Result<(), String> {
        Err(format!("{setting}: only a binary for ARM writes frames"))
    }

    pub(super) fn line(_: LogLevel, _: &str, _: &str) -> bool {
        false
    }
}
