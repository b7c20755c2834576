//! The machine's end, and whoever asks for it; orphans.

use std::fs::{self, File};
use std::io::Read;
use std::path::PathBuf;
use std::thread;

use async_signal::{Signal, Signals};
use parlor_linux::log;
use rustix::fs::sync;
use rustix::process::{WaitOptions, getpid, kill_process, wait};
use rustix::system::{RebootCommand, reboot};
use smol::stream::StreamExt;

use super::files;

/// How a machine ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Off {
    /// For good.
    Off,
    /// To start again.
    Again,
}

/// Writes what is not written yet and ends the machine. Returns only if the kernel refuses.
pub(super) fn off(how: Off) {
    sync();
    files::unmount_state();
    sync();
    let command = match how {
        Off::Off => RebootCommand::PowerOff,
        Off::Again => RebootCommand::Restart,
    };
    if let Err(error) = reboot(command) {
        log::error("power", format_args!("the kernel does not end the machine: {error}"));
    }
}

/// Asks the server to end, and then the machine.
pub(crate) fn ask(how: Off) {
    let signal = match how {
        Off::Off => rustix::process::Signal::TERM,
        Off::Again => rustix::process::Signal::INT,
    };
    let _ = kill_process(getpid(), signal);
}

/// Has the kernel send SIGINT on Ctrl-Alt-Delete instead of ending the machine at once.
pub(super) fn never_mind_ctrl_alt_delete() {
    let _ = reboot(RebootCommand::CadOff);
}

/// Buries processes that were left to us, for ever.
pub(super) fn reap_orphans() {
    let Ok(mut signals) = Signals::new([Signal::Child]) else { return };
    spawn("orphans", move || {
        while smol::block_on(signals.next()).is_some() {
            while let Ok(Some(_)) = wait(WaitOptions::NOHANG) {}
        }
    });
}

/// Switches the machine off when its power button is pressed, wherever the kernel has it.
pub(super) fn heed_the_button() {
    for path in inputs() {
        let Ok(mut device) = File::open(&path) else { continue };
        spawn("button", move || {
            let mut event = [0; EVENT_BYTES];
            while device.read_exact(&mut event).is_ok() {
                if is_power_button(&event) {
                    log::info("power", "the power button was pressed");
                    ask(Off::Off);
                }
            }
        });
    }
}

/// Bytes of `struct input_event` (linux/input.h): two longs of time, then type, code and value.
const EVENT_BYTES: usize = 2 * size_of::<std::ffi::c_long>() + 8;

/// The types and codes of linux/input-event-codes.h.
const EV_KEY: u16 = 1;
const KEY_POWER: u16 = 116;

fn is_power_button(event: &[u8; EVENT_BYTES]) -> bool {
    let half = |at: usize| u16::from_ne_bytes([event[EVENT_BYTES - 8 + at], event[EVENT_BYTES - 7 + at]]);
    half(0) == EV_KEY && half(2) == KEY_POWER && half(4) == 1
}

fn inputs() -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir("/dev/input") else { return Vec::new() };
    let is_event = |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("event"));
    entries.flatten().map(|entry| entry.path()).filter(is_event).collect()
}

/// Starts a thread that needs little.
pub(crate) fn spawn(name: &str, body: impl FnOnce() + Send + 'static) {
    if let Err(error) = thread::Builder::new().name(name.into()).stack_size(64 << 10).spawn(body) {
        log::error("init", format_args!("the thread {name} cannot be started: {error}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_power_button_going_down_counts() {
        let event = |kind: u16, code: u16, value: u32| {
            let mut bytes = [0; EVENT_BYTES];
            bytes[EVENT_BYTES - 8..][..2].copy_from_slice(&kind.to_ne_bytes());
            bytes[EVENT_BYTES - 6..][..2].copy_from_slice(&code.to_ne_bytes());
            bytes[EVENT_BYTES - 4..].copy_from_slice(&value.to_ne_bytes());
            is_power_button(&bytes)
        };
        assert!(event(EV_KEY, KEY_POWER, 1));
        assert!(!event(EV_KEY, KEY_POWER, 0));
        assert!(!event(EV_KEY, 30, 1));
        assert!(!event(0, KEY_POWER, 1));
    }
}
