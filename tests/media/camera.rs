//! A publisher of plain VP8 whose packets tell what they are, and somebody who watches it.

use crate::memory_room::{MemoryRoom, Opened, PAYLOAD_TYPE, RTX_PAYLOAD_TYPE};
use parlor_core::id::StreamId;
use parlor_core::wire::rtcp::{self, Packet};
use parlor_core::wire::{Codec, rtp};

/// Makes a keyframe when it is asked to, and at its beginning.
pub(crate) struct Camera {
    /// What it publishes.
    pub(crate) stream: StreamId,
    /// How often it was asked for a keyframe.
    pub(crate) requests: u32,
    /// The number of its last keyframe.
    pub(crate) keyframe: u32,
    /// Packets of a frame; a keyframe has [`Camera::KEYFRAME_PACKETS`].
    pub(crate) packets: u16,
    /// Bytes of a packet.
    pub(crate) bytes: usize,
    /// So many packets are lost on the way from now on.
    pub(crate) loses: u16,
    owes: bool,
    frame: u32,
    index: u64,
    ssrc: u32,
    peer: usize,
}

/// A packet that somebody got.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Got {
    index: u64,
    /// Its timestamp as it came.
    pub(crate) timestamp: u32,
    picture: u16,
    /// The number of its frame.
    pub(crate) frame: u32,
    part: u16,
    ssrc: u32,
    is_key: bool,
    marker: bool,
}

/// What one peer got.
pub(crate) struct Watcher {
    peer: usize,
    /// In the order in which it came.
    pub(crate) got: Vec<Got>,
}

impl Camera {
    /// The packets of a keyframe.
    pub(crate) const KEYFRAME_PACKETS: u16 = 20;

    pub(crate) fn publish(room: &mut MemoryRoom) -> Self {
        Self::publish_as(room, 100)
    }

    pub(crate) fn publish_as(room: &mut MemoryRoom, ssrc: u32) -> Self {
        let peer = room.connect();
        let stream = room.publish(peer, Codec::Vp8, ssrc);
        Self {
            stream,
            requests: 0,
            keyframe: 0,
            packets: 3,
            bytes: 1000,
            loses: 0,
            owes: true,
            frame: 0,
            index: 65_000 + u64::from(ssrc),
            ssrc,
            peer,
        }
    }

    /// The next frame is a keyframe.
    pub(crate) fn keyframe_now(&mut self) {
        self.owes = true;
    }

    /// The number of the last frame.
    pub(crate) fn latest(&self) -> (u32, u32) {
        (self.ssrc, self.frame - 1)
    }

    /// Sends one frame of 40 ms.
    pub(crate) fn frame(&mut self, room: &mut MemoryRoom) {
        let is_key = std::mem::take(&mut self.owes);
        let packets = if is_key { Self::KEYFRAME_PACKETS } else { self.packets };
        if is_key {
            self.keyframe = self.frame;
        }
        let picture = (0x7ff0 + self.frame as u16 + self.ssrc as u16) | 0x8000;
        let [high, low] = picture.to_be_bytes();
        let mut payload = vec![0; self.bytes];
        for part in 0..packets {
            let start = if part == 0 { 0x90 } else { 0x80 };
            payload[..5].copy_from_slice(&[start, 0x80, high, low, u8::from(!(is_key && part == 0))]);
            payload[5..9].copy_from_slice(&self.frame.to_be_bytes());
            payload[9..11].copy_from_slice(&part.to_be_bytes());
            payload[11] = u8::from(is_key);
            payload[12..16].copy_from_slice(&self.ssrc.to_be_bytes());
            let header = rtp::Header {
                payload_type: PAYLOAD_TYPE,
                ssrc: self.ssrc,
                timestamp: (self.frame * 3600).wrapping_add(self.ssrc << 24),
                marker: part + 1 == packets,
                ..rtp::Header::default()
            };
            if self.loses > 0 {
                self.loses -= 1;
            } else {
                room.send(self.peer, header, self.index, &payload);
            }
            self.index += 1;
        }
        self.frame += 1;
    }

    /// Sends frames, each 40 ms after the one before.
    pub(crate) fn play(&mut self, room: &mut MemoryRoom, watchers: &mut [Watcher], frames: u32) {
        for _ in 0..frames {
            self.frame(room);
            self.wait(room, watchers, 40);
        }
    }

    /// Sends nothing for a while.
    pub(crate) fn wait(&mut self, room: &mut MemoryRoom, watchers: &mut [Watcher], ms: u64) {
        for _ in 0..ms / 5 {
            room.pass(5);
            self.collect(room, watchers);
        }
    }

    /// Everybody looks at what came.
    pub(crate) fn collect(&mut self, room: &mut MemoryRoom, watchers: &mut [Watcher]) {
        room.collect(|peer, opened| match opened {
            // A probe, or what was lost.
            Opened::Rtp(view, _) if view.payload_type() == RTX_PAYLOAD_TYPE + 1 => {}
            Opened::Rtp(view, index) => {
                let Some(watcher) = watchers.iter_mut().find(|watcher| watcher.peer == peer) else { return };
                watcher.got.push(Got::read(&view, index));
            }
            Opened::Rtcp(bytes) => {
                for packet in rtcp::packets(bytes).unwrap() {
                    let Packet::Pli(pli) = packet else { continue };
                    if pli.media_ssrc == self.ssrc {
                        self.requests += 1;
                        self.owes = true;
                    }
                }
            }
        });
    }
}

impl Got {
    /// Its sequence number.
    pub(crate) fn sequence(&self) -> u16 {
        self.index as u16
    }

    fn read(view: &rtp::View<'_>, index: u64) -> Self {
        let payload = view.payload();
        let number = |at: usize| u32::from_be_bytes(payload[at..at + 4].try_into().unwrap());
        Self {
            index,
            timestamp: view.timestamp(),
            picture: u16::from_be_bytes([payload[2], payload[3]]) & 0x7fff,
            frame: number(5),
            part: u16::from_be_bytes([payload[9], payload[10]]),
            ssrc: number(12),
            is_key: payload[11] == 1,
            marker: view.marker(),
        }
    }
}

impl Watcher {
    pub(crate) fn new(peer: usize) -> Self {
        Self { peer, got: Vec::new() }
    }

    /// The first packet of the first keyframe.
    pub(crate) fn keyframe(&self) -> Option<&Got> {
        self.got.iter().find(|got| got.is_key && got.part == 0)
    }

    /// The camera and the number of the last frame that came whole.
    pub(crate) fn latest(&self) -> (u32, u32) {
        let last = self.got.iter().rev().find(|got| got.marker).unwrap();
        (last.ssrc, last.frame)
    }

    /// No number is missing, none comes twice, and each frame of a camera follows the one before or is a keyframe.
    pub(crate) fn check(&self) {
        for pair in self.got.windows(2) {
            let [before, after] = pair else { unreachable!() };
            assert_eq!(after.index, before.index + 1, "{pair:?}");
            let step = after.timestamp.wrapping_sub(before.timestamp);
            if (after.ssrc, after.frame) == (before.ssrc, before.frame) {
                assert_eq!((step, after.part), (0, before.part + 1), "{pair:?}");
                assert_eq!(after.picture, before.picture);
                continue;
            }
            assert!((1..90_000).contains(&step), "{step} {pair:?}");
            assert_eq!(after.picture, (before.picture + 1) & 0x7fff, "{pair:?}");
            assert!(before.marker && after.part == 0, "{pair:?}");
            let follows = after.ssrc == before.ssrc && after.frame == before.frame + 1;
            assert!(follows || after.is_key, "{pair:?}");
        }
    }
}
