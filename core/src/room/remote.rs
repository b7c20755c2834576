//! A publisher whose m-lines go to another box, which shows them in a room of its own.

use core::net::SocketAddr;

use heapless::String;

use crate::id::{HandleId, RemoteId, StreamId};
use crate::media::RelayKeys;

/// The longest name of a way to another box, in bytes.
pub const REMOTE_NAME_BYTES: usize = 64;

/// A publisher's way to another box.
#[derive(Clone)]
pub struct Remote {
    /// The publisher.
    pub handle: HandleId,
    /// What clients call it.
    pub name: String<REMOTE_NAME_BYTES>,
    /// Where packets go.
    pub address: SocketAddr,
    /// Where reports go, and requests for keyframes come from.
    pub rtcp_port: Option<u16>,
    /// What packets are sealed with, if they are.
    pub keys: Option<RelayKeys>,
}

/// One layer of an m-line on such a way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RemoteStream {
    /// The publisher.
    pub handle: HandleId,
    /// The m-line.
    pub stream: StreamId,
    /// The way.
    pub remote: RemoteId,
    /// The layer, if there are several.
    pub layer: Option<u8>,
}
