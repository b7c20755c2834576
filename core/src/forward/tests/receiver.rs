//! A receiver that believes nothing: it checks each packet against all before.

use std::collections::BTreeMap;
use std::vec::Vec;

use super::encoder::Packet;
use crate::forward::Changes;

/// What was received.
#[derive(Default)]
pub(super) struct Receiver {
    /// By extended sequence number: encoding, frame, its temporal layer, timestamp, picture; nothing for a filler.
    pub(super) packets: BTreeMap<u64, Option<Seen>>,
    /// The frames of the encoding that is received, since its keyframe.
    decoded: Vec<u64>,
    layer: Option<u8>,
    /// Whether it decodes without looking what is needed.
    pub(super) trusts: bool,
}

/// A packet that was received.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub(super) layer: u8,
    pub(super) frame: u64,
    pub(super) temporal: u8,
    pub(super) timestamp: u32,
    pub(super) picture: u16,
}

impl Receiver {
    pub(super) fn receive(&mut self, packet: &Packet, index: u64, timestamp: u32, changes: Changes) {
        let frame = &packet.frame;
        let seen = Seen {
            layer: packet.layer,
            frame: frame.number,
            temporal: frame.temporal,
            timestamp,
            picture: changes.picture & 0x7fff,
        };
        let seen = (!changes.is_empty).then_some(seen);
        assert_eq!(self.packets.insert(index, seen), None, "number {index} is sent once");
        if seen.is_none() || self.trusts {
            return;
        }
        if self.layer != Some(packet.layer) {
            assert!(frame.needs.is_empty(), "a layer begins with its keyframe: {frame:?}");
            (self.layer, self.decoded) = (Some(packet.layer), Vec::new());
        }
        if frame.needs.is_empty() && !self.decoded.contains(&frame.number) {
            self.decoded.clear();
        }
        for needed in &frame.needs {
            assert!(self.decoded.contains(needed), "{frame:?} of layer {} needs {needed}", packet.layer);
        }
        if !self.decoded.contains(&frame.number) {
            self.decoded.push(frame.number);
        }
    }

    /// Of all packets in the order of their numbers.
    pub(super) fn check(&self) {
        let mut last: Option<(u64, Seen)> = None;
        let mut expected = None;
        for (index, seen) in &self.packets {
            assert!(expected.is_none_or(|expected| expected == *index), "a hole before {index}");
            expected = Some(index + 1);
            let Some(seen) = *seen else { continue };
            if let Some((_, before)) = last {
                let step = seen.timestamp.wrapping_sub(before.timestamp);
                let pictures = seen.picture.wrapping_sub(before.picture) & 0x7fff;
                if (seen.layer, seen.frame) == (before.layer, before.frame) {
                    assert_eq!((step, pictures), (0, 0), "{seen:?} after {before:?}");
                } else {
                    assert!((1..1 << 31).contains(&step), "{seen:?} after {before:?}");
                    assert_eq!(pictures, 1, "{seen:?} after {before:?}");
                }
            }
            last = Some((*index, seen));
        }
    }

    /// The layer and the highest temporal layer among the last `count` packets.
    pub(super) fn latest(&self, count: usize) -> Option<(u8, u8)> {
        let latest: Vec<Seen> = self.packets.values().rev().filter_map(|seen| *seen).take(count).collect();
        Some((latest.first()?.layer, latest.iter().map(|seen| seen.temporal).max()?))
    }
}
