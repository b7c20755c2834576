//! An emulated board.

use parlor_tests::{Error, Result};
use std::env;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// How long a board may take for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(90);
/// How many times slower than a board the emulator is allowed to be.
const SLOWNESS: f64 = 1.0;

/// A board whose console and ports are ours.
pub(crate) struct Machine {
    emulator: Child,
    console: ChildStdin,
    lines: Receiver<String>,
    websocket: String,
}

/// A line of the console.
pub(crate) struct Line(String);

impl Machine {
    /// Boots the image of `PARLOR_FIRMWARE` with 64 MiB and further words on the kernel's command line.
    pub(crate) fn start(words: &[&str]) -> Result<Machine> {
        let firmware = PathBuf::from(env::var("PARLOR_FIRMWARE").map_err(|_| "run platform-arm/test")?);
        let is_32_bit = firmware.ends_with("armv7");
        let websocket = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let media = UdpSocket::bind("127.0.0.1:0")?.local_addr()?.port();
        let (program, cpu, memory, card) = match is_32_bit {
            true => ("qemu-system-arm", "cortex-a7", "128", "virtio-net-device"),
            false => ("qemu-system-aarch64", "cortex-a53", "64", "virtio-net-pci,romfile="),
        };
        let kernel_words = format!(
            "console=ttyAMA0 panic=1 parlor.set=board.console=true parlor.set=media.address=127.0.0.1 \
             parlor.set=media.port={media} parlor.set=media.shards=1 {}",
            words.join(" ")
        );
        let network =
            format!("user,id=net,hostfwd=tcp:127.0.0.1:{websocket}-:8188,hostfwd=udp:127.0.0.1:{media}-:{media}");
        let mut emulator = Command::new(program)
            .args(["-M", "virt", "-cpu", cpu, "-smp", "2", "-m", memory, "-display", "none", "-serial", "stdio"])
            .args(["-monitor", "none", "-netdev", &network, "-device", &format!("{card},netdev=net")])
            .arg("-kernel")
            .arg(firmware.join("test/vmlinuz"))
            .arg("-initrd")
            .arg(firmware.join("test/initramfs"))
            .args(["-append", &kernel_words])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{program}: {error}"))?;
        let console = emulator.stdin.take().ok_or("no console")?;
        let output = BufReader::new(emulator.stdout.take().ok_or("no console")?);
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
        Ok(Machine { emulator, console, lines, websocket: format!("127.0.0.1:{websocket}") })
    }

    /// Where Janus' WebSocket is reached.
    pub(crate) fn websocket(&self) -> &str {
        &self.websocket
    }

    /// How many times longer things may take here than on a board.
    pub(crate) fn slowness(&self) -> f64 {
        env::var("PARLOR_SLOWNESS").ok().and_then(|text| text.parse().ok()).unwrap_or(SLOWNESS)
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
    }
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
