//! The binary `parlor`.

use std::process::ExitCode;

use parlor_linux::command::Product;
use parlor_linux::config::{DEFAULT, DEFAULT_NAME};
use parlor_linux::log;
use parlor_linux::memory::Heap;

fn main() -> ExitCode {
    Product { built_in: (DEFAULT_NAME, DEFAULT), tables: &Heap, log: |configuration| log::start(configuration.log) }
        .main()
}
