//! How forwarded packets leave that go to a group (multicast): how far, and by which interface.

use std::net::Ipv4Addr;
use std::os::fd::AsFd;

use rustix::io;
use rustix::net::{netdevice, sockopt};

use crate::config::Forward;

/// How packets to groups leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Multicast {
    hops: u32,
    /// The number of the interface; nothing where the routing table says which.
    interface: Option<u32>,
}

impl Multicast {
    /// As `settings` want it. The error is a sentence.
    pub fn of(settings: &Forward) -> Result<Self, String> {
        let name = &settings.multicast_interface;
        let interface = (!name.is_empty()).then(|| index_of(name)).transpose()?;
        Ok(Self { hops: settings.multicast_ttl, interface })
    }

    /// Makes `socket` send so, in IPv4 and, where it speaks that, in IPv6.
    pub fn apply(self, socket: impl AsFd, has_ipv6: bool) -> io::Result<()> {
        let socket = socket.as_fd();
        sockopt::set_ip_multicast_ttl(socket, self.hops)?;
        if let Some(interface) = self.interface {
            let any = Ipv4Addr::UNSPECIFIED;
            sockopt::set_ip_multicast_if_with_ifindex(socket, &any, &any, interface)?;
        }
        if !has_ipv6 {
            return Ok(());
        }
        sockopt::set_ipv6_multicast_hops(socket, self.hops)?;
        match self.interface {
            Some(interface) => sockopt::set_ipv6_multicast_if(socket, interface),
            None => Ok(()),
        }
    }
}

impl Default for Multicast {
    /// What the system does by itself: this network alone (RFC 1112 section 6.1).
    fn default() -> Self {
        Self { hops: 1, interface: None }
    }
}

fn index_of(name: &str) -> Result<u32, String> {
    let socket = std::net::UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| error.to_string())?;
    let missing = |_| format!("forward.multicast_interface: there is no interface \"{name}\"");
    netdevice::name_to_index(socket, name).map_err(missing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::udp::{Binding, Socket};

    #[test]
    fn an_interface_is_found_by_its_name_or_refused_by_it() {
        let settings =
            |name: &str| Forward { networks: Vec::new(), multicast_ttl: 7, multicast_interface: name.into() };
        let multicast = Multicast::of(&settings("lo")).unwrap();
        assert!(multicast.interface.is_some());
        assert_eq!(Multicast::of(&settings("")).unwrap(), Multicast { hops: 7, interface: None });
        assert!(Multicast::of(&settings("nothing9")).unwrap_err().contains("\"nothing9\""));
    }

    #[test]
    fn a_socket_of_either_family_sends_as_far_as_it_is_told() {
        for (binding, has_ipv6) in [(Binding::V4, false), (Binding::All, true)] {
            let socket = Socket::bind(binding, 0).unwrap();
            socket.set_multicast(Multicast { hops: 7, interface: None }).unwrap();
            assert_eq!(sockopt::ip_multicast_ttl(&socket.descriptor).unwrap(), 7);
            // A machine without IPv6 has a socket without it.
            if has_ipv6 && socket.descriptor.local_addr().unwrap().is_ipv6() {
                assert_eq!(sockopt::ipv6_multicast_hops(&socket.descriptor).unwrap(), 7);
            }
        }
    }
}
