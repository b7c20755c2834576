//! The first process of a board: it makes the machine usable, serves, and switches the machine off.

mod clock;
mod console;
mod files;
mod network;
mod power;
mod watchdog;

use std::process::ExitCode;
use std::time::Duration;

use parlor_boot::CommandLine;
use parlor_linux::config::Configuration;
use parlor_linux::memory::Tables;
use parlor_linux::signals::End;
use parlor_linux::{cpu, kept, log, server};

use crate::board::{NAME, PROFILE};
use crate::lines;
use crate::tables::Statics;
use power::Off;
use watchdog::Watchdog;

/// How long a fault is shown before the board starts again.
const PAUSE: Duration = Duration::from_secs(5);

/// Runs the board until it is switched off. Returns only if that cannot be done, and the kernel then panics.
pub(crate) fn run() -> ExitCode {
    let end = match serve() {
        Ok(End::Interrupted) => Off::Again,
        Ok(End::Terminated | End::Unheard | End::Drained) => Off::Off,
        Err(sentence) => {
            eprintln!("parlor: {sentence}; the board starts again");
            std::thread::sleep(PAUSE);
            Off::Again
        }
    };
    power::off(end);
    ExitCode::FAILURE
}

/// Brings everything up in its order and serves.
fn serve() -> Result<End, String> {
    files::mount_system();
    let command_line = CommandLine::read(&std::fs::read_to_string("/proc/cmdline").unwrap_or_default());
    let built_in = Configuration::read_text(NAME, PROFILE, &command_line.options);
    let built_in = built_in.map_err(|refusal| refusal.to_string())?;
    lines::start(built_in.log);
    log::info("init", format_args!("Parlor {} for {NAME}; {}", env!("CARGO_PKG_VERSION"), cpu::described()));
    files::load_modules();
    // Over UDP only once there is a network.
    let frames = lines::open(&built_in.board.log);
    files::mount_state(&built_in.board, &built_in.state.directory);
    power::never_mind_ctrl_alt_delete();
    power::reap_orphans();
    power::heed_the_button();
    let lease = network::bring_up(&built_in.board, command_line.ip.as_ref())?;
    if let Err(why) = frames.or_else(|_| lines::open(&built_in.board.log)) {
        log::warn("log", format_args!("board.log: {why}"));
    }
    let ntp = built_in.board.ntp.parse().ok().or(lease.and_then(|lease| Some(lease.ntp?.into())));
    if let Some(server) = ntp {
        clock::follow(server);
    }
    let (configuration, remark) = kept::configuration((NAME, PROFILE), &command_line.options)?;
    if let Some(remark) = remark {
        log::info("init", remark);
    }
    Statics.hold(&configuration.limits, configuration.media.shards.count())?;
    let watchdog = Watchdog::open(&configuration.board);
    let read = || kept::configuration((NAME, PROFILE), &command_line.options).map(|(configuration, _)| configuration);
    server::run(&configuration, &Statics, watchdog, read)
}
