//! Sockets of publishers of other boxes and shards: one each, opened by the control thread while there is such a
//! publisher, read and closed by the media thread.

use std::net::Ipv4Addr;
use std::sync::Arc;

use heapless::Vec;
use parlor_core::control::IngressPort;
use parlor_core::id::LinkId;
use polling::Poller;

use crate::log;
use crate::queue::{self, Bell, Inbox, Sender};
use crate::udp::{Binding, Socket, system};

/// The most such publishers of a shard, of other boxes and of other shards each, whatever the limits say.
pub(crate) const PUBLISHERS: usize = 64;

/// All of them.
const SOCKETS: usize = 2 * PUBLISHERS;

/// Changes that wait for the media thread.
const CHANGES: usize = 256;

/// What the poller calls all of them: each is looked at in every round.
const KEY: usize = 1;

/// What the control thread wants changed.
enum Change {
    Open(LinkId, Arc<Socket>),
    Close(LinkId),
}

/// The control thread's end for one shard.
pub struct IngressOpener {
    changes: Sender<Change>,
    /// Sockets whose end found the queue full.
    owed: std::vec::Vec<LinkId>,
    binding: Binding,
    /// The first of the ports that they get, and how many these are; nothing where the system chooses.
    ports: Option<(u16, u16)>,
}

/// The media thread's end.
pub(crate) struct IngressSockets {
    changes: Inbox<Change>,
    open: Vec<(LinkId, Arc<Socket>), SOCKETS>,
    /// Datagrams that sockets lost which are closed.
    lost: u64,
    poller: Arc<Poller>,
}

/// Both ends for one shard, whose sockets get `ports` (the first, and how many), or those that the system chooses.
pub(crate) fn ingress(
    bell: &Arc<Bell>,
    poller: Arc<Poller>,
    binding: Binding,
    ports: Option<(u16, u16)>,
) -> (IngressOpener, IngressSockets) {
    let (sender, changes) = queue::to_media::<Change, CHANGES>(bell);
    let opener = IngressOpener { changes: sender, owed: std::vec::Vec::new(), binding, ports };
    (opener, IngressSockets { changes, open: Vec::new(), lost: 0, poller })
}

/// Bytes of a shard's queue of changes.
pub(crate) const fn memory_bytes() -> usize {
    queue::memory_bytes::<Change, CHANGES>()
}

impl IngressOpener {
    /// Opens a socket for `link`, at the first of the configured ports that is free if one of these is wanted: its
    /// port.
    pub(crate) fn open(&mut self, link: LinkId, port: IngressPort) -> Option<u16> {
        self.close_owed();
        let bind = |port| Socket::bind(self.binding, port).ok();
        let socket = match (port, self.ports) {
            (IngressPort::Numbered(port), _) => bind(port),
            (IngressPort::Configured, Some((first, count))) => {
                (0..count).find_map(|place| bind(first.checked_add(place)?))
            }
            (IngressPort::Configured, None) => bind(0),
            (IngressPort::Loopback, _) => Socket::bind(Binding::One(Ipv4Addr::LOCALHOST), 0).ok(),
        };
        let port = socket.as_ref().and_then(|socket| socket.port().ok());
        let Some((socket, port)) = socket.zip(port) else {
            log::warn("remote", "no UDP port can be opened for a publisher of another box or shard");
            return None;
        };
        self.changes.try_send(Change::Open(link, socket)).is_ok().then_some(port)
    }

    /// The socket of `link` is of no more use.
    pub(crate) fn close(&mut self, link: LinkId) {
        self.owed.push(link);
        self.close_owed();
    }

    fn close_owed(&mut self) {
        let changes = &mut self.changes;
        self.owed.retain(|link| changes.try_send(Change::Close(*link)).is_err());
    }
}

impl IngressSockets {
    /// Whether nothing waits to be changed.
    pub(crate) fn is_settled(&self) -> bool {
        self.changes.is_empty()
    }

    /// Does what the control thread wants changed.
    pub(crate) fn settle(&mut self) {
        while let Some(change) = self.changes.try_recv() {
            match change {
                Change::Open(link, socket) => {
                    // One that cannot be watched is read whenever something else wakes this thread.
                    let _ = system::watch(&self.poller, &socket.descriptor, KEY);
                    // The control half opens no more than there are places for.
                    let _ = self.open.push((link, socket));
                }
                Change::Close(link) => {
                    if let Some(place) = self.open.iter().position(|(open, _)| *open == link) {
                        let (_, socket) = self.open.swap_remove(place);
                        self.lost += socket.lost();
                        let _ = self.poller.delete(&socket.descriptor);
                    }
                }
            }
        }
    }

    /// How many datagrams the kernel dropped because they were not read in time.
    pub(crate) fn lost(&self) -> u64 {
        self.lost + self.open.iter().map(|(_, socket)| socket.lost()).sum::<u64>()
    }

    /// The socket at `place`, and whose it is.
    pub(crate) fn at(&self, place: usize) -> Option<(LinkId, Arc<Socket>)> {
        self.open.get(place).cloned()
    }

    /// The socket of `link`.
    pub(crate) fn of(&self, link: LinkId) -> Option<&Socket> {
        self.open.iter().find(|(open, _)| *open == link).map(|(_, socket)| &**socket)
    }
}

impl Drop for IngressSockets {
    fn drop(&mut self) {
        for (_, socket) in &self.open {
            let _ = self.poller.delete(&socket.descriptor);
        }
    }
}
