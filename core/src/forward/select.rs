//! Which packets of a stream a subscription gets: the encoding first, the layers within it then.

use crate::forward::spatial::{Fate, Highest, SpatialGate};
use crate::forward::target::TargetGate;
use crate::forward::{Rewriter, Source};
use crate::id::StreamId;
use crate::stream::{Facts, Layers, PictureNumber, Stream};
use crate::time::Instant;
use crate::wire::Kind;
use crate::wire::extension::LayerIds;

/// The most that a subscription gets, as its application asked, each from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayerCeiling {
    /// The encoding (simulcast layer).
    pub encoding: u8,
    /// The spatial layer within an encoding.
    pub spatial: u8,
    /// The temporal layer.
    pub temporal: u8,
    /// An encoding that is silent for so long while others send is given up for another one.
    pub fallback_us: u32,
}

impl LayerCeiling {
    /// Everything.
    pub const NONE: Self = Self { encoding: u8::MAX, spatial: u8::MAX, temporal: u8::MAX, fallback_us: 250_000 };
}

/// The layers that a subscription is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SentLayers {
    /// The encoding, where there are several.
    pub encoding: Option<u8>,
    /// The highest spatial layer within an encoding, where there are several.
    pub spatial: Option<u8>,
    /// The highest temporal layer, where there are any.
    pub temporal: Option<u8>,
}

/// What becomes of a packet for one subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// It is sent, with the end of a picture marked where it is one for this subscription.
    Take {
        /// Whether it is.
        ends_picture: bool,
        /// Whether only a keyframe brings the layer that is wanted.
        wants_keyframe: bool,
    },
    /// It is of another source, or comes before the keyframe that a change waits for.
    Leave,
    /// As `Leave`, and the keyframe must be asked for.
    WantKeyframe,
    /// It is of the source that is sent, and of a layer that is not: what follows closes up.
    LeaveOut,
    /// As `LeaveOut`, and only a keyframe brings its layer.
    LeaveOutAndWant,
}

impl Choice {
    /// Sent as it came.
    const TAKE: Self = Self::Take { ends_picture: false, wants_keyframe: false };

    /// Whether a keyframe must be asked for.
    pub fn wants_keyframe(self) -> bool {
        matches!(self, Self::WantKeyframe | Self::LeaveOutAndWant | Self::Take { wants_keyframe: true, .. })
    }
}

/// The most that a subscription gets, as the way to its subscriber allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// The encoding.
    pub encoding: u8,
    /// The spatial layer within an encoding.
    pub spatial: u8,
    /// The temporal layer.
    pub temporal: u8,
}

impl Grant {
    /// Everything.
    pub const ALL: Self = Self { encoding: u8::MAX, spatial: u8::MAX, temporal: u8::MAX };

    /// The least that is a picture.
    pub const LEAST: Self = Self { encoding: 0, spatial: 0, temporal: 0 };

    /// Whether `other` gives this much.
    pub fn is_within(self, other: Self) -> bool {
        (self.encoding, self.spatial, self.temporal) <= (other.encoding, other.spatial, other.temporal)
    }
}

/// Chooses for one subscription. What is allowed and what is sent now are two things.
#[derive(Clone, Debug)]
pub struct Selector {
    /// What is allowed.
    pub ceiling: LayerCeiling,
    /// What the control half knows of the layers.
    pub told: SentLayers,
    /// Whether the control half knows that the way allows nothing.
    pub told_paused: bool,
    /// What the way allows; `None` while it is paused.
    granted: Option<Grant>,
    /// Since when the way allows nothing.
    starves_since: Option<Instant>,
    /// When the way last could not carry the size of picture that it had been allowed.
    fell: Option<Instant>,
    /// Pictures of higher temporal layers of VP8 are left out.
    temporal: u8,
    /// What is sent of scalable VP9.
    spatial: SpatialGate,
    /// What is sent where a dependency descriptor tells the layers.
    target_gate: TargetGate,
    /// Since when it waits for a keyframe of its next source.
    waits_since: Option<Instant>,
}

impl Selector {
    /// One that never sent anything.
    pub fn new(ceiling: LayerCeiling) -> Self {
        let spatial = SpatialGate::new(Highest { spatial: ceiling.spatial, temporal: ceiling.temporal });
        let (told, granted, temporal) = (SentLayers::default(), Some(Grant::ALL), ceiling.temporal);
        let target_gate = TargetGate::default();
        Self {
            ceiling,
            told,
            told_paused: false,
            granted,
            starves_since: None,
            fell: None,
            temporal,
            spatial,
            target_gate,
            waits_since: None,
        }
    }

    /// Its source is to be another one.
    pub fn begin(&mut self) {
        self.waits_since = None;
        self.told = SentLayers::default();
    }

    /// What the way allows; `None` while it is paused.
    pub fn granted(&self) -> Option<Grant> {
        self.granted
    }

    /// The way allows this. Nothing pauses only what starves for a while: an estimate may be low for a moment, and a
    /// picture that stops is worse than one that is late. True if a pause ends.
    pub fn grant(&mut self, granted: Option<Grant>, now: Instant) -> bool {
        if granted.is_some() {
            self.starves_since = None;
            return core::mem::replace(&mut self.granted, granted).is_none();
        }
        let since = *self.starves_since.get_or_insert(now);
        if now.since_us(since) >= STARVING_US {
            self.granted = None;
        } else if self.granted.is_some() {
            self.granted = Some(Grant::LEAST);
        }
        false
    }

    /// The way does not carry the size of picture that it did; a smaller picture is no matter of sharing.
    pub fn note_fall(&mut self, now: Instant) {
        self.fell = Some(now);
    }

    /// Whether the way allowed a larger picture a short time ago, and then could not carry it.
    pub fn fell_lately(&self, now: Instant) -> bool {
        self.fell.is_some_and(|fell| now.since_us(fell) < LATELY_US)
    }

    /// The highest encoding that is allowed.
    pub fn highest_encoding(&self) -> u8 {
        self.granted.map_or(0, |granted| granted.encoding).min(self.ceiling.encoding)
    }

    /// The highest layers within an encoding.
    fn highest(&self) -> Highest {
        let granted = self.granted.unwrap_or(Grant::LEAST);
        Highest {
            spatial: granted.spatial.min(self.ceiling.spatial),
            temporal: granted.temporal.min(self.ceiling.temporal),
        }
    }

    /// The encoding of `stream` to send: the highest allowed one that sends, else the lowest that does.
    pub fn target(&self, stream: &Stream, now: Instant) -> u8 {
        let sends = |number: u8| {
            let encoding = stream.encodings.get(usize::from(number));
            encoding.is_some_and(|encoding| !encoding.is_silent(now, self.ceiling.fallback_us))
        };
        let last = (stream.encodings.len() as u8).saturating_sub(1);
        if last == 0 {
            return 0;
        }
        let highest = self.highest_encoding().min(last);
        let below = (0..=highest).rev().find(|number| sends(*number));
        below.or_else(|| (highest + 1..=last).find(|number| sends(*number))).unwrap_or(highest)
    }

    /// Chooses for a packet of an encoding of `stream`, which is `source`, where `rewriter` numbers what is sent.
    pub fn choose(
        &mut self,
        rewriter: &mut Rewriter,
        (source, stream): (Source, &Stream),
        facts: &Facts,
        now: Instant,
    ) -> Choice {
        let choice = self.choose_encoding(rewriter.source(), (source, stream), facts, now);
        if choice != Choice::TAKE {
            return choice;
        }
        if !rewriter.continues(source) {
            // Nothing of it was sent yet, so there is nothing that its frames could miss.
            let highest = self.highest();
            self.temporal = highest.temporal;
            self.spatial = SpatialGate::new(highest);
            self.target_gate = TargetGate::default();
        }
        let picture = &facts.picture;
        match (picture.layers, picture.number) {
            (Layers::Temporal { id, is_sync }, Some(number)) => {
                match self.takes_temporal(rewriter, source, number, (id, is_sync, picture.keyframe)) {
                    true => Choice::TAKE,
                    false => Choice::LeaveOut,
                }
            }
            (Layers::Spatial(frame), Some(number)) => {
                let encoding = stream.encodings.get(usize::from(source.encoding));
                let top = encoding.map_or(0, |encoding| encoding.spatial_layers.get().saturating_sub(1));
                self.spatial.decide(self.highest(), number, &frame, top).choice()
            }
            (Layers::Targets(frame), _) => {
                let Some(encoding) = stream.encodings.get(usize::from(source.encoding)) else { return Choice::TAKE };
                let Highest { spatial, temporal } = self.highest();
                self.target_gate.decide(LayerIds { spatial, temporal }, &encoding.dependencies, &frame).choice()
            }
            _ => Choice::TAKE,
        }
    }

    /// The layers that are sent, once something of `source` is.
    pub fn sent_layers(&self, source: Source, stream: &Stream) -> SentLayers {
        let Some(encoding) = stream.encodings.get(usize::from(source.encoding)) else { return SentLayers::default() };
        let spatial_layers = encoding.spatial_layers.get();
        let sent = match (self.target_gate.highest(&encoding.dependencies), spatial_layers) {
            (Some(LayerIds { spatial, temporal }), _) => Highest { spatial, temporal },
            (None, 0) => Highest { spatial: 0, temporal: self.told_temporal(encoding.temporal_layers.get()) },
            (None, _) => self.spatial.highest(),
        };
        let has_several = stream.encodings.len() > 1;
        let highest = encoding.temporal_layers.get().checked_sub(1).filter(|highest| *highest > 0 || has_several);
        SentLayers {
            encoding: has_several.then_some(source.encoding),
            spatial: (spatial_layers > 1).then(|| sent.spatial.min(spatial_layers - 1)),
            temporal: highest.map(|highest| sent.temporal.min(highest)),
        }
    }

    /// The temporal layer of VP8 that counts as sent, of `count`. As in Janus the steps of a climb, which are pictures
    /// apart, are not told one by one.
    fn told_temporal(&self, count: u8) -> u8 {
        let climbs = self.temporal < self.highest().temporal.min(count.saturating_sub(1));
        self.told.temporal.filter(|_| climbs).unwrap_or(self.temporal)
    }

    /// A change of source happens at a keyframe. The very first packets of a stream without simulcast are sent as they
    /// come, for a decoder waits for a keyframe by itself, and payloads may be encrypted end to end.
    fn choose_encoding(
        &mut self,
        current: Option<Source>,
        (source, stream): (Source, &Stream),
        facts: &Facts,
        now: Instant,
    ) -> Choice {
        let is_same_stream = |current: &Source| current.stream == source.stream;
        let target = self.target(stream, now);
        let current_encoding = current.filter(is_same_stream).map(|current| current.encoding);
        if current_encoding == Some(target) {
            self.waits_since = None;
            return if source.encoding == target { Choice::TAKE } else { Choice::Leave };
        }
        if source.encoding != target {
            return if current_encoding == Some(source.encoding) { Choice::TAKE } else { Choice::Leave };
        }
        let since = *self.waits_since.get_or_insert(now);
        let is_free = current.is_none() && stream.encodings.len() == 1;
        // Another stream is taken as it comes after a while: its payload may hide keyframes.
        let waited_long = current_encoding.is_none() && now.since_us(since) >= PATIENCE_US;
        let is_audio = stream.parameters.codec.kind() == Kind::Audio;
        if facts.picture.keyframe || is_free || is_audio || waited_long {
            self.waits_since = None;
            return Choice::TAKE;
        }
        Choice::WantKeyframe
    }

    /// All packets of a picture have one fate, whichever comes first. Layers above the ceiling end with any picture;
    /// the next higher one begins where a picture of it needs only the base layer (RFC 7741 section 4.2, Y), and all
    /// of them at a keyframe.
    fn takes_temporal(
        &mut self,
        rewriter: &mut Rewriter,
        source: Source,
        number: PictureNumber,
        (id, is_sync, is_keyframe): (u8, bool, bool),
    ) -> bool {
        if !rewriter.continues(source) {
            return true;
        }
        if let Some(is_sent) = rewriter.sends_picture(number) {
            return is_sent;
        }
        let highest = self.highest().temporal;
        let climbs = is_sync && id == self.temporal.saturating_add(1);
        self.temporal = match (is_keyframe, climbs) {
            (true, _) => highest,
            (_, true) => highest.min(id),
            _ => highest.min(self.temporal),
        };
        if id <= self.temporal {
            return true;
        }
        rewriter.leave_out_picture(number);
        false
    }
}

impl Fate {
    fn choice(self) -> Choice {
        match self {
            Self::Sent(ends_picture) => Choice::Take { ends_picture, wants_keyframe: false },
            Self::SentAndWant(ends_picture) => Choice::Take { ends_picture, wants_keyframe: true },
            Self::LeftOut => Choice::LeaveOut,
            Self::Missed => Choice::LeaveOutAndWant,
        }
    }
}

/// The source that packets of an encoding of `stream` are.
pub fn source_of(id: StreamId, stream: &Stream, encoding: u8) -> Source {
    let epoch = stream.encodings.get(usize::from(encoding)).map_or(0, |encoding| encoding.epoch);
    Source { stream: id, encoding, epoch }
}

/// After so long without a keyframe another stream is taken as it comes: its payload may hide keyframes.
const PATIENCE_US: u64 = 1_500_000;

/// Who fell climbs only with plenty of room for so long: pictures that change their size every other second are worse
/// than smaller ones.
const LATELY_US: u64 = 20_000_000;

/// What starves so long is paused.
const STARVING_US: u64 = 2_000_000;
