//! What a room is told to be.

use core::fmt;

use heapless::{String, Vec};

use super::name::Name;
use crate::wire::{Codec, Kind};

/// The longest description of a room, in bytes.
pub const DESCRIPTION_BYTES: usize = 128;

/// The longest secret or PIN of a room, in bytes.
pub const SECRET_BYTES: usize = 64;

/// The most codecs of one kind that a room allows.
pub const CODECS: usize = 5;

/// A room's settings, under the names that Janus gives them in files and requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomSettings {
    /// Its name; 0 lets Parlor choose one.
    pub room: Name,
    /// Shown in lists; "Room NUMBER" where it is absent.
    pub description: Option<String<DESCRIPTION_BYTES>>,
    /// Needed to change or destroy the room.
    pub secret: Option<String<SECRET_BYTES>>,
    /// Needed to join.
    pub pin: Option<String<SECRET_BYTES>>,
    /// Left out of lists.
    pub is_private: bool,
    /// Whether subscribers must show the private id of a publisher.
    pub require_pvtid: bool,
    /// Whether those who join must show a token that was signed for the room, where tokens are signed.
    pub signed_tokens: bool,
    /// Whether joining without end-to-end encryption is refused.
    pub require_e2ee: bool,
    /// The most publishers at once.
    pub publishers: u32,
    /// The bound of what a publisher sends, in bits per second; 0: none.
    pub bitrate: u32,
    /// Whether a publisher cannot ask for more than `bitrate`.
    pub bitrate_cap: bool,
    /// Seconds between keyframes that are asked for anyway; 0: never.
    pub fir_freq: u16,
    /// Codecs for sound, the best first.
    pub audiocodec: CodecList,
    /// Codecs for pictures, the best first.
    pub videocodec: CodecList,
    /// The VP9 profile that is preferred.
    pub vp9_profile: Option<String<16>>,
    /// The H.264 profile-level-id that is preferred.
    pub h264_profile: Option<String<16>>,
    /// Whether Opus in-band FEC is negotiated.
    pub opus_fec: bool,
    /// Whether Opus DTX is negotiated.
    pub opus_dtx: bool,
    /// Whether scalable video is selected by layer (VP9, AV1).
    pub video_svc: bool,
    /// Whether the audio level extension is negotiated.
    pub audiolevel_ext: bool,
    /// Whether others are told who is talking.
    pub audiolevel_event: bool,
    /// Packets over which the level is averaged.
    pub audio_active_packets: u32,
    /// The average level that counts as talking (127: silence, 0: loud).
    pub audio_level_average: u32,
    /// Whether others are told who has the floor.
    pub dominant_speaker_event: bool,
    /// Whether others are told how loud each band of a speaker's sound is.
    pub audio_spectrum_event: bool,
    /// How many audio streams are forwarded, the loudest; 0: all.
    pub audio_loudest: u8,
    /// Whether redundant audio (RFC 2198) of Opus is negotiated, and sent to those who lose packets.
    pub audio_red: bool,
    /// Whether lost audio is sent again to those who ask for it.
    pub audio_nack: bool,
    /// Whether the video orientation extension is negotiated.
    pub videoorient_ext: bool,
    /// Whether the playout delay extension is negotiated.
    pub playoutdelay_ext: bool,
    /// Whether transport-wide congestion control is negotiated.
    pub transport_wide_cc_ext: bool,
    /// Whether publishers are told by REMB not to send what nobody gets.
    pub follow_need: bool,
    /// Whether publishers are recorded.
    pub record: bool,
    /// What recordings of sound and picture are, where not as everywhere else.
    pub record_format: Option<RecordFormat>,
    /// Where recordings go.
    pub rec_dir: Option<String<DESCRIPTION_BYTES>>,
    /// Whether recording can only be switched with the secret.
    pub lock_record: bool,
    /// Whether others are told of everybody who joins, publishing or not.
    pub notify_joining: bool,
    /// Whether somebody is listed who has an m-line of each codec and never sends.
    pub dummy_publisher: bool,
}

/// What recordings of sound and picture are. Those of data are always Janus'.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RecordFormat {
    /// Janus' packets, each m-line in a file of its own.
    #[default]
    Mjr,
    /// A film of all that somebody publishes: WebM, or Matroska where a codec has no place in WebM.
    Webm,
}

impl RecordFormat {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Mjr, Self::Webm];

    /// As settings and requests call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mjr => "mjr",
            Self::Webm => "webm",
        }
    }
}

/// A limit of a room's bitrate that is of use, in bits a second: at least 64 kbit/s, or 0 for none.
pub fn useful_bitrate(bitrate: u32) -> u32 {
    if bitrate == 0 { 0 } else { bitrate.max(64_000) }
}

impl Default for RoomSettings {
    fn default() -> Self {
        Self {
            room: Name::Number(0),
            description: None,
            secret: None,
            pin: None,
            is_private: false,
            require_pvtid: false,
            signed_tokens: false,
            require_e2ee: false,
            publishers: 3,
            bitrate: 0,
            bitrate_cap: false,
            fir_freq: 0,
            audiocodec: CodecList::of(&[Codec::Opus]),
            videocodec: CodecList::of(&[Codec::Vp8]),
            vp9_profile: None,
            h264_profile: None,
            opus_fec: true,
            opus_dtx: false,
            video_svc: false,
            audiolevel_ext: true,
            audiolevel_event: false,
            audio_active_packets: 100,
            audio_level_average: 25,
            dominant_speaker_event: false,
            audio_spectrum_event: false,
            audio_loudest: 0,
            audio_red: false,
            audio_nack: false,
            videoorient_ext: true,
            playoutdelay_ext: true,
            transport_wide_cc_ext: true,
            follow_need: false,
            record: false,
            record_format: None,
            rec_dir: None,
            lock_record: false,
            notify_joining: false,
            dummy_publisher: false,
        }
    }
}

/// A codec's name in settings and requests. Some are accepted and listed though nothing is forwarded in them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodecName {
    /// One that Parlor forwards.
    Known(Codec),
    /// iSAC at 32 kHz.
    Isac32,
    /// iSAC at 16 kHz.
    Isac16,
}

const NAMES: [(&str, CodecName); 12] = [
    ("opus", CodecName::Known(Codec::Opus)),
    ("multiopus", CodecName::Known(Codec::MultiOpus)),
    ("isac32", CodecName::Isac32),
    ("isac16", CodecName::Isac16),
    ("pcmu", CodecName::Known(Codec::Pcmu)),
    ("pcma", CodecName::Known(Codec::Pcma)),
    ("g722", CodecName::Known(Codec::G722)),
    ("vp8", CodecName::Known(Codec::Vp8)),
    ("vp9", CodecName::Known(Codec::Vp9)),
    ("h264", CodecName::Known(Codec::H264)),
    ("av1", CodecName::Known(Codec::Av1)),
    ("h265", CodecName::Known(Codec::H265)),
];

impl CodecName {
    /// Reads a name, whatever its case.
    pub fn parse(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, codec)| *codec)
    }

    /// The name.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(_, known)| *known == self).map_or("", |(name, _)| name)
    }

    /// Whether it carries sound or picture.
    pub const fn kind(self) -> Kind {
        match self {
            Self::Known(codec) => codec.kind(),
            _ => Kind::Audio,
        }
    }
}

/// Codecs in the order of preference; written `vp8,h264`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CodecList {
    names: Vec<CodecName, CODECS>,
}

impl CodecList {
    /// A list of `codecs`, of which the first [`CODECS`] count.
    pub fn of(codecs: &[Codec]) -> Self {
        Self { names: codecs.iter().copied().map(CodecName::Known).take(CODECS).collect() }
    }

    /// Reads `opus,pcmu`, of which the first [`CODECS`] count; `None` if a name is unknown.
    pub fn parse(text: &str) -> Option<Self> {
        let mut names = Vec::new();
        for name in text.split(',') {
            let _ = names.push(CodecName::parse(name.trim())?);
        }
        Some(Self { names })
    }

    /// The codecs that Parlor forwards, the best first.
    pub fn codecs(&self) -> Vec<Codec, CODECS> {
        let known = |name: &CodecName| match name {
            CodecName::Known(codec) => Some(*codec),
            _ => None,
        };
        self.names.iter().filter_map(known).collect()
    }

    /// Whether `name` is among them.
    pub fn contains(&self, name: CodecName) -> bool {
        self.names.contains(&name)
    }

    /// Whether all are of `kind`.
    pub fn is_all(&self, kind: Kind) -> bool {
        self.names.iter().all(|name| name.kind() == kind)
    }
}

impl fmt::Display for CodecList {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, name) in self.names.iter().enumerate() {
            if index > 0 {
                formatter.write_str(",")?;
            }
            formatter.write_str(name.name())?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn a_list_of_codecs_reads_back_as_it_was_written() {
        let list = CodecList::parse("vp9,h264").unwrap();
        assert_eq!(list.codecs(), [Codec::Vp9, Codec::H264]);
        assert_eq!(list.to_string(), "vp9,h264");
        assert!(list.is_all(Kind::Video));
        assert_eq!(CodecList::parse("mp3"), None);
        assert_eq!(
            CodecList::parse("opus,pcmu,pcma,g722,isac16,isac32").unwrap().to_string(),
            "opus,pcmu,pcma,g722,isac16"
        );
    }
}
