//! Commands on their way to a shard.

use std::collections::VecDeque;

use parlor_core::media::Command;

use crate::ingress::IngressOpener;
use crate::queue::Sender;

/// The way to one shard.
pub(crate) struct Shard {
    commands: Sender<Command>,
    /// Sockets for publishers of other boxes.
    pub(crate) ingress: IngressOpener,
    /// Commands that found the queue full. No further request is read until they are gone, so this is bounded by what
    /// one request, one round of notices, and the end of all connections can ask for.
    overflow: VecDeque<Command>,
}

impl Shard {
    /// The way by `commands`.
    pub(crate) fn new(commands: Sender<Command>, ingress: IngressOpener) -> Self {
        Self { commands, ingress, overflow: VecDeque::new() }
    }

    /// Hands `command` on after those that wait already: they are applied in their order.
    pub(crate) fn tell(&mut self, command: Command) {
        self.overflow.push_back(command);
        self.drain();
    }

    /// Hands on what waits; whether nothing waits any more.
    pub(crate) fn drain(&mut self) -> bool {
        while let Some(command) = self.overflow.pop_front() {
            if let Err(command) = self.commands.try_send(command) {
                self.overflow.push_front(command);
                return false;
            }
        }
        true
    }
}
