//! Somebody who joined to publish, and the m-lines that they publish.

use heapless::{String, Vec};

use super::name::Name;
use super::told::Told;
use crate::id::{HandleId, RoomId, StreamId};
use crate::sdp::{FormatParameters, MediaKind};
use crate::stream::{Mid, Traffic};
use crate::wire::{Codec, ExtensionMap};

/// The longest display name, in bytes.
pub const DISPLAY_BYTES: usize = 128;

/// The longest description of a stream, in bytes.
pub const DESCRIPTION_BYTES: usize = 64;

/// The longest metadata of a participant, in bytes.
pub const METADATA_BYTES: usize = 256;

/// The longest name of a recording that a publisher chooses, in bytes.
pub const RECORDING_NAME_BYTES: usize = 128;

/// A JSON object as it was written.
pub type Metadata = String<METADATA_BYTES>;

/// The most m-lines of a publisher, whatever the limits say.
pub const PUBLISHED: usize = 16;

/// Somebody who joined to publish; they may not publish yet.
#[derive(Clone, Debug)]
pub struct Publisher {
    /// The room; `None` once they left it, were kicked, or it was destroyed.
    pub room: Option<RoomId>,
    /// The room's name.
    pub room_name: Name,
    /// Their name, known to all.
    pub name: Name,
    /// The number that only they know.
    pub private_number: u32,
    /// What others see them called.
    pub display: Option<String<DISPLAY_BYTES>>,
    /// The bound of what they send, in bits per second; 0: none.
    pub bitrate_bps: u32,
    /// Whether their client is told which encodings nobody needs, and is bounded by that; where it said nothing, their
    /// room has a say.
    pub follows_need: Option<bool>,
    /// Whether their client is told who is recorded.
    pub hears_recordings: bool,
    /// Whether their media is encrypted end to end.
    pub is_end_to_end: bool,
    /// Packets over which their audio level is averaged, where not as the room has it.
    pub speech_packets: Option<u32>,
    /// The average level that counts as talking, where not as the room has it.
    pub speech_level: Option<u32>,
    /// Whether what they publish goes into files.
    pub is_recorded: bool,
    /// What these are called, if they said it.
    pub recording_name: Option<String<RECORDING_NAME_BYTES>>,
    /// Whether forwarders of theirs ended because they published no more: lists go on naming them, as Janus' do.
    pub lost_forwarders: bool,
    /// The shard of somebody who is only listed and never sends.
    pub dummy_shard: Option<u8>,
    /// Whether they are a publisher of another box.
    pub is_remote: bool,
    /// What their client tells others about them: a JSON object, as it was written.
    pub metadata: Option<Metadata>,
    /// Their m-lines, in the order of the offer.
    pub streams: Vec<StreamId, PUBLISHED>,
}

impl Publisher {
    /// Somebody who just joined.
    pub fn new(room: RoomId, room_name: Name, name: Name, private_number: u32) -> Self {
        Self {
            room: Some(room),
            room_name,
            name,
            private_number,
            display: None,
            bitrate_bps: 0,
            follows_need: None,
            hears_recordings: false,
            is_end_to_end: false,
            speech_packets: None,
            speech_level: None,
            is_recorded: false,
            recording_name: None,
            lost_forwarders: false,
            dummy_shard: None,
            is_remote: false,
            metadata: None,
            streams: Vec::new(),
        }
    }
}

/// One m-line of a publisher's offer.
#[derive(Clone, Debug)]
pub struct PublishedStream {
    /// Whose.
    pub handle: HandleId,
    /// What it carries.
    pub kind: MediaKind,
    /// Its `a=mid`.
    pub mid: Mid,
    /// What the publisher calls it.
    pub description: Option<String<DESCRIPTION_BYTES>>,
    /// Its format; `None` where nothing was in common, and for data.
    pub codec: Option<Codec>,
    /// The publisher's payload type for it.
    pub payload_type: u8,
    /// The format's parameters as the publisher said them.
    pub parameters: FormatParameters,
    /// Header extensions that were agreed on.
    pub extensions: ExtensionMap,
    /// Whether nothing is received on it.
    pub is_disabled: bool,
    /// Whether it has several layers.
    pub is_simulcast: bool,
    /// Whether the publisher wants it forwarded.
    pub is_sent: bool,
    /// Whether a moderator muted it.
    pub is_muted: bool,
    /// What arrived on it, as far as told.
    pub traffic: Traffic,
    /// When that was told to management systems.
    pub told: Told,
    /// Whether there is speech in it, as far as told.
    pub is_talking: bool,
}

impl PublishedStream {
    /// Whether it is forwarded.
    pub fn is_active(&self) -> bool {
        !self.is_disabled && self.is_sent && !self.is_muted
    }

    /// One of the format's parameters.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        let mut pairs = self.parameters.split(';').filter_map(|pair| pair.trim().split_once('='));
        pairs.find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Whether a flag among the format's parameters is on.
    pub fn has_flag(&self, name: &str) -> bool {
        self.parameter(name) == Some("1")
    }
}
