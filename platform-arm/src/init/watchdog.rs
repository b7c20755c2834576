//! The board's watchdog: fed only while both halves go on. Its driver says after how long it resets the board.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::sync::Arc;

use parlor_linux::config::Board;
use parlor_linux::log;
use parlor_linux::pulse::{Pulse, Supervisor};

use super::console;

/// What a driver takes as the wish to stop watching (watchdog API of the kernel, "magic close").
const RELEASE: &[u8] = b"V";

/// The supervisor of a board's server.
pub(super) struct Watchdog {
    device: Option<File>,
    has_console: bool,
}

impl Watchdog {
    /// From now on the board is reset unless this is fed. A board without the device runs unwatched.
    pub(super) fn open(board: &Board) -> Self {
        let opened = (!board.watchdog.is_empty()).then(|| OpenOptions::new().write(true).open(&board.watchdog));
        let device = match opened {
            Some(Ok(device)) => Some(device),
            Some(Err(error)) => {
                log::warn("watchdog", format_args!("{}: {error}; nothing watches over this board", board.watchdog));
                None
            }
            None => None,
        };
        Self { device, has_console: board.console }
    }

    fn feed(&mut self, word: &[u8]) {
        if let Some(device) = &mut self.device
            && let Err(error) = device.write_all(word)
        {
            log::error("watchdog", format_args!("it cannot be fed: {error}"));
        }
    }
}

impl Supervisor for Watchdog {
    fn ready(&mut self, media: &[Arc<Pulse>]) {
        self.feed(b"1");
        let uptime = std::fs::read_to_string("/proc/uptime").unwrap_or_default();
        let seconds = uptime.split(' ').next().unwrap_or_default();
        log::info("init", format_args!("ready {seconds} s after the kernel began"));
        if self.has_console {
            console::listen(media.to_vec());
        }
    }

    fn alive(&mut self) {
        self.feed(b"1");
    }
}

impl Drop for Watchdog {
    /// The server ended in order.
    fn drop(&mut self) {
        self.feed(RELEASE);
    }
}
