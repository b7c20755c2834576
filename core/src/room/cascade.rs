//! A publisher whose m-lines are fed to another shard, because more people watch than their own shard shall serve. It
//! is no participant: nobody sees it listed.

use heapless::Vec;

use super::publisher::PUBLISHED;
use crate::id::{HandleId, LinkId, StreamId};
use crate::media::RelayKeys;
use crate::time::Instant;

/// A published m-line, wherever those are who watch it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamPlace {
    /// The shard of its publisher.
    pub shard: u8,
    /// Its name there.
    pub stream: StreamId,
}

/// A publisher as the shard has them that they are fed to.
#[derive(Clone)]
pub struct Cascade {
    /// The publisher.
    pub handle: HandleId,
    /// Their own shard.
    pub home: u8,
    /// The link by which they come.
    pub link: LinkId,
    /// The port of its socket.
    pub port: u16,
    /// What packets are sealed with on the way: nobody else can put any in.
    pub keys: RelayKeys,
    /// Their m-lines that somebody watches here.
    pub streams: Vec<CascadedStream, PUBLISHED>,
}

/// An m-line that is fed to another shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CascadedStream {
    /// Its name at home.
    pub source: StreamId,
    /// Its place among the publisher's.
    pub number: u8,
    /// Its name in the shard that it is fed to.
    pub stream: StreamId,
    /// How many of its layers are needed there, as far as told.
    pub needed_layers: u8,
    /// How many go there.
    pub relayed_layers: u8,
    /// Since when it is fed.
    pub begun: Instant,
    /// When somebody watched it last.
    pub used: Instant,
}

/// One layer of an m-line on its way to another shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CascadeLayer {
    /// The publisher.
    pub handle: HandleId,
    /// The m-line, at home.
    pub stream: StreamId,
    /// Where it goes.
    pub shard: u8,
    /// The layer, if there are several.
    pub layer: Option<u8>,
}

impl Cascade {
    /// The m-line that its publisher calls `source`, as it is here.
    pub fn stream(&self, source: StreamId) -> Option<StreamId> {
        self.streams.iter().find(|it| it.source == source).map(|it| it.stream)
    }
}
