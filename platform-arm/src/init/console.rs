//! Commands on the board's console, for those who try a board: a line each.

use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;

use parlor_linux::log;
use parlor_linux::pulse::Pulse;

use super::power::{self, Off};

/// Longer lines are cut.
const LINE_BYTES: u64 = 128;

/// Reads commands for ever, on a thread of its own.
pub(super) fn listen(media: Vec<Arc<Pulse>>) {
    power::spawn("console", move || {
        let mut input = BufReader::with_capacity(LINE_BYTES as usize, std::io::stdin());
        let mut line = Vec::new();
        loop {
            line.clear();
            match input.by_ref().take(LINE_BYTES).read_until(b'\n', &mut line) {
                Ok(count) if count > 0 => obey(String::from_utf8_lossy(&line).trim(), &media),
                _ => return log::warn("console", "it is closed"),
            }
        }
    });
}

fn obey(command: &str, media: &[Arc<Pulse>]) {
    match command {
        "" => {}
        "poweroff" => power::ask(Off::Off),
        "reboot" => power::ask(Off::Again),
        "wedge media" => {
            log::warn("console", "the media half stands still from now on");
            media.iter().for_each(|pulse| pulse.wedge());
        }
        "memory" => log::info("console", memory()),
        _ => log::info("console", "commands: poweroff, reboot, memory, wedge media"),
    }
}

/// What the system and this process take, as the kernel tells it.
fn memory() -> String {
    let of = |path: &str, key: &str| {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        let value = text.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default();
        value.trim().to_string()
    };
    let (resident, available) = (of("/proc/self/status", "VmRSS:"), of("/proc/meminfo", "MemAvailable:"));
    format!("resident {resident}, available {available}")
}
