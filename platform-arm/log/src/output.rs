//! Where frames go.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::net::{SocketAddr, UdpSocket};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};

use rustix::fs::OFlags;
use rustix::termios::{OptionalActions, tcgetattr, tcsetattr};

/// A file of frames begins again at its start when it is as long as this.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// File systems in memory: tmpfs and ramfs (`f_type` of statfs(2)).
const IN_MEMORY: [u64; 2] = [0x0102_1994, 0x8584_58f6];

/// What takes frames.
#[derive(Debug)]
pub struct Output {
    to: Place,
    /// Whether the last frame left only in part.
    is_torn: bool,
}

#[derive(Debug)]
enum Place {
    Stream(File),
    File { file: File, len: u64 },
    Udp(UdpSocket),
}

impl Output {
    /// Opens what `setting` names: `serial:DEVICE` with `:BAUD` after it or without, `file:PATH` (on a file system in
    /// memory, so that flash is spared), or `udp:ADDRESS:PORT`. The error is a sentence.
    pub fn open(setting: &str) -> Result<Self, String> {
        let (kind, place) = setting.split_once(':').unwrap_or((setting, ""));
        let to = match kind {
            "serial" => serial(place),
            "file" => file(place),
            "udp" => udp(place),
            _ => return Err(format!("{setting}: frames go to serial:DEVICE, file:PATH or udp:ADDRESS:PORT")),
        };
        to.map(|to| Self { to, is_torn: false }).map_err(|error| format!("{setting}: {error}"))
    }

    /// Writes one encoded frame; false if it was not taken, at once and whole.
    pub(crate) fn write(&mut self, frame: &[u8]) -> bool {
        match &mut self.to {
            Place::Udp(socket) => socket.send(frame).is_ok(),
            Place::Stream(stream) => write_whole(stream, frame, &mut self.is_torn),
            Place::File { file, len } => {
                if *len + frame.len() as u64 > FILE_BYTES_MAX {
                    if rustix::fs::ftruncate(&*file, 0).is_err() {
                        return false;
                    }
                    *len = 0;
                }
                *len += frame.len() as u64;
                write_whole(file, frame, &mut self.is_torn)
            }
        }
    }
}

/// A frame ends with a zero; after one that was torn, a zero lets the reader begin anew.
fn write_whole(to: &mut impl Write, frame: &[u8], is_torn: &mut bool) -> bool {
    if *is_torn {
        match to.write(&[0]) {
            Ok(1) => *is_torn = false,
            _ => return false,
        }
    }
    match to.write(frame) {
        Ok(len) => {
            *is_torn = len < frame.len();
            !*is_torn
        }
        Err(_) => false,
    }
}

fn serial(place: &str) -> io::Result<Place> {
    let (device, baud) = match place.rsplit_once(':') {
        Some((device, baud)) => (device, baud.parse().map_err(|_| io::Error::other("a baud rate is a number"))?),
        None => (place, 115_200),
    };
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits() as i32;
    let port = OpenOptions::new().write(true).custom_flags(flags).open(device)?;
    // A pipe stands for a port in tests, and has no speed.
    if !port.metadata()?.file_type().is_fifo() {
        let mut attributes = tcgetattr(&port)?;
        attributes.make_raw();
        attributes.set_speed(baud)?;
        tcsetattr(&port, OptionalActions::Now, &attributes)?;
    }
    Ok(Place::Stream(port))
}

fn file(path: &str) -> io::Result<Place> {
    let file = OpenOptions::new().append(true).create(true).open(path)?;
    // The type of the field differs between machines; the magic numbers have 32 bits.
    let kind = rustix::fs::fstatfs(&file)?.f_type as u64 & 0xffff_ffff;
    if !IN_MEMORY.contains(&kind) {
        return Err(io::Error::new(ErrorKind::Unsupported, "it is not on a file system in memory, such as /run"));
    }
    let len = file.metadata()?.len();
    Ok(Place::File { file, len })
}

fn udp(place: &str) -> io::Result<Place> {
    let to: SocketAddr =
        place.parse().map_err(|_| io::Error::other("an address and a port are wanted, such as 10.0.0.5:4444"))?;
    let any: SocketAddr = if to.is_ipv4() { ([0; 4], 0).into() } else { ([0_u16; 8], 0).into() };
    let socket = UdpSocket::bind(any)?;
    socket.connect(to)?;
    socket.set_nonblocking(true)?;
    Ok(Place::Udp(socket))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes so many bytes and no more.
    struct Narrow(Vec<u8>, usize);

    impl Write for Narrow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let len = bytes.len().min(self.1);
            self.0.extend(&bytes[..len]);
            self.1 -= len;
            if len == 0 { Err(ErrorKind::WouldBlock.into()) } else { Ok(len) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn after_a_torn_frame_the_next_is_whole() {
        let (mut narrow, mut is_torn) = (Narrow(Vec::new(), 2), false);
        assert!(!write_whole(&mut narrow, &[1, 2, 0], &mut is_torn));
        assert!(!write_whole(&mut narrow, &[3, 4, 0], &mut is_torn));
        narrow.1 = 9;
        assert!(write_whole(&mut narrow, &[5, 6, 0], &mut is_torn));
        assert_eq!(narrow.0, [1, 2, 0, 5, 6, 0]);
    }

    #[test]
    fn flash_is_refused_and_so_is_what_makes_no_sense() {
        for setting in ["tape:x", "udp:here", "serial:/dev/null:fast", concat!("file:", env!("CARGO_MANIFEST_DIR"))] {
            assert!(Output::open(setting).unwrap_err().starts_with(setting));
        }
        let folder = std::env::var("CARGO_TARGET_TMPDIR").unwrap_or(env!("CARGO_MANIFEST_DIR").into());
        let path = format!("{folder}/frames-{}", std::process::id());
        let opened = Output::open(&format!("file:{path}"));
        let _ = std::fs::remove_file(path);
        // A checkout may lie in memory, and then it is taken.
        if let Err(why) = opened {
            assert!(why.contains("file system in memory"), "{why}");
        }
    }
}
