//! Receiving many packets in one call, their heads only: the one file of the tests that needs `unsafe`.

use std::io::{Error, ErrorKind, Result};
use std::mem::{size_of, zeroed};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd;
use std::ptr::null_mut;

/// Packets that one call receives at most.
const BATCH: usize = 64;
/// Bytes of a packet that are copied: all of a STUN or RTCP packet, the header of RTP.
const HEAD: usize = 512;
/// Room for one control message with a `timespec`.
const CONTROL: usize = 64;
/// Receive buffer that is asked for, so that a busy client does not lose what the server has sent.
const BUFFER: libc::c_int = 8 << 20;

/// One received packet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Packet<'a> {
    /// Its first bytes.
    pub(crate) head: &'a [u8],
    /// Who sent it.
    pub(crate) source: SocketAddr,
    /// When it came to the socket, in nanoseconds since 1970, by the kernel's clock.
    pub(crate) at_ns: u64,
}

/// The buffers of one call.
pub(crate) struct Batch {
    heads: Vec<[u8; HEAD]>,
    controls: Vec<[u64; CONTROL / 8]>,
    sources: Vec<libc::sockaddr_storage>,
    vectors: Vec<libc::iovec>,
    messages: Vec<libc::mmsghdr>,
}

/// Asks for a large buffer and for the time of arrival of every packet.
pub(crate) fn prepare(socket: &UdpSocket) -> Result<()> {
    option(socket, libc::SO_RCVBUFFORCE, BUFFER).or_else(|_| option(socket, libc::SO_RCVBUF, BUFFER))?;
    option(socket, libc::SO_TIMESTAMPNS, 1)
}

impl Batch {
    pub(crate) fn new() -> Batch {
        // SAFETY: all-zero bytes are a valid value of these plain C structs.
        let (source, message) = unsafe { (zeroed(), zeroed()) };
        let vector = libc::iovec { iov_base: null_mut(), iov_len: 0 };
        Batch {
            heads: vec![[0; HEAD]; BATCH],
            controls: vec![[0; CONTROL / 8]; BATCH],
            sources: vec![source; BATCH],
            vectors: vec![vector; BATCH],
            messages: vec![message; BATCH],
        }
    }

    /// Receives what waits on the socket, up to one batch, and gives how many packets it was.
    pub(crate) fn receive(&mut self, socket: &UdpSocket, mut take: impl FnMut(Packet<'_>)) -> Result<usize> {
        for place in 0..BATCH {
            self.vectors[place] = libc::iovec { iov_base: self.heads[place].as_mut_ptr().cast(), iov_len: HEAD };
            let header = &mut self.messages[place].msg_hdr;
            header.msg_name = (&raw mut self.sources[place]).cast();
            header.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
            header.msg_iov = &raw mut self.vectors[place];
            header.msg_iovlen = 1;
            header.msg_control = self.controls[place].as_mut_ptr().cast();
            header.msg_controllen = CONTROL;
        }
        // SAFETY: every pointer in `messages` was set above to a live buffer of the stated length in `self`.
        let received = unsafe {
            let messages = self.messages.as_mut_ptr();
            libc::recvmmsg(socket.as_raw_fd(), messages, BATCH as libc::c_uint, libc::MSG_DONTWAIT, null_mut())
        };
        if received < 0 {
            let error = Error::last_os_error();
            let idle = matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::ConnectionRefused);
            return if idle { Ok(0) } else { Err(error) };
        }
        for place in 0..received as usize {
            let message = &self.messages[place];
            let head = &self.heads[place][..(message.msg_len as usize).min(HEAD)];
            let Some(source) = address(&self.sources[place]) else { continue };
            take(Packet { head, source, at_ns: arrival(&message.msg_hdr) });
        }
        Ok(received as usize)
    }
}

fn option(socket: &UdpSocket, name: libc::c_int, value: libc::c_int) -> Result<()> {
    // SAFETY: the pointer and the length describe `value`, which outlives the call.
    let result = unsafe {
        let length = size_of::<libc::c_int>() as libc::socklen_t;
        libc::setsockopt(socket.as_raw_fd(), libc::SOL_SOCKET, name, (&raw const value).cast(), length)
    };
    if result == 0 { Ok(()) } else { Err(Error::last_os_error()) }
}

fn arrival(header: &libc::msghdr) -> u64 {
    // SAFETY: the kernel has filled control buffer and length of this header; CMSG_FIRSTHDR checks the length.
    unsafe {
        let message = libc::CMSG_FIRSTHDR(header);
        if message.is_null() || (*message).cmsg_type != libc::SCM_TIMESTAMPNS {
            return 0;
        }
        let time: libc::timespec = libc::CMSG_DATA(message).cast::<libc::timespec>().read_unaligned();
        time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
    }
}

fn address(storage: &libc::sockaddr_storage) -> Option<SocketAddr> {
    match i32::from(storage.ss_family) {
        libc::AF_INET => {
            // SAFETY: the family says that the kernel wrote a `sockaddr_in` here, and the storage is larger.
            let address = unsafe { &*(&raw const *storage).cast::<libc::sockaddr_in>() };
            let ip = Ipv4Addr::from(u32::from_be(address.sin_addr.s_addr));
            Some(SocketAddr::new(IpAddr::V4(ip), u16::from_be(address.sin_port)))
        }
        libc::AF_INET6 => {
            // SAFETY: as above, with `sockaddr_in6`.
            let address = unsafe { &*(&raw const *storage).cast::<libc::sockaddr_in6>() };
            let ip = Ipv6Addr::from(address.sin6_addr.s6_addr);
            Some(SocketAddr::new(IpAddr::V6(ip), u16::from_be(address.sin6_port)))
        }
        _ => None,
    }
}
