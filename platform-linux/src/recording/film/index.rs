//! What is known of a film when it ends: where its keyframes are, and how long it is.

/// The most points that one can jump to. Of more every other is forgotten.
const CUES: usize = 4096;

/// How long the last frame of a track is shown at most, in milliseconds: as long as the one before it.
const LAST_MS: u64 = 200;

/// The most tracks of a film.
pub(super) const TRACKS: usize = 16;

/// A point that one can jump to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cue {
    pub(super) time_ms: u64,
    pub(super) track: u8,
    /// Where its cluster is, from the segment's begin.
    pub(super) cluster_at: u64,
}

/// What grows with a film.
#[derive(Clone, Debug, Default)]
pub(super) struct Index {
    /// Where pictures can be begun with, and where sound can.
    video: Points,
    audio: Points,
    ends: [Option<End>; TRACKS],
    frames: u64,
}

/// The last frame of a track, and how long after another it came.
#[derive(Clone, Copy, Debug)]
struct End {
    time_ms: u64,
    step_ms: u64,
}

#[derive(Clone, Debug, Default)]
struct Points {
    cues: Vec<Cue>,
    /// How far they lie apart at least.
    apart_ms: u64,
}

impl Index {
    /// Takes in a frame of the cluster that is here.
    pub(super) fn note(&mut self, (track, is_video): (u8, bool), time_ms: u64, is_key: bool, cluster_at: u64) {
        self.frames += 1;
        if let Some(end) = self.ends.get_mut(usize::from(track.wrapping_sub(1))) {
            let step_ms = end.map_or(0, |end| time_ms.saturating_sub(end.time_ms));
            *end = Some(End { time_ms: end.map_or(0, |end| end.time_ms).max(time_ms), step_ms });
        }
        if is_key {
            let points = if is_video { &mut self.video } else { &mut self.audio };
            points.note(Cue { time_ms, track, cluster_at });
        }
    }

    /// Where one can jump to: to pictures, if there are any.
    pub(super) fn cues(&self) -> &[Cue] {
        if self.video.cues.is_empty() { &self.audio.cues } else { &self.video.cues }
    }

    /// From the first to the end of the last frame.
    pub(super) fn duration_ms(&self) -> u64 {
        let ends = self.ends.iter().flatten().map(|end| end.time_ms + end.step_ms.min(LAST_MS));
        ends.max().unwrap_or_default()
    }

    /// Frames of all tracks.
    pub(super) fn frames(&self) -> u64 {
        self.frames
    }
}

impl Points {
    /// Keeps one point of each cluster, and none too near the one before.
    fn note(&mut self, cue: Cue) {
        if let Some(last) = self.cues.last()
            && (last.cluster_at == cue.cluster_at || cue.time_ms < last.time_ms + self.apart_ms)
        {
            return;
        }
        if self.cues.len() == CUES {
            let mut keeps = false;
            self.cues.retain(|_| {
                keeps = !keeps;
                keeps
            });
            let (first, last) = (self.cues.first(), self.cues.last());
            let spans_ms = first.zip(last).map_or(0, |(first, last)| last.time_ms - first.time_ms);
            self.apart_ms = (2 * self.apart_ms).max(spans_ms / CUES as u64);
        }
        self.cues.push(cue);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_jumped_to_before_sound_and_each_cluster_once() {
        let mut index = Index::default();
        index.note((1, false), 0, true, 500);
        index.note((1, false), 20, true, 500);
        assert_eq!(index.cues(), [Cue { time_ms: 0, track: 1, cluster_at: 500 }]);
        index.note((2, true), 30, true, 500);
        index.note((2, true), 63, false, 500);
        index.note((2, true), 96, true, 900);
        let cue = |time_ms, cluster_at| Cue { time_ms, track: 2, cluster_at };
        assert_eq!(index.cues(), [cue(30, 500), cue(96, 900)]);
        assert_eq!((index.duration_ms(), index.frames()), (96 + 33, 5));
    }

    #[test]
    fn a_film_of_days_has_points_everywhere_and_not_too_many() {
        let mut index = Index::default();
        let count = 100 * CUES as u64;
        (0..count).for_each(|at| index.note((1, true), at * 1000, true, at));
        let cues = index.cues();
        assert!((CUES / 2 - 1..=CUES).contains(&cues.len()), "{}", cues.len());
        let widest = cues.windows(2).map(|pair| pair[1].time_ms - pair[0].time_ms).max().unwrap();
        assert!(widest < 1000 * count * 4 / CUES as u64, "{widest}");
    }
}
