//! An address by DHCP (RFC 2131): asked for by broadcast, renewed by the same. The bytes are `smoltcp`'s.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::time::{Duration, Instant};

use parlor_core::random::Random;
use parlor_linux::random::SystemSource;
use smoltcp::wire::{DHCP_CLIENT_PORT, DHCP_SERVER_PORT, DhcpMessageType, DhcpPacket, DhcpRepr, EthernetAddress};
use socket2::{Domain, Protocol, Socket, Type};

/// How long answers are waited for, one attempt after the other (RFC 2131 section 4.1, without its jitter).
const PATIENCE: [Duration; 4] =
    [Duration::from_millis(500), Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

/// What we want to be told: subnet mask, router, time servers.
const WANTED: [u8; 3] = [1, 3, NTP_SERVERS];

/// The option of RFC 2132 section 8.3.
const NTP_SERVERS: u8 = 42;

/// The longest message that is read.
const MESSAGE_BYTES: usize = 1500;

/// The lease of a server that does not say how long it lasts.
const LEASE_S: u32 = 3600;

/// An address that was lent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lease {
    /// The address.
    pub(crate) address: Ipv4Addr,
    /// The length of its prefix.
    pub(crate) prefix: u8,
    /// The router.
    pub(crate) router: Option<Ipv4Addr>,
    /// A time server.
    pub(crate) ntp: Option<std::net::IpAddr>,
    /// How long it is lent.
    pub(crate) seconds: u32,
    /// Who lent it.
    server: Ipv4Addr,
}

/// Asks on one interface.
pub(super) struct Client {
    socket: UdpSocket,
    hardware: EthernetAddress,
}

impl Client {
    /// A client on the interface `name` with the address `hardware`, as the kernel writes it.
    pub(super) fn open(name: &str, hardware: &str) -> io::Result<Self> {
        let hardware = EthernetAddress(parse_hardware(hardware).ok_or(ErrorKind::Unsupported)?);
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
        socket.set_reuse_address(true)?;
        socket.set_broadcast(true)?;
        socket.bind_device(Some(name.as_bytes()))?;
        socket.bind(&SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, DHCP_CLIENT_PORT).into())?;
        Ok(Self { socket: socket.into(), hardware })
    }

    /// Discovers a server and takes what it offers.
    pub(super) fn obtain(&mut self) -> io::Result<Lease> {
        let transaction = SystemSource::new().u64() as u32;
        let discover = self.message(transaction, DhcpMessageType::Discover);
        let offer = self.exchange(&discover, DhcpMessageType::Offer)?;
        self.request(transaction, &offer)
    }

    /// Asks for the same again.
    pub(super) fn renew(&mut self, lease: &Lease) -> io::Result<Lease> {
        self.request(SystemSource::new().u64() as u32, lease)
    }

    fn request(&mut self, transaction: u32, lease: &Lease) -> io::Result<Lease> {
        let mut request = self.message(transaction, DhcpMessageType::Request);
        (request.requested_ip, request.server_identifier) = (Some(lease.address), Some(lease.server));
        self.exchange(&request, DhcpMessageType::Ack)
    }

    fn message(&self, transaction_id: u32, message_type: DhcpMessageType) -> DhcpRepr<'static> {
        DhcpRepr {
            message_type,
            transaction_id,
            secs: 0,
            client_hardware_address: self.hardware,
            client_ip: Ipv4Addr::UNSPECIFIED,
            your_ip: Ipv4Addr::UNSPECIFIED,
            server_ip: Ipv4Addr::UNSPECIFIED,
            router: None,
            subnet_mask: None,
            relay_agent_ip: Ipv4Addr::UNSPECIFIED,
            // We cannot be reached at an address that we do not have yet.
            broadcast: true,
            requested_ip: None,
            client_identifier: Some(self.hardware),
            server_identifier: None,
            parameter_request_list: Some(&WANTED),
            dns_servers: None,
            max_size: Some(MESSAGE_BYTES as u16),
            lease_duration: None,
            renew_duration: None,
            rebind_duration: None,
            additional_options: &[],
        }
    }

    /// Sends `question` until an answer of `wanted` type comes.
    fn exchange(&mut self, question: &DhcpRepr<'_>, wanted: DhcpMessageType) -> io::Result<Lease> {
        let mut bytes = vec![0; question.buffer_len()];
        let written = question.emit(&mut DhcpPacket::new_unchecked(&mut bytes));
        written.map_err(|_| io::Error::other("a fault of ours: the message does not fit"))?;
        let everybody = SocketAddrV4::new(Ipv4Addr::BROADCAST, DHCP_SERVER_PORT);
        for patience in PATIENCE {
            self.socket.send_to(&bytes, everybody)?;
            let end = Instant::now() + patience;
            while let Some(left) = end.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
                self.socket.set_read_timeout(Some(left))?;
                let mut reply = [0; MESSAGE_BYTES];
                let Ok(len) = self.socket.recv(&mut reply) else { break };
                match read(&reply[..len], question.transaction_id, self.hardware, wanted) {
                    Answer::Lease(lease) => return Ok(lease),
                    Answer::No => return Err(io::Error::other("the server refuses")),
                    Answer::Other => {}
                }
            }
        }
        Err(ErrorKind::TimedOut.into())
    }
}

/// What a datagram is to us.
#[derive(Debug, PartialEq, Eq)]
enum Answer {
    Lease(Lease),
    /// A refusal (DHCPNAK).
    No,
    /// Something else, or somebody else's.
    Other,
}

fn read(bytes: &[u8], transaction: u32, hardware: EthernetAddress, wanted: DhcpMessageType) -> Answer {
    let Ok(packet) = DhcpPacket::new_checked(bytes) else { return Answer::Other };
    let Ok(repr) = DhcpRepr::parse(&packet) else { return Answer::Other };
    if (repr.transaction_id, repr.client_hardware_address) != (transaction, hardware) {
        return Answer::Other;
    }
    if repr.message_type == DhcpMessageType::Nak {
        return Answer::No;
    }
    let (Some(mask), Some(server)) = (repr.subnet_mask, repr.server_identifier) else { return Answer::Other };
    if repr.message_type != wanted || repr.your_ip.is_unspecified() {
        return Answer::Other;
    }
    let ntp = packet.options().find(|option| option.kind == NTP_SERVERS);
    let ntp = ntp.and_then(|option| option.data.first_chunk::<4>()).map(|first| Ipv4Addr::from(*first).into());
    Answer::Lease(Lease {
        address: repr.your_ip,
        prefix: mask.to_bits().leading_ones() as u8,
        router: repr.router,
        ntp,
        seconds: repr.lease_duration.unwrap_or(LEASE_S),
        server,
    })
}

/// `52:54:00:12:34:56`
fn parse_hardware(text: &str) -> Option<[u8; 6]> {
    let mut bytes = [0; 6];
    let mut parts = text.split(':');
    for byte in &mut bytes {
        *byte = u8::from_str_radix(parts.next()?, 16).ok()?;
    }
    parts.next().is_none().then_some(bytes)
}

#[cfg(test)]
mod tests {
    use smoltcp::wire::DhcpOption;

    use super::*;

    const HARDWARE: EthernetAddress = EthernetAddress([2, 0, 0, 0, 0, 1]);

    fn reply(message_type: DhcpMessageType, change: impl FnOnce(&mut DhcpRepr<'_>)) -> Vec<u8> {
        let client = Client { socket: UdpSocket::bind("127.0.0.1:0").unwrap(), hardware: HARDWARE };
        let options = [DhcpOption { kind: NTP_SERVERS, data: &[192, 0, 2, 9] }];
        let mut repr = client.message(7, message_type);
        repr.your_ip = Ipv4Addr::new(192, 0, 2, 77);
        repr.subnet_mask = Some(Ipv4Addr::new(255, 255, 255, 0));
        repr.server_identifier = Some(Ipv4Addr::new(192, 0, 2, 1));
        repr.lease_duration = Some(600);
        let mut repr = DhcpRepr { additional_options: &options, ..repr };
        change(&mut repr);
        let mut bytes = vec![0; repr.buffer_len()];
        repr.emit(&mut DhcpPacket::new_unchecked(&mut bytes)).unwrap();
        bytes
    }

    #[test]
    fn a_lease_is_read_with_what_was_asked_for() {
        let bytes = reply(DhcpMessageType::Ack, |_| {});
        let Answer::Lease(lease) = read(&bytes, 7, HARDWARE, DhcpMessageType::Ack) else { panic!("no lease") };
        assert_eq!((lease.address, lease.prefix), (Ipv4Addr::new(192, 0, 2, 77), 24));
        assert_eq!((lease.seconds, lease.ntp), (600, Some([192, 0, 2, 9].into())));
        assert_eq!(read(&bytes, 7, HARDWARE, DhcpMessageType::Offer), Answer::Other);
        assert_eq!(read(&bytes, 8, HARDWARE, DhcpMessageType::Ack), Answer::Other);
        assert_eq!(read(&bytes, 7, EthernetAddress([9; 6]), DhcpMessageType::Ack), Answer::Other);
        assert_eq!(read(&reply(DhcpMessageType::Nak, |_| {}), 7, HARDWARE, DhcpMessageType::Ack), Answer::No);
        let nowhere = reply(DhcpMessageType::Ack, |repr| repr.your_ip = Ipv4Addr::UNSPECIFIED);
        assert_eq!(read(&nowhere, 7, HARDWARE, DhcpMessageType::Ack), Answer::Other);
    }

    #[test]
    fn a_damaged_answer_is_survived() {
        let whole = reply(DhcpMessageType::Ack, |_| {});
        for len in 0..whole.len() {
            let _ = read(&whole[..len], 7, HARDWARE, DhcpMessageType::Ack);
        }
        for at in 236..whole.len() {
            for value in [0, 1, 7, 255] {
                let mut bytes = whole.clone();
                bytes[at] = value;
                let _ = read(&bytes, 7, HARDWARE, DhcpMessageType::Ack);
            }
        }
    }

    #[test]
    fn a_hardware_address_has_six_bytes() {
        assert_eq!(parse_hardware("52:54:00:12:34:56"), Some([0x52, 0x54, 0, 0x12, 0x34, 0x56]));
        assert_eq!(parse_hardware("52:54:00:12:34"), None);
        assert_eq!(parse_hardware("52:54:00:12:34:56:78"), None);
    }
}
