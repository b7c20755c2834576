//! An emulated board.

use parlor_tests::{Error, Result};
use serde_json::{Value, json};
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, Ipv6Addr, TcpListener, UdpSocket};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// How long a board may take for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);
/// How many times slower than a board the emulator is allowed to be.
const SLOWNESS: f64 = 1.0;
/// The same where the emulated CPU has 32 bits and the kernel is not made for virtual machines.
const SLOWNESS_32_BIT: f64 = 2.0;

/// The room of the board profiles.
pub(crate) const ROOM: u64 = 1234;

/// What a board is made of, besides 64 MiB of memory and two cores.
#[derive(Default)]
pub(crate) struct Board<'a> {
    /// Further words on the kernel's command line.
    pub(crate) words: &'a [&'a str],
    /// The image of its disk.
    pub(crate) disk: Option<&'a Path>,
    /// The file that what it says on a second serial port goes to.
    pub(crate) port: Option<&'a Path>,
    /// A cable to this machine; otherwise the emulator plays router and DHCP server.
    pub(crate) cable: Option<&'a Cable>,
}

/// A board whose console and ports are ours.
pub(crate) struct Machine {
    emulator: Child,
    console: ChildStdin,
    lines: Receiver<String>,
    websocket: String,
    manager: PathBuf,
    is_32_bit: bool,
}

/// A line of the console.
pub(crate) struct Line(String);

/// The folder that `platform-arm/build` made.
pub(crate) fn firmware() -> Result<PathBuf> {
    env::var("PARLOR_FIRMWARE").map(Into::into).map_err(|_| "run platform-arm/test".into())
}

impl Machine {
    /// Boots the image of `PARLOR_FIRMWARE` with further words on the kernel's command line.
    pub(crate) fn start(words: &[&str]) -> Result<Machine> {
        Self::boot(&Board { words, ..Board::default() })
    }

    /// Boots that image on `board`.
    pub(crate) fn boot(board: &Board<'_>) -> Result<Machine> {
        let firmware = firmware()?;
        let is_32_bit = firmware.ends_with("armv7");
        let websocket = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let media = UdpSocket::bind("127.0.0.1:0")?.local_addr()?.port();
        // Debian's kernel for 32 bits has the emulated power button; that for 64 bits gets a keyboard with such a key.
        let (program, kind, cpu, button) = match is_32_bit {
            true => ("qemu-system-arm", "virt,highmem=off", "cortex-a7", &[][..]),
            false => ("qemu-system-aarch64", "virt", "cortex-a53", &["-device", "virtio-keyboard-pci"][..]),
        };
        let mut words = "console=ttyAMA0 panic=1 parlor.set=board.console=true ".to_string();
        let (network, websocket) = match board.cable {
            Some(cable) => {
                let network = format!("tap,id=net,ifname={},script=no,downscript=no", cable.name);
                (network, format!("[{}]:8188", Cable::BOARD_6))
            }
            None => {
                // Of two addresses neither is bound to: what comes through the emulator's router has another.
                words += &format!("parlor.set=media.address=[\"127.0.0.1\",\"::1\"] parlor.set=media.port={media} ");
                words += "parlor.set=media.shards=1 ";
                let forwarded =
                    format!("hostfwd=tcp:127.0.0.1:{websocket}-:8188,hostfwd=udp:127.0.0.1:{media}-:{media}");
                (format!("user,id=net,{forwarded}"), format!("127.0.0.1:{websocket}"))
            }
        };
        let manager = env::temp_dir().join(format!("parlor-board-{}-{media}", std::process::id()));
        let mut command = Command::new(program);
        command
            .args(["-M", kind, "-cpu", cpu, "-smp", "2", "-m", "64", "-display", "none", "-serial", "stdio"])
            .args(["-monitor", "none", "-qmp", &format!("unix:{},server=on,wait=off", manager.display())])
            .args(["-netdev", &network, "-device", "virtio-net-device,netdev=net"])
            .args(button)
            .arg("-kernel")
            .arg(firmware.join("test/vmlinuz"))
            .arg("-initrd")
            .arg(firmware.join("test/initramfs"))
            .args(["-append", &(words + &board.words.join(" "))]);
        if let Some(disk) = board.disk {
            let drive = format!("if=none,id=disk,format=raw,file={}", disk.display());
            command.args(["-drive", &drive, "-device", "virtio-blk-device,drive=disk"]);
        }
        if let Some(port) = board.port {
            let file = format!("file,id=port,path={}", port.display());
            command.args(["-chardev", &file, "-device", "pci-serial,chardev=port"]);
        }
        let mut emulator = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{program}: {error}"))?;
        let console = emulator.stdin.take().ok_or("no console")?;
        let lines = follow(BufReader::new(emulator.stdout.take().ok_or("no console")?));
        Ok(Machine { emulator, console, lines, websocket, manager, is_32_bit })
    }

    /// Where Janus' WebSocket is reached.
    pub(crate) fn websocket(&self) -> &str {
        &self.websocket
    }

    /// How many times longer things may take here than on a board.
    pub(crate) fn slowness(&self) -> f64 {
        let usual = if self.is_32_bit { SLOWNESS_32_BIT } else { SLOWNESS };
        env::var("PARLOR_SLOWNESS").ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
    }

    /// Waits for the next line with `words`.
    pub(crate) fn wait(&mut self, words: &str) -> Result<Line> {
        let end = Instant::now() + PATIENCE;
        let mut last = Vec::new();
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            match self.lines.recv_timeout(left) {
                Ok(line) if line.contains(words) => return Ok(Line(line)),
                Ok(line) => last.push(line),
                Err(_) => break,
            }
        }
        let from = last.len().saturating_sub(20);
        Err(Error::from(format!("{words:?} was not said; last:\n{}", last[from..].join("\n"))))
    }

    /// Types a line on the console.
    pub(crate) fn say(&mut self, words: &str) -> Result<()> {
        self.console.write_all(format!("{words}\n").as_bytes())?;
        Ok(self.console.flush()?)
    }

    /// Presses the power button, or the key of a keyboard.
    pub(crate) fn press_power_button(&mut self) -> Result<()> {
        let mut stream = UnixStream::connect(&self.manager)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut replies = BufReader::new(stream.try_clone()?).lines();
        let mut ask = |question: Value| -> Result<()> {
            writeln!(stream, "{question}")?;
            loop {
                let reply: Value = serde_json::from_str(&replies.next().ok_or("the emulator is gone")??)?;
                match (&reply["return"], &reply["error"]) {
                    (_, Value::Object(error)) => return Err(format!("{error:?}").into()),
                    (Value::Null, _) => {}
                    _ => return Ok(()),
                }
            }
        };
        ask(json!({ "execute": "qmp_capabilities" }))?;
        if self.is_32_bit {
            return ask(json!({ "execute": "system_powerdown" }));
        }
        let keys = json!([{ "type": "qcode", "data": "power" }]);
        ask(json!({ "execute": "send-key", "arguments": { "keys": keys } }))
    }

    /// Sees that it does not begin again for so long.
    pub(crate) fn stays_up(&mut self, time: Duration) -> Result<()> {
        let end = Instant::now() + time;
        while let Some(left) = end.checked_duration_since(Instant::now()) {
            match self.lines.recv_timeout(left) {
                Ok(line) if line.contains("Run /init") => return Err("the board began again".into()),
                _ => {}
            }
        }
        Ok(())
    }

    /// Switches it off by a word on its console.
    pub(crate) fn switch_off(mut self) -> Result<()> {
        self.say("poweroff")?;
        self.wait_for_its_end()
    }

    /// Waits until the board is switched off.
    pub(crate) fn wait_for_its_end(&mut self) -> Result<()> {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if let Some(status) = self.emulator.try_wait()? {
                return if status.success() { Ok(()) } else { Err(format!("the emulator ended by {status}").into()) };
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Err("the board was not switched off".into())
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        let _ = self.emulator.kill();
        let _ = self.emulator.wait();
        let _ = std::fs::remove_file(&self.manager);
    }
}

/// Collects lines as they come, on a thread of its own; shows them if `PARLOR_SHOW` is set.
fn follow(output: impl BufRead + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    let shows = env::var("PARLOR_SHOW").is_ok();
    std::thread::spawn(move || {
        for line in output.split(b'\n').map_while(std::result::Result::ok) {
            let line = String::from_utf8_lossy(&line).trim_end().to_string();
            if shows {
                println!("board: {line}");
            }
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

impl Line {
    /// The line.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// The word after `words`.
    pub(crate) fn after(&self, words: &str) -> &str {
        let rest = self.0.split_once(words).map_or("", |(_, rest)| rest);
        rest.split_whitespace().next().unwrap_or_default()
    }

    /// The kernel's time in brackets.
    pub(crate) fn uptime_s(&self) -> Option<f64> {
        self.0.split_once('[')?.1.split_once(']')?.0.trim().parse().ok()
    }
}

/// A cable between this machine and a board: a TAP device, for which root rights are needed. Gone when it is dropped.
pub(crate) struct Cable {
    name: String,
}

impl Cable {
    /// This machine's ends.
    pub(crate) const HERE: Ipv4Addr = Ipv4Addr::new(10, 213, 77, 1);
    pub(crate) const HERE_6: Ipv6Addr = Ipv6Addr::new(0xfd13, 0x3777, 0, 0, 0, 0, 0, 1);
    /// The board's.
    pub(crate) const BOARD: Ipv4Addr = Ipv4Addr::new(10, 213, 77, 2);
    pub(crate) const BOARD_6: Ipv6Addr = Ipv6Addr::new(0xfd13, 0x3777, 0, 0, 0, 0, 0, 2);

    /// Lays one.
    pub(crate) fn lay() -> Result<Cable> {
        let cable = Cable { name: format!("parlor{}", std::process::id() % 100_000) };
        ip(&format!("tuntap add dev {} mode tap", cable.name))?;
        ip(&format!("address add {}/24 dev {}", Self::HERE, cable.name))?;
        ip(&format!("address add {}/64 dev {} nodad", Self::HERE_6, cable.name))?;
        ip(&format!("link set {} up", cable.name))?;
        Ok(cable)
    }
}

impl Drop for Cable {
    fn drop(&mut self) {
        let _ = ip(&format!("link delete {}", self.name));
    }
}

fn ip(words: &str) -> Result<()> {
    let status = Command::new("ip").args(words.split(' ')).status().map_err(|error| format!("ip: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("ip {words}: {status}; are there root rights?").into()) }
}
