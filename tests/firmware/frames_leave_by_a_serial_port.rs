//! Log lines as frames on a serial port: all of them are read with the ELF of the image, after the board is off.

use crate::machine::{Board, Machine, firmware};
use parlor_tests::Result;
use std::process::Command;

#[test]
#[ignore = "boots an emulator"]
fn frames_leave_by_a_serial_port() -> Result<()> {
    let port = std::env::temp_dir().join(format!("parlor-port-{}", std::process::id()));
    let words = ["parlor.set=board.log=serial:/dev/ttyS0:115200"];
    let mut machine = Machine::boot(&Board { words: &words, port: Some(&port), ..Board::default() })?;
    machine.wait("WebSocket")?;
    machine.switch_off()?;
    let reader = std::env::var("PARLOR_LOG").map_err(|_| "run platform-arm/test")?;
    let read = Command::new(reader).arg("--elf").arg(firmware()?.join("parlor.elf")).arg(&port).output()?;
    std::fs::remove_file(&port)?;
    let lines = String::from_utf8(read.stdout)?;
    println!("{lines}");
    for words in
        ["network: eth0 has 10.0.2.15/24", "rooms: room 1234 was made", "init: ready ", "end: asked to end by SIGTERM"]
    {
        assert!(lines.contains(words), "{words:?} is not among\n{lines}");
    }
    assert!(!lines.contains("damaged"), "{lines}");
    Ok(())
}
