//! State on a partition: a permanent room is there after the board began again and after its power went; a file that
//! was damaged is set aside, and the board comes up without it.

use crate::machine::{Board, Machine};
use parlor_tests::{Result, Signalling};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The room that is made, and its file in the partition.
const ROOM: u64 = 4711;
const FILE: &str = "rooms.toml";

#[test]
#[ignore = "boots an emulator"]
fn a_permanent_room_outlives_the_power_and_a_damaged_file_does_not() -> Result<()> {
    let disk = Disk::new()?;
    let words = ["parlor.set=board.state_device=/dev/vda", "parlor.set=control.create_rooms=true"];
    let board = Board { words: &words, disk: Some(&disk.0), ..Board::default() };
    let mut machine = Machine::boot(&board)?;
    machine.wait("/state is kept on /dev/vda")?;
    machine.wait("ready ")?;
    let made = ask(&machine, json!({ "request": "create", "room": ROOM, "permanent": true }))?;
    assert_eq!(made["permanent"], true);
    machine.say("reboot")?;
    machine.wait("Run /init")?;
    machine.wait("ready ")?;
    assert_eq!(ask(&machine, json!({ "request": "exists", "room": ROOM }))?["exists"], true);
    // The power goes.
    drop(machine);

    let mut machine = Machine::boot(&board)?;
    machine.wait("ready ")?;
    assert_eq!(ask(&machine, json!({ "request": "exists", "room": ROOM }))?["exists"], true);
    machine.switch_off()?;
    assert!(disk.is_clean()?, "the partition was not unmounted");

    disk.debug(&format!("rm {FILE}"))?;
    disk.debug(&format!("write {} {FILE}", concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml")))?;
    let mut machine = Machine::boot(&board)?;
    machine.wait(&format!("{FILE}.broken"))?;
    machine.wait("ready ")?;
    assert_eq!(ask(&machine, json!({ "request": "exists", "room": ROOM }))?["exists"], false);
    machine.switch_off()?;
    assert!(disk.debug("ls")?.contains(&format!("{FILE}.broken")));
    Ok(())
}

fn ask(machine: &Machine, body: Value) -> Result<Value> {
    let mut signalling = Signalling::connect(machine.websocket())?;
    let handle = signalling.attach()?;
    Ok(signalling.message(handle, body, None)?.0)
}

/// The image of a small partition.
struct Disk(PathBuf);

impl Disk {
    fn new() -> Result<Disk> {
        let disk = Disk(std::env::temp_dir().join(format!("parlor-state-{}", std::process::id())));
        std::fs::File::create(&disk.0)?.set_len(8 << 20)?;
        run("mkfs.ext4", &["-q".as_ref(), "-F".as_ref(), &disk.0])?;
        Ok(disk)
    }

    /// Whether nothing has to be recovered in it.
    fn is_clean(&self) -> Result<bool> {
        Ok(!run("dumpe2fs", &["-h".as_ref(), &self.0])?.contains("needs_recovery"))
    }

    /// Has e2fsprogs do something to the files in it.
    fn debug(&self, request: &str) -> Result<String> {
        run("debugfs", &["-w".as_ref(), "-R".as_ref(), request.as_ref(), &self.0])
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn run(program: &str, arguments: &[&Path]) -> Result<String> {
    let path = format!("{}:/sbin:/usr/sbin", std::env::var("PATH").unwrap_or_default());
    let output = Command::new(program).args(arguments).env("PATH", path).output();
    let output = output.map_err(|error| format!("{program}: {error}"))?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(format!("{program}: {}", String::from_utf8_lossy(&output.stderr)).into())
}
