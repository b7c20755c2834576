//! A room with a publisher and subscribers, and what arrived of what was sent.

use parlor_tests::peer::{Options, Peer, drive};
use parlor_tests::{Publisher, Received, Result, Server, Subscriber, payload};
use std::time::Duration;
use str0m::media::MediaKind;

/// How long connections may take to come up, and the last packets to arrive.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// Place of the audio track in a publisher of [`meet`].
pub(crate) const AUDIO: usize = 0;
/// Place of the video track.
pub(crate) const VIDEO: usize = 1;
/// Payload bytes of every video packet.
pub(crate) const VIDEO_LENGTH: usize = 1100;
/// Payload bytes of every audio packet.
pub(crate) const AUDIO_LENGTH: usize = 120;

/// One publisher of audio and video, and some subscribers, all connected.
pub(crate) struct Meeting {
    pub(crate) room: u64,
    options: Options,
    pub(crate) publisher: Publisher,
    pub(crate) subscribers: Vec<Subscriber>,
}

/// Lets a publisher and `subscribers` subscribers meet in a new room.
pub(crate) fn meet(server: &Server, subscribers: usize) -> Result<Meeting> {
    let options = Options { count_reports: subscribers == 1, ..Options::local() };
    let room = server.create_room(3)?;
    let publisher = Publisher::join(&server.websocket, room, options, &[MediaKind::Audio, MediaKind::Video])?;
    let mut meeting = Meeting { room, options, publisher, subscribers: Vec::new() };
    for _ in 0..subscribers {
        meeting.join(server)?;
    }
    let up = meeting.drive(PATIENCE, |peers| peers.iter().all(|peer| peer.is_connected()))?;
    assert!(up, "not every subscriber's connection came up");
    for subscriber in &mut meeting.subscribers {
        // The server's side may be later than ours: what it forwards before is not for this subscriber.
        let up = subscriber.signalling.wait(PATIENCE, |event| event["janus"] == "webrtcup")?;
        assert!(up.is_some(), "the server did not say that a connection is up");
    }
    Ok(meeting)
}

impl Meeting {
    /// One more subscriber, whose connection comes up while the meeting is driven.
    pub(crate) fn join(&mut self, server: &Server) -> Result<()> {
        let joined = Subscriber::join(&server.websocket, self.room, self.options, &[self.publisher.id])?;
        self.subscribers.push(joined);
        self.drive(Duration::ZERO, |_| true)?;
        Ok(())
    }

    /// Drives everybody until `done`.
    pub(crate) fn drive<'a>(
        &'a mut self,
        patience: Duration,
        done: impl FnMut(&[&'a mut Peer]) -> bool,
    ) -> Result<bool> {
        let mut peers: Vec<&mut Peer> = self.subscribers.iter_mut().map(|subscriber| &mut subscriber.peer).collect();
        peers.push(&mut self.publisher.peer);
        drive(&mut peers, patience, done)
    }

    /// Sends `frames` video frames of four packets, at `interval`, with a packet of audio beside each.
    pub(crate) fn talk(&mut self, frames: u64, interval: Duration) -> Result<()> {
        for _ in 0..frames {
            self.publisher.send_frame(VIDEO, 4, VIDEO_LENGTH)?;
            self.publisher.send_audio(AUDIO, AUDIO_LENGTH)?;
            // Late frames are not caught up with: a burst would only prove how large a socket's buffer is.
            self.drive(interval, |_| false)?;
        }
        Ok(())
    }

    /// Drives everybody until every subscriber has `share` of all that was sent.
    pub(crate) fn settle(&mut self, share: f64) -> Result<bool> {
        let sent: u64 = self.publisher.tracks.iter().map(|track| track.sent).sum();
        let enough = (sent as f64 * share).ceil() as usize;
        let count = self.subscribers.len();
        self.drive(PATIENCE, |peers| peers[..count].iter().all(|peer| peer.received.len() >= enough))
    }
}

/// What one subscriber got of one kind of media, in the order of arrival.
pub(crate) fn received(subscriber: &Subscriber, kind: MediaKind) -> Vec<&Received> {
    let ours = subscriber.peer.received.iter();
    ours.filter(|packet| subscriber.peer.kind(packet.mid) == Some(kind)).collect()
}

/// The index of a packet made by a [`Publisher`], proved to be byte for byte what was sent.
pub(crate) fn index(packet: &Received, kind: MediaKind) -> u64 {
    let (index, expected) = match kind {
        MediaKind::Audio => {
            let index = payload::read_opus_index(&packet.payload).expect("an audio payload of ours");
            (index, payload::opus(index, AUDIO_LENGTH))
        }
        MediaKind::Video => {
            let (index, stamp) = payload::read_stamp(&packet.payload).expect("a video payload of ours");
            // Four packets a frame; the publisher's first picture id is 0x7ff0.
            let picture = 0x7ff0 + (index / 4) as u16;
            let keyframe = packet.payload[4] & 1 == 0;
            (index, payload::vp8(index, stamp, picture, index % 4 == 0, keyframe, VIDEO_LENGTH))
        }
    };
    assert!(packet.payload[..] == expected[..], "packet {index} changed on its way");
    index
}
