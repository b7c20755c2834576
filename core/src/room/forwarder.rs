//! A published m-line that is sent to an address too, as plain or sealed RTP.

use core::net::SocketAddr;

use crate::id::{HandleId, StreamId};
use crate::sdp::MediaKind;

/// An m-line's way to an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forwarder {
    /// The publisher.
    pub handle: HandleId,
    /// The m-line.
    pub stream: StreamId,
    /// What clients call it.
    pub number: u32,
    /// What it carries.
    pub kind: MediaKind,
    /// Where it goes.
    pub address: SocketAddr,
    /// Where its receiver's RTCP comes from.
    pub rtcp_port: Option<u16>,
    /// The SSRC that was asked for.
    pub ssrc: Option<u32>,
    /// The payload type that was asked for.
    pub payload_type: Option<u32>,
    /// The layer, where it is not the lowest or only one.
    pub layer: Option<u8>,
    /// Whether it is sealed (SRTP).
    pub is_sealed: bool,
}
