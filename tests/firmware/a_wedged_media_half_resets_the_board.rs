//! The watchdog is fed while both halves go on, and no longer.

use crate::machine::Machine;
use parlor_tests::Result;
use std::time::{Duration, Instant};

#[test]
#[ignore = "boots an emulator"]
fn a_wedged_media_half_resets_the_board() -> Result<()> {
    let mut machine = Machine::start(&[])?;
    machine.wait("ready ")?;
    // It is fed for longer than the watchdog waits.
    machine.stays_up(Duration::from_secs(8))?;
    machine.say("wedge media")?;
    let began = Instant::now();
    machine.wait("Run /init")?;
    println!("the board began again {:.1} s after the media half stood still", began.elapsed().as_secs_f32());
    machine.wait("ready ")?;
    machine.switch_off()
}
