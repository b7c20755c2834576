//! What a film is made of, for the targets that read films and make them.
#![allow(dead_code)] // what writes the file

#[path = "../../../platform-linux/src/recording/film/av1.rs"]
mod av1;
#[path = "../../../platform-linux/src/recording/film/bits.rs"]
mod bits;
#[path = "../../../platform-linux/src/recording/film/clock.rs"]
mod clock;
#[path = "../../../platform-linux/src/recording/film/crop.rs"]
mod crop;
#[path = "../../../platform-linux/src/recording/film/h264.rs"]
mod h264;
#[path = "../../../platform-linux/src/recording/film/h265.rs"]
mod h265;
#[path = "../../../platform-linux/src/recording/film/index.rs"]
mod index;
#[path = "../../../platform-linux/src/recording/film/layout.rs"]
mod layout;
#[path = "../../../platform-linux/src/recording/film/parameters.rs"]
mod parameters;
#[path = "../../../platform-linux/src/recording/film/picture.rs"]
mod picture;
#[path = "../../../platform-linux/src/recording/film/read.rs"]
mod read;
#[path = "../../../platform-linux/src/recording/film/reorder.rs"]
mod reorder;
#[path = "../../../platform-linux/src/recording/film/track.rs"]
mod track;
#[path = "../../../platform-linux/src/recording/film/units.rs"]
mod units;
#[path = "../../../platform-linux/src/recording/film/vp8.rs"]
mod vp8;
#[path = "../../../platform-linux/src/recording/film/vp9.rs"]
mod vp9;

use std::io::Cursor;
use std::time::{Duration, Instant, SystemTime};

use parlor_core::wire::{Codec, Extension, ExtensionMap};

/// Whatever is in a file, and whatever follows the begin of one.
pub fn read_and_repair(bytes: &[u8]) {
    let described = |number, codec| layout::Described { number, codec, format: "", parameters: None, quarter_turns: 0 };
    let tracks = [described(1, Codec::Opus), described(2, Codec::Vp8)];
    let info = layout::info(SystemTime::UNIX_EPOCH);
    let places = [layout::no_seek_head(), layout::info_of(&info), layout::tracks(tracks.into_iter(), 2)].concat();
    repair(&[layout::header(true), places, bytes.into()].concat());
    repair(bytes);
}

/// A repaired file is whole, and holds the same.
fn repair(file: &[u8]) {
    let Some(content) = read::read(&mut Cursor::new(file)) else { return };
    let mut mended = file[..content.whole_bytes as usize].to_vec();
    let (patches, end) = content.closing();
    for (at, bytes) in patches {
        let at = at as usize;
        mended.resize(mended.len().max(at + bytes.len()), 0);
        mended[at..at + bytes.len()].copy_from_slice(&bytes);
    }
    assert_eq!(mended.len() as u64, end);
    let again = read::read(&mut Cursor::new(&mended)).expect("a repaired file begins as a film");
    assert!(again.is_closed);
    assert_eq!((again.frames(), again.duration_ms()), (content.frames(), content.duration_ms()));
}

/// Whatever comes for an m-line: frames go forward, none is longer than allowed, and a file describes the track.
pub fn make(bytes: &[u8]) {
    const CODECS: [Codec; 7] =
        [Codec::Vp8, Codec::Vp9, Codec::H264, Codec::H265, Codec::Av1, Codec::Opus, Codec::MultiOpus];
    let Some((first, mut rest)) = bytes.split_first() else { return };
    let extensions = ExtensionMap::EMPTY.with(Extension::VideoOrientation, 4);
    let codec = CODECS[usize::from(*first) % CODECS.len()];
    let mut track = track::Track::new(1, codec, &String::from_utf8_lossy(&bytes[..bytes.len().min(90)]), &extensions);
    let (began, mut last) = (Instant::now(), None);
    let mut sequence = 0_u16;
    // A packet: how its numbers go on, how long it is, and its payload.
    while let Some(([numbers, ticks, high, low], after)) = rest.split_first_chunk() {
        let payload;
        let len = usize::from(u16::from_be_bytes([*high, *low]) % 1500).min(after.len());
        (payload, rest) = after.split_at(len);
        if numbers & 0x40 != 0 {
            track.report(payload);
            continue;
        }
        sequence = sequence.wrapping_add(u16::from(numbers & 0x0f)).wrapping_sub(2);
        let timestamp = u32::from(*ticks) << 24 | u32::from(sequence >> 3);
        let mut packet = vec![0x80, if numbers & 0x80 == 0 { 96 } else { 224 }];
        packet.extend(sequence.to_be_bytes());
        packet.extend(timestamp.to_be_bytes());
        packet.extend([0, 0, 0, 1]);
        packet.extend_from_slice(payload);
        track.push(began, &packet);
        let is_end = numbers & 0x30 == 0x30;
        for frame in track.frames(began + Duration::from_secs(u64::from(numbers >> 4 & 1)), is_end) {
            assert!(frame.bytes.len() <= picture::PICTURE_BYTES + 64);
            if track.introduce(&frame).is_none() {
                continue;
            }
            let ticks = track.clock.ticks(frame.timestamp, clock::since(began, frame.at));
            let reference = track.clock.clone();
            let time_ms = track.place(ticks, Some(&reference));
            assert!(last.is_none_or(|last| last < time_ms));
            last = Some(time_ms);
            let described = track.described().expect("what has a frame is described");
            assert!(!layout::tracks([described].into_iter(), 1).is_empty());
        }
    }
}
