//! People who hear each other: whose voices are compared, who has the floor, who of many is heard.

use crate::id::StreamId;
use crate::store::{Table, list};
use crate::stream::dominant::{DECISION_MS, Standing, next_dominant};
use crate::stream::{Admission, Loudest, Stream, Voice};
use crate::time::Instant;

/// What a conversation is told to be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ConversationSettings {
    /// How many audio streams are forwarded, the loudest; 0: all.
    pub loudest: u8,
    /// Whether copies of what speakers send go to whoever listens to their sound.
    pub copies_sound: bool,
}

/// The audio streams of people who hear each other.
#[derive(Clone, Debug)]
pub struct Conversation {
    /// What it was told to be.
    pub settings: ConversationSettings,
    /// The first of its streams; the others hang on it.
    pub streams: u16,
    /// Whose floor it is: the last who spoke most.
    pub dominant: Option<StreamId>,
    /// What the control half knows of that.
    pub told: Option<StreamId>,
    decision_due: Instant,
    loudest: Loudest,
}

impl Conversation {
    /// A conversation without anybody.
    pub fn new(settings: ConversationSettings) -> Self {
        Self {
            settings,
            streams: list::END,
            dominant: None,
            told: None,
            decision_due: Instant::default(),
            loudest: Loudest::default(),
        }
    }

    /// What becomes of a packet of `stream` that `voice` heard already. Whose level nobody tells is always forwarded.
    pub fn admit(&mut self, stream: StreamId, voice: Option<&Voice>, now: Instant) -> Admission {
        match (self.settings.loudest, voice) {
            (0, _) | (_, None) => Admission::Continues,
            (count, Some(voice)) => self.loudest.admit(stream, voice, count, now),
        }
    }

    /// Whether packets of a stream are forwarded now.
    pub fn hears(&self, stream: &Stream) -> bool {
        let id = stream.parameters.stream;
        self.settings.loudest == 0 || stream.voice.is_none() || self.loudest.streams().any(|other| other == id)
    }

    /// Finds out, now and then, who has the floor. Says whether it passed on to somebody.
    pub fn decide(&mut self, streams: &Table<'_, Stream>, now: Instant) -> bool {
        if now < self.decision_due {
            return false;
        }
        self.decision_due = now.after_ms(DECISION_MS);
        let standing = |stream: &Stream| match &stream.voice {
            Some(voice) if stream.parameters.active => {
                Standing { is_speaking: voice.is_speaking(now), activity: voice.activity(now) }
            }
            _ => Standing::default(),
        };
        let dominant = self.dominant.and_then(|id| streams.get(id)).map(standing).unwrap_or_default();
        let others = self.members(streams).filter(|(id, _)| Some(*id) != self.dominant);
        let next = next_dominant(dominant, others.map(|(id, stream)| (id, standing(stream))));
        self.dominant = next.or(self.dominant);
        next.is_some()
    }

    /// Forgets a stream that is no more among its streams.
    pub fn forget(&mut self, stream: StreamId) {
        self.loudest.remove(stream);
        self.dominant = self.dominant.filter(|dominant| *dominant != stream);
        self.told = self.told.filter(|told| *told != stream);
    }

    fn members<'t>(&self, streams: &'t Table<'_, Stream>) -> impl Iterator<Item = (StreamId, &'t Stream)> {
        let mut at = self.streams;
        core::iter::from_fn(move || {
            let (id, stream) = (streams.id_at(at)?, streams.at(at)?);
            at = stream.next_of_conversation;
            Some((id.into(), stream))
        })
    }
}
