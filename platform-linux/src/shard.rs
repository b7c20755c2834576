//! A media shard on Linux: a pinned thread that drives the core's media half over one UDP socket, and allocates
//! nothing once it runs.

use std::io;

use parlor_core::limits::Limits;
use parlor_core::media::{Command, Notice};

use crate::dtls::DtlsQueues;
use crate::queue::{Receiver, Sender};

/// What a shard is made of.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// Which shard; also the core that it asks for.
    pub index: u8,
    /// The size of its tables.
    pub limits: Limits,
    /// Its UDP port; 0 lets the system choose.
    pub port: u16,
}

/// A running shard, seen from the control thread.
pub struct ShardHandle {
    /// Which shard.
    pub index: u8,
    /// Its UDP port.
    pub port: u16,
    /// Tells it what to do: `try_send` gives the command back if 1023 of them wait.
    pub commands: Sender<Command>,
    /// What it tells.
    pub notices: Receiver<Notice>,
    /// For [`crate::dtls::Handshakes`].
    pub dtls: DtlsQueues,
    /// The thread itself.
    pub thread: ShardThread,
}

/// A running media thread. It ends when it is told to; dropping this lets it run on.
pub struct ShardThread {}

impl ShardThread {
    /// Asks the thread to end and waits for it.
    pub fn stop(self) {}
}

/// Starts a shard on a thread of its own, named `media-` and its index.
pub fn start(settings: &Settings) -> io::Result<ShardHandle> {
    let _ = settings;
    Err(io::Error::other("not yet"))
}
