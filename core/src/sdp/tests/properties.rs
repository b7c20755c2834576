//! What holds for all descriptions.

use proptest::prelude::*;
use std::format;

use super::*;
use crate::media::{Feedback, Mid};
use crate::wire::{Codec, Extension, ExtensionMap, Kind};

const CODECS: [Codec; 9] =
    [Codec::Opus, Codec::Pcma, Codec::Pcmu, Codec::G722, Codec::Vp8, Codec::Vp9, Codec::H264, Codec::H265, Codec::Av1];

const POLICY: Policy<'static> = Policy {
    audio_codecs: &[Codec::Opus, Codec::Pcmu, Codec::Pcma],
    video_codecs: &[Codec::H264, Codec::Vp9, Codec::Vp8],
    scalable_video: true,
    ..Policy::DEFAULT
};

/// Does everything that is done with a description of a peer. What is written about it must be readable.
fn exercise(text: &str) {
    let Ok(description) = Description::parse(text) else { return };
    assert!(description.sections().count() <= SECTIONS);
    let sections = negotiate(&description, &POLICY).unwrap();
    assert_eq!(sections.len(), description.sections().count());
    let _ = read_answer(&description, &subscribers::offered(&[(Codec::Opus, ""), (Codec::Vp8, "")]));
    if let Ok(transport) = description.transport(Side::Offer) {
        let mut answer = String::new();
        with_local(1, |local| write_answer(&mut answer, &description, &sections, local, transport.role)).unwrap();
        let answer = Description::parse(&answer).unwrap();
        for (written, decided) in answer.sections().zip(&sections) {
            assert_eq!(written.is_rejected(), decided.state == PublishedState::Rejected);
            assert_eq!(written.mid().unwrap_or(""), decided.mid);
        }
    }
}

/// An offer of a real client with lines lost, doubled, swapped and garbled.
fn mutated() -> impl Strategy<Value = String> {
    let edits = proptest::collection::vec((any::<u8>(), any::<u16>(), any::<u16>(), any::<char>()), 0..12);
    (0..clients::ALL.len(), edits).prop_map(|(client, edits)| {
        let mut lines: Vec<String> = clients::ALL[client].lines().map(String::from).collect();
        for (edit, at, other, character) in edits {
            let (at, other) = (usize::from(at) % lines.len(), usize::from(other) % lines.len());
            match edit % 6 {
                0 if lines.len() > 1 => drop(lines.remove(at)),
                1 => lines.insert(other, lines[at].clone()),
                2 => lines.swap(at, other),
                3 => lines[at].push(character),
                4 => {
                    let length = lines[at].chars().count();
                    lines[at] = lines[at].chars().take(other % (length + 1)).collect();
                }
                _ => lines[at] = lines[at].replace(' ', if character < '\u{80}' { ":" } else { "  " }),
            }
        }
        lines.join("\r\n")
    })
}

fn feedback() -> impl Strategy<Value = Feedback> {
    any::<[bool; 5]>().prop_map(|[nack, pli, fir, remb, transport_cc]| Feedback { nack, pli, fir, remb, transport_cc })
}

prop_compose! {
    /// One m-line for a subscriber; numbers need not make sense together.
    fn offered()(
        state in prop_oneof![Just(OfferedState::Sending), Just(OfferedState::Inactive), Just(OfferedState::Removed)],
        codec in proptest::sample::select(&CODECS[..]),
        is_data in any::<bool>(),
        payload_type in 0_u8..127,
        has_rtx in any::<bool>(),
        ids in proptest::sample::subsequence((1_u8..=254).collect::<Vec<_>>(), Extension::COUNT),
        ssrc in any::<u32>(),
    ) -> OfferedSection<'static> {
        let extensions = Extension::ALL.into_iter().zip(ids).fold(ExtensionMap::EMPTY, |map, (extension, id)| {
            map.with(extension, id)
        });
        let media = OfferedMedia {
            codec,
            payload_type,
            rtx_payload_type: has_rtx.then_some(payload_type + 1),
            red_payload_type: None,
            audio_nack: false,
            parameters: "a=1;b=2",
            extensions,
            ssrc,
            rtx_ssrc: has_rtx.then_some(!ssrc),
            stream_name: "name",
        };
        OfferedSection { state, media: (!is_data).then_some(media) }
    }
}

proptest! {
    #[test]
    fn no_text_breaks_the_reader(
        head in "(v=0\n)?(o=x\n)?(s=x\n)?",
        lines in "(([a-z]=|m=(audio|video) [0-9]{1,5} |a=[a-z]{3,8}:?)[ -~]{0,30}\r?\n){0,30}",
    ) {
        let text = [head, lines].concat();
        exercise(&text);
    }

    #[test]
    fn no_mutation_of_a_real_offer_breaks_anything(text in mutated()) {
        exercise(&text);
    }

    #[test]
    fn an_offer_reads_back_as_it_was_meant(sections in proptest::collection::vec(offered(), 0..8)) {
        let mut text = String::new();
        with_local(9, |local| write_offer(&mut text, &sections, local)).unwrap();
        let Ok(read) = Description::parse(&text) else {
            prop_assert!(sections.is_empty());
            return Ok(());
        };
        prop_assert_eq!(read.sections().count(), sections.len());
        for (index, (written, section)) in read.sections().zip(&sections).enumerate() {
            let mid: Mid = section_mid(index);
            prop_assert_eq!(written.mid(), Some(mid.as_str()));
            prop_assert_eq!(written.is_rejected(), section.state == OfferedState::Removed);
            prop_assert_eq!(read.is_bundled(&mid), section.state != OfferedState::Removed);
            let Some(media) = section.media.filter(|_| section.state != OfferedState::Removed) else { continue };
            let format = written.formats().next().unwrap();
            prop_assert_eq!((format.codec(), format.payload_type), (Some(media.codec), media.payload_type));
            prop_assert_eq!(format.parameters, media.parameters);
            let rtx = written.formats().find(|other| other.repairs(media.payload_type));
            prop_assert_eq!(rtx.map(|rtx| rtx.payload_type), media.rtx_payload_type);
            let extensions = written.extensions().fold(ExtensionMap::EMPTY, |map, (id, _, extension)| {
                map.with(extension, id)
            });
            prop_assert_eq!(extensions, media.extensions);
            let ssrc = written.ssrcs().next();
            prop_assert_eq!(ssrc, (section.state == OfferedState::Sending).then_some(media.ssrc));
        }
    }

    #[test]
    fn feedback_reads_back_as_it_was_written(feedback in feedback(), payload_type in 0_u8..128) {
        let mut text = format!("v=0\r\no=x\r\ns=x\r\nm=video 9 RTP/AVP {payload_type}\r\n");
        write::feedback(&mut text, payload_type, &feedback).unwrap();
        let read = Description::parse(&text).unwrap();
        prop_assert_eq!(read.sections().next().unwrap().feedback(payload_type), feedback);
    }

    #[test]
    fn payload_types_of_different_formats_differ(
        wishes in proptest::collection::vec((proptest::sample::select(&CODECS[..]), 0..3_usize), 0..12),
    ) {
        let wishes: Vec<_> = wishes.into_iter().map(|(codec, variant)| (codec, ["", "x=1", "x=2"][variant])).collect();
        let sections = subscribers::offered_with(&wishes, true);
        let mut owners: [Option<(Codec, &str)>; 128] = [None; 128];
        for media in sections.iter().filter_map(|section| section.media) {
            prop_assert_eq!(media.rtx_payload_type.is_some(), media.codec.kind() == Kind::Video);
            prop_assert_eq!(media.red_payload_type.is_some(), media.codec == Codec::Opus);
            let numbers = [Some(media.payload_type), media.rtx_payload_type, media.red_payload_type];
            for number in numbers.into_iter().flatten() {
                let owner = owners[usize::from(number)].get_or_insert((media.codec, media.parameters));
                prop_assert_eq!(*owner, (media.codec, media.parameters));
            }
        }
    }
}
