//! Films as `parlor recordings` looks at them and mends them: no more of a file is in memory than what describes it.

use std::io::{self, BufRead, Read, Seek, SeekFrom};

use super::index::Index;
use super::layout::{self, INFO_BYTES, LENGTH_BYTES, SEEK_HEAD_BYTES, SEGMENT};

/// The longest header of a file.
const HEADER_BYTES: u64 = 256;

/// The longest Tracks that are looked at.
const TRACKS_BYTES: u64 = 64 << 10;

/// The most frames of a cluster: a second's, of all tracks.
const BLOCKS: usize = 16 << 10;

/// What a film holds, as far as it is whole.
#[derive(Clone, Debug, Default)]
pub(crate) struct Content {
    /// Where the segment's content begins.
    segment_at: u64,
    /// The elements of the Info, without a duration.
    info: Vec<u8>,
    video: Vec<u8>,
    index: Index,
    /// Where the last whole cluster ends.
    pub(crate) whole_bytes: u64,
    /// Whether it was closed: it knows its length, how long it is and where one can jump to.
    pub(crate) is_closed: bool,
}

/// What must be written where, to close a film.
pub(super) type Patch = (u64, Vec<u8>);

impl Content {
    /// Frames of all tracks.
    pub(crate) fn frames(&self) -> u64 {
        self.index.frames()
    }

    /// How long it is.
    pub(crate) fn duration_ms(&self) -> u64 {
        self.index.duration_ms()
    }

    /// What must be written where, and how long the file is then.
    pub(crate) fn closing(&self) -> (Vec<Patch>, u64) {
        closing(self.segment_at, &self.info, &self.index, self.whole_bytes)
    }
}

/// What must be written where to close a film whose clusters end here, the last things last: each alone leaves a file
/// that can be played. And how long the file is then.
pub(super) fn closing(segment_at: u64, info: &[u8], index: &Index, clusters_end: u64) -> (Vec<Patch>, u64) {
    let cues = layout::cues(index.cues());
    let end = clusters_end + cues.len() as u64;
    let info = [info, &layout::duration(index.duration_ms() as f64)].concat();
    let patches = vec![
        (clusters_end, cues),
        (segment_at + SEEK_HEAD_BYTES as u64, layout::info_of(&info)),
        (segment_at, layout::seek_head(clusters_end - segment_at)),
        (segment_at - LENGTH_BYTES as u64, layout::segment_length(end - segment_at).to_vec()),
    ];
    (patches, end)
}

/// Reads a film of ours as far as it is whole. Nothing where it does not begin as one.
pub(crate) fn read(file: &mut (impl BufRead + Seek)) -> Option<Content> {
    let header = Head::read(file)?;
    (header.name == EBML && header.length? <= HEADER_BYTES).then_some(())?;
    skip(file, header.length?)?;
    let segment = Head::read(file)?;
    (segment.name == u32::from_be_bytes(SEGMENT) && segment.bytes == SEGMENT.len() + LENGTH_BYTES).then_some(())?;
    let mut content = Content { segment_at: file.stream_position().ok()?, ..Content::default() };
    file.seek(SeekFrom::Current(SEEK_HEAD_BYTES as i64)).ok()?;
    let info = Head::read(file)?;
    (info.name == INFO && info.length? <= INFO_BYTES as u64).then_some(())?;
    let (kept, had_duration) = without_duration(&take(file, info.length?)?)?;
    content.info = kept;
    let mut has_cues = false;
    content.whole_bytes = file.stream_position().ok()?;
    let mut has_tracks = false;
    while let Some(head) = Head::read(file) {
        let Some(length) = head.length else { break };
        let begin = file.stream_position().ok()?;
        match head.name {
            TRACKS if !has_tracks && length <= TRACKS_BYTES => {
                let Some(video) = take(file, length).as_deref().and_then(video_tracks) else { break };
                (content.video, has_tracks) = (video, true);
            }
            CLUSTER if has_tracks => {
                let cluster_at = begin - head.bytes as u64 - content.segment_at;
                if read_cluster(file, length, cluster_at, &mut content).is_none() {
                    break;
                }
            }
            VOID => {
                if skip(file, length).is_none() {
                    break;
                }
            }
            CUES => {
                has_cues = skip(file, length).is_some();
                break;
            }
            _ => break,
        }
        content.whole_bytes = begin + length;
    }
    let end = file.seek(SeekFrom::End(0)).ok()?;
    let knows_its_length = segment.length == Some(end - content.segment_at);
    content.is_closed = has_cues && had_duration && knows_its_length;
    has_tracks.then_some(content)
}

/// Takes in a cluster if all of it is there.
fn read_cluster(file: &mut (impl BufRead + Seek), length: u64, cluster_at: u64, content: &mut Content) -> Option<()> {
    let end = file.stream_position().ok()?.checked_add(length)?;
    let mut blocks = Vec::new();
    let mut begin_ms = None;
    while file.stream_position().ok()? < end {
        let head = Head::read(file)?;
        let length = head.length?;
        (file.stream_position().ok()?.checked_add(length)? <= end).then_some(())?;
        match head.name {
            TIMESTAMP if length <= 8 => {
                begin_ms = Some(take(file, length)?.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)));
            }
            SIMPLE_BLOCK if length >= 4 && blocks.len() < BLOCKS => {
                let mut head = [0; 4];
                file.read_exact(&mut head).ok()?;
                let [track, high, low, flags] = head;
                let time_ms = begin_ms?.checked_add_signed(i16::from_be_bytes([high, low]).into())?;
                blocks.push((track & 0x7f, time_ms, flags & 0x80 != 0));
                skip(file, length - 4)?;
            }
            SIMPLE_BLOCK => return None,
            _ => skip(file, length)?,
        }
    }
    for (track, time_ms, is_key) in blocks {
        content.index.note((track, content.video.contains(&track)), time_ms, is_key, cluster_at);
    }
    Some(())
}

/// The elements of an Info without a duration, and whether there was one.
fn without_duration(info: &[u8]) -> Option<(Vec<u8>, bool)> {
    let (mut kept, mut had) = (Vec::new(), false);
    for element in elements(info) {
        let (head, content) = element?;
        if head.name == DURATION {
            had = true;
        } else {
            let begin = info.len() - content.1;
            kept.extend_from_slice(info.get(begin - head.bytes..begin + content.0.len())?);
        }
    }
    Some((kept, had))
}

/// The numbers of the tracks that have pictures.
fn video_tracks(tracks: &[u8]) -> Option<Vec<u8>> {
    const VIDEO: &[u8] = &[1];
    let mut numbers = Vec::new();
    for entry in elements(tracks) {
        let (head, (entry, _)) = entry?;
        if head.name != TRACK_ENTRY {
            continue;
        }
        let (mut number, mut is_video) = (None, false);
        for element in elements(entry) {
            let (head, (content, _)) = element?;
            match head.name {
                TRACK_NUMBER => number = content.last().copied(),
                TRACK_TYPE => is_video = content == VIDEO,
                _ => {}
            }
        }
        numbers.extend(number.filter(|_| is_video));
    }
    Some(numbers)
}

/// What an element begins with.
#[derive(Clone, Copy, Debug)]
struct Head {
    name: u32,
    /// Of its content; nothing where it says none.
    length: Option<u64>,
    /// Of what it begins with.
    bytes: usize,
}

impl Head {
    fn read(file: &mut impl Read) -> Option<Self> {
        let (name, name_bytes) = number(file, true)?;
        let (length, length_bytes) = number(file, false)?;
        let is_unknown = length == (1 << (7 * length_bytes)) - 1;
        let name = u32::try_from(name).ok()?;
        Some(Self { name, length: (!is_unknown).then_some(length), bytes: name_bytes + length_bytes })
    }
}

/// A number of one to eight bytes (RFC 8794 section 4), with the bit that tells how many or without; and how many.
fn number(file: &mut impl Read, keeps_marker: bool) -> Option<(u64, usize)> {
    let mut first = [0];
    file.read_exact(&mut first).ok()?;
    let more = first[0].leading_zeros() as usize;
    let mut rest = [0; 7];
    file.read_exact(rest.get_mut(..more)?).ok()?;
    let marker = 0x80 >> more;
    let first = if keeps_marker { first[0] } else { first[0] & !marker };
    let value = rest[..more].iter().fold(u64::from(first), |all, byte| all << 8 | u64::from(*byte));
    Some((value, more + 1))
}

/// The elements in some bytes: what each begins with, its content, and how many bytes there are from that on.
fn elements(bytes: &[u8]) -> impl Iterator<Item = Option<(Head, (&[u8], usize))>> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let element = Head::read(&mut rest).and_then(|head| {
            let left = rest.len();
            let content;
            (content, rest) = rest.split_at_checked(usize::try_from(head.length?).ok()?)?;
            Some((head, (content, left)))
        });
        if element.is_none() {
            rest = &[];
        }
        Some(element)
    })
}

/// So many bytes, which the caller bounds.
fn take(file: &mut impl Read, length: u64) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let whole = file.take(length).read_to_end(&mut bytes).ok()? as u64 == length;
    whole.then_some(bytes)
}

/// Goes over so many bytes, if they are there.
fn skip(file: &mut (impl BufRead + Seek), length: u64) -> Option<()> {
    const NEAR_BYTES: u64 = 8 << 10;
    if length <= NEAR_BYTES {
        return (io::copy(&mut file.take(length), &mut io::sink()).ok()? == length).then_some(());
    }
    // Beyond a file's end one can go, but there is nothing to read.
    file.seek(SeekFrom::Current(i64::try_from(length - 1).ok()?)).ok()?;
    file.read_exact(&mut [0]).ok()
}

const EBML: u32 = 0x1a45_dfa3;
const INFO: u32 = 0x1549_a966;
const DURATION: u32 = 0x4489;
const TRACKS: u32 = 0x1654_ae6b;
const TRACK_ENTRY: u32 = 0xae;
const TRACK_NUMBER: u32 = 0xd7;
const TRACK_TYPE: u32 = 0x83;
const CLUSTER: u32 = 0x1f43_b675;
const TIMESTAMP: u32 = 0xe7;
const SIMPLE_BLOCK: u32 = 0xa3;
const CUES: u32 = 0x1c53_bb6b;
const VOID: u32 = 0xec;
