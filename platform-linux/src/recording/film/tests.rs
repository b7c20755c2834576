//! What films hold, as what reads them sees it: when each frame is, where one can jump to, and what is left of a film
//! that was cut.

use std::fs;
use std::io::Cursor;
use std::path::PathBuf;
use std::time::Duration;

use parlor_core::room::Name;
use parlor_core::wire::rtcp::{SenderInfo, sender_report};
use parlor_core::wire::{Codec, Extension, ExtensionMap, rtp};
use webm_iterable::WebmIterator;
use webm_iterable::matroska_spec::{MatroskaSpec as Element, SimpleBlock};

use super::*;

const AUDIO: RelayId = RelayId::new(1, 0);
const VIDEO: RelayId = RelayId::new(2, 0);
const ORIENTATION: u8 = 4;

/// A folder that vanishes, and a film in it.
struct Set {
    folder: PathBuf,
    film: Option<Film>,
    start: Instant,
    sequences: [u16; 3],
}

impl Drop for Set {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

impl Set {
    fn new(name: &str, tracks: &[(RelayId, Codec)]) -> Self {
        let folder = std::env::temp_dir().join(format!("parlor-film-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let extensions = ExtensionMap::EMPTY.with(Extension::VideoOrientation, ORIENTATION);
        let requests: Vec<_> = tracks.iter().map(|(relay, codec)| request(*relay, *codec, extensions)).collect();
        let film = Film::create(&folder, &requests).unwrap();
        // In the past, so that everything came before now.
        let start = Instant::now() - Duration::from_secs(60);
        Self { folder, film: Some(film), start, sequences: [65_530; 3] }
    }

    fn film(&mut self) -> &mut Film {
        self.film.as_mut().unwrap()
    }

    /// A packet that comes so many milliseconds after the start.
    fn add(&mut self, relay: RelayId, at_ms: u64, timestamp: u32, marker: bool, payload: &[u8]) {
        self.add_turned(relay, at_ms, (timestamp, marker), payload, None);
    }

    fn add_turned(
        &mut self,
        relay: RelayId,
        at_ms: u64,
        (timestamp, marker): (u32, bool),
        payload: &[u8],
        turns: Option<u8>,
    ) {
        let sequence = &mut self.sequences[usize::from(relay.index)];
        let header = rtp::Header { marker, sequence: *sequence, timestamp, ..rtp::Header::default() };
        *sequence = sequence.wrapping_add(1);
        let mut packet = [0; 1500];
        let turns = turns.map(|turns| [turns]);
        let elements = turns.iter().map(|turns| (ORIENTATION, &turns[..]));
        let len = header.write(&mut packet, elements).unwrap();
        packet[len..len + payload.len()].copy_from_slice(payload);
        let at = self.start + Duration::from_millis(at_ms);
        self.film().add(relay, at, PacketWay::RtpOut, &packet[..len + payload.len()]).unwrap();
    }

    fn lose(&mut self, relay: RelayId) {
        let sequence = &mut self.sequences[usize::from(relay.index)];
        *sequence = sequence.wrapping_add(1);
    }

    /// The publisher says what time a timestamp is of, in milliseconds of its clock.
    fn report(&mut self, relay: RelayId, ntp_ms: u64, timestamp: u32) {
        let info = SenderInfo { ntp: (ntp_ms << 32) / 1000, timestamp, ..SenderInfo::default() };
        let mut buffer = [0; 64];
        let len = sender_report::write(&mut buffer, 7, &info, &[]).unwrap();
        let start = self.start;
        self.film().add(relay, start, PacketWay::RtcpOut, &buffer[..len]).unwrap();
    }

    /// 20 ms of sound each, from then on.
    fn talk(&mut self, from_ms: u64, until_ms: u64) {
        for at_ms in (from_ms..until_ms).step_by(20) {
            self.add(AUDIO, at_ms, 7_000_u32.wrapping_add(at_ms as u32 * 48), false, &[0xfc, 1, 2]);
        }
    }

    /// A picture in one packet, of a publisher's clock that is about to wrap.
    fn show(&mut self, at_ms: u64, picture: &[u8]) {
        self.add(VIDEO, at_ms, (u32::MAX - 90_000).wrapping_add(at_ms as u32 * 90), true, picture);
    }

    fn finish(&mut self) -> Seen {
        let finished = self.film.take().unwrap().finish().unwrap().unwrap();
        let bytes = fs::read(&finished.path).unwrap();
        assert_eq!(bytes.len() as u64, finished.bytes);
        let seen = Seen::of(&bytes);
        assert_eq!(seen.frames.len() as u64, finished.packets);
        seen
    }
}

fn request<'a>(relay: RelayId, codec: Codec, extensions: ExtensionMap) -> RecordingRequest<'a> {
    RecordingRequest {
        shard: 0,
        relay,
        film: Some(parlor_core::control::Film { first: relay, tracks: 1 }),
        room: Name::Number(1),
        folder: None,
        file: "film",
        codec: Some(codec),
        codec_name: "",
        parameters: "",
        extensions,
        is_end_to_end: false,
    }
}

/// What a foreign reader finds.
#[derive(Debug, Default)]
struct Seen {
    kind: String,
    duration_ms: Option<f64>,
    /// Track, milliseconds, whether it is a keyframe.
    frames: Vec<(u64, i64, bool)>,
    cues: Vec<(u64, u64)>,
    sides: Vec<u64>,
    roll: Option<f64>,
    codecs: Vec<String>,
    clusters: usize,
    bytes: Vec<u8>,
}

impl Seen {
    fn of(bytes: &[u8]) -> Self {
        let mut seen = Self { bytes: bytes.into(), ..Self::default() };
        let mut cluster_ms = 0;
        for element in WebmIterator::new(&mut Cursor::new(bytes), &[]) {
            match element.unwrap() {
                Element::DocType(kind) => seen.kind = kind,
                Element::Duration(duration_ms) => seen.duration_ms = Some(duration_ms),
                Element::Timestamp(time_ms) => {
                    cluster_ms = time_ms as i64;
                    seen.clusters += 1;
                }
                element @ Element::SimpleBlock(_) => {
                    let block = SimpleBlock::try_from(&element).unwrap();
                    seen.frames.push((block.track, cluster_ms + i64::from(block.timestamp), block.keyframe));
                }
                Element::CueTime(time_ms) => seen.cues.push((time_ms, 0)),
                Element::CueClusterPosition(at) => seen.cues.last_mut().unwrap().1 = at,
                Element::PixelWidth(side) | Element::PixelHeight(side) => seen.sides.push(side),
                Element::ProjectionPoseRoll(roll) => seen.roll = Some(roll),
                Element::CodecID(name) => seen.codecs.push(name),
                _ => {}
            }
        }
        seen
    }

    fn times(&self, track: u64) -> Vec<i64> {
        self.frames.iter().filter(|frame| frame.0 == track).map(|frame| frame.1).collect()
    }
}

fn keyframe(width: u16, height: u16) -> Vec<u8> {
    let [a, b] = width.to_le_bytes();
    let [c, d] = height.to_le_bytes();
    vec![0x10, 0x10, 2, 0, 0x9d, 1, 0x2a, a, b, c, d, 5]
}

const OTHER: [u8; 4] = [0x10, 0x31, 2, 0];

#[test]
fn sound_and_pictures_are_one_film_that_one_can_jump_in() {
    let mut set = Set::new("whole", &[(AUDIO, Codec::Opus), (VIDEO, Codec::Vp8)]);
    for second in 0..4 {
        let from_ms = second * 1000;
        for at_ms in (from_ms..from_ms + 1000).step_by(100) {
            let picture = if at_ms % 2000 == 0 { keyframe(640, 360) } else { OTHER.to_vec() };
            set.show(at_ms, &picture);
            set.talk(at_ms, at_ms + 100);
        }
        set.film().flush().unwrap();
    }
    let seen = set.finish();
    assert_eq!((seen.kind.as_str(), seen.codecs.as_slice()), ("webm", &["A_OPUS".into(), "V_VP8".into()][..]));
    assert_eq!(seen.sides, [640, 360]);
    assert_eq!(seen.times(1), (0..4000).step_by(20).collect::<Vec<_>>());
    assert_eq!(seen.times(2), (0..4000).step_by(100).collect::<Vec<_>>(), "over the wrap of its clock");
    assert_eq!(seen.duration_ms, Some(4000.0));
    assert_eq!(seen.cues.iter().map(|(time_ms, _)| *time_ms).collect::<Vec<_>>(), [0, 2000]);
    let segment_at = seen.bytes.windows(4).position(|it| it == layout::SEGMENT).unwrap() + 12;
    for (_, at) in &seen.cues {
        let cluster = &seen.bytes[segment_at + *at as usize..];
        assert_eq!(cluster[..4], [0x1f, 0x43, 0xb6, 0x75], "a cue leads to a cluster");
    }
    assert!((4..=6).contains(&seen.clusters), "{}", seen.clusters);
    let content = read(&mut Cursor::new(&seen.bytes)).unwrap();
    assert!(content.is_closed);
    assert_eq!((content.frames(), content.duration_ms()), (240, 4000));
}

#[test]
fn a_film_that_was_cut_is_whole_again_up_to_its_last_whole_cluster() {
    let mut set = Set::new("cut", &[(AUDIO, Codec::Opus), (VIDEO, Codec::H264)]);
    let sets = [
        &[0x78, 0, 17, 0x67, 0x42, 0xc0, 0x1e, 0xda, 0x02, 0x80, 0xbf, 0xe5, 0xc0, 0x44, 0, 0, 3, 0, 4, 0][..],
        &[0, 4, 0x68, 0xce, 0x0f, 0xc8, 0, 3, 0x65, 0x88, 1],
    ];
    for second in 0..3 {
        set.show(second * 1000, &sets.concat());
        set.talk(second * 1000, second * 1000 + 1000);
        set.film().flush().unwrap();
    }
    // As a process that is killed leaves it.
    let film = set.film.take().unwrap();
    let killed = fs::read(set.folder.join("film.mkv.part")).unwrap();
    drop(film);
    let whole = read(&mut Cursor::new(&killed)).unwrap();
    assert_eq!((whole.whole_bytes, whole.frames(), whole.is_closed), (killed.len() as u64, 153, false));
    let mut lengths = Vec::new();
    for cut in 0..=killed.len() {
        let Some(content) = read(&mut Cursor::new(&killed[..cut])) else {
            assert!(lengths.is_empty(), "{cut}");
            continue;
        };
        assert!(content.whole_bytes <= cut as u64, "{cut}");
        if lengths.last() != Some(&content.frames()) {
            lengths.push(content.frames());
        }
        if cut % 97 != 0 && cut != killed.len() {
            continue;
        }
        let mut mended = killed[..content.whole_bytes as usize].to_vec();
        let (patches, end) = content.closing();
        for (at, bytes) in patches {
            let at = at as usize;
            mended.resize(mended.len().max(at + bytes.len()), 0);
            mended[at..at + bytes.len()].copy_from_slice(&bytes);
        }
        assert_eq!(mended.len() as u64, end);
        let again = read(&mut Cursor::new(&mended)).unwrap();
        assert!(again.is_closed && again.frames() == content.frames(), "{cut}");
        assert_eq!(again.closing(), content.closing(), "nothing changes the second time");
        let seen = Seen::of(&mended);
        assert_eq!(seen.duration_ms, Some(content.duration_ms() as f64));
        assert_eq!(seen.frames.len() as u64, content.frames());
    }
    assert_eq!(lengths, [0, 51, 102, 153]);
}

#[test]
fn pictures_move_to_their_sound_when_both_clocks_are_known() {
    let mut set = Set::new("sync", &[(AUDIO, Codec::Opus), (VIDEO, Codec::Vp8)]);
    // Pictures come 300 ms later than the sound that was made with them.
    let late_ms = 300;
    let mut shown = false;
    for at_ms in (0..6000).step_by(20) {
        set.talk(at_ms, at_ms + 20);
        if at_ms >= late_ms && at_ms % 100 == 0 {
            let made_ms = at_ms - late_ms;
            let picture = if shown { OTHER.to_vec() } else { keyframe(320, 240) };
            shown = true;
            set.add(VIDEO, at_ms, 5 + made_ms as u32 * 90, true, &picture);
        }
        if at_ms == 2000 {
            set.report(AUDIO, 10_000, 7_000 + 2000 * 48);
            set.report(VIDEO, 10_000 - late_ms, 5 + (2000 - late_ms as u32) * 90);
        }
    }
    let seen = set.finish();
    let times = seen.times(2);
    assert!(times.windows(2).all(|pair| pair[0] + 49 <= pair[1]), "none goes back or hurries: {times:?}");
    assert_eq!(times[0], 300, "by arrival");
    let last = times.last().unwrap();
    assert_eq!(*last, 5600, "as it was made: {times:?}");
    assert_eq!(seen.times(1), (0..6000).step_by(20).collect::<Vec<_>>(), "sound stays where it is");
}

#[test]
fn what_is_muted_or_lost_is_missing_and_nothing_else_moves() {
    let mut set = Set::new("gaps", &[(AUDIO, Codec::Opus), (VIDEO, Codec::Vp8)]);
    set.talk(0, 1000);
    set.talk(3000, 4000);
    set.show(0, &keyframe(320, 240));
    set.show(100, &OTHER);
    set.lose(VIDEO);
    for at_ms in (300..2000).step_by(100) {
        set.show(at_ms, &OTHER);
    }
    set.show(2000, &keyframe(640, 480));
    set.show(2100, &OTHER);
    let seen = set.finish();
    assert_eq!(seen.times(1), (0..1000).chain(3000..4000).step_by(20).collect::<Vec<_>>());
    assert_eq!(seen.times(2), [0, 100, 2000, 2100], "after a loss from the next keyframe on");
    assert_eq!(seen.sides, [640, 480], "the largest");
    assert!(seen.frames.iter().filter(|it| it.0 == 2).map(|it| it.2).eq([true, false, true, false]));
}

#[test]
fn a_track_without_a_keyframe_is_not_told_of_and_sound_begins_at_once() {
    let mut set = Set::new("dark", &[(AUDIO, Codec::Opus), (VIDEO, Codec::Av1)]);
    set.show(0, &[0x10, 0x32, 0x20, 1]);
    set.talk(40, 1040);
    set.film().flush().unwrap();
    let growing = fs::read(set.folder.join("film.webm.part")).unwrap();
    let seen = Seen::of(&growing);
    assert_eq!((seen.frames.len(), seen.codecs.as_slice(), seen.duration_ms), (50, &["A_OPUS".to_string()][..], None));
    let seen = set.finish();
    assert_eq!((seen.times(1)[0], seen.duration_ms), (0, Some(1000.0)));
    assert_eq!(seen.cues, [(0, seen.cues[0].1)]);
}

#[test]
fn a_picture_of_a_phone_is_turned() {
    let mut set = Set::new("turned", &[(VIDEO, Codec::Vp8)]);
    set.add_turned(VIDEO, 0, (0, true), &keyframe(640, 480), Some(1));
    assert_eq!(set.finish().roll, Some(-90.0));
}

#[test]
fn a_film_without_frames_leaves_no_file() {
    let mut set = Set::new("empty", &[(AUDIO, Codec::Pcma), (VIDEO, Codec::H265)]);
    set.show(0, &[0x02, 1, 0x80]);
    assert!(set.film.take().unwrap().finish().unwrap().is_none());
    assert_eq!(fs::read_dir(&set.folder).unwrap().count(), 0);
}
