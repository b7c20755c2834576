//! Two boxes: somebody publishes at the first and is shown in a room of the second.

use crate::common::{AUDIO, AUDIO_LENGTH, PATIENCE, VIDEO, VIDEO_LENGTH};
use parlor_tests::peer::{Options, drive};
use parlor_tests::{Publisher, Result, Server, Signalling, Subscriber};
use serde_json::{Value, json};
use std::time::Duration;
use str0m::media::MediaKind;

/// What the publisher is called at the second box.
pub(crate) const FAR: u64 = 55;

/// Somebody who asks about one room.
pub(crate) struct Asking {
    pub(crate) signalling: Signalling,
    handle: u64,
    room: u64,
}

/// Two boxes, a publisher at the first, and one who asks at each.
pub(crate) struct Boxes {
    pub(crate) publisher: Publisher,
    pub(crate) origin: Asking,
    pub(crate) target: Asking,
    pub(crate) target_room: u64,
    target_address: String,
}

impl Asking {
    /// Joins `room` without publishing, so that what happens there is told.
    fn join(address: &str, room: u64) -> Result<Asking> {
        let mut signalling = Signalling::connect(address)?;
        let handle = signalling.attach()?;
        signalling.message(handle, json!({ "request": "join", "ptype": "publisher", "room": room }), None)?;
        Ok(Asking { signalling, handle, room })
    }

    /// What comes of `request` with these `members`.
    pub(crate) fn ask(&mut self, request: &str, mut members: Value) -> Result<Value> {
        members["request"] = json!(request);
        members["room"] = json!(self.room);
        Ok(self.signalling.message(self.handle, members, None)?.0)
    }

    /// Whether an event of the room holds `member` with this value, in time.
    pub(crate) fn hears(&mut self, patience: Duration, member: &str, value: &Value) -> Result<bool> {
        let heard = self.signalling.wait(patience, |event| event["plugindata"]["data"][member] == *value)?;
        Ok(heard.is_some())
    }
}

impl Boxes {
    /// A publisher of sound and pictures at `origin`, who is announced at `target`, where `members` say how.
    pub(crate) fn announce(origin: &Server, target: &Server, members: &Value) -> Result<(Boxes, Value)> {
        let room = origin.create_room(3)?;
        let kinds = [MediaKind::Audio, MediaKind::Video];
        let publisher = Publisher::join(&origin.websocket, room, Options::local(), &kinds)?;
        let target_room = create_room_of_speakers(target)?;
        let mut asking = Asking::join(&origin.websocket, room)?;
        let listed = asking.ask("listparticipants", json!({}))?;
        assert!(listed["participants"].as_array().is_some_and(|list| list.len() == 2), "{listed}");
        let target_address = target.websocket.clone();
        let mut target = Asking::join(&target.websocket, target_room)?;
        let mids = publisher.tracks.iter().map(|track| track.mid.to_string()).collect::<Vec<_>>();
        let mut add = members.clone();
        add["id"] = json!(FAR);
        add["streams"] = json!([
            { "mindex": 0, "mid": mids[AUDIO], "type": "audio", "codec": "opus", "fec": true },
            { "mindex": 1, "mid": mids[VIDEO], "type": "video", "codec": "vp8" },
        ]);
        let added = target.ask("add_remote_publisher", add)?;
        Ok((Boxes { publisher, origin: asking, target, target_room, target_address }, added))
    }

    /// Sends the publisher to the place that `added` tells.
    pub(crate) fn publish(&mut self, added: &Value, members: &Value) -> Result<Value> {
        let mut body = members.clone();
        body["publisher_id"] = json!(self.publisher.id);
        body["remote_id"] = json!("second box");
        body["host"] = json!("127.0.0.1");
        (body["port"], body["rtcp_port"]) = (added["port"].clone(), added["rtcp_port"].clone());
        self.origin.ask("publish_remotely", body)
    }

    /// Somebody at the second box who watches, connected.
    pub(crate) fn subscriber(&mut self) -> Result<Subscriber> {
        let options = Options { count_reports: true, ..Options::local() };
        let mut subscriber = Subscriber::join(&self.target_address, self.target_room, options, &[FAR])?;
        let mut peers = [&mut subscriber.peer, &mut self.publisher.peer];
        let is_up = drive(&mut peers, PATIENCE, |peers| peers.iter().all(|peer| peer.is_connected()))?;
        assert!(is_up, "the subscriber's connection did not come up");
        let up = subscriber.signalling.wait(PATIENCE, |event| event["janus"] == "webrtcup")?;
        assert!(up.is_some(), "the second box did not say that a connection is up");
        Ok(subscriber)
    }

    /// Sends `frames` video frames of four packets with a packet of audio beside each.
    pub(crate) fn talk(&mut self, subscriber: &mut Subscriber, frames: u64) -> Result<()> {
        for _ in 0..frames {
            self.publisher.send_frame(VIDEO, 4, VIDEO_LENGTH)?;
            self.publisher.send_audio(AUDIO, AUDIO_LENGTH)?;
            let mut peers = [&mut subscriber.peer, &mut self.publisher.peer];
            drive(&mut peers, Duration::from_millis(20), |_| false)?;
        }
        Ok(())
    }
}

/// A room that tells who talks.
fn create_room_of_speakers(server: &Server) -> Result<u64> {
    let mut signalling = Signalling::connect(&server.websocket)?;
    let handle = signalling.attach()?;
    let create = json!({ "request": "create", "publishers": 3, "bitrate": 0, "videocodec": "vp8",
        "audiolevel_event": true, "audio_active_packets": 20, "audio_level_average": 60 });
    let room = signalling.message(handle, create, None)?.0["room"].as_u64().ok_or("a room without a number")?;
    signalling.leave()?;
    Ok(room)
}
