//! Which frames are sent where a dependency descriptor tells their layers: those of one decode target (AV1 RTP payload
//! specification, appendix A).

use crate::stream::TargetFrame;
use crate::wire::extension::{DependencyStructure, Indication, LayerIds};

use super::spatial::Fate;

/// The decode target in force.
#[derive(Clone, Copy, Debug, Default)]
pub struct TargetGate {
    target: Option<u8>,
    /// The last frames, the newest first, and whether they are sent: some of their packets may still come.
    frames: [Option<(u16, bool)>; FRAMES],
}

impl TargetGate {
    /// The layers that are sent, once something is.
    pub fn highest(&self, structure: &DependencyStructure) -> Option<LayerIds> {
        structure.target(self.target?)
    }

    /// Decides about a packet of `frame`, of which no more than `ceiling` is allowed. The target changes at a frame
    /// that belongs to both: whoever decoded all of the old one can decode it, and all of the new one behind it.
    pub fn decide(&mut self, ceiling: LayerIds, structure: &DependencyStructure, frame: &TargetFrame) -> Fate {
        let Some(wanted) = structure.best(ceiling) else { return Fate::Sent(false) };
        let is_of = |target: u8| frame.indications.of(target) != Indication::NotPresent;
        let is_new = self.frames[0].is_none_or(|(newest, _)| frame.number.wrapping_sub(newest) as i16 > 0);
        let mut misses = false;
        if is_new {
            let was_sent = self.target.is_none_or(is_of);
            let switches = was_sent && frame.indications.of(wanted) == Indication::Switch;
            if self.target.is_none() || frame.begins_sequence || switches {
                self.target = Some(wanted);
            }
            let spatial = |target: Option<u8>| structure.target(target?).map(|layers| layers.spatial);
            let is_base = frame.layers == LayerIds::default();
            misses = is_base && spatial(self.target) != spatial(Some(wanted));
        }
        let target = self.target.unwrap_or(wanted);
        let decided = self.frames.iter().flatten().find(|(number, _)| *number == frame.number);
        let is_sent = decided.map_or_else(|| is_of(target), |(_, is_sent)| *is_sent);
        if is_new {
            self.frames.rotate_right(1);
            self.frames[0] = Some((frame.number, is_sent));
        }
        let is_highest = structure.target(target).is_some_and(|layers| layers.spatial == frame.layers.spatial);
        match (is_sent, misses) {
            (true, false) => Fate::Sent(frame.ends && is_highest),
            (true, true) => Fate::SentAndWant(frame.ends && is_highest),
            (false, true) => Fate::Missed,
            (false, false) => Fate::LeftOut,
        }
    }
}

/// Frames that are remembered, of two pictures at least.
const FRAMES: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::extension::DependencyDescriptor;
    use std::vec::Vec;

    /// Two spatial and two temporal layers as libwebrtc's L2T2 has them, and its frames one by one: the template, and
    /// which earlier frames it needs.
    struct Encoder {
        number: u16,
        position: usize,
        is_key: bool,
    }

    /// Templates 0..6: S0 key, S0T0, S0T1, S1 key, S1T0, S1T1; targets S0T0, S0T1, S1T0, S1T1.
    const LAYERS: [u8; 6] = [0, 1, 2, 0, 1, 3];
    const INDICATIONS: [[u8; 4]; 6] =
        [[2, 2, 2, 2], [2, 2, 3, 3], [0, 1, 0, 3], [0, 0, 2, 2], [0, 0, 2, 2], [0, 0, 0, 1]];

    fn structure() -> Vec<u8> {
        let mut bits = Vec::new();
        let mut put = |value: u32, count: u32| (0..count).rev().for_each(|bit| bits.push((value >> bit & 1) as u8));
        put(0b10000, 5);
        put(0, 6);
        put(3, 5);
        // S0T0, S0T0, S0T1, S1T0, S1T0, S1T1.
        [0, 1, 2, 0, 1, 3].iter().for_each(|step| put(*step, 2));
        INDICATIONS.iter().flatten().for_each(|indication| put(u32::from(*indication), 2));
        LAYERS.iter().for_each(|_| put(0, 1));
        // No chains (a number below five), no sizes.
        put(0, 2);
        put(0, 1);
        bits.resize(bits.len().next_multiple_of(8), 0);
        bits.chunks(8).map(|byte| byte.iter().fold(0, |value, bit| value << 1 | bit)).collect()
    }

    impl Encoder {
        /// The two frames of the next picture: spatial and temporal layer, descriptor.
        fn picture(&mut self) -> [(u8, u8, Vec<u8>); 2] {
            let is_key = core::mem::take(&mut self.is_key);
            self.position = if is_key { 0 } else { self.position + 1 };
            let temporal = (self.position % 2) as u8;
            [0, 1].map(|spatial| {
                let kind = match (is_key, temporal) {
                    (true, _) => 0,
                    (false, 0) => 1,
                    _ => 2,
                };
                let [high, low] = self.number.to_be_bytes();
                self.number = self.number.wrapping_add(1);
                let mut data = std::vec![0xc0 | (spatial * 3 + kind), high, low];
                if is_key && spatial == 0 {
                    data.extend(structure());
                }
                (spatial, temporal, data)
            })
        }
    }

    #[test]
    fn every_wish_comes_true_and_what_is_sent_can_be_decoded() {
        let mut encoder = Encoder { number: 0xfff0, position: 0, is_key: true };
        let (mut structure, mut gate) = (DependencyStructure::default(), TargetGate::default());
        let mut decoded: Vec<(usize, u8, u8)> = Vec::new();
        let mut picture = 0;
        for wish in [(0, 0), (1, 1), (0, 1), (1, 0), (0, 0), (0, 1), (1, 1), (1, 0), (1, 1)] {
            let mut last = Vec::new();
            for _ in 0..8 {
                picture += 1;
                let ceiling = LayerIds { spatial: wish.0, temporal: wish.1 };
                for (spatial, temporal, data) in encoder.picture() {
                    let frame = structure.read(&data).unwrap();
                    let head = DependencyDescriptor::read(&data).unwrap();
                    let frame = TargetFrame {
                        number: head.frame_number,
                        begins_sequence: head.has_structure,
                        ends: true,
                        layers: frame.layers,
                        indications: frame.indications,
                    };
                    assert_eq!((frame.layers.spatial, frame.layers.temporal), (spatial, temporal));
                    let fate = gate.decide(ceiling, &structure, &frame);
                    encoder.is_key |= matches!(fate, Fate::Missed | Fate::SentAndWant(_));
                    if matches!(fate, Fate::LeftOut | Fate::Missed) {
                        continue;
                    }
                    let is_key = data.len() > 3 || decoded.contains(&(picture, 0, 9));
                    if data.len() > 3 {
                        decoded.clear();
                        decoded.push((picture, 0, 9));
                    }
                    let below = spatial == 0 || decoded.contains(&(picture, 0, temporal));
                    let before = decoded.iter().rev().find(|(at, known, _)| *at < picture && *known == spatial);
                    let needed = decoded.iter().any(|it| it.0 < picture && it.1 == spatial && it.2 == 0);
                    assert!(below && (is_key || (needed && before.is_some())), "{picture} {spatial} {temporal}");
                    decoded.push((picture, spatial, temporal));
                    last.push((spatial, temporal, matches!(fate, Fate::Sent(true) | Fate::SentAndWant(true))));
                }
            }
            let tail = &last[last.len() - 3..];
            assert_eq!(tail.iter().map(|sent| sent.0).max(), Some(wish.0), "{wish:?} {last:?}");
            assert_eq!(tail.iter().map(|sent| sent.1).max(), Some(wish.1), "{wish:?} {last:?}");
            assert!(tail.iter().all(|sent| sent.2 == (sent.0 == wish.0)), "the highest layer ends the picture");
        }
    }
}
