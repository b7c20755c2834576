//! A room.

use super::access::AllowedTokens;
use super::{CodecList, CodecName, RoomSettings};
use crate::id::StreamId;
use crate::stream::ConversationSettings;
use crate::wire::Codec;

/// A room: what it was told to be, where it lives, who may join. Who is in it is told by the handles.
#[derive(Clone, Debug)]
pub struct Room {
    /// What it was told to be.
    pub settings: RoomSettings,
    /// The shard that its packets pass through.
    pub shard: u8,
    /// The tokens that may join.
    pub allowed: AllowedTokens,
    /// Whether somebody's `join` made it: then it ends when nobody is in it.
    pub is_dynamic: bool,
    /// Whose floor it is, as far as told.
    pub dominant: Option<StreamId>,
}

impl Room {
    /// A room that lives in `shard`.
    pub fn new(settings: RoomSettings, shard: u8) -> Self {
        Self { settings, shard, allowed: AllowedTokens::default(), is_dynamic: false, dominant: None }
    }

    /// What its shard is told of those who hear each other in it.
    pub fn conversation(&self) -> ConversationSettings {
        ConversationSettings { loudest: self.settings.audio_loudest, copies_sound: self.settings.audio_spectrum_event }
    }

    /// Whether layers of scalable video are selected.
    pub fn is_scalable(&self) -> bool {
        let codecs = &self.settings.videocodec;
        let scalable = [Codec::Vp9, Codec::Av1].map(CodecName::Known);
        self.settings.video_svc && scalable.iter().any(|codec| codecs.contains(*codec))
    }

    /// The codecs of a publisher that asked for `wanted`, or for any that the room allows.
    pub fn codecs(&self, wanted: Option<CodecName>, list: &CodecList) -> Option<CodecList> {
        match wanted {
            None => Some(list.clone()),
            Some(name) if !list.contains(name) => None,
            Some(CodecName::Known(codec)) => Some(CodecList::of(&[codec])),
            Some(_) => Some(CodecList::default()),
        }
    }

    /// The bitrate that a publisher may have who asks for `wanted`.
    pub fn bitrate_bps(&self, wanted: Option<u32>) -> u32 {
        let most = self.settings.bitrate;
        match wanted {
            None => most,
            Some(wanted) if self.settings.bitrate_cap && most > 0 && (wanted == 0 || wanted > most) => most,
            Some(wanted) => wanted,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capped_room_gives_no_more_than_its_bitrate() {
        let mut settings = RoomSettings { bitrate: 200_000, ..RoomSettings::default() };
        assert_eq!(Room::new(settings.clone(), 0).bitrate_bps(Some(900_000)), 900_000);
        settings.bitrate_cap = true;
        let room = Room::new(settings, 0);
        assert_eq!(room.bitrate_bps(Some(900_000)), 200_000);
        assert_eq!(room.bitrate_bps(Some(0)), 200_000);
        assert_eq!(room.bitrate_bps(Some(100_000)), 100_000);
        assert_eq!(room.bitrate_bps(None), 200_000);
    }
}
