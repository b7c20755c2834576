//! Tables are in static memory: at run time they can only be smaller.

use crate::machine::Machine;
use parlor_tests::Result;

#[test]
#[ignore = "boots an emulator"]
fn limits_beyond_the_image_are_refused_in_a_sentence() -> Result<()> {
    let mut machine = Machine::start(&["parlor.set=limits.publishers=99"])?;
    machine.wait("limits.publishers: 99 is more than this image was built for")?;
    Ok(())
}
