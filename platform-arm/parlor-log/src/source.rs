//! Where frames come from.

use std::fs::{File, OpenOptions};
use std::io::{self, ErrorKind, Read};
use std::net::UdpSocket;
use std::os::unix::fs::OpenOptionsExt;
use std::time::Duration;

use rustix::fs::OFlags;
use rustix::termios::{OptionalActions, SpecialCodeIndex, tcgetattr, tcsetattr};

/// An open source.
pub(crate) enum Source {
    Stdin,
    File(File),
    Udp(UdpSocket),
}

impl Source {
    /// Opens what the command line names. Where nothing comes for `until_quiet`, the source ends.
    pub(crate) fn open(name: &str, until_quiet: Option<Duration>) -> io::Result<Self> {
        if name == "-" {
            return Ok(Self::Stdin);
        }
        if let Some(address) = name.strip_prefix("udp:") {
            let socket = UdpSocket::bind(address)?;
            socket.set_read_timeout(until_quiet)?;
            return Ok(Self::Udp(socket));
        }
        match name.strip_prefix("serial:") {
            Some(place) => serial(place, until_quiet).map(Self::File),
            None => File::open(name).map(Self::File),
        }
    }

    /// The next bytes; 0 at the end.
    pub(crate) fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        loop {
            let read = match self {
                Self::Stdin => io::stdin().read(bytes),
                Self::File(file) => file.read(bytes),
                Self::Udp(socket) => socket.recv(bytes),
            };
            match read {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // An empty datagram is not the end.
                Ok(0) if matches!(self, Self::Udp(_)) => {}
                read => return read,
            }
        }
    }
}

fn serial(place: &str, until_quiet: Option<Duration>) -> io::Result<File> {
    let (device, baud) = match place.rsplit_once(':') {
        Some((device, baud)) => (device, baud.parse().map_err(|_| io::Error::other("a baud rate is a number"))?),
        None => (place, 115_200),
    };
    let port = OpenOptions::new().read(true).custom_flags(OFlags::NOCTTY.bits() as i32).open(device)?;
    let mut attributes = tcgetattr(&port)?;
    attributes.make_raw();
    attributes.set_speed(baud)?;
    // A read ends with its first byte, or after so many tenths of a second with none.
    let tenths = until_quiet.map_or(0, |time| (time.as_secs() * 10).min(255) as u8);
    attributes.special_codes[SpecialCodeIndex::VMIN] = u8::from(tenths == 0);
    attributes.special_codes[SpecialCodeIndex::VTIME] = tenths;
    tcsetattr(&port, OptionalActions::Now, &attributes)?;
    Ok(port)
}
