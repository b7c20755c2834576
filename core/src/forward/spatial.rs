//! Which frames of scalable VP9 are sent (RFC 9628 sections 4.2 and 5): spatial and temporal layers within one
//! encoding.

use crate::stream::{PictureNumber, SpatialFrame};

/// The layers in force. Pictures keep their numbers, for others name them by differences.
#[derive(Clone, Copy, Debug)]
pub struct SpatialGate {
    now: Highest,
    /// From which pictures on the last ones were in force, the newest first: packets of earlier ones may still come.
    changes: [(u64, Highest); CHANGES],
    newest: Option<u64>,
    /// Whether it was seen that the newest picture is a keyframe, or something of it was left out before that.
    is_settled: bool,
    /// Whether the next picture may be of any temporal layer.
    climbs: bool,
}

/// The highest layers that are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Highest {
    /// The spatial layer.
    pub spatial: u8,
    /// The temporal layer.
    pub temporal: u8,
}

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is sent; whether it is the last of its picture then.
    Sent(bool),
    /// As `Sent`, and only a keyframe brings the layer that is wanted.
    SentAndWant(bool),
    /// It is left out.
    LeftOut,
    /// As `LeftOut`, and only a keyframe brings its layer.
    Missed,
}

impl SpatialGate {
    /// A gate that lets all up to `highest` through, since nothing was sent before.
    pub fn new(highest: Highest) -> Self {
        Self { now: highest, changes: [(0, highest); CHANGES], newest: None, is_settled: false, climbs: true }
    }

    /// The layers in force.
    pub fn highest(&self) -> Highest {
        self.now
    }

    /// Decides about a packet of the picture `number`, of which no more than `ceiling` is allowed. Layers end with any
    /// picture. Spatial layers begin with a keyframe, temporal ones also behind a picture that says so.
    pub fn decide(&mut self, ceiling: Highest, number: PictureNumber, frame: &SpatialFrame) -> Fate {
        // Far from zero, so that an older number lies below it.
        let number = self.newest.map_or(1 << 32 | u64::from(number.value), |newest| number.extend(newest));
        let is_key = frame.spatial == 0 && !frame.needs_pictures;
        let is_newest = self.newest == Some(number);
        let is_first = self.newest.is_none_or(|newest| number > newest);
        if is_first || is_key && is_newest && !self.is_settled {
            self.is_settled = is_key;
            let temporal = if self.climbs || is_key { ceiling.temporal } else { self.now.temporal };
            let spatial = if is_key { ceiling.spatial } else { self.now.spatial };
            let next = Highest { spatial: spatial.min(ceiling.spatial), temporal: temporal.min(ceiling.temporal) };
            if next != self.now {
                self.now = next;
                self.changes.rotate_right(1);
                self.changes[0] = (number, next);
            }
            self.climbs &= is_newest;
            self.newest = Some(number);
        }
        let in_force = self.changes.iter().find(|(from, _)| number >= *from).unwrap_or(&self.changes[CHANGES - 1]);
        let highest = in_force.1;
        if frame.temporal <= highest.temporal && frame.spatial <= highest.spatial {
            self.climbs |= frame.is_switching_point && self.newest == Some(number);
            return Fate::Sent(frame.ends && frame.spatial == highest.spatial);
        }
        self.is_settled |= self.newest == Some(number);
        match frame.temporal <= highest.temporal && frame.spatial <= ceiling.spatial {
            true => Fate::Missed,
            false => Fate::LeftOut,
        }
    }
}

/// Changes that are remembered: packets that were overtaken by more pictures than these are of no use.
const CHANGES: usize = 4;

#[cfg(test)]
mod tests {
    use std::vec::Vec;

    use super::*;
    use proptest::prelude::*;

    /// Three spatial and three temporal layers; a frame needs the one below it, and the last picture of each temporal
    /// layer below its own, or of its own where that is the base.
    #[derive(Default)]
    struct Encoder {
        picture: u64,
        position: usize,
        last: [Option<u64>; 3],
    }

    const PATTERN: [u8; 4] = [0, 2, 1, 2];

    impl Encoder {
        fn encode(&mut self, is_key: bool) -> (u64, u8, Vec<u64>) {
            if is_key {
                (self.position, self.last) = (0, [None; 3]);
            }
            let temporal = PATTERN[self.position % 4];
            if temporal == 0 {
                // It is a switching point: what comes behind it needs nothing higher from before it.
                (self.last[1], self.last[2]) = (None, None);
            }
            let below = usize::from(temporal.max(1));
            let needs = self.last[..below].iter().flatten().copied().collect();
            self.last[usize::from(temporal)] = Some(self.picture);
            self.position += 1;
            self.picture += 1;
            (self.picture - 1, temporal, needs)
        }
    }

    proptest! {
        #[test]
        fn what_is_sent_can_be_decoded_and_each_picture_ends(
            ceilings in proptest::collection::vec((0_u8..4, 0_u8..3), 1..12),
        ) {
            let mut encoder = Encoder { picture: 0x7ff0, ..Encoder::default() };
            let mut gate = SpatialGate::new(Highest { spatial: 0, temporal: 0 });
            let mut wants_key = true;
            let mut decoded: Vec<(u64, u8)> = Vec::new();
            let mut sent_last = Vec::new();
            for (spatial, temporal) in &ceilings {
                let ceiling = Highest { spatial: *spatial, temporal: *temporal };
                sent_last.clear();
                for _ in 0..16 {
                    let is_key = core::mem::take(&mut wants_key);
                    let (picture, temporal, needs) = encoder.encode(is_key);
                    let number = PictureNumber { value: (picture & 0x7fff) as u16, bits: 15 };
                    let mut ends = Vec::new();
                    for spatial in 0..3 {
                        for ends_frame in [false, true] {
                            let frame = SpatialFrame {
                                spatial,
                                temporal,
                                needs_pictures: !is_key,
                                is_switching_point: temporal == 0,
                                ends: ends_frame,
                            };
                            match gate.decide(ceiling, number, &frame) {
                                // The encoder marks its own last packet.
                                Fate::Sent(ends_picture) => ends.push(ends_picture || (spatial == 2 && ends_frame)),
                                Fate::SentAndWant(_) => unreachable!("of decode targets only"),
                                Fate::LeftOut => continue,
                                Fate::Missed => {
                                    wants_key = true;
                                    continue;
                                }
                            }
                            prop_assert!(spatial <= ceiling.spatial && temporal <= ceiling.temporal);
                            prop_assert!(spatial == 0 || decoded.contains(&(picture, spatial - 1)));
                            for needed in &needs {
                                prop_assert!(decoded.contains(&(*needed, spatial)), "{} needs {}", picture, needed);
                            }
                            if ends_frame {
                                decoded.push((picture, spatial));
                                sent_last.push((spatial, temporal));
                            }
                        }
                    }
                    prop_assert!(ends.is_empty() || ends.iter().position(|end| *end) == Some(ends.len() - 1));
                }
                let highest = |layer: fn(&(u8, u8)) -> u8| sent_last.iter().rev().take(8).map(layer).max();
                prop_assert_eq!(highest(|sent| sent.0), Some(ceiling.spatial.min(2)), "the wanted layer comes");
                prop_assert_eq!(highest(|sent| sent.1), Some(ceiling.temporal));
            }
        }
    }

    #[test]
    fn late_packets_have_the_fate_of_their_picture() {
        let all = Highest { spatial: 2, temporal: 0 };
        let mut gate = SpatialGate::new(all);
        let number = |value| PictureNumber { value, bits: 7 };
        let frame = |spatial| SpatialFrame { spatial, needs_pictures: true, ..SpatialFrame::default() };
        assert_eq!(gate.decide(all, number(126), &frame(0)), Fate::Sent(false));
        let base = Highest { spatial: 0, temporal: 0 };
        assert_eq!(gate.decide(base, number(0), &frame(0)), Fate::Sent(false));
        assert_eq!(gate.decide(base, number(0), &frame(1)), Fate::LeftOut);
        assert_eq!(gate.decide(base, number(126), &frame(2)), Fate::Sent(false));
    }
}
