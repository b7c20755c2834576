//! What all readers of a packet must know, found once when it arrives.

use heapless::Vec;

use crate::stream::{Picture, StreamParameters};
use crate::time::Instant;
use crate::wire::Extension;
use crate::wire::extension::AudioLevel;
use crate::wire::rtp;

/// What is known of a kept packet. Positions count from its first byte.
#[derive(Clone, Copy, Debug, Default)]
pub struct Facts {
    /// Its extended sequence number.
    pub index: u64,
    /// When it arrived.
    pub arrived: Instant,
    /// Its RTP timestamp.
    pub timestamp: u32,
    /// Where the payload begins.
    pub payload_start: u16,
    /// Its marker bit.
    pub marker: bool,
    /// What its payload says.
    pub picture: Picture,
    /// The header extensions that go on to subscribers.
    pub elements: Elements,
}

/// A header extension element of a kept packet.
#[derive(Clone, Copy, Debug)]
pub struct ElementAt {
    /// Its meaning.
    pub extension: Extension,
    /// Where its data begins.
    pub start: u16,
    /// How long its data is.
    pub len: u8,
}

/// The most header extensions of one packet that go on.
pub const ELEMENTS: usize = 4;

/// Elements in the order in which they came.
#[derive(Clone, Copy, Debug, Default)]
pub struct Elements {
    items: [Option<ElementAt>; ELEMENTS],
}

impl Elements {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = ElementAt> + Clone + '_ {
        self.items.iter().copied().flatten()
    }
}

impl Facts {
    /// Reads the facts of a packet in clear.
    pub fn read(view: &rtp::View<'_>, parameters: &StreamParameters, index: u64, arrived: Instant) -> Self {
        Self {
            index,
            arrived,
            timestamp: view.timestamp(),
            payload_start: view.header_len() as u16,
            marker: view.marker(),
            picture: Picture::read(parameters.codec, view.payload(), view.header_len()),
            elements: elements(view, parameters),
        }
    }

    /// The audio level that `packet` tells, whose facts these are.
    pub fn audio_level(&self, packet: &[u8]) -> Option<AudioLevel> {
        let element = self.elements.iter().find(|element| element.extension == Extension::AudioLevel)?;
        AudioLevel::read(packet.get(usize::from(element.start)..)?)
    }
}

/// The elements whose content is the publisher's. The others (mid, rid, send time, transport-wide number) belong to
/// one link and are written anew on the next.
fn elements(view: &rtp::View<'_>, parameters: &StreamParameters) -> Elements {
    let mut found = Vec::<ElementAt, ELEMENTS>::new();
    for element in view.elements() {
        let Some(extension) = parameters.extensions.extension(element.id) else { continue };
        let forwarded = matches!(
            extension,
            Extension::AudioLevel
                | Extension::VideoOrientation
                | Extension::PlayoutDelay
                | Extension::DependencyDescriptor
        );
        if forwarded {
            let at = ElementAt { extension, start: element.range.start as u16, len: element.data.len() as u8 };
            // More than one of a kind is a peer's mistake; what does not fit is left out.
            let _ = found.push(at);
        }
    }
    let mut items = [None; ELEMENTS];
    for (item, element) in items.iter_mut().zip(found) {
        *item = Some(element);
    }
    Elements { items }
}
