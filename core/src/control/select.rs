//! Which published m-lines a subscriber asks for.

use heapless::{String, Vec};

use super::error::{Refusal, plugin, refuse};
use super::json::Value;
use super::parameter::{Parameter, Wanted, flag, mid_at, name_at, natural_u32, optional, required, string};
use super::state::State;
use crate::id::RoomId;
use crate::room::subscriber::CROSS_REFERENCE_BYTES;
use crate::room::{DelayBounds, Name, Publisher, SUBSCRIBED, StreamPlace, WantedLayers};
use crate::sdp::MediaKind;

/// What an element of `streams` may hold where m-lines are asked for.
pub(crate) const WANTED_STREAM: &[Parameter] = &[
    required("feed", Wanted::Name),
    optional("mid", Wanted::Text),
    optional("crossrefid", Wanted::Text),
    optional("send", Wanted::Bool),
    optional("substream", Wanted::Natural),
    optional("temporal", Wanted::Natural),
    optional("spatial_layer", Wanted::Natural),
    optional("temporal_layer", Wanted::Natural),
    optional("min_delay", Wanted::Integer),
    optional("max_delay", Wanted::Integer),
];

/// One published m-line that is asked for.
#[derive(Clone, Debug)]
pub(crate) struct Selected {
    pub(crate) stream: StreamPlace,
    pub(crate) feed: Name,
    pub(crate) kind: MediaKind,
    pub(crate) cross_reference: String<CROSS_REFERENCE_BYTES>,
    pub(crate) playout_delay: DelayBounds,
    pub(crate) layers: WantedLayers,
}

impl Selected {
    /// The m-line `stream` of `feed`, with nothing special about it.
    pub(crate) fn new(stream: StreamPlace, feed: Name, kind: MediaKind) -> Self {
        let (playout_delay, layers) = (DelayBounds::default(), WantedLayers::default());
        Self { stream, feed, kind, cross_reference: String::new(), playout_delay, layers }
    }
}

/// The layers that `object` asks for; those above the third mean the third, and what is no number means 0.
pub(crate) fn layers_of(object: Value<'_>) -> WantedLayers {
    let number = |name| object.get(name).map(|_| natural_u32(object, name).unwrap_or_default());
    let layer = |name| number(name).map(|layer| layer.min(2) as u8);
    WantedLayers {
        substream: layer("substream"),
        spatial: layer("spatial_layer"),
        temporal: layer("temporal_layer").or(layer("temporal")),
        fallback_us: number("fallback"),
    }
}

/// The published m-lines that are asked for, in the order in which they are.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection(pub(crate) Vec<Selected, SUBSCRIBED>);

impl Selection {
    /// Those that the list `name` asks for.
    pub(crate) fn of_list(state: &State<'_>, room: RoomId, body: Value<'_>, name: &str) -> Result<Self, Refusal> {
        let mut selection = Self::default();
        for element in body.get(name).into_iter().flat_map(Value::elements) {
            let (shard, publisher) = feed(state, room, element)?;
            let mid = mid_at(element, "mid")?;
            let cross_reference = string(element, "crossrefid")?.unwrap_or_default();
            let delay = |name| element.get(name).and_then(Value::integer);
            let playout_delay = DelayBounds::default().changed(delay("min_delay"), delay("max_delay"));
            let before = selection.0.len();
            for id in &publisher.streams {
                let Some(stream) = state.stream(shard, *id).filter(|stream| !stream.is_disabled) else { continue };
                if mid.as_ref().is_none_or(|mid| *mid == stream.mid) {
                    selection.push(Selected {
                        cross_reference: cross_reference.clone(),
                        playout_delay,
                        layers: layers_of(body).changed(layers_of(element)),
                        ..Selected::new(StreamPlace { shard, stream: *id }, publisher.name, stream.kind)
                    })?;
                }
            }
            if let Some(mid) = mid.filter(|_| selection.0.len() == before) {
                let number = publisher.name;
                return Err(refuse!(plugin::NO_FEED, "mid", "No such mid '{mid}' in feed ({number})"));
            }
        }
        Ok(selection)
    }

    /// Those of the one feed that `body` names, as older clients ask.
    pub(crate) fn of_feed(state: &State<'_>, room: RoomId, body: Value<'_>) -> Result<Self, Refusal> {
        let (shard, publisher) = feed(state, room, body)?;
        let is_wanted = |kind| match kind {
            MediaKind::Audio => flag(body, "offer_audio").unwrap_or(true),
            MediaKind::Video => flag(body, "offer_video").unwrap_or(true),
            MediaKind::Application => flag(body, "offer_data").unwrap_or(true),
            MediaKind::Other => false,
        };
        let mut selection = Self::default();
        for id in &publisher.streams {
            let Some(stream) = state.stream(shard, *id).filter(|stream| !stream.is_disabled) else { continue };
            if is_wanted(stream.kind) {
                let (layers, place) = (layers_of(body), StreamPlace { shard, stream: *id });
                selection.push(Selected { layers, ..Selected::new(place, publisher.name, stream.kind) })?;
            }
        }
        Ok(selection)
    }

    /// Whether nothing is asked for.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether a picture is among them.
    pub(crate) fn has_video(&self) -> bool {
        self.0.iter().any(|selected| selected.kind == MediaKind::Video)
    }

    fn push(&mut self, selected: Selected) -> Result<(), Refusal> {
        self.0.push(selected).map_err(|_| Refusal::full("streams per subscriber", SUBSCRIBED))
    }
}

/// The publisher that `element` names by `feed`, whose media can flow, and their shard.
pub(crate) fn feed<'a>(state: &'a State<'_>, room: RoomId, element: Value<'_>) -> Result<(u8, &'a Publisher), Refusal> {
    let number = name_at(element, "feed").unwrap_or_default();
    let found = state.feed(room, number).filter(|(_, handle, _)| handle.is_up());
    let found = found.and_then(|(_, handle, publisher)| Some((handle.shard()?, publisher)));
    found.ok_or_else(|| refuse!(plugin::NO_FEED, "feed", "No such feed ({number})"))
}
