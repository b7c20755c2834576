//! What is asked of the kernel's routing socket (rtnetlink(7)): an interface up, an address, a router.

use std::io;
use std::net::IpAddr;
use std::os::fd::OwnedFd;

use rustix::net::netlink::SocketAddrNetlink;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, sendto, socket_with};

const RTM_NEWLINK: u16 = 16;
const RTM_NEWADDR: u16 = 20;
const RTM_NEWROUTE: u16 = 24;

/// A request that is acknowledged; one that makes or replaces.
const CHANGE: u16 = 0x1 | 0x4;
const MAKE: u16 = CHANGE | 0x400 | 0x100;

const NLMSG_ERROR: u16 = 2;
const IFF_UP: u32 = 1;
const IFA_ADDRESS: u16 = 1;
const IFA_LOCAL: u16 = 2;
const RTA_OIF: u16 = 4;
const RTA_GATEWAY: u16 = 5;

/// The main table; a route from the boot, of an ordinary kind.
const RT_TABLE_MAIN: u8 = 254;
const RTPROT_BOOT: u8 = 3;
const RTN_UNICAST: u8 = 1;

/// Bytes of a message's header.
const HEADER_BYTES: usize = 16;

/// A routing socket.
pub(super) struct Netlink {
    socket: OwnedFd,
    sequence: u32,
}

impl Netlink {
    /// Opens one.
    pub(super) fn open() -> io::Result<Self> {
        // No protocol stands for protocol 0, NETLINK_ROUTE.
        let socket = socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
        Ok(Self { socket, sequence: 0 })
    }

    /// Switches the interface on.
    pub(super) fn set_up(&mut self, index: u32) -> io::Result<()> {
        let mut body = vec![0; 4];
        for word in [index, IFF_UP, IFF_UP] {
            body.extend(word.to_ne_bytes());
        }
        self.ask(RTM_NEWLINK, CHANGE, &body)
    }

    /// Gives it an address.
    pub(super) fn add_address(&mut self, index: u32, address: IpAddr, prefix: u8) -> io::Result<()> {
        let mut body = vec![family(address), prefix, 0, 0];
        body.extend(index.to_ne_bytes());
        attribute(&mut body, IFA_LOCAL, &octets(address));
        attribute(&mut body, IFA_ADDRESS, &octets(address));
        self.ask(RTM_NEWADDR, MAKE, &body)
    }

    /// Sends by `router` what has no nearer way.
    pub(super) fn add_router(&mut self, index: u32, router: IpAddr) -> io::Result<()> {
        let mut body = vec![family(router), 0, 0, 0, RT_TABLE_MAIN, RTPROT_BOOT, 0, RTN_UNICAST, 0, 0, 0, 0];
        attribute(&mut body, RTA_GATEWAY, &octets(router));
        attribute(&mut body, RTA_OIF, &index.to_ne_bytes());
        self.ask(RTM_NEWROUTE, MAKE, &body)
    }

    fn ask(&mut self, kind: u16, flags: u16, body: &[u8]) -> io::Result<()> {
        self.sequence += 1;
        let kernel = SocketAddrNetlink::new(0, 0);
        sendto(&self.socket, &message(kind, flags, self.sequence, body), SendFlags::empty(), &kernel)?;
        let mut reply = [0; 1024];
        let (_, len) = recv(&self.socket, &mut reply[..], RecvFlags::empty())?;
        verdict(&reply[..len.min(1024)])
    }
}

fn message(kind: u16, flags: u16, sequence: u32, body: &[u8]) -> Vec<u8> {
    let mut message = ((HEADER_BYTES + body.len()) as u32).to_ne_bytes().to_vec();
    message.extend(kind.to_ne_bytes());
    message.extend(flags.to_ne_bytes());
    message.extend(sequence.to_ne_bytes());
    message.extend([0; 4]);
    message.extend(body);
    message
}

/// What an acknowledgement says: an error number, negative, or 0.
fn verdict(reply: &[u8]) -> io::Result<()> {
    let number = match reply.get(4..6).zip(reply.get(HEADER_BYTES..HEADER_BYTES + 4)) {
        Some((kind, number)) if kind == NLMSG_ERROR.to_ne_bytes() => {
            i32::from_ne_bytes([number[0], number[1], number[2], number[3]])
        }
        _ => return Err(io::Error::other("the kernel answered something else")),
    };
    if number == 0 { Ok(()) } else { Err(io::Error::from_raw_os_error(number.saturating_neg())) }
}

/// Appends an attribute, padded to four bytes.
fn attribute(body: &mut Vec<u8>, kind: u16, value: &[u8]) {
    body.extend((4 + value.len() as u16).to_ne_bytes());
    body.extend(kind.to_ne_bytes());
    body.extend(value);
    body.resize(body.len().next_multiple_of(4), 0);
}

fn family(address: IpAddr) -> u8 {
    let family = if address.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    family.as_raw() as u8
}

fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().into(),
        IpAddr::V6(address) => address.octets().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_attribute_is_padded_and_tells_its_own_length() {
        let mut body = Vec::new();
        attribute(&mut body, 5, &[1, 2, 3, 4, 5]);
        assert_eq!(body.len(), 12);
        assert_eq!(body[..2], 9u16.to_ne_bytes());
    }

    #[test]
    fn a_verdict_is_success_an_error_or_nonsense() {
        let reply = |number: i32| {
            let mut reply = message(NLMSG_ERROR, 0, 1, &[]);
            reply.extend(number.to_ne_bytes());
            reply
        };
        assert!(verdict(&reply(0)).is_ok());
        assert_eq!(verdict(&reply(-17)).unwrap_err().raw_os_error(), Some(17));
        assert!(verdict(&reply(i32::MIN)).is_err());
        assert!(verdict(&reply(0)[..18]).is_err());
        assert!(verdict(&[]).is_err());
    }

    /// Needs no right: the kernel refuses, or has it as it is.
    #[test]
    fn the_kernel_answers() {
        let error = Netlink::open().unwrap().set_up(u32::MAX >> 1).unwrap_err();
        assert!(error.raw_os_error().is_some(), "{error}");
    }
}
