//! What is written, where, and how it ends.

use std::fs;

use parlor_core::link::{CopiedPacket, PacketWay, Tap, TapExtent, TapReader};
use parlor_core::room::{Name, RecordFormat};
use parlor_core::wire::{Codec, ExtensionMap};

use super::kept::State;
use super::*;

const RELAY: RelayId = RelayId::new(1, 3);

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("parlor-recording-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(path.join("all")).unwrap();
        Self(path)
    }

    /// Recordings of one shard with four relays, which may take so many mebibytes.
    fn start(&self, megabytes: u32) -> (Recordings, RecordingTap, smol::channel::Receiver<Ended>) {
        let (tap, packets) = tap(4).unwrap();
        let format = RecordFormat::Mjr;
        let settings = config::Recording { directory: Some("all".into()), format, megabytes, room_megabytes: 0 };
        let (recordings, ends) = Recordings::start(&settings, &self.0, vec![packets]).unwrap();
        (recordings, tap, ends)
    }

    fn list(&self) -> Vec<(String, State, u64)> {
        let found = list(&self.0.join("all")).unwrap();
        let name = |kept: &Kept| kept.path.strip_prefix(self.0.join("all")).unwrap().to_str().unwrap().to_owned();
        found.iter().map(|kept| (name(kept), kept.state, kept.packets)).collect()
    }

    /// Waits until the files are as `wanted` says.
    fn wait(&self, wanted: impl Fn(&[(String, State, u64)]) -> bool) -> Vec<(String, State, u64)> {
        let start = Instant::now();
        loop {
            let found = self.list();
            if wanted(&found) {
                return found;
            }
            assert!(start.elapsed() < Duration::from_secs(10), "{found:?}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn request<'a>(folder: Option<&'a str>, file: &'a str) -> RecordingRequest<'a> {
    RecordingRequest {
        shard: 0,
        relay: RELAY,
        film: None,
        room: Name::Number(7),
        folder,
        file,
        codec: Some(Codec::Opus),
        codec_name: "opus",
        parameters: "",
        extensions: ExtensionMap::EMPTY,
        is_end_to_end: false,
    }
}

#[test]
fn messages_are_written_each_with_its_time_and_none_that_no_frame_holds() {
    let folder = Folder::new("messages");
    let (recordings, _tap, _ends) = folder.start(0);
    recordings.begin(&RecordingRequest { codec: None, codec_name: "text", ..request(None, "data") });
    let long = vec![b'x'; mjr::MESSAGE_BYTES + 1];
    for message in [&b"one"[..], &long, &long[1..], b""] {
        recordings.add_message(0, RELAY, message);
    }
    recordings.end(0, RELAY);
    folder.wait(|found| *found == [("data.mjr".into(), State::Whole, 3)]);
    let file = fs::read(folder.0.join("all/data.mjr")).unwrap();
    let text = String::from_utf8_lossy(&file[..60]).into_owned();
    assert!(text.contains(r#"{"t": "d", "c": "text", "s": "#), "{text}");
    let first = 10 + usize::from(u16::from_be_bytes([file[8], file[9]]));
    assert_eq!(
        (&file[first..first + 4], &file[first + 8..first + 10], &file[first + 18..first + 21]),
        (&b"MEET"[..], &[0, 11][..], &b"one"[..])
    );
    let at_us = u64::from_be_bytes(file[first + 10..first + 18].try_into().unwrap());
    assert!(SystemTime::UNIX_EPOCH + Duration::from_micros(at_us) <= SystemTime::now());
}

#[test]
fn a_recording_whose_messages_wait_too_long_ends() {
    let folder = Folder::new("flood");
    let (recordings, _tap, ends) = folder.start(0);
    recordings.begin(&RecordingRequest { codec: None, codec_name: "text", ..request(None, "data") });
    let message = vec![0; 60_000];
    let end = loop {
        recordings.add_message(0, RELAY, &message);
        if let Ok(end) = ends.try_recv() {
            break end;
        }
    };
    assert_eq!(end, (0, RELAY, RecordingEnd::SlowDisk));
    recordings.end(0, RELAY);
    let found = folder.wait(|found| matches!(found, [(_, State::Whole, _)]));
    assert!(found[0].2 > 0);
}

fn packet(len: usize) -> CopiedPacket {
    Tap { reader: TapReader::Recording(RELAY), extent: TapExtent::Whole }.copy(PacketWay::RtpOut, &vec![0x80; len])
}

fn next_end(ends: &smol::channel::Receiver<Ended>) -> Ended {
    smol::block_on(ends.recv()).unwrap()
}

#[test]
fn a_file_has_a_temporary_name_until_it_is_closed_and_all_that_came_before() {
    let folder = Folder::new("closed");
    let (recordings, mut tap, _ends) = folder.start(1);
    recordings.begin(&request(Some("room"), "sub/one"));
    (0..500).for_each(|_| tap.push(RELAY, packet(100)));
    tap.push(RelayId::new(2, 0), packet(100));
    let growing = folder.wait(|found| found.iter().any(|(_, _, packets)| *packets > 0));
    assert_eq!((growing[0].0.as_str(), growing[0].1), ("room/sub/one.mjr.part", State::Growing));
    recordings.end(0, RELAY);
    let found = folder.wait(|found| found.iter().all(|(_, state, _)| *state == State::Whole));
    assert_eq!(found, [("room/sub/one.mjr".into(), State::Whole, 500)]);
    // The same name again stands beside it.
    recordings.begin(&request(Some("room"), "sub/one"));
    tap.push(RELAY, packet(10));
    folder.wait(|found| found.len() == 2 && found.iter().any(|(_, state, _)| *state == State::Growing));
    recordings.close();
    let found = folder.wait(|found| found.iter().all(|(_, state, _)| *state == State::Whole));
    assert_eq!(found[0], ("room/sub/one-1.mjr".into(), State::Whole, 1));
}

#[test]
fn a_recording_without_packets_leaves_no_file() {
    let folder = Folder::new("empty");
    let (recordings, _tap, _ends) = folder.start(1);
    recordings.begin(&request(None, "a"));
    folder.wait(|found| found.len() == 1);
    recordings.close();
    assert_eq!(folder.list(), []);
}

#[test]
fn nothing_is_written_outside_the_folder() {
    let folder = Folder::new("outside");
    let (recordings, _tap, ends) = folder.start(1);
    for (wanted, file) in [
        (Some("/etc"), "a"),
        (None, "/etc/a"),
        (Some(".."), "a"),
        (None, "../a"),
        (None, ".a"),
        (None, "x/"),
        (Some("x/../.."), "a"),
    ] {
        recordings.begin(&request(wanted, file));
        assert_eq!(next_end(&ends), (0, RELAY, RecordingEnd::Refused), "{wanted:?} {file:?}");
    }
    let inside = folder.0.join("all/deep");
    recordings.begin(&request(inside.to_str(), "a"));
    folder.wait(|found| found.len() == 1);
    recordings.close();
}

#[test]
fn at_its_bound_a_recording_ends_and_what_was_written_stays() {
    let folder = Folder::new("budget");
    let (recordings, mut tap, ends) = folder.start(1);
    recordings.begin(&request(None, "a"));
    let mut pushed = 0;
    while ends.is_empty() {
        tap.push(RELAY, packet(1400));
        pushed += 1;
        std::thread::sleep(Duration::from_micros(200));
        assert!(pushed < 20_000);
    }
    assert_eq!(next_end(&ends), (0, RELAY, RecordingEnd::Budget));
    let found = folder.wait(|found| found.iter().all(|(_, state, _)| *state == State::Whole));
    assert_eq!(found[0].2, (1_u64 << 20).div_ceil(1410), "the one that reached the bound is the last");
    recordings.begin(&request(None, "b"));
    assert_eq!(next_end(&ends), (0, RELAY, RecordingEnd::Budget), "the next does not begin");
    recordings.close();
}

#[test]
fn a_disk_that_is_too_slow_ends_what_lost_a_packet_and_nothing_else() {
    let folder = Folder::new("slow");
    let (recordings, mut tap, ends) = folder.start(0);
    let other = RelayId::new(2, 0);
    recordings.begin(&RecordingRequest { relay: other, ..request(None, "other") });
    recordings.begin(&request(None, "a"));
    tap.push(other, packet(100));
    folder.wait(|found| found.len() == 2);
    // Faster than any disk: more in one go than the queue holds.
    (0..crate::queue::RECORDED * 3).for_each(|_| tap.push(RELAY, packet(1400)));
    assert_eq!(next_end(&ends), (0, RELAY, RecordingEnd::SlowDisk));
    // Until the queue has room again, also on a busy machine.
    std::thread::sleep(Duration::from_millis(500));
    tap.push(other, packet(100));
    recordings.end(0, other);
    let found = folder.wait(|found| found.iter().all(|(_, state, _)| *state == State::Whole));
    assert_eq!(found[1], ("other.mjr".into(), State::Whole, 2));
    recordings.close();
}

#[test]
fn what_a_crash_left_is_closed_up_to_its_last_whole_packet() {
    let folder = Folder::new("repair");
    let (recordings, mut tap, _ends) = folder.start(0);
    recordings.begin(&request(None, "a"));
    (0..20).for_each(|_| tap.push(RELAY, packet(100)));
    folder.wait(|found| found.iter().any(|(_, _, packets)| *packets == 20));
    let all = folder.0.join("all");
    let bytes = fs::read(all.join("a.mjr.part")).unwrap();
    assert!(repair(&list(&all).unwrap()[0]).unwrap().state == State::Growing, "what grows is left alone");
    recordings.close();
    fs::write(all.join("crashed.mjr.part"), &bytes[..bytes.len() - 7]).unwrap();
    fs::write(all.join("torn.mjr"), [&bytes[..], b"MEET"].concat()).unwrap();
    fs::write(all.join("other.mjr"), "no recording").unwrap();
    let states = |found: Vec<(String, State, u64)>| found.into_iter().map(|(_, state, _)| state).collect::<Vec<_>>();
    assert_eq!(states(folder.list()), [State::Whole, State::Unfinished, State::Unreadable, State::Torn]);
    for kept in list(&all).unwrap() {
        repair(&kept).unwrap();
    }
    let found = folder.list();
    assert_eq!(found[1], ("crashed.mjr".into(), State::Whole, 19));
    assert_eq!(found[3], ("torn.mjr".into(), State::Whole, 20));
    assert_eq!(found[2].1, State::Unreadable, "what is none is left alone");
}

#[cfg(feature = "film")]
mod films;
