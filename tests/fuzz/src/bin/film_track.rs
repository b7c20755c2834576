//! Packets and reports of an m-line on their way into a film: order, pictures, parameter sets, times.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[path = "../film.rs"]
mod film;

fuzz_target!(|bytes: &[u8]| film::make(bytes));
