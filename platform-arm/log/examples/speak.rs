//! Says a few lines to the output that its argument names: for the test that they can be read on the host.

use parlor_core::room::Name;
use parlor_defmt::{Level, Output, line, lost, start};

fn main() -> Result<(), String> {
    let setting = std::env::args().nth(1).ok_or("an output is wanted, such as udp:127.0.0.1:4444")?;
    start(Output::open(&setting)?);
    line(Level::Info, "start", "Parlor serves");
    line(Level::Warn, "rooms", "a text: é, %, {}");
    line(Level::Debug, "long", &"x".repeat(2000));
    let rooms = [Name::Number(1234), Name::text("kitchen").unwrap_or_default()];
    for room in &rooms {
        defmt::info!("room {} was made", room);
    }
    let before = lost();
    for number in 0..1000_u32 {
        defmt::debug!("flood {}", number);
    }
    line(Level::Error, "end", &format!("{} lines were left out", lost() - before));
    Ok(())
}
