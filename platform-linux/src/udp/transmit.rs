//! Groups of datagrams to a socket.

use std::io;
use std::sync::Arc;

use heapless::Vec;
use parlor_core::limits::DATAGRAM_BYTES;
use parlor_core::link::Route;

use super::system::{self, Outgoing, SEND_MESSAGES};
use super::{Counters, Socket, add};

/// Bytes that wait for [`Transmit::flush`] at most: small enough for a core's cache.
const ARENA_BYTES: usize = 256 << 10;

/// Groups that wait at most.
const GROUPS: usize = 256;

/// Datagrams of one group: what every kernel that has UDP GSO takes.
const GROUP_DATAGRAMS: u16 = 64;

/// Bytes of one group: an IP packet's worth.
const GROUP_BYTES: usize = 65_000;

/// Groups that the kernel may refuse to cut, though it takes their datagrams, before they are no more tried. One path
/// with a small MTU must not change the way of all others.
const REFUSALS: u32 = 32;

/// How datagrams are handed to the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// One call a datagram.
    Single,
    /// One call for many datagrams (`sendmmsg`).
    Batch,
    /// One call for many groups of equal datagrams (`sendmmsg` with UDP GSO).
    Segmented,
}

/// The sending side of a socket.
pub struct Transmit {
    socket: Arc<Socket>,
    arena: Box<[u8]>,
    used_bytes: usize,
    groups: Box<Vec<Group, GROUPS>>,
    method: Method,
    refusals: u32,
    counters: Arc<Counters>,
}

/// Datagrams to one peer that follow each other in the arena: all of `segment_bytes`, the last perhaps shorter.
#[derive(Clone, Copy)]
struct Group {
    route: Route,
    start: u32,
    bytes: u32,
    segment_bytes: u16,
    datagrams: u16,
}

impl Transmit {
    /// Bytes of its buffers.
    pub const MEMORY_BYTES: usize = ARENA_BYTES + size_of::<Vec<Group, GROUPS>>();

    /// The sending side of `socket`, with the best method that its kernel has.
    pub fn new(socket: Arc<Socket>, counters: Arc<Counters>) -> Self {
        let method = if socket.can_segment() { Method::Segmented } else { Method::Batch };
        let arena = vec![0; ARENA_BYTES].into_boxed_slice();
        Self { socket, arena, used_bytes: 0, groups: Box::default(), method, refusals: 0, counters }
    }

    /// How datagrams are handed to the kernel now.
    pub fn method(&self) -> Method {
        self.method
    }

    /// Uses another method from now on; a group that waits is sent first.
    pub fn set_method(&mut self, method: Method) {
        self.flush();
        self.method = method;
    }

    /// Lends room for the next datagram; sends what waits first if it is full.
    pub fn lend(&mut self) -> &mut [u8] {
        if self.used_bytes + DATAGRAM_BYTES > ARENA_BYTES || self.groups.is_full() {
            self.flush();
        }
        &mut self.arena[self.used_bytes..self.used_bytes + DATAGRAM_BYTES]
    }

    /// Puts the first `len` bytes of what was lent last into the group of `route`, or begins one.
    pub fn commit(&mut self, route: &Route, len: usize) {
        debug_assert!(0 < len && len <= DATAGRAM_BYTES);
        let len = len.min(DATAGRAM_BYTES).min(ARENA_BYTES - self.used_bytes);
        if len == 0 {
            return;
        }
        let joined = self.method == Method::Segmented
            && self.groups.last_mut().is_some_and(|group| group.route == *route && group.join(len));
        if !joined {
            let group = Group {
                route: *route,
                start: self.used_bytes as u32,
                bytes: len as u32,
                segment_bytes: len as u16,
                datagrams: 1,
            };
            if self.groups.push(group).is_err() {
                debug_assert!(false, "a commit without a loan");
                add(&self.counters.dropped_full, 1);
                return;
            }
        }
        self.used_bytes += len;
    }

    /// Sends the first `len` bytes of what was lent last by another socket, at once.
    pub fn send_by(&mut self, socket: &Socket, route: &Route, len: usize) {
        let len = len.min(DATAGRAM_BYTES).min(ARENA_BYTES - self.used_bytes);
        let bytes = &self.arena[self.used_bytes..self.used_bytes + len];
        add(&self.counters.send_calls, 1);
        match system::send(socket, &[Outgoing { route, bytes, segment_bytes: None }]) {
            Ok(_) => {
                add(&self.counters.sent, 1);
                add(&self.counters.sent_bytes, len);
            }
            Err(error) => self.count_drop(error.raw_os_error(), 1),
        }
    }

    /// Sends all that waits. What a full socket does not take is dropped and counted.
    pub fn flush(&mut self) {
        let mut next = 0;
        while next < self.groups.len() {
            next += self.send_from(next);
        }
        self.groups.clear();
        self.used_bytes = 0;
    }

    /// Sends groups from `first` on by one call, and says how many of them are done with.
    fn send_from(&mut self, first: usize) -> usize {
        let most = if self.method == Method::Single { 1 } else { SEND_MESSAGES };
        let groups = &self.groups[first..self.groups.len().min(first + most)];
        let messages: Vec<Outgoing<'_>, SEND_MESSAGES> =
            groups.iter().map(|group| group.message(&self.arena)).collect();
        add(&self.counters.send_calls, 1);
        let result = system::send(&self.socket, &messages);
        drop(messages);
        match result {
            Ok(count) => {
                for group in &groups[..count] {
                    add(&self.counters.sent, usize::from(group.datagrams));
                    add(&self.counters.sent_bytes, group.bytes as usize);
                }
                // Less than all means that the next has an error, which the next call tells.
                count
            }
            Err(error) => self.refused(first, &error),
        }
    }

    /// Deals with group `first`, which the kernel did not take, and says how many groups are done with.
    fn refused(&mut self, first: usize, error: &io::Error) -> usize {
        let group = self.groups[first];
        match error.raw_os_error() {
            Some(libc::EINTR) => 0,
            Some(libc::EAGAIN | libc::ENOBUFS | libc::ENOMEM) => {
                let rest = &self.groups[first..];
                let datagrams = rest.iter().map(|group| usize::from(group.datagrams)).sum();
                add(&self.counters.dropped_full, datagrams);
                rest.len()
            }
            Some(error @ (libc::EIO | libc::EINVAL | libc::EMSGSIZE)) if group.datagrams > 1 => {
                if self.send_singly(&group) > 0 {
                    add(&self.counters.segmentation_refused, 1);
                    self.refusals += if error == libc::EIO { REFUSALS } else { 1 };
                    if self.refusals >= REFUSALS {
                        self.method = Method::Batch;
                    }
                }
                1
            }
            other => {
                self.count_drop(other, usize::from(group.datagrams));
                1
            }
        }
    }

    /// Sends each datagram of `group` by a call of its own, and says how many the kernel took.
    fn send_singly(&self, group: &Group) -> usize {
        let mut sent = 0;
        for bytes in group.message(&self.arena).bytes.chunks(usize::from(group.segment_bytes)) {
            let message = Outgoing { route: &group.route, bytes, segment_bytes: None };
            add(&self.counters.send_calls, 1);
            match system::send(&self.socket, &[message]) {
                Ok(_) => {
                    sent += 1;
                    add(&self.counters.sent, 1);
                    add(&self.counters.sent_bytes, bytes.len());
                }
                Err(error) => self.count_drop(error.raw_os_error(), 1),
            }
        }
        sent
    }

    fn count_drop(&self, error: Option<i32>, datagrams: usize) {
        let counter = match error {
            Some(libc::EAGAIN | libc::ENOBUFS | libc::ENOMEM) => &self.counters.dropped_full,
            Some(libc::EMSGSIZE) => &self.counters.dropped_too_long,
            _ => &self.counters.dropped_unreachable,
        };
        add(counter, datagrams);
    }
}

impl Group {
    /// Takes a datagram of `len` bytes in, if it may follow those that are there.
    fn join(&mut self, len: usize) -> bool {
        let whole = self.bytes == u32::from(self.segment_bytes) * u32::from(self.datagrams);
        let fits = self.datagrams < GROUP_DATAGRAMS && self.bytes as usize + len <= GROUP_BYTES;
        if !whole || !fits || len > usize::from(self.segment_bytes) {
            return false;
        }
        self.bytes += len as u32;
        self.datagrams += 1;
        true
    }

    fn message<'a>(&'a self, arena: &'a [u8]) -> Outgoing<'a> {
        let start = self.start as usize;
        Outgoing {
            route: &self.route,
            bytes: &arena[start..start + self.bytes as usize],
            segment_bytes: (self.datagrams > 1).then_some(self.segment_bytes),
        }
    }
}

#[cfg(test)]
impl Transmit {
    /// As if the kernel had refused the first group.
    pub(super) fn refuse_first(&mut self, error: i32) -> usize {
        let done = self.refused(0, &io::Error::from_raw_os_error(error));
        self.groups.clear();
        self.used_bytes = 0;
        done
    }
}
