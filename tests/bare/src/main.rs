//! The core's example as the firmware of a microcontroller: it begins at reset, and there is nothing beneath it.
#![no_std]
#![no_main]

use cortex_m_rt::entry;
use cortex_m_semihosting::{debug, hprintln};
use panic_semihosting as _;

#[path = "../../../core/examples/room.rs"]
mod room;

#[entry]
fn main() -> ! {
    room::main();
    hprintln!("a room was played without an operating system");
    debug::exit(debug::EXIT_SUCCESS);
    loop {}
}
