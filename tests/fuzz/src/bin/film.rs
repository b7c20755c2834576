//! Films as `parlor recordings` reads and repairs them.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../film.rs"]
mod film;

fuzz_target!(|bytes: &[u8]| film::read_and_repair(bytes));
