//! An address by DHCP: asked for by broadcast, renewed by the same. What is said is in `parlor_boot::dhcp`.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::time::{Duration, Instant};

use parlor_boot::dhcp::{self, Answer, DHCP_CLIENT_PORT, DHCP_SERVER_PORT, Lease, Question};
use parlor_core::random::Random;
use parlor_linux::random::SystemSource;
use socket2::{Domain, Protocol, Socket, Type};

/// How long answers are waited for, one attempt after the other (RFC 2131 section 4.1, without its jitter).
const PATIENCE: [Duration; 4] =
    [Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

/// Asks on one interface.
pub(super) struct Client {
    socket: UdpSocket,
    hardware: [u8; 6],
}

impl Client {
    /// A client on the interface `name` with the address `hardware`, as the kernel writes it.
    pub(super) fn open(name: &str, hardware: &str) -> io::Result<Self> {
        let hardware = dhcp::parse_hardware(hardware).ok_or(ErrorKind::Unsupported)?;
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
        socket.set_reuse_address(true)?;
        socket.set_broadcast(true)?;
        socket.bind_device(Some(name.as_bytes()))?;
        socket.bind(&SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, DHCP_CLIENT_PORT).into())?;
        Ok(Self { socket: socket.into(), hardware })
    }

    /// Discovers a server and takes what it offers.
    pub(super) fn obtain(&mut self) -> io::Result<Lease> {
        let offer = self.ask(None)?;
        self.renew(&offer)
    }

    /// Asks for the same again.
    pub(super) fn renew(&mut self, lease: &Lease) -> io::Result<Lease> {
        self.ask(Some((lease.address, lease.server)))
    }

    /// Asks until an answer comes.
    fn ask(&mut self, wanted: Option<(Ipv4Addr, Ipv4Addr)>) -> io::Result<Lease> {
        let question = Question { transaction: SystemSource::new().u32(), hardware: self.hardware, wanted };
        let bytes = question.bytes();
        let everybody = SocketAddrV4::new(Ipv4Addr::BROADCAST, DHCP_SERVER_PORT);
        for patience in PATIENCE {
            self.socket.send_to(&bytes, everybody)?;
            let end = Instant::now() + patience;
            while let Some(left) = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
                self.socket.set_read_timeout(Some(left))?;
                let mut reply = [0; dhcp::MESSAGE_BYTES];
                let Ok(len) = self.socket.recv(&mut reply) else { break };
                match question.read(&reply[..len]) {
                    Answer::Lease(lease) => return Ok(lease),
                    Answer::No => return Err(io::Error::other("the server refuses")),
                    Answer::Other => {}
                }
            }
        }
        Err(ErrorKind::TimedOut.into())
    }
}
