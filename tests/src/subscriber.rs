//! A participant that receives: one PeerConnection with the streams of one or more publishers.

use crate::peer::{Options, Peer};
use crate::{Result, Signalling};
use serde_json::{Value, json};
use str0m::media::{MediaKind, Mid};

/// A subscriber in a room.
#[derive(Debug)]
pub struct Subscriber {
    /// Its PeerConnection.
    pub peer: Peer,
    /// Its session.
    pub signalling: Signalling,
    /// Its handle.
    pub handle: u64,
    /// What the server said it will send, as in the `attached` event.
    pub streams: Vec<Value>,
}

impl Subscriber {
    /// Subscribes to everything that the given publishers send; the connection comes up while the peer is driven.
    pub fn join(address: &str, room: u64, options: Options, feeds: &[u64]) -> Result<Subscriber> {
        let mut signalling = Signalling::connect(address)?;
        let handle = signalling.attach()?;
        let streams: Vec<Value> = feeds.iter().map(|feed| json!({ "feed": feed })).collect();
        let join = json!({ "request": "join", "ptype": "subscriber", "room": room, "streams": streams });
        let (attached, offer) = signalling.message(handle, join, None)?;
        let mut peer = Peer::new(options)?;
        let answer = peer.answer(&offer.ok_or("a subscriber without an offer")?)?;
        let jsep = json!({ "type": "answer", "sdp": answer });
        signalling.message(handle, json!({ "request": "start" }), Some(jsep))?;
        let streams = attached["streams"].as_array().cloned().unwrap_or_default();
        Ok(Subscriber { peer, signalling, handle, streams })
    }

    /// The m-lines of one kind.
    pub fn mids(&self, kind: MediaKind) -> Vec<Mid> {
        let mids = self.streams.iter().filter_map(|stream| stream["mid"].as_str()).map(Mid::from);
        mids.filter(|mid| self.peer.kind(*mid) == Some(kind)).collect()
    }
}
