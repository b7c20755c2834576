//! A participant that sends: audio, video, or both.

use crate::client::Client;
use crate::peer::{Options, Peer, drive};
use crate::{Result, Signalling, payload, whip};
use serde_json::json;
use std::time::{Duration, Instant};
use str0m::media::{MediaKind, Mid, Pt};
use str0m::rtp::{ExtensionValues, RtpWrite};

/// How long ICE and DTLS may take.
const HANDSHAKE: Duration = Duration::from_secs(15);

/// One published m-line and where its numbers stand.
#[derive(Debug)]
pub struct Track {
    /// Its m-line.
    pub mid: Mid,
    /// Audio or video.
    pub kind: MediaKind,
    /// Packets sent: the index of the next one.
    pub sent: u64,
    payload_type: Pt,
    first_sequence: u64,
    timestamp: u32,
    picture: u16,
}

/// A publisher in a room.
#[derive(Debug)]
pub struct Publisher<C = Signalling> {
    /// Its id among the participants.
    pub id: u64,
    /// Its PeerConnection.
    pub peer: Peer,
    /// Its session.
    pub signalling: C,
    /// Its handle.
    pub handle: u64,
    /// What it sends, in the order of `kinds`.
    pub tracks: Vec<Track>,
    answered_keyframes: u64,
}

impl Publisher {
    /// Joins a room by the WebSocket at `address` and publishes; returns once media can flow.
    pub fn join(address: &str, room: u64, options: Options, kinds: &[MediaKind]) -> Result<Publisher> {
        Publisher::join_by(Signalling::connect(address)?, room, options, kinds)
    }
}

impl Publisher<whip::Session> {
    /// Publishes by WHIP at a path of `server` with a bearer token; returns once it is connected.
    pub fn post(server: &str, path: &str, token: &str, options: Options, kinds: &[MediaKind]) -> Result<Self> {
        let mut peer = Peer::new(options)?;
        let (offer, pending, mids) = peer.offer(kinds)?;
        let session = whip::post(server, path, token, &offer)?.map_err(|(status, why)| format!("{status}: {why}"))?;
        peer.accept_answer(pending, &session.answer)?;
        let id = session.location.split('/').nth(3).and_then(|feed| feed.parse().ok()).ok_or("a feed in its URL")?;
        let tracks = mids.iter().zip(kinds).map(|(mid, kind)| Track::new(&peer, *mid, *kind)).collect::<Result<_>>()?;
        if !drive(&mut [&mut peer], HANDSHAKE, |peers| peers[0].is_connected())? {
            return Err("the publisher's connection did not come up".into());
        }
        Ok(Self { id, peer, signalling: session, handle: 0, tracks, answered_keyframes: 0 })
    }
}

impl<C: Client> Publisher<C> {
    /// Joins a room in a session that is there and publishes; returns once media can flow.
    pub fn join_by(mut signalling: C, room: u64, options: Options, kinds: &[MediaKind]) -> Result<Self> {
        let handle = signalling.attach()?;
        let join = json!({ "request": "join", "ptype": "publisher", "room": room });
        let (joined, _) = signalling.message(handle, join, None)?;
        let id = joined["id"].as_u64().ok_or("a publisher without an id")?;
        let mut peer = Peer::new(options)?;
        let (offer, pending, mids) = peer.offer(kinds)?;
        let jsep = json!({ "type": "offer", "sdp": offer });
        let (_, answer) = signalling.message(handle, json!({ "request": "publish" }), Some(jsep))?;
        peer.accept_answer(pending, &answer.ok_or("no answer to the offer")?)?;
        let tracks = mids.iter().zip(kinds).map(|(mid, kind)| Track::new(&peer, *mid, *kind)).collect::<Result<_>>()?;
        let mut publisher = Publisher { id, peer, signalling, handle, tracks, answered_keyframes: 0 };
        publisher.come_up()?;
        Ok(publisher)
    }

    /// Goes on until both ends say that the connection is up: only then can others subscribe.
    fn come_up(&mut self) -> Result<()> {
        let is_up = drive(&mut [&mut self.peer], HANDSHAKE, |peers| peers[0].is_connected())?;
        match is_up && self.signalling.hears(HANDSHAKE, |event| event["janus"] == "webrtcup")? {
            true => Ok(()),
            false => Err("the publisher's connection did not come up".into()),
        }
    }
}

impl<C> Publisher<C> {
    /// Sends one video frame of `packets` packets of `length` payload bytes, a stamp of 0 in each.
    ///
    /// It is a keyframe if it is the first or if one was asked for since the last.
    pub fn send_frame(&mut self, track: usize, packets: usize, length: usize) -> Result<()> {
        for place in 0..packets {
            self.send_part(track, place, packets, length, 0)?;
        }
        Ok(())
    }

    /// Sends the packet at `place` of a video frame of `packets` packets: for those who spread a frame over time.
    pub fn send_part(&mut self, track: usize, place: usize, packets: usize, length: usize, stamp: u64) -> Result<()> {
        let track = &mut self.tracks[track];
        let asked = self.peer.counts.keyframe_requests;
        let keyframe = track.sent == 0 || asked > self.answered_keyframes;
        let bytes = payload::vp8(track.sent, stamp, track.picture, place == 0, keyframe, length);
        let last = place + 1 == packets;
        let packet = track.next(bytes, last);
        self.peer.send(track.mid, packet)?;
        if last {
            self.answered_keyframes = asked;
            track.picture = track.picture.wrapping_add(1);
            track.timestamp = track.timestamp.wrapping_add(3000);
        }
        Ok(())
    }

    /// Sends a VP8 frame that somebody encoded and that shows what was at `made`; the next is `ticks` later.
    pub fn send_picture(&mut self, track: usize, frame: &[u8], made: Instant, ticks: u32) -> Result<()> {
        /// Payload bytes of a packet.
        const PART: usize = 1100;
        let track = &mut self.tracks[track];
        let parts = frame.chunks(PART).len();
        for (place, part) in frame.chunks(PART).enumerate() {
            let descriptor = if place == 0 { 0x10 } else { 0 };
            let packet = track.next_of(made, [&[descriptor], part].concat(), place + 1 == parts);
            self.peer.send(track.mid, packet)?;
        }
        track.timestamp = track.timestamp.wrapping_add(ticks);
        Ok(())
    }

    /// Sends 20 ms of audio of `length` payload bytes.
    pub fn send_audio(&mut self, track: usize, length: usize) -> Result<()> {
        let payload = payload::opus(self.tracks[track].sent, length);
        self.send_sound(track, payload)
    }

    /// Sends 20 ms of audio that somebody encoded.
    pub fn send_sound(&mut self, track: usize, payload: Vec<u8>) -> Result<()> {
        let track = &mut self.tracks[track];
        let mut packet = track.next(payload, false);
        packet = packet.ext_vals(ExtensionValues {
            audio_level: Some(-30),
            voice_activity: Some(true),
            ..ExtensionValues::default()
        });
        self.peer.send(track.mid, packet)?;
        track.timestamp = track.timestamp.wrapping_add(960);
        Ok(())
    }
}

impl Track {
    fn new(peer: &Peer, mid: Mid, kind: MediaKind) -> Result<Track> {
        Ok(Track {
            mid,
            kind,
            sent: 0,
            payload_type: peer.payload_type(mid)?,
            // Low enough that the peer's first guess of the roll-over count is right (RFC 3711, section 3.3.1).
            first_sequence: 32_000,
            timestamp: 0xffff_0000,
            picture: 0x7ff0,
        })
    }

    fn next(&mut self, payload: Vec<u8>, marker: bool) -> RtpWrite {
        self.next_of(Instant::now(), payload, marker)
    }

    /// A packet of what was at `made`, by which sender reports go.
    fn next_of(&mut self, made: Instant, payload: Vec<u8>, marker: bool) -> RtpWrite {
        let sequence = self.first_sequence + self.sent;
        self.sent += 1;
        RtpWrite::new(self.payload_type, sequence.into(), self.timestamp, made, payload).marker(marker).nackable(true)
    }
}
