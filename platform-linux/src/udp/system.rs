//! The system calls that no safe crate offers together: the only unsafe file of the product. Nothing is decided here;
//! every function takes and gives plain values.

use std::ffi::CStr;
use std::io;
use std::mem::{MaybeUninit, size_of, zeroed};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, UdpSocket};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use libc::{c_int, c_void, iovec, mmsghdr, socklen_t};
use parlor_core::link::Route;

use super::ancillary::Ancillary;
use super::{Family, Socket};

/// Messages of one `sendmmsg`.
pub(super) const SEND_MESSAGES: usize = 64;

/// Messages of one `recvmmsg`.
pub(super) const RECEIVE_MESSAGES: usize = 16;

/// What the kernel may keep for us while this thread does something else.
const RECEIVE_BUFFER_BYTES: c_int = 4 << 20;

/// What the kernel may keep before a device takes it.
const SEND_BUFFER_BYTES: c_int = 2 << 20;

/// A message to send: one datagram, or several of `segment_bytes` each (the last may be shorter).
pub(super) struct Outgoing<'a> {
    pub(super) route: &'a Route,
    pub(super) bytes: &'a [u8],
    pub(super) segment_bytes: Option<u16>,
}

/// A message that arrived: one datagram, or several of `segment_bytes` each (the last may be shorter).
#[derive(Clone, Copy)]
pub(super) struct Arrival {
    /// `None` if the kernel did not say.
    pub(super) route: Option<Route>,
    pub(super) len: usize,
    pub(super) segment_bytes: Option<usize>,
    /// Whether it did not fit into its buffer.
    pub(super) truncated: bool,
}

impl Arrival {
    pub(super) const NONE: Self = Self { route: None, len: 0, segment_bytes: None, truncated: false };
}

/// What SO_MEMINFO tells.
const MEMORY_COUNTS: usize = libc::SK_MEMINFO_DROPS as usize + 1;

/// An address as the kernel has it.
#[derive(Clone, Copy)]
#[repr(C)]
union Name {
    v4: libc::sockaddr_in,
    v6: libc::sockaddr_in6,
}

/// A socket of `family`, bound to `port` on `address`, or on all addresses.
pub(super) fn open(family: Family, address: Option<Ipv4Addr>, port: u16) -> io::Result<UdpSocket> {
    let domain = if family == Family::Dual { libc::AF_INET6 } else { libc::AF_INET };
    // SAFETY: no pointer is passed.
    let raw = unsafe { libc::socket(domain, libc::SOCK_DGRAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC, 0) };
    if raw < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is new and nobody else has it.
    let socket = UdpSocket::from(unsafe { OwnedFd::from_raw_fd(raw) });
    // Never fragmented: browsers keep their packets below 1280 bytes, which every path takes, and a datagram that may
    // be cut costs the kernel a tenth more, for the number by which its pieces would be known.
    match family {
        Family::Dual => {
            set(&socket, libc::IPPROTO_IPV6, libc::IPV6_V6ONLY, 0)?;
            set(&socket, libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO, 1)?;
            set(&socket, libc::IPPROTO_IPV6, libc::IPV6_MTU_DISCOVER, libc::IPV6_PMTUDISC_PROBE)?;
            set(&socket, libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, libc::IP_PMTUDISC_PROBE)?;
        }
        Family::V4 => {
            set(&socket, libc::IPPROTO_IP, libc::IP_PKTINFO, address.is_none().into())?;
            set(&socket, libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, libc::IP_PMTUDISC_PROBE)?;
        }
    }
    for (force, plain, bytes) in [
        (libc::SO_RCVBUFFORCE, libc::SO_RCVBUF, RECEIVE_BUFFER_BYTES),
        (libc::SO_SNDBUFFORCE, libc::SO_SNDBUF, SEND_BUFFER_BYTES),
    ] {
        set(&socket, libc::SOL_SOCKET, force, bytes).or_else(|_| set(&socket, libc::SOL_SOCKET, plain, bytes))?;
    }
    let bound = match family {
        Family::Dual => IpAddr::from(Ipv6Addr::UNSPECIFIED),
        Family::V4 => IpAddr::from(address.unwrap_or(Ipv4Addr::UNSPECIFIED)),
    };
    let (name, name_len) = name(family, SocketAddr::new(bound, port));
    // SAFETY: `name` lives through the call and `name_len` is the size of its active field.
    let result = unsafe { libc::bind(socket.as_raw_fd(), (&raw const name).cast(), name_len) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(socket) }
}

/// Whether the kernel cuts messages into segments (UDP GSO), tried on a socket of its own.
pub(super) fn probe_segmentation() -> bool {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))
        .is_ok_and(|socket| set(&socket, libc::SOL_UDP, libc::UDP_SEGMENT, 1200).is_ok())
}

/// Lets the kernel join datagrams of equal size into one message (UDP GRO); false if it cannot.
pub(super) fn enable_trains(socket: &UdpSocket) -> bool {
    set(socket, libc::SOL_UDP, libc::UDP_GRO, 1).is_ok()
}

/// How many datagrams found the buffer of `socket` full (socket(7), SO_MEMINFO); 0 where the kernel does not tell.
pub(super) fn lost(socket: &UdpSocket) -> u32 {
    let mut counts = [0_u32; MEMORY_COUNTS];
    let mut len = size_of_val(&counts) as socklen_t;
    // SAFETY: `counts` lives through the call and has `len` bytes.
    let result = unsafe {
        let place = (&raw mut counts).cast();
        libc::getsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, libc::SO_MEMINFO, place, &raw mut len)
    };
    if result < 0 { 0 } else { counts[libc::SK_MEMINFO_DROPS as usize] }
}

/// Sends up to [`SEND_MESSAGES`] of `messages` and says how many the kernel took. An error is about the first of them.
pub(super) fn send(socket: &Socket, messages: &[Outgoing<'_>]) -> io::Result<usize> {
    let family = socket.family;
    let count = messages.len().min(SEND_MESSAGES);
    let mut names = [MaybeUninit::<Name>::uninit(); SEND_MESSAGES];
    let mut ancillaries = [const { MaybeUninit::<Ancillary>::uninit() }; SEND_MESSAGES];
    let mut parts = [MaybeUninit::<iovec>::uninit(); SEND_MESSAGES];
    let mut headers = [MaybeUninit::<mmsghdr>::uninit(); SEND_MESSAGES];
    for (index, message) in messages[..count].iter().enumerate() {
        let (name, name_len) = name(family, message.route.remote);
        let source = socket.address.map_or_else(|| source(family, message.route), |_| Ancillary::EMPTY);
        let ancillary = ancillaries[index].write(source);
        if let Some(bytes) = message.segment_bytes {
            ancillary.push(libc::SOL_UDP, libc::UDP_SEGMENT, &bytes.to_ne_bytes());
        }
        let part =
            parts[index].write(iovec { iov_base: message.bytes.as_ptr() as *mut c_void, iov_len: message.bytes.len() });
        // SAFETY: all fields of the header are integers and pointers, for which zero is a value.
        let header = headers[index].write(unsafe { zeroed() });
        header.msg_hdr.msg_name = (&raw mut *names[index].write(name)).cast();
        header.msg_hdr.msg_namelen = name_len;
        header.msg_hdr.msg_iov = part;
        header.msg_hdr.msg_iovlen = 1;
        header.msg_hdr.msg_controllen = ancillary.len() as _;
        header.msg_hdr.msg_control = ancillary.as_mut_ptr().cast();
    }
    // SAFETY: the first `count` headers are written, and all that they point to lives through the call; the kernel
    // only reads the bytes.
    let sent = unsafe {
        libc::sendmmsg(socket.descriptor.as_raw_fd(), headers.as_mut_ptr().cast(), count as _, libc::MSG_DONTWAIT)
    };
    if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(sent as usize) }
}

/// Receives messages, each into the next `buffer_bytes` of `staging`, and says how many there were.
pub(super) fn receive(
    socket: &Socket,
    staging: &mut [u8],
    buffer_bytes: usize,
    arrivals: &mut [Arrival; RECEIVE_MESSAGES],
) -> io::Result<usize> {
    let mut names = [MaybeUninit::<Name>::uninit(); RECEIVE_MESSAGES];
    let mut ancillaries = [Ancillary::EMPTY; RECEIVE_MESSAGES];
    let mut parts = [MaybeUninit::<iovec>::uninit(); RECEIVE_MESSAGES];
    let mut headers = [MaybeUninit::<mmsghdr>::uninit(); RECEIVE_MESSAGES];
    let mut count = 0;
    for (index, buffer) in staging.chunks_exact_mut(buffer_bytes).take(RECEIVE_MESSAGES).enumerate() {
        let part = parts[index].write(iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() });
        // SAFETY: all fields of the header are integers and pointers, for which zero is a value.
        let header = headers[index].write(unsafe { zeroed() });
        // SAFETY: an address of zeros is a value of the union; so a name that the kernel leaves out reads as none.
        header.msg_hdr.msg_name = (&raw mut *names[index].write(unsafe { zeroed() })).cast();
        header.msg_hdr.msg_namelen = size_of::<Name>() as socklen_t;
        header.msg_hdr.msg_iov = part;
        header.msg_hdr.msg_iovlen = 1;
        header.msg_hdr.msg_controllen = Ancillary::CAPACITY as _;
        header.msg_hdr.msg_control = ancillaries[index].as_mut_ptr().cast();
        count += 1;
    }
    // SAFETY: the first `count` headers are written; the buffers do not overlap and live through the call.
    let received = unsafe {
        libc::recvmmsg(
            socket.descriptor.as_raw_fd(),
            headers.as_mut_ptr().cast(),
            count as _,
            libc::MSG_DONTWAIT as _,
            std::ptr::null_mut(),
        )
    };
    if received < 0 {
        return Err(io::Error::last_os_error());
    }
    for index in 0..(received as usize).min(count) {
        // SAFETY: the first `count` headers and names were written above.
        let (header, name) = unsafe { (headers[index].assume_init_ref(), names[index].assume_init_ref()) };
        #[allow(clippy::unnecessary_cast)] // other C libraries have another type
        ancillaries[index].set_len(header.msg_hdr.msg_controllen as usize);
        let local = socket.address.map(IpAddr::from).or_else(|| local(&ancillaries[index]));
        arrivals[index] = Arrival {
            route: remote(name).zip(local).map(|(remote, local)| Route { remote, local }),
            len: (header.msg_len as usize).min(buffer_bytes),
            segment_bytes: segment_bytes(&ancillaries[index]),
            truncated: header.msg_hdr.msg_flags & libc::MSG_TRUNC != 0,
        };
    }
    Ok(received as usize)
}

/// Lets `poller` tell when `socket` is readable.
pub(crate) fn watch(poller: &polling::Poller, socket: &UdpSocket, key: usize) -> io::Result<()> {
    // SAFETY: the caller deletes the socket from the poller before it is closed: both have one owner, a shard's port.
    unsafe { poller.add_with_mode(socket, polling::Event::readable(key), polling::PollMode::Level) }
}

/// Name and address of every interface that is up.
pub(crate) fn interfaces() -> io::Result<Vec<(String, IpAddr)>> {
    let mut first = std::ptr::null_mut();
    // SAFETY: `first` is a place for one pointer.
    if unsafe { libc::getifaddrs(&raw mut first) } < 0 {
        return Err(io::Error::last_os_error());
    }
    let mut found = Vec::new();
    let mut next = first;
    // SAFETY: the call succeeded, so the list's pointers are valid or null until it is freed; an address is read as
    // its family says.
    while let Some(entry) = unsafe { next.as_ref() } {
        next = entry.ifa_next;
        if entry.ifa_addr.is_null() || entry.ifa_flags & libc::IFF_UP as u32 == 0 {
            continue;
        }
        // SAFETY: as above.
        let (name, address) = unsafe {
            let address = match i32::from((*entry.ifa_addr).sa_family) {
                libc::AF_INET => ip_v4(&*entry.ifa_addr.cast::<libc::sockaddr_in>()).into(),
                libc::AF_INET6 => ip_v6(&*entry.ifa_addr.cast::<libc::sockaddr_in6>()).into(),
                _ => continue,
            };
            (CStr::from_ptr(entry.ifa_name), address)
        };
        found.push((name.to_string_lossy().into_owned(), address));
    }
    // SAFETY: it came from `getifaddrs`, and nothing borrowed from it is left.
    unsafe { libc::freeifaddrs(first) };
    Ok(found)
}

fn set(socket: &UdpSocket, level: c_int, option: c_int, value: c_int) -> io::Result<()> {
    // SAFETY: the option is an integer and lives through the call.
    let result = unsafe {
        libc::setsockopt(socket.as_raw_fd(), level, option, (&raw const value).cast(), size_of::<c_int>() as socklen_t)
    };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// `address` as a socket of `family` takes it.
fn name(family: Family, address: SocketAddr) -> (Name, socklen_t) {
    // SAFETY: all fields are integers, for which zero is a value.
    let mut name: Name = unsafe { zeroed() };
    match (family, address) {
        (Family::V4, SocketAddr::V4(address)) => {
            name.v4 = libc::sockaddr_in {
                sin_family: libc::AF_INET as _,
                sin_port: address.port().to_be(),
                sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(address.ip().octets()) },
                sin_zero: [0; 8],
            };
            (name, size_of::<libc::sockaddr_in>() as socklen_t)
        }
        (_, address) => {
            let (ip, scope) = match address {
                SocketAddr::V4(address) => (address.ip().to_ipv6_mapped(), 0),
                SocketAddr::V6(address) => (*address.ip(), address.scope_id()),
            };
            name.v6 = libc::sockaddr_in6 {
                sin6_family: libc::AF_INET6 as _,
                sin6_port: address.port().to_be(),
                sin6_flowinfo: 0,
                sin6_addr: libc::in6_addr { s6_addr: ip.octets() },
                sin6_scope_id: scope,
            };
            (name, size_of::<libc::sockaddr_in6>() as socklen_t)
        }
    }
}

/// The source address of a message, as ancillary data.
fn source(family: Family, route: &Route) -> Ancillary {
    let mut ancillary = Ancillary::EMPTY;
    let scope = if let SocketAddr::V6(remote) = route.remote { remote.scope_id() } else { 0 };
    match (family, route.local) {
        (Family::V4, IpAddr::V4(local)) => {
            // struct in_pktinfo: interface, the source address, an address that sending ignores
            let mut data = [0; 12];
            data[4..8].copy_from_slice(&local.octets());
            ancillary.push(libc::IPPROTO_IP, libc::IP_PKTINFO, &data);
        }
        (_, local) => {
            let local = match local {
                IpAddr::V4(local) => local.to_ipv6_mapped(),
                IpAddr::V6(local) => local,
            };
            // struct in6_pktinfo: the source address, interface
            let mut data = [0; 20];
            data[..16].copy_from_slice(&local.octets());
            data[16..].copy_from_slice(&scope.to_ne_bytes());
            ancillary.push(libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, &data);
        }
    }
    ancillary
}

/// The address that a message was sent to.
fn local(ancillary: &Ancillary) -> Option<IpAddr> {
    ancillary.items().find_map(|item| match item {
        (libc::IPPROTO_IPV6, libc::IPV6_PKTINFO, data) => {
            Some(Ipv6Addr::from(<[u8; 16]>::try_from(data.get(..16)?).ok()?).to_canonical())
        }
        (libc::IPPROTO_IP, libc::IP_PKTINFO, data) => {
            // struct in_pktinfo: interface, the local address, the address of the header
            Some(Ipv4Addr::from(<[u8; 4]>::try_from(data.get(8..12)?).ok()?).into())
        }
        _ => None,
    })
}

fn segment_bytes(ancillary: &Ancillary) -> Option<usize> {
    ancillary.items().find_map(|item| match item {
        (libc::SOL_UDP, libc::UDP_GRO, data) => {
            let bytes = i32::from_ne_bytes(data.get(..4)?.try_into().ok()?);
            usize::try_from(bytes).ok().filter(|bytes| *bytes > 0)
        }
        _ => None,
    })
}

/// Who sent a message; IPv4 as IPv4, however the socket has it.
fn remote(name: &Name) -> Option<SocketAddr> {
    // SAFETY: both fields begin with the family, and every byte of the union is written.
    let family = i32::from(unsafe { name.v4.sin_family });
    match family {
        libc::AF_INET => {
            // SAFETY: the kernel wrote an IPv4 address.
            let address = unsafe { &name.v4 };
            Some(SocketAddrV4::new(ip_v4(address), u16::from_be(address.sin_port)).into())
        }
        libc::AF_INET6 => {
            // SAFETY: the kernel wrote an IPv6 address.
            let address = unsafe { &name.v6 };
            let (ip, port) = (ip_v6(address), u16::from_be(address.sin6_port));
            Some(match ip.to_ipv4_mapped() {
                Some(ip) => SocketAddrV4::new(ip, port).into(),
                None => SocketAddrV6::new(ip, port, 0, address.sin6_scope_id).into(),
            })
        }
        _ => None,
    }
}

fn ip_v4(address: &libc::sockaddr_in) -> Ipv4Addr {
    Ipv4Addr::from(address.sin_addr.s_addr.to_ne_bytes())
}

fn ip_v6(address: &libc::sockaddr_in6) -> Ipv6Addr {
    Ipv6Addr::from(address.sin6_addr.s6_addr)
}
