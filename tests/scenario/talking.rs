//! Somebody who says something on a data channel.

use crate::common::PATIENCE;
use parlor_tests::peer::{Options, Peer, drive};
use parlor_tests::{Result, Server, Signalling, Subscriber};
use serde_json::json;
use std::time::{Duration, Instant};
use str0m::channel::{ChannelConfig, Reliability};

/// A publisher of one channel.
pub(crate) struct Talker {
    pub(crate) peer: Peer,
    pub(crate) signalling: Signalling,
    pub(crate) id: u64,
}

impl Talker {
    /// One in `room` whose channel, named "list" with protocol "numbers", is open.
    pub(crate) fn publish(server: &Server, room: u64) -> Result<Talker> {
        let mut signalling = Signalling::connect(&server.websocket)?;
        let handle = signalling.attach()?;
        let join = json!({ "request": "join", "ptype": "publisher", "room": room });
        let (joined, _) = signalling.message(handle, join, None)?;
        let mut peer = Peer::new(Options::local())?;
        let channel = ChannelConfig {
            label: "list".into(),
            protocol: "numbers".into(),
            reliability: Reliability::MaxRetransmits { retransmits: 40 },
            ..ChannelConfig::default()
        };
        let (offer, pending) = peer.offer_channels(&[channel])?;
        let jsep = json!({ "type": "offer", "sdp": offer });
        let (_, answer) = signalling.message(handle, json!({ "request": "publish" }), Some(jsep))?;
        peer.accept_answer(pending, &answer.ok_or("no answer to the offer")?)?;
        assert!(drive(&mut [&mut peer], PATIENCE, |peers| !peers[0].channels.is_empty())?, "the channel did not open");
        let id = joined["id"].as_u64().ok_or("a publisher without an id")?;
        Ok(Talker { peer, signalling, id })
    }

    /// Sends message `number`, as soon as there is room for it, while everybody is driven.
    pub(crate) fn say(&mut self, number: usize, listeners: &mut [Subscriber]) -> Result<()> {
        let channel = *self.peer.channels.first().ok_or("no channel")?;
        let start = Instant::now();
        while !self.peer.send_message(channel, number.is_multiple_of(2), &text(number))? {
            assert!(start.elapsed() < PATIENCE, "message {number} finds no room");
            drive_with(&mut self.peer, listeners, Duration::from_millis(2), |_| false)?;
        }
        Ok(())
    }
}

/// Drives the listeners and, as the last, who talks.
pub(crate) fn drive_with<'a>(
    talker: &'a mut Peer,
    listeners: &'a mut [Subscriber],
    patience: Duration,
    done: impl FnMut(&[&'a mut Peer]) -> bool,
) -> Result<bool> {
    let mut peers: Vec<&mut Peer> = listeners.iter_mut().map(|listener| &mut listener.peer).collect();
    peers.push(talker);
    drive(&mut peers, patience, done)
}

/// Up to 19 kB that begin with their number.
pub(crate) fn text(number: usize) -> Vec<u8> {
    format!("{number}:{}", "x".repeat(number * 997 % 19_000)).into_bytes()
}
