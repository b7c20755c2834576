//! Dummy publishers: listed in a room, with m-lines and without a PeerConnection, so that subscribers can negotiate
//! formats that nobody sends yet (Janus' `dummy_publisher` and `dummy_streams`).

use core::fmt::Write;

use heapless::Vec;

use super::Outlet;
use super::error::Refusal;
use super::handle::{Handle, Role};
use super::json::Value;
use super::parameter::string;
use super::turn::{Done, Turn};
use crate::id::{HandleId, RoomId, SessionId};
use crate::random::Random;
use crate::room::{CodecName, PUBLISHED, PublishedStream, Publisher};
use crate::sdp::{FormatParameters, MediaKind};
use crate::stream::Mid;
use crate::wire::{Codec, ExtensionMap, Kind};

/// Formats that a request wants of a dummy publisher.
pub(crate) type DummyFormats = Vec<(Codec, FormatParameters), PUBLISHED>;

/// The formats in the list `dummy_streams`; what names no codec is left out, as in Janus.
pub(crate) fn formats_of(body: Value<'_>) -> Result<DummyFormats, Refusal> {
    let mut formats = Vec::new();
    for element in body.get("dummy_streams").into_iter().flat_map(Value::elements) {
        let name: Option<heapless::String<16>> = string(element, "codec")?;
        let Some(CodecName::Known(codec)) = name.and_then(|name| CodecName::parse(&name)) else { continue };
        let parameters = string(element, "fmtp")?.unwrap_or_default();
        formats.push((codec, parameters)).map_err(|_| Refusal::full("dummy streams", PUBLISHED))?;
    }
    Ok(formats)
}

impl<R: Random, O: Outlet> Turn<'_, '_, R, O> {
    /// Puts a dummy publisher into `room`: with `formats`, as far as the room has them, or with all that the room has.
    pub(crate) fn add_dummy(&mut self, room: RoomId, formats: &DummyFormats) -> Done {
        let Some(entry) = self.state.rooms.get(room) else { return Ok(()) };
        let (shard, room_name) = (entry.shard, entry.settings.room);
        let codecs = entry.settings.audiocodec.codecs().into_iter().chain(entry.settings.videocodec.codecs());
        let mut wanted = DummyFormats::new();
        for codec in codecs {
            let found = formats.iter().find(|(known, _)| *known == codec);
            if found.is_some() || formats.is_empty() {
                let parameters = found.map(|(_, parameters)| parameters.clone()).unwrap_or_default();
                // A room has fewer codecs than a publisher may have m-lines.
                let _ = wanted.push((codec, parameters));
            }
        }
        let name = self.new_name(|turn, name| turn.state.feed(room, name).is_some());
        let publisher = Publisher {
            display: "Dummy publisher".try_into().ok(),
            dummy_shard: Some(shard),
            ..Publisher::new(room, room_name, name, self.random.u32())
        };
        // It is of no session, and so nobody's to talk to.
        let handle =
            Handle { role: Role::Publisher(publisher), ..Handle::new(0, SessionId::new(u16::MAX, 0), self.now) };
        let (size, free) = self
            .state
            .shards
            .get(usize::from(shard))
            .map_or((0, 0), |tables| (tables.streams.capacity(), tables.streams.capacity() - tables.streams.len()));
        if wanted.len() > free {
            return Err(Refusal::full("streams", size));
        }
        let size = self.state.handles.capacity();
        let handle: HandleId = self.state.handles.insert(handle).map_err(|_| Refusal::full("handles", size))?.into();
        for (index, (codec, parameters)) in wanted.into_iter().enumerate() {
            self.add_dummy_stream(handle, shard, index, codec, parameters);
        }
        Ok(())
    }

    fn add_dummy_stream(
        &mut self,
        handle: HandleId,
        shard: u8,
        index: usize,
        codec: Codec,
        parameters: FormatParameters,
    ) {
        let mut mid = Mid::new();
        // A digit or two.
        let _ = write!(mid, "{index}");
        let stream = PublishedStream {
            handle,
            kind: if codec.kind() == Kind::Audio { MediaKind::Audio } else { MediaKind::Video },
            mid,
            description: None,
            codec: Some(codec),
            payload_type: 0,
            parameters,
            extensions: ExtensionMap::EMPTY,
            is_disabled: false,
            is_simulcast: false,
            is_sent: true,
            is_muted: false,
            traffic: Default::default(),
            told: Default::default(),
            is_talking: false,
        };
        let id = self.state.shard_mut(shard).and_then(|tables| tables.streams.insert(stream).ok());
        let publisher = self.state.handles.get_mut(handle).and_then(|entry| entry.publisher_mut());
        if let Some((id, publisher)) = id.zip(publisher) {
            let _ = publisher.streams.push(id.into());
        }
    }

    /// Takes a dummy publisher away; nothing if `handle` is none.
    pub(crate) fn remove_dummy(&mut self, handle: HandleId) {
        let publisher = self.state.handles.get(handle).and_then(|entry| entry.publisher());
        let Some(shard) = publisher.and_then(|publisher| publisher.dummy_shard) else { return };
        let streams = publisher.map(|publisher| publisher.streams.clone()).unwrap_or_default();
        self.remove_relays(handle, |_| true);
        let watchers = self.lose_sources(handle, true);
        if let Some(tables) = self.state.shard_mut(shard) {
            for stream in streams {
                tables.streams.remove(stream);
            }
        }
        self.state.handles.remove(handle);
        self.offer_to(watchers);
    }
}
