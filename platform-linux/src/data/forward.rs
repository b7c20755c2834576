//! Messages that `rtp_forward` sends to an address, each as one datagram.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};

use crate::log;
use crate::udp::Multicast;

/// Sends datagrams from sockets of its own, which are opened when they are first needed.
#[derive(Default)]
pub struct DataForwarder {
    ipv4: Option<UdpSocket>,
    ipv6: Option<UdpSocket>,
    multicast: Multicast,
}

impl DataForwarder {
    /// Sends to groups as `multicast` says.
    pub fn new(multicast: Multicast) -> Self {
        Self { multicast, ..Self::default() }
    }

    /// Sends one message. What the network does not take now, or never could, is lost.
    pub fn send(&mut self, to: SocketAddr, payload: &[u8]) {
        let (socket, any) = match to {
            SocketAddr::V4(_) => (&mut self.ipv4, IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
            SocketAddr::V6(_) => (&mut self.ipv6, IpAddr::V6(Ipv6Addr::UNSPECIFIED)),
        };
        let opened = match socket {
            Some(socket) => Ok(socket),
            None => open(any, self.multicast).map(|opened| socket.insert(opened)),
        };
        if let Err(error) = opened.and_then(|socket| socket.send_to(payload, to)) {
            log::warn("data", format_args!("a message of {} bytes could not be forwarded: {error}", payload.len()));
        }
    }
}

fn open(any: IpAddr, multicast: Multicast) -> std::io::Result<UdpSocket> {
    let socket = UdpSocket::bind((any, 0))?;
    multicast.apply(&socket, any.is_ipv6())?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_a_datagram_and_one_that_is_too_long_is_lost() {
        let receiver = UdpSocket::bind("127.0.0.1:0").unwrap();
        let to = receiver.local_addr().unwrap();
        let mut forwarder = DataForwarder::default();
        forwarder.send(to, &[1; 65_536]);
        forwarder.send(to, b"text");
        let mut bytes = [0; 9];
        assert_eq!((receiver.recv(&mut bytes).unwrap(), &bytes[..4]), (4, &b"text"[..]));
    }
}
