//! What stands in for data channels in a build without them.

use std::time::Instant;

use parlor_core::id::LinkId;
use parlor_core::limits::Limits;
use parlor_core::link::{DataMessage, OpenData};

use super::Event;
use crate::dtls::Handshakes;

/// None.
pub struct DataChannels;

impl DataChannels {
    /// None, whatever the limits say.
    pub fn new(_limits: &Limits) -> Self {
        Self
    }

    /// Opens nothing.
    pub fn open(&mut self, _data: &OpenData, _handshakes: &mut Handshakes) {}

    /// Closes nothing.
    pub fn close(&mut self, _shard: u8, _link: LinkId) {}

    /// Reads nothing.
    pub fn input(&mut self, _shard: u8, _link: LinkId, _packet: Vec<u8>) {}

    /// Sends nothing.
    pub fn send(&mut self, _shard: u8, _to: LinkId, _message: &DataMessage<'_>) {}

    /// Nothing.
    pub fn next_event(&mut self) -> Option<Event> {
        None
    }

    /// Nothing is ever due.
    pub fn run(&mut self, _handshakes: &mut Handshakes) -> Option<Instant> {
        None
    }
}
