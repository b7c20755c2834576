//! Conversations: which streams belong to one, and what its rules make of a packet.

use crate::id::{ConversationId, StreamId};
use crate::link::{Gcm, Outbox, PacketWay, SourcePlace, Tap, TapExtent, TapReader};
use crate::media::Media;
use crate::random::Random;
use crate::store::list;
use crate::stream::{Admission, Conversation, ConversationSettings, Stream, StreamParameters};
use crate::time::Instant;
use crate::wire::Codec;

impl<G: Gcm, R: Random> Media<'_, G, R> {
    pub(super) fn set_conversation(&mut self, id: ConversationId, settings: Option<ConversationSettings>) {
        match (settings, self.conversations.get_mut(id)) {
            (Some(settings), Some(conversation)) => conversation.settings = settings,
            (Some(settings), None) => {
                let inserted = self.conversations.insert_at(id, Conversation::new(settings)).is_ok();
                debug_assert!(inserted, "the place of a new conversation must be vacant");
            }
            (None, _) => {
                while let Some(stream) =
                    self.conversations.get(id).and_then(|it| self.streams.id_at(it.streams)).map(StreamId::from)
                {
                    self.leave_conversation(stream, Some(id));
                }
                self.conversations.remove(id);
            }
        }
    }

    /// Puts a stream into the list of its conversation.
    pub(super) fn join_conversation(&mut self, id: StreamId) {
        let joined = self.streams.get(id).and_then(|stream| stream.parameters.conversation);
        if let Some(conversation) = joined.and_then(|joined| self.conversations.get_mut(joined)) {
            list::push(&mut self.streams, &mut conversation.streams, id.index, |entry| &mut entry.next_of_conversation);
        }
    }

    /// Takes a stream out of the list of `left`, if it is in it.
    pub(super) fn leave_conversation(&mut self, id: StreamId, left: Option<ConversationId>) {
        if let Some(conversation) = left.and_then(|left| self.conversations.get_mut(left)) {
            conversation.forget(id);
            list::remove(&mut self.streams, &mut conversation.streams, id.index, |entry| {
                &mut entry.next_of_conversation
            });
        }
        if let Some(stream) = self.streams.get_mut(id) {
            stream.next_of_conversation = list::END;
        }
    }

    /// A stream that was in the conversation `before` is in the one that its parameters say.
    pub(super) fn change_conversation(&mut self, id: StreamId, before: Option<ConversationId>) {
        if self.streams.get(id).is_some_and(|stream| stream.parameters.conversation != before) {
            self.leave_conversation(id, before);
            self.join_conversation(id);
        }
    }

    /// The conversation that a stream belongs to.
    pub(super) fn conversation_of(&self, stream: &Stream) -> Option<&Conversation> {
        stream.parameters.conversation.and_then(|id| self.conversations.get(id))
    }

    /// Copies a packet that was kept for whoever listens to those who speak, if somebody does. What is encrypted end to
    /// end says nothing, and so does silence.
    pub(super) fn copy_sound(&self, now: Instant, id: StreamId, packet: &[u8], outbox: &mut impl Outbox) {
        let Some(stream) = self.streams.get(id) else { return };
        if !self.conversation_of(stream).is_some_and(|conversation| conversation.settings.copies_sound) {
            return;
        }
        let speaks = stream.voice.is_none_or(|voice| voice.spoke(now));
        let StreamParameters { codec, is_end_to_end, .. } = stream.parameters;
        if speaks && codec == Codec::Opus && !is_end_to_end {
            let tap = Tap { reader: TapReader::Sound(id), extent: TapExtent::Whole };
            outbox.copy(tap.copy(PacketWay::RtpIn, packet));
        }
    }

    /// Whether a packet that was kept, number `index` of its source, is among what is heard of a conversation.
    pub(super) fn is_heard(&mut self, now: Instant, place: SourcePlace, index: u64) -> bool {
        let Some(stream) = self.streams.get(place.stream) else { return false };
        let conversation = stream.parameters.conversation.and_then(|id| self.conversations.get_mut(id));
        let Some(conversation) = conversation else { return true };
        self.has_news |= conversation.decide(&self.streams, now);
        match conversation.admit(place.stream, stream.voice.as_ref(), now) {
            Admission::Continues => true,
            Admission::Waits => false,
            Admission::Begins => {
                let (mut forwarding, streams, _) = self.forwarding();
                if let Some(stream) = streams.get(place.stream) {
                    forwarding.close_up((place.stream, stream), (place.layer, index));
                }
                self.close_up_cascades(place, index);
                true
            }
        }
    }
}
