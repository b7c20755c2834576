//! A static address needs no DHCP, a router's IPv6 prefix may come later, and a time server that does not answer is
//! missed by nobody.

use crate::machine::Machine;
use parlor_tests::Result;

#[test]
#[ignore = "boots an emulator"]
fn a_static_address_needs_no_server() -> Result<()> {
    let ip = "ip=10.0.2.15::10.0.2.2:255.255.255.0:::off";
    let mut machine = Machine::start(&[ip, "parlor.set=media.address=auto", "parlor.set=board.ntp=10.0.2.2"])?;
    machine.wait("10.0.2.15")?;
    machine.wait("ready ")?;
    // The emulator's router announces a prefix (RFC 4861), in its own time.
    machine.wait("offered from now on: 10.0.2.15, fec0:")?;
    machine.switch_off()
}

#[test]
#[ignore = "boots an emulator"]
fn a_board_without_a_time_server_serves() -> Result<()> {
    // Nobody has this address.
    let mut machine = Machine::start(&["parlor.set=board.ntp=10.0.2.99"])?;
    machine.wait("ready ")?;
    machine.wait("no time from the time server")?;
    machine.switch_off()
}
