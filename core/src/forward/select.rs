//! Which packets of a stream a subscription gets.

use crate::forward::Source;
use crate::id::StreamId;
use crate::stream::{Facts, Stream};
use crate::time::Instant;
use crate::wire::Kind;

/// The layer that subscriptions should get now: the highest that sends.
pub fn target_layer(stream: &Stream, now: Instant) -> u8 {
    let sends = |arrived: Option<Instant>| arrived.is_some_and(|arrived| now.since_us(arrived) < SILENT_US);
    let highest = stream.encodings.iter().rposition(|encoding| sends(encoding.arrived));
    highest.unwrap_or(0) as u8
}

/// What becomes of a packet for one subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Choice {
    /// It is sent.
    Take,
    /// It is of another layer, or comes before the keyframe that a change waits for.
    Leave,
    /// As `Leave`, and the keyframe must be asked for.
    WantKeyframe,
}

/// Chooses for a packet of `layer` of `stream`, for one who gets `source` now and waits for a change `waits_since`. A
/// change of source happens at a keyframe; the very first packets are sent as they come, for a decoder waits for a
/// keyframe by itself, and payloads may be encrypted end to end.
pub fn choose(
    (source, waits_since): (Option<Source>, &mut Option<Instant>),
    (id, stream): (StreamId, &Stream),
    (layer, target): (u8, u8),
    facts: &Facts,
    now: Instant,
) -> Choice {
    let Some(source) = source else {
        return if layer == target { Choice::Take } else { Choice::Leave };
    };
    let same_stream = source.stream == id;
    if same_stream && source.encoding == target {
        *waits_since = None;
        return if layer == target { Choice::Take } else { Choice::Leave };
    }
    if layer != target {
        return if same_stream && layer == source.encoding { Choice::Take } else { Choice::Leave };
    }
    let since = *waits_since.get_or_insert(now);
    let waited_long = !same_stream && now.since_us(since) >= PATIENCE_US;
    if facts.picture.keyframe || stream.parameters.codec.kind() == Kind::Audio || waited_long {
        *waits_since = None;
        return Choice::Take;
    }
    Choice::WantKeyframe
}

/// A layer that was silent for so long is not a target.
const SILENT_US: u64 = 1_000_000;

/// After so long without a keyframe another stream is taken as it comes: its payload may hide keyframes.
const PATIENCE_US: u64 = 1_500_000;
