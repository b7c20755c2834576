//! The firmware's binary `parlor`: the first process of a board, or a program like any other.
#![forbid(unsafe_code)]

mod board;
mod init;
mod network;
mod tables;

use std::process::ExitCode;

use parlor_linux::command::Product;

const PRODUCT: Product<tables::Statics> = Product { built_in: (board::NAME, board::PROFILE), tables: &tables::Statics };

fn main() -> ExitCode {
    if std::process::id() == 1 { init::run() } else { PRODUCT.main() }
}
