//! The firmware's binary `parlor`: the first process of a board, or a program like any other.
#![forbid(unsafe_code)]

mod board;
mod init;
mod lines;
mod tables;

use std::process::ExitCode;

use parlor_linux::command::Product;
use parlor_linux::log;

const PRODUCT: Product<tables::Statics> = Product {
    built_in: (board::NAME, board::PROFILE),
    tables: &tables::Statics,
    log: |configuration| {
        lines::start(configuration.log);
        if let Err(why) = lines::open(&configuration.board.log) {
            log::warn("log", format_args!("board.log: {why}"));
        }
    },
};

fn main() -> ExitCode {
    if std::process::id() == 1 { init::run() } else { PRODUCT.main() }
}
