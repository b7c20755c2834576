//! Messages of DHCP (RFC 2131): questions that ask for an address, and answers to them. The bytes are `smoltcp`'s.

use std::net::Ipv4Addr;

use smoltcp::wire::{DhcpMessageType, DhcpPacket, DhcpRepr, EthernetAddress};

/// The ports of clients and servers.
pub use smoltcp::wire::{DHCP_CLIENT_PORT, DHCP_SERVER_PORT};

/// What we want to be told: subnet mask, router, time servers.
const WANTED: [u8; 3] = [1, 3, NTP_SERVERS];

/// The option of RFC 2132 section 8.3.
const NTP_SERVERS: u8 = 42;

/// The longest message that is read.
pub const MESSAGE_BYTES: usize = 1500;

/// The lease of a server that does not say how long it lasts.
const LEASE_S: u32 = 3600;

/// An address that was lent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The address.
    pub address: Ipv4Addr,
    /// The length of its prefix.
    pub prefix: u8,
    /// The router.
    pub router: Option<Ipv4Addr>,
    /// A time server.
    pub ntp: Option<Ipv4Addr>,
    /// How long it is lent.
    pub seconds: u32,
    /// Who lent it.
    pub server: Ipv4Addr,
}

/// What a client asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Question {
    /// Names question and answer.
    pub transaction: u32,
    /// The asking interface's address.
    pub hardware: [u8; 6],
    /// The address that is wanted, and who offered it; nothing: who would lend one.
    pub wanted: Option<(Ipv4Addr, Ipv4Addr)>,
}

/// What a datagram is to us.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// What was asked for.
    Lease(Lease),
    /// A refusal (DHCPNAK).
    No,
    /// Something else, or somebody else's.
    Other,
}

impl Question {
    /// The datagram, for everybody's server port.
    pub fn bytes(&self) -> Vec<u8> {
        let message = self.message();
        let mut bytes = vec![0; message.buffer_len()];
        message.emit(&mut DhcpPacket::new_unchecked(&mut bytes)).expect("the buffer has the length of the message");
        bytes
    }

    /// What a datagram says to this question.
    pub fn read(&self, bytes: &[u8]) -> Answer {
        let Ok(packet) = DhcpPacket::new_checked(bytes) else { return Answer::Other };
        let Ok(repr) = DhcpRepr::parse(&packet) else { return Answer::Other };
        if (repr.transaction_id, repr.client_hardware_address) != (self.transaction, EthernetAddress(self.hardware)) {
            return Answer::Other;
        }
        if repr.message_type == DhcpMessageType::Nak {
            return Answer::No;
        }
        let (Some(mask), Some(server)) = (repr.subnet_mask, repr.server_identifier) else { return Answer::Other };
        let awaited = if self.wanted.is_some() { DhcpMessageType::Ack } else { DhcpMessageType::Offer };
        if repr.message_type != awaited || repr.your_ip.is_unspecified() {
            return Answer::Other;
        }
        let ntp = packet.options().find(|option| option.kind == NTP_SERVERS);
        Answer::Lease(Lease {
            address: repr.your_ip,
            prefix: mask.to_bits().leading_ones() as u8,
            router: repr.router,
            ntp: ntp.and_then(|option| option.data.first_chunk::<4>()).map(|first| Ipv4Addr::from(*first)),
            seconds: repr.lease_duration.unwrap_or(LEASE_S),
            server,
        })
    }

    fn message(&self) -> DhcpRepr<'static> {
        let is_request = self.wanted.is_some();
        let hardware = EthernetAddress(self.hardware);
        DhcpRepr {
            message_type: if is_request { DhcpMessageType::Request } else { DhcpMessageType::Discover },
            transaction_id: self.transaction,
            secs: 0,
            client_hardware_address: hardware,
            client_ip: Ipv4Addr::UNSPECIFIED,
            your_ip: Ipv4Addr::UNSPECIFIED,
            server_ip: Ipv4Addr::UNSPECIFIED,
            router: None,
            subnet_mask: None,
            relay_agent_ip: Ipv4Addr::UNSPECIFIED,
            // We cannot be reached at an address that we do not have yet.
            broadcast: true,
            requested_ip: self.wanted.map(|(address, _)| address),
            client_identifier: Some(hardware),
            server_identifier: self.wanted.map(|(_, server)| server),
            parameter_request_list: Some(&WANTED),
            dns_servers: None,
            max_size: Some(MESSAGE_BYTES as u16),
            lease_duration: None,
            renew_duration: None,
            rebind_duration: None,
            additional_options: &[],
        }
    }
}

/// An interface's address as the kernel writes it, such as `52:54:00:12:34:56`.
pub fn parse_hardware(text: &str) -> Option<[u8; 6]> {
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

    const HARDWARE: [u8; 6] = [2, 0, 0, 0, 0, 1];
    const DISCOVER: Question = Question { transaction: 7, hardware: HARDWARE, wanted: None };
    const REQUEST: Question =
        Question { wanted: Some((Ipv4Addr::new(192, 0, 2, 77), Ipv4Addr::new(192, 0, 2, 1))), ..DISCOVER };

    fn reply(message_type: DhcpMessageType, change: impl FnOnce(&mut DhcpRepr<'_>)) -> Vec<u8> {
        let options = [DhcpOption { kind: NTP_SERVERS, data: &[192, 0, 2, 9] }];
        let mut repr = DhcpRepr { message_type, ..DISCOVER.message() };
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
        let Answer::Lease(lease) = REQUEST.read(&bytes) else { panic!("no lease") };
        assert_eq!((lease.address, lease.prefix), (Ipv4Addr::new(192, 0, 2, 77), 24));
        assert_eq!((lease.seconds, lease.ntp), (600, Some(Ipv4Addr::new(192, 0, 2, 9))));
        assert_eq!(DISCOVER.read(&bytes), Answer::Other);
        assert_eq!(Question { transaction: 8, ..REQUEST }.read(&bytes), Answer::Other);
        assert_eq!(Question { hardware: [9; 6], ..REQUEST }.read(&bytes), Answer::Other);
        assert_eq!(REQUEST.read(&reply(DhcpMessageType::Nak, |_| {})), Answer::No);
        let nowhere = reply(DhcpMessageType::Ack, |repr| repr.your_ip = Ipv4Addr::UNSPECIFIED);
        assert_eq!(REQUEST.read(&nowhere), Answer::Other);
        assert!(matches!(DISCOVER.read(&reply(DhcpMessageType::Offer, |_| {})), Answer::Lease(_)));
    }

    #[test]
    fn a_question_says_what_is_wanted() {
        let bytes = REQUEST.bytes();
        let asked = DhcpPacket::new_checked(&bytes[..]).unwrap();
        let asked = DhcpRepr::parse(&asked).unwrap();
        assert_eq!((asked.message_type, asked.transaction_id), (DhcpMessageType::Request, 7));
        assert_eq!(
            (asked.requested_ip, asked.server_identifier),
            (REQUEST.wanted.map(|it| it.0), REQUEST.wanted.map(|it| it.1))
        );
        let bytes = DISCOVER.bytes();
        let asked = DhcpPacket::new_checked(&bytes[..]).unwrap();
        assert_eq!(DhcpRepr::parse(&asked).unwrap().message_type, DhcpMessageType::Discover);
    }

    #[test]
    fn a_damaged_answer_is_survived() {
        let whole = reply(DhcpMessageType::Ack, |_| {});
        for len in 0..whole.len() {
            let _ = REQUEST.read(&whole[..len]);
        }
        for at in 236..whole.len() {
            for value in [0, 1, 7, 255] {
                let mut bytes = whole.clone();
                bytes[at] = value;
                let _ = REQUEST.read(&bytes);
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
