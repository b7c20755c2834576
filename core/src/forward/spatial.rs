//! Which frames of scalable VP9 are sent (RFC 9628 sections 4.2 and 5): spatial and temporal layers within one
//! encoding. Where spatial layers need each other in keyframes only (K-SVC), just the highest that is wanted is sent
//! between these, which saves a good part; then not only a higher, but also a lower layer begins with a keyframe.

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
    /// One bit for each spatial layer: whether nothing of it was left out since the last keyframe.
    whole: u8,
    /// The highest spatial layer of the newest picture so far, how many before it had less than was expected in a row,
    /// and the highest that comes, as far as these tell.
    seen: u8,
    short_pictures: u8,
    top: u8,
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
        Self {
            now: highest,
            changes: [(0, highest); CHANGES],
            newest: None,
            is_settled: false,
            climbs: true,
            whole: ALL,
            seen: 0,
            short_pictures: 0,
            top: u8::MAX,
        }
    }

    /// The layers in force.
    pub fn highest(&self) -> Highest {
        self.now
    }

    /// Decides about a packet of the picture `number`, of which no more than `ceiling` is allowed; spatial layers up to
    /// `top` come. Layers end with any picture, if the lower ones were sent. Spatial layers begin with a keyframe,
    /// temporal ones also behind a picture that says so.
    pub fn decide(&mut self, ceiling: Highest, number: PictureNumber, frame: &SpatialFrame, top: u8) -> Fate {
        // Far from zero, so that an older number lies below it.
        let number = self.newest.map_or(1 << 32 | u64::from(number.value), |newest| number.extend(newest));
        let is_key = frame.spatial == 0 && !frame.needs_pictures;
        let is_first = self.newest.is_none_or(|newest| number > newest);
        if is_first {
            self.note_short_picture(top);
        }
        let top = top.min(self.top);
        if is_first || is_key && self.newest == Some(number) && !self.is_settled {
            self.begin_picture(ceiling, number, is_key, top);
        }
        let is_newest = self.newest == Some(number);
        if is_newest {
            self.seen = self.seen.max(frame.spatial);
        }
        let in_force = self.changes.iter().find(|(from, _)| number >= *from).unwrap_or(&self.changes[CHANGES - 1]);
        let highest = in_force.1;
        if frame.temporal <= highest.temporal && frame.spatial <= highest.spatial {
            return self.decide_within(ceiling, highest, frame, (is_newest, top));
        }
        self.is_settled |= is_newest;
        match frame.temporal <= highest.temporal && frame.spatial <= ceiling.spatial {
            true => Fate::Missed,
            false => Fate::LeftOut,
        }
    }

    /// A picture is over, which may have had less than `top`: a layer may end, and it takes a while until it counts as
    /// gone.
    fn note_short_picture(&mut self, top: u8) {
        self.short_pictures = if self.seen < top { self.short_pictures.saturating_add(1) } else { 0 };
        self.top = if self.short_pictures < SHORT_PICTURES { u8::MAX } else { self.seen };
        self.seen = 0;
    }

    /// The first packet of a picture came: what may change changes.
    fn begin_picture(&mut self, ceiling: Highest, number: u64, is_key: bool, top: u8) {
        self.is_settled = is_key;
        if is_key {
            self.whole = ALL;
        }
        let temporal = if self.climbs || is_key { ceiling.temporal } else { self.now.temporal };
        let spatial = if is_key { ceiling.spatial } else { self.now.spatial };
        let mut next = Highest { spatial: spatial.min(ceiling.spatial), temporal: temporal.min(ceiling.temporal) };
        if !self.is_whole(next.spatial.min(top)) {
            // Until there is a keyframe, as little as may be of what can be decoded.
            next = Highest { spatial, temporal: 0 };
        }
        if next != self.now {
            self.now = next;
            self.changes.rotate_right(1);
            self.changes[0] = (number, next);
        }
        self.climbs &= self.newest == Some(number);
        self.newest = Some(number);
    }

    /// Decides about a packet of layers that are sent, or of lower ones, which only some need.
    fn decide_within(
        &mut self,
        ceiling: Highest,
        highest: Highest,
        frame: &SpatialFrame,
        (is_newest, top): (bool, u8),
    ) -> Fate {
        let is_needed = frame.serves_higher || !frame.needs_pictures || frame.spatial >= highest.spatial.min(top);
        let is_whole = !is_newest || !frame.needs_pictures || self.is_whole(frame.spatial);
        if !is_needed || !is_whole {
            if is_newest {
                self.whole &= !bit(frame.spatial);
                self.is_settled = true;
            }
            return if is_needed { Fate::Missed } else { Fate::LeftOut };
        }
        self.climbs |= frame.is_switching_point && is_newest;
        let ends_picture = frame.ends && frame.spatial == highest.spatial;
        match is_newest && highest.spatial.min(top) > ceiling.spatial {
            true => Fate::SentAndWant(ends_picture),
            false => Fate::Sent(ends_picture),
        }
    }

    fn is_whole(&self, spatial: u8) -> bool {
        self.whole & bit(spatial) != 0
    }
}

fn bit(spatial: u8) -> u8 {
    1_u8.checked_shl(spatial.into()).unwrap_or(0)
}

/// Changes that are remembered: packets that were overtaken by more pictures than these are of no use.
const CHANGES: usize = 4;

/// So many pictures without the highest spatial layer are no accident.
const SHORT_PICTURES: u8 = 8;

const ALL: u8 = u8::MAX;

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
            needs_lower_in_keyframes_only in any::<bool>(),
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
                            let needs_lower = is_key || !needs_lower_in_keyframes_only;
                            let frame = SpatialFrame {
                                serves_higher: needs_lower && spatial < 2,
                                spatial,
                                temporal,
                                needs_pictures: !is_key,
                                is_switching_point: temporal == 0,
                                ends: ends_frame,
                            };
                            let fate = gate.decide(ceiling, number, &frame, 2);
                            match fate {
                                // The encoder marks its own last packet.
                                Fate::Sent(ends_picture) => ends.push(ends_picture || (spatial == 2 && ends_frame)),
                                Fate::SentAndWant(ends_picture) => {
                                    wants_key = true;
                                    ends.push(ends_picture || (spatial == 2 && ends_frame));
                                }
                                Fate::LeftOut => continue,
                                Fate::Missed => {
                                    wants_key = true;
                                    continue;
                                }
                            }
                            let waits = matches!(fate, Fate::SentAndWant(_)) && temporal == 0;
                            prop_assert!(spatial <= ceiling.spatial || waits);
                            prop_assert!(temporal <= ceiling.temporal);
                            prop_assert!(spatial == 0 || !needs_lower || decoded.contains(&(picture, spatial - 1)));
                            let mut others = decoded.iter().filter(|(of, other)| *of == picture && *other != spatial);
                            prop_assert!(needs_lower || others.next().is_none(), "nobody needs it");
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
                let highest = |count, layer: fn(&(u8, u8)) -> u8| sent_last.iter().rev().take(count).map(layer).max();
                prop_assert_eq!(highest(3, |sent| sent.0), Some(ceiling.spatial.min(2)), "the wanted layer comes");
                prop_assert_eq!(highest(8, |sent| sent.1), Some(ceiling.temporal));
            }
        }
    }

    #[test]
    fn late_packets_have_the_fate_of_their_picture() {
        let all = Highest { spatial: 2, temporal: 0 };
        let mut gate = SpatialGate::new(all);
        let number = |value| PictureNumber { value, bits: 7 };
        let frame =
            |spatial| SpatialFrame { spatial, needs_pictures: true, serves_higher: true, ..SpatialFrame::default() };
        let mut decide = |ceiling, value, spatial| gate.decide(ceiling, number(value), &frame(spatial), 2);
        assert_eq!(decide(all, 126, 0), Fate::Sent(false));
        let base = Highest { spatial: 0, temporal: 0 };
        assert_eq!(decide(base, 0, 0), Fate::Sent(false));
        assert_eq!(decide(base, 0, 1), Fate::LeftOut);
        assert_eq!(decide(base, 126, 2), Fate::Sent(false));
    }

    #[test]
    fn where_the_highest_layer_ends_without_a_keyframe_one_is_asked_for() {
        let all = Highest { spatial: u8::MAX, temporal: 0 };
        let mut gate = SpatialGate::new(all);
        let frame = |spatial, needs_pictures, serves_higher| SpatialFrame {
            spatial,
            needs_pictures,
            serves_higher,
            ..SpatialFrame::default()
        };
        let mut picture = |value, layers, is_key: bool| {
            let number = PictureNumber { value, bits: 15 };
            let mut decide = |spatial| gate.decide(all, number, &frame(spatial, !is_key, is_key), 2);
            let fates = (0..layers).map(|spatial| {
                let fate = decide(spatial);
                assert_eq!(decide(spatial), fate, "all packets of a frame have its fate");
                fate
            });
            fates.collect::<Vec<_>>()
        };
        assert_eq!(picture(0, 3, true), [Fate::Sent(false); 3]);
        assert_eq!(picture(1, 3, false), [Fate::LeftOut, Fate::LeftOut, Fate::Sent(false)]);
        for value in 2..10 {
            assert_eq!(picture(value, 2, false), [Fate::LeftOut; 2]);
        }
        assert_eq!(picture(10, 2, false), [Fate::LeftOut, Fate::Missed]);
        assert_eq!(picture(11, 2, true), [Fate::Sent(false); 2]);
        assert_eq!(picture(12, 2, false), [Fate::LeftOut, Fate::Sent(false)]);
    }
}
