//! What is written, where, and how much.

use std::fs;
use std::time::Duration;

use parlor_core::link::{PacketWay, Tap, TapExtent, TapReader};

use super::*;
use crate::queue;

const ID: CaptureId = CaptureId::new(3, 1);

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("parlor-capture-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    fn captures(&self, seconds: u32) -> Captures {
        let capture = config::Capture { directory: Some("captures".into()), megabytes: 1, seconds };
        Captures::new(&capture, &self.0)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn request<'a>(format: CaptureFormat, folder: Option<&'a str>, file: Option<&'a str>) -> CaptureRequest<'a> {
    CaptureRequest { capture: ID, format, folder, file }
}

fn copied(way: PacketWay, packet: &[u8], extent: TapExtent) -> Copied {
    let at = UNIX_EPOCH + Duration::new(86_400 + 3_661, 1_002_000);
    Copied { at, lost_before: 0, packet: Tap { reader: TapReader::Capture(ID), extent }.copy(way, packet) }
}

#[test]
fn a_pcap_file_has_made_up_headers_and_tells_what_was_cut_off() {
    let folder = Folder::new("pcap");
    let captures = folder.captures(60);
    let path = captures.start(&request(CaptureFormat::Pcap, Some("deep/er"), Some("a.pcap"))).unwrap();
    assert!(captures.write(&copied(PacketWay::RtpIn, &[0x80; 100], TapExtent::Bytes(12))));
    assert!(captures.write(&copied(PacketWay::RtcpOut, &[0x81; 8], TapExtent::Headers)));
    captures.stop(ID);
    let bytes = fs::read(path.as_str()).unwrap();
    assert!(path.ends_with("/captures/deep/er/a.pcap"), "{path}");
    assert_eq!(bytes.len(), 24 + (16 + 28 + 12) + (16 + 28 + 8));
    let word = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    assert_eq!([word(24), word(28), word(32), word(36)], [90_061, 1_002, 40, 128]);
    let ip = &bytes[40..60];
    assert_eq!((ip[0], ip[9], &ip[12..16], u16::from_be_bytes([ip[2], ip[3]])), (0x45, 17, &[10, 0, 0, 2][..], 128));
    let sum: u32 = ip.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum();
    assert_eq!((sum & 0xffff) + (sum >> 16), 0xffff, "the header's checksum");
    assert_eq!(&bytes[60..68], &[0x13, 0x8c, 0x1b, 0x58, 0, 108, 0, 0], "UDP");
    assert_eq!(&bytes[68..80], &[0x80; 12]);
    assert_eq!(&bytes[80 + 16 + 12..80 + 16 + 16], &[10, 0, 0, 1], "the second was sent by us");
}

#[test]
fn a_text_file_has_a_line_for_the_time_and_one_for_the_bytes() {
    let folder = Folder::new("text");
    let captures = folder.captures(60);
    let path = captures.start(&request(CaptureFormat::Text, None, None)).unwrap();
    assert!(path.ends_with(".txt") && path.contains("parlor-text2pcap-"), "{path}");
    captures.write(&copied(PacketWay::RtcpIn, &[0x80, 0xc9, 0, 1], TapExtent::Bytes(2)));
    captures.stop(ID);
    let text = fs::read_to_string(path.as_str()).unwrap();
    assert_eq!(text, "I 01:01:01.001002\n000000 80 c9\n# RTCP, 4 bytes\n");
}

#[test]
fn nothing_is_written_outside_the_directory_or_over_what_is_there() {
    let folder = Folder::new("outside");
    let captures = folder.captures(60);
    let directory = folder.0.join("captures");
    fs::create_dir_all(&directory).unwrap();
    std::os::unix::fs::symlink("/usr", directory.join("away")).unwrap();
    fs::write(directory.join("there"), "kept").unwrap();
    for (wanted, file) in [
        (Some("/etc"), "a"),
        (Some(".."), "a"),
        (Some("x/../.."), "a"),
        (Some("away"), "a"),
        (Some("away/deeper"), "a"),
        (None, "../a"),
        (None, "x/a"),
        (None, ".a"),
        (None, ""),
        (None, "there"),
        (None, &"x".repeat(NAME_BYTES + 1)),
    ] {
        let refused = captures.start(&request(CaptureFormat::Pcap, wanted, Some(file)));
        assert!(refused.is_err(), "{wanted:?} {file:?}: {refused:?}");
    }
    assert_eq!(fs::read(directory.join("there")).unwrap(), b"kept");
    assert!(!Path::new("/usr/deeper").exists());
    let inside = directory.join("inside");
    assert!(captures.start(&request(CaptureFormat::Pcap, inside.to_str(), Some("a"))).is_ok(), "told whole");
    let off = config::Capture { directory: None, megabytes: 1, seconds: 1 };
    let refused = Captures::new(&off, &folder.0).start(&request(CaptureFormat::Pcap, None, None));
    assert!(refused.unwrap_err().contains("set capture.directory"));
}

#[test]
fn a_capture_is_bounded_in_size_and_time() {
    let folder = Folder::new("bounded");
    let captures = folder.captures(60);
    captures.start(&request(CaptureFormat::Pcap, None, Some("a"))).unwrap();
    let packet = copied(PacketWay::RtpOut, &[0; 1200], TapExtent::Whole);
    let written = (0..2_000).take_while(|_| captures.write(&packet)).count();
    assert_eq!(written, (1 << 20) / (16 + 28 + 1200));
    assert_eq!(captures.due(), None);
    captures.stop(ID);
    let captures = folder.captures(0);
    captures.start(&request(CaptureFormat::Pcap, None, Some("b"))).unwrap();
    assert_eq!(captures.due(), Some(ID));
}

#[test]
fn what_finds_no_place_is_counted_and_told_with_the_next() {
    let (sender, mut receiver) = queue::to_control::<Copied, 4>().unwrap();
    let mut tapping = Tapping::new(sender);
    let packet = copied(PacketWay::RtpIn, &[1; 20], TapExtent::Whole).packet;
    (0..5).for_each(|_| tapping.push(packet.clone()));
    // A queue of 4 holds 3.
    let lost: Vec<u32> = std::iter::from_fn(|| receiver.try_recv()).map(|copied| copied.lost_before).collect();
    assert_eq!(lost, [0, 0, 0]);
    tapping.push(packet);
    assert_eq!(receiver.try_recv().unwrap().lost_before, 2);
}
