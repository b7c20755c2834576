//! Somebody who joined to watch, and the m-lines that they are sent.

use heapless::{String, Vec};

use super::StreamPlace;
use super::name::{NAME_BYTES, Name};
use super::told::Told;
use crate::id::{HandleId, RoomId, SubscriptionId};
use crate::media::{Delivery, LayerCeiling, SentLayers};
use crate::sdp::{FormatParameters, MediaKind};
use crate::stream::{Mid, Traffic};
use crate::wire::extension::PlayoutDelay;
use crate::wire::{Codec, ExtensionMap};

/// The most m-lines of a subscriber, whatever the limits say.
pub const SUBSCRIBED: usize = 64;

/// The longest `crossrefid`, in bytes.
pub const CROSS_REFERENCE_BYTES: usize = 32;

/// Somebody who joined to watch.
#[derive(Clone, Debug)]
pub struct Subscriber {
    /// The room, which a subscriber may outlive.
    pub room: RoomId,
    /// The room's name.
    pub room_name: Name,
    /// The shard that serves them: that of the room, or another that the room is fed to.
    pub shard: u8,
    /// The private number of the publisher on whose behalf they watch.
    pub private_number: Option<u32>,
    /// Whether new offers are sent when publishers come and go.
    pub is_updated: bool,
    /// Whether the link closes when the last source is gone.
    pub is_closed_with_source: bool,
    /// Whether everything is held back.
    pub is_paused: bool,
    /// Whether retransmissions are offered: decided by the first offer, as in Janus.
    pub has_retransmission: bool,
    /// Whether an offer waits for its answer.
    pub awaits_answer: bool,
    /// Whether something changed since that offer.
    pub is_stale: bool,
    /// Their m-lines; a place in the list is never given up.
    pub streams: Vec<SubscriptionId, SUBSCRIBED>,
}

/// One m-line of a subscriber.
#[derive(Clone, Debug)]
pub struct SubscribedStream {
    /// Whose.
    pub handle: HandleId,
    /// What it carries.
    pub kind: MediaKind,
    /// Its source; `None` while it waits for another, and of data, whose sources are many.
    pub source: Option<StreamPlace>,
    /// The name of the publisher.
    pub feed: Name,
    /// The name of the MediaStream.
    pub feed_token: String<NAME_BYTES>,
    /// By what the subscriber finds it again in lists.
    pub cross_reference: String<CROSS_REFERENCE_BYTES>,
    /// The publisher's `a=mid`.
    pub feed_mid: Mid,
    /// Its format; `None` for data.
    pub codec: Option<Codec>,
    /// The payload type that we offer.
    pub payload_type: u8,
    /// The payload type of retransmissions that we offer.
    pub rtx_payload_type: Option<u8>,
    /// The payload type of redundant audio that we offer.
    pub red_payload_type: Option<u8>,
    /// Whether lost audio may be asked for again.
    pub audio_nack: bool,
    /// The format's parameters.
    pub parameters: FormatParameters,
    /// The header extensions that we offer.
    pub extensions: ExtensionMap,
    /// Our SSRC.
    pub ssrc: u32,
    /// Our SSRC of retransmissions.
    pub rtx_ssrc: Option<u32>,
    /// What was sent on it, as far as told.
    pub traffic: Traffic,
    /// When that was told to management systems.
    pub told: Told,
    /// Whether the offer that holds it was sent.
    pub is_offered: bool,
    /// Whether it had a source in that offer.
    pub is_active: bool,
    /// Whether its offer was answered.
    pub is_ready: bool,
    /// Whether the subscriber wants it.
    pub is_sent: bool,
    /// The bounds of the playout delay that it asked for.
    pub playout_delay: DelayBounds,
    /// The layers that it asked for.
    pub layers: WantedLayers,
    /// The layers that it is sent, as far as told.
    pub sent_layers: SentLayers,
    /// Why these and not more, as far as told.
    pub delivery: Delivery,
}

impl SubscribedStream {
    /// Whether something flows on it. An m-line of data waits for no source.
    pub fn is_fed(&self) -> bool {
        self.source.is_some() || self.kind == MediaKind::Application
    }

    /// The payload type beside that of the format: of retransmissions, or of redundant audio.
    pub fn second_payload_type(&self) -> Option<u8> {
        self.rtx_payload_type.or(self.red_payload_type)
    }
}

/// The layers that somebody asked for, each from 0; what they said nothing about is as high as it comes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WantedLayers {
    /// The simulcast layer.
    pub substream: Option<u8>,
    /// The spatial layer of SVC.
    pub spatial: Option<u8>,
    /// The temporal layer.
    pub temporal: Option<u8>,
    /// Silence of a simulcast layer after which another is sent, in microseconds.
    pub fallback_us: Option<u32>,
}

impl WantedLayers {
    /// These with others where they are given.
    pub fn changed(self, by: Self) -> Self {
        Self {
            substream: by.substream.or(self.substream),
            spatial: by.spatial.or(self.spatial),
            temporal: by.temporal.or(self.temporal),
            fallback_us: by.fallback_us.or(self.fallback_us),
        }
    }

    /// What that allows.
    pub fn ceiling(self) -> LayerCeiling {
        let all = LayerCeiling::NONE;
        LayerCeiling {
            encoding: self.substream.unwrap_or(all.encoding),
            spatial: self.spatial.unwrap_or(all.spatial),
            temporal: self.temporal.unwrap_or(all.temporal),
            fallback_us: self.fallback_us.unwrap_or(all.fallback_us),
        }
    }
}

/// Bounds of the playout delay, in 10 ms. They count only together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DelayBounds {
    least: Option<u16>,
    most: Option<u16>,
}

impl DelayBounds {
    /// These bounds with others where they are given, first the least. A negative one takes both away; one that passes
    /// the other takes it along.
    pub fn changed(self, least: Option<i64>, most: Option<i64>) -> Self {
        // As in Janus, 16 bits of a number count.
        let bound = |number: i64| u16::try_from((number as i16).min(DELAY_10MS_MAX)).ok();
        let mut bounds = self;
        if let Some(least) = least {
            bounds.least = bound(least);
            bounds.most = bounds.least.and(bounds.most.max(bounds.least));
        }
        if let Some(most) = most {
            bounds.most = bound(most);
            bounds.least = bounds.least.min(bounds.most);
        }
        bounds
    }

    /// The bounds as packets carry them.
    pub fn playout_delay(self) -> Option<PlayoutDelay> {
        let (minimum_10ms, maximum_10ms) = self.least.zip(self.most)?;
        Some(PlayoutDelay { minimum_10ms, maximum_10ms })
    }
}

/// The longest delay that the header extension can say.
const DELAY_10MS_MAX: i16 = 0xfff;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_that_passes_the_other_takes_it_along() {
        let none = DelayBounds::default();
        let told = |bounds: DelayBounds| bounds.playout_delay().map(|it| (it.minimum_10ms, it.maximum_10ms));
        assert_eq!(told(none.changed(Some(5), None)), Some((5, 5)));
        assert_eq!(told(none.changed(None, Some(5))), None);
        let bounds = none.changed(Some(10), Some(5));
        assert_eq!(told(bounds), Some((5, 5)));
        assert_eq!(told(bounds.changed(Some(7), None)), Some((7, 7)));
        assert_eq!(told(bounds.changed(None, Some(3))), Some((3, 3)));
        assert_eq!(told(bounds.changed(Some(-1), None)), None);
        assert_eq!(told(bounds.changed(None, Some(90_000))), Some((5, 4095)));
    }
}
