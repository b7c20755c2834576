//! What a film consists of as bytes: Matroska (RFC 9559), of which WebM is a part, written with `webm-iterable`.
//!
//! ```text
//! EBML header | Segment: SeekHead | Info | Tracks | Cluster | Cluster | ... | Cues
//! ```
//!
//! Until a film is closed its segment has no known length, and the places of SeekHead and of the duration are empty.
//! Each of the first three has a fixed place, so that it can be written again.

use std::time::{SystemTime, UNIX_EPOCH};

use parlor_core::wire::{Codec, Kind};
use webm_iterable::matroska_spec::{Master, MatroskaSpec as Element};
use webm_iterable::{WebmWriter, WriteOptions};

use super::index::Cue;
use super::parameters::Parameters;

/// What a segment begins with, ahead of its length.
pub(super) const SEGMENT: [u8; 4] = [0x18, 0x53, 0x80, 0x67];

/// Bytes of a segment's length, and the length that nobody knows.
pub(super) const LENGTH_BYTES: usize = 8;
const UNKNOWN: [u8; LENGTH_BYTES] = [0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];

/// The place of the SeekHead, at the segment's begin.
pub(super) const SEEK_HEAD_BYTES: usize = 128;

/// The place of the Info, behind it.
pub(super) const INFO_BYTES: usize = 256;

/// The place of the Tracks, behind that, for each track: room for the longest description of a codec.
const TRACK_BYTES: usize = 2048;

/// Milliseconds.
const SCALE_NS: u64 = 1_000_000;

/// Seconds from the epoch of Unix to that of Matroska.
const EPOCH_S: u64 = 978_307_200;

/// A track as a file describes it.
pub(super) struct Described<'a> {
    pub(super) number: u8,
    pub(super) codec: Codec,
    /// The format's parameters as the publisher said them.
    pub(super) format: &'a str,
    pub(super) parameters: Option<&'a Parameters>,
    /// Quarter turns, clockwise, that a player must make.
    pub(super) quarter_turns: u8,
}

/// Whether WebM has a place for what `codec` makes.
pub(super) fn is_webm(codec: Codec) -> bool {
    matches!(codec, Codec::Opus | Codec::MultiOpus | Codec::Vp8 | Codec::Vp9 | Codec::Av1)
}

/// The header of a file, and the begin of its segment.
pub(super) fn header(is_webm: bool) -> Vec<u8> {
    let kind = if is_webm { "webm" } else { "matroska" };
    let header = Element::Ebml(Master::Full(vec![
        Element::EbmlVersion(1),
        Element::EbmlReadVersion(1),
        Element::EbmlMaxIdLength(4),
        Element::EbmlMaxSizeLength(8),
        Element::DocType(kind.into()),
        Element::DocTypeVersion(4),
        Element::DocTypeReadVersion(2),
    ]));
    let mut bytes = Vec::new();
    // Elements of the specification in memory: nothing can fail.
    let _ = WebmWriter::new(&mut bytes).write(&header);
    bytes.extend(SEGMENT);
    bytes.extend(UNKNOWN);
    bytes
}

/// The length of a segment, as it stands behind what it begins with.
pub(super) fn segment_length(bytes: u64) -> [u8; LENGTH_BYTES] {
    (bytes | 1 << (7 * LENGTH_BYTES)).to_be_bytes()
}

/// The elements of an Info, without a duration.
pub(super) fn info(began: SystemTime) -> Vec<u8> {
    let since_ns = began.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as i64);
    content(vec![
        Element::TimestampScale(SCALE_NS),
        Element::DateUTC(since_ns - EPOCH_S as i64 * 1_000_000_000),
        Element::MuxingApp(concat!("parlor ", env!("CARGO_PKG_VERSION")).into()),
        Element::WritingApp("parlor".into()),
    ])
}

/// The duration, among the elements of an Info.
pub(super) fn duration(milliseconds: f64) -> Vec<u8> {
    content(vec![Element::Duration(milliseconds)])
}

/// Some elements of an Info, fewer than 127 bytes.
fn content(elements: Vec<Element>) -> Vec<u8> {
    const HEAD_BYTES: usize = 5;
    encoded(Element::Info(Master::Full(elements))).split_off(HEAD_BYTES)
}

/// Where the place of the Tracks ends, from the segment's begin.
pub(super) fn tracks_end(tracks: usize) -> usize {
    SEEK_HEAD_BYTES + INFO_BYTES + tracks * TRACK_BYTES
}

/// The Tracks, in the place of so many.
pub(super) fn tracks<'a>(tracks: impl Iterator<Item = Described<'a>>, places: usize) -> Vec<u8> {
    let entries = tracks.map(|track| Element::TrackEntry(Master::Full(entry(&track)))).collect();
    padded(encoded(Element::Tracks(Master::Full(entries))), places * TRACK_BYTES)
}

/// An Info that holds these elements.
pub(super) fn info_of(content: &[u8]) -> Vec<u8> {
    let mut info = vec![0x15, 0x49, 0xa9, 0x66, 0x40 | (content.len() >> 8) as u8, content.len() as u8];
    info.extend_from_slice(content);
    padded(info, INFO_BYTES)
}

/// The SeekHead of a film whose Cues are here, from the segment's begin.
pub(super) fn seek_head(cues_at: u64) -> Vec<u8> {
    let info_at = SEEK_HEAD_BYTES as u64;
    let places = [(0x1549_a966_u32, info_at), (0x1654_ae6b, info_at + INFO_BYTES as u64), (0x1c53_bb6b, cues_at)];
    let entries = places.map(|(name, at)| {
        Element::Seek(Master::Full(vec![Element::SeekID(name.to_be_bytes().into()), Element::SeekPosition(at)]))
    });
    padded(encoded(Element::SeekHead(Master::Full(entries.into()))), SEEK_HEAD_BYTES)
}

/// The place of a SeekHead that is not there yet.
pub(super) fn no_seek_head() -> Vec<u8> {
    padded(Vec::new(), SEEK_HEAD_BYTES)
}

/// Where to begin for which moment.
pub(super) fn cues(cues: &[Cue]) -> Vec<u8> {
    let points = cues.iter().map(|cue| {
        let place = vec![Element::CueTrack(cue.track.into()), Element::CueClusterPosition(cue.cluster_at)];
        let place = Element::CueTrackPositions(Master::Full(place));
        Element::CuePoint(Master::Full(vec![Element::CueTime(cue.time_ms), place]))
    });
    encoded(Element::Cues(Master::Full(points.collect())))
}

/// A frame on its way into a cluster.
pub(super) struct Block {
    pub(super) track: u8,
    pub(super) time_ms: u64,
    pub(super) is_key: bool,
    pub(super) bytes: Vec<u8>,
}

/// A cluster of frames, none of them further than [`CLUSTER_MS`] from the one that came first.
pub(super) fn cluster(blocks: &[Block]) -> Vec<u8> {
    let begin_ms = blocks.iter().map(|block| block.time_ms).min().unwrap_or_default();
    let mut elements = vec![Element::Timestamp(begin_ms)];
    elements.extend(blocks.iter().map(|block| {
        let after_ms = (block.time_ms - begin_ms) as i16;
        let [high, low] = after_ms.to_be_bytes();
        let mut bytes = vec![0x80 | block.track, high, low, if block.is_key { 0x80 } else { 0 }];
        bytes.extend_from_slice(&block.bytes);
        Element::SimpleBlock(bytes)
    }));
    encoded(Element::Cluster(Master::Full(elements)))
}

/// How many milliseconds a frame of a cluster may be from the one that came first: the times in it have 16 bits.
pub(super) const CLUSTER_MS: u64 = 16_000;

/// `bytes` with emptiness behind it, in a place of `len` bytes.
pub(super) fn padded(mut bytes: Vec<u8>, len: usize) -> Vec<u8> {
    const VOID: u8 = 0xec;
    let rest = len.saturating_sub(bytes.len());
    debug_assert!(bytes.len() <= len && rest != 1, "{} bytes in a place of {len}", bytes.len());
    if rest > LENGTH_BYTES {
        bytes.push(VOID);
        bytes.extend(segment_length((rest - 1 - LENGTH_BYTES) as u64));
    } else if rest >= 2 {
        bytes.extend([VOID, 0x80 | (rest - 2) as u8]);
    }
    bytes.resize(len, 0);
    bytes
}

/// An element of a segment.
fn encoded(element: Element) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = WebmWriter::new(&mut bytes);
    // Elements of the specification in memory: nothing can fail. They are refused outside of their segment.
    let _ = writer.write_advanced(&Element::Segment(Master::Start), WriteOptions::is_unknown_sized_element());
    let _ = writer.write(&element);
    bytes.drain(..SEGMENT.len() + LENGTH_BYTES);
    bytes
}

fn entry(track: &Described<'_>) -> Vec<Element> {
    const VIDEO: u64 = 1;
    const AUDIO: u64 = 2;
    const SEEK_PRE_ROLL_NS: u64 = 80_000_000;
    let is_audio = track.codec.kind() == Kind::Audio;
    let mut entry = vec![
        Element::TrackNumber(track.number.into()),
        Element::TrackUID(track.number.into()),
        Element::TrackType(if is_audio { AUDIO } else { VIDEO }),
        Element::FlagLacing(0),
        Element::Language("und".into()),
        Element::CodecID(codec_id(track.codec).into()),
    ];
    if is_audio {
        let sound = Sound::of(track);
        entry.push(Element::CodecPrivate(sound.private));
        if matches!(track.codec, Codec::Opus | Codec::MultiOpus) {
            entry.push(Element::SeekPreRoll(SEEK_PRE_ROLL_NS));
        }
        let audio = vec![Element::SamplingFrequency(sound.rate_hz.into()), Element::Channels(sound.channels.into())];
        entry.push(Element::Audio(Master::Full(audio)));
    }
    if let Some(Parameters { width, height, private }) = track.parameters {
        if !private.is_empty() {
            entry.push(Element::CodecPrivate(private.clone()));
        }
        let mut video = vec![Element::PixelWidth((*width).into()), Element::PixelHeight((*height).into())];
        let roll = [0.0, -90.0, 180.0, 90.0][usize::from(track.quarter_turns & 3)];
        if roll != 0.0 {
            let pose = vec![Element::ProjectionType(0), Element::ProjectionPoseRoll(roll)];
            video.push(Element::Projection(Master::Full(pose)));
        }
        entry.push(Element::Video(Master::Full(video)));
    }
    entry
}

/// What a file says of sound.
struct Sound {
    rate_hz: u16,
    channels: u8,
    private: Vec<u8>,
}

impl Sound {
    fn of(track: &Described<'_>) -> Self {
        match track.codec {
            Codec::Pcma => Self::wave(6, 8_000, 8),
            Codec::Pcmu => Self::wave(7, 8_000, 8),
            Codec::G722 => Self::wave(0x028f, 16_000, 4),
            _ => Self::opus(track.format),
        }
    }

    /// The head of an Opus stream (RFC 7845 section 5.1): two channels, or as many as a publisher of several says.
    fn opus(format: &str) -> Self {
        let value = |name: &str| {
            let mut pairs = format.split(';').filter_map(|pair| pair.trim().split_once('='));
            pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
        };
        let number = |name: &str| value(name).and_then(|value| value.parse::<u8>().ok());
        let mapping: Vec<u8> =
            value("channel_mapping").into_iter().flat_map(|it| it.split(',')).flat_map(str::parse).collect();
        let many = number("num_streams").zip(number("coupled_streams")).filter(|_| (1..=8).contains(&mapping.len()));
        let channels = many.map_or(2, |_| mapping.len() as u8);
        let mut private = b"OpusHead\x01".to_vec();
        private.extend([channels, 0, 0]);
        private.extend(48_000_u32.to_le_bytes());
        private.extend([0, 0]);
        match many {
            None => private.push(0),
            Some((streams, coupled)) => {
                private.extend([1, streams, coupled]);
                private.extend(mapping);
            }
        }
        Self { rate_hz: 48_000, channels, private }
    }

    /// A `WAVEFORMATEX`, of one channel with 64 kbit/s.
    fn wave(tag: u16, rate_hz: u16, bits: u16) -> Self {
        let mut private = Vec::new();
        private.extend(tag.to_le_bytes());
        private.extend(1_u16.to_le_bytes());
        private.extend(u32::from(rate_hz).to_le_bytes());
        private.extend(8_000_u32.to_le_bytes());
        private.extend(1_u16.to_le_bytes());
        private.extend(bits.to_le_bytes());
        private.extend([0, 0]);
        Self { rate_hz, channels: 1, private }
    }
}

/// Matroska's name of a codec.
fn codec_id(codec: Codec) -> &'static str {
    match codec {
        Codec::Opus | Codec::MultiOpus => "A_OPUS",
        Codec::Pcma | Codec::Pcmu | Codec::G722 => "A_MS/ACM",
        Codec::Vp8 => "V_VP8",
        Codec::Vp9 => "V_VP9",
        Codec::H264 => "V_MPEG4/ISO/AVC",
        Codec::H265 => "V_MPEGH/ISO/HEVC",
        Codec::Av1 => "V_AV1",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_place_is_filled_exactly() {
        for len in [0, 2, 3, 9, 10, 11, 128, 500] {
            let bytes = padded(vec![7; 20], 20 + len);
            assert_eq!(bytes.len(), 20 + len);
            let told = match bytes.get(20..) {
                Some([0xec, 0x01, length @ ..]) => {
                    9 + u64::from_be_bytes([&[0], &length[..7]].concat().try_into().unwrap())
                }
                Some([0xec, length, ..]) => 2 + u64::from(length & 0x7f),
                _ => 0,
            };
            assert_eq!(told, len as u64, "what is empty says how far");
        }
        assert_eq!(seek_head(u64::MAX >> 8).len(), SEEK_HEAD_BYTES);
        assert_eq!(segment_length(0x1234)[..], [1, 0, 0, 0, 0, 0, 0x12, 0x34]);
    }

    #[test]
    fn a_cluster_tells_times_from_its_first_and_keyframes() {
        let block = |track, time_ms, is_key| Block { track, time_ms, is_key, bytes: vec![track; 2] };
        let bytes = cluster(&[block(1, 1000, true), block(2, 1300, false)]);
        let expected = [
            &[0x1f, 0x43, 0xb6, 0x75, 0x94, 0xe7, 0x82, 0x03, 0xe8][..],
            &[0xa3, 0x86, 0x81, 0, 0, 0x80, 1, 1],
            &[0xa3, 0x86, 0x82, 0x01, 0x2c, 0, 2, 2],
        ];
        assert_eq!(bytes, expected.concat());
    }

    #[test]
    fn the_longest_descriptions_have_a_place() {
        let parameters =
            Parameters { width: 16_384, height: 16_384, private: vec![7; super::super::parameters::PRIVATE_BYTES] };
        let described = |number| Described {
            number,
            codec: Codec::H265,
            format: "",
            parameters: Some(&parameters),
            quarter_turns: 1,
        };
        assert_eq!(tracks((1..17).map(described), 16).len(), 16 * TRACK_BYTES);
    }

    #[test]
    fn sound_of_many_channels_says_how_they_are_coded() {
        let format = "channel_mapping=0,4,1,2,3,5; coupled_streams=2;minptime=10; num_streams=4";
        let Sound { channels, private, .. } = Sound::opus(format);
        assert_eq!((channels, &private[18..]), (6, &[1, 4, 2, 0, 4, 1, 2, 3, 5][..]));
        assert_eq!(Sound::opus("num_streams=4;coupled_streams=2").private[18..], [0]);
    }
}
