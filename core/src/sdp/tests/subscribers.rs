//! Offers to subscribers, and their answers.

use super::*;
use crate::link::Role;
use crate::wire::{Codec, Extension, ExtensionMap, Kind};

const CHROME_ANSWER: &str = include_str!("descriptions/chrome-answer-many.sdp");

/// What a subscriber is offered, of these formats in turn.
pub(super) fn offered<'a>(formats: &[(Codec, &'a str)]) -> Vec<OfferedSection<'a>> {
    offered_with(formats, false)
}

/// The same, perhaps with redundant audio.
pub(super) fn offered_with<'a>(formats: &[(Codec, &'a str)], has_red: bool) -> Vec<OfferedSection<'a>> {
    let mut sections: Vec<OfferedSection<'a>> = Vec::new();
    for (index, (codec, parameters)) in formats.iter().enumerate() {
        let taken = sections.iter().filter_map(|section| section.media);
        let second = |media: OfferedMedia<'_>| media.rtx_payload_type.or(media.red_payload_type);
        let taken = taken.map(|media| (media.codec, media.payload_type, second(media), media.parameters));
        let (payload_type, second) = offered_payload_types(taken, *codec, parameters);
        let is_sound = codec.kind() == Kind::Audio;
        let rtx_payload_type = second.filter(|_| !is_sound);
        let media = OfferedMedia {
            codec: *codec,
            payload_type,
            rtx_payload_type,
            red_payload_type: second.filter(|_| is_sound && has_red),
            audio_nack: is_sound && has_red,
            parameters,
            extensions: offered_extensions(*codec, &ExtensionMap::EMPTY, &Policy::DEFAULT),
            ssrc: 1000 + 2 * index as u32,
            rtx_ssrc: rtx_payload_type.map(|_| 1001 + 2 * index as u32),
            stream_name: "parlor",
        };
        sections.push(OfferedSection { state: OfferedState::Sending, media: Some(media) });
    }
    sections
}

const CONSTRAINED_BASELINE: &str = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f";
const HIGH: &str = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=640c1f";

/// Ten m-lines of all codecs, then data channels.
fn many() -> Vec<OfferedSection<'static>> {
    let mut sections = offered(&[
        (Codec::Opus, "useinbandfec=1"),
        (Codec::Opus, ""),
        (Codec::Vp8, ""),
        (Codec::Vp9, "profile-id=0"),
        (Codec::Vp9, "profile-id=2"),
        (Codec::H264, CONSTRAINED_BASELINE),
        (Codec::H264, HIGH),
        (Codec::Av1, ""),
        (Codec::H265, ""),
        (Codec::Vp8, ""),
    ]);
    sections.push(OfferedSection { state: OfferedState::Sending, media: None });
    sections
}

fn write(sections: &[OfferedSection<'_>]) -> String {
    let mut text = String::new();
    with_local(1, |local| write_offer(&mut text, sections, local)).unwrap();
    text
}

#[test]
fn formats_have_their_usual_numbers_and_never_share_one() {
    let numbers: Vec<_> = many()
        .iter()
        .filter_map(|section| section.media)
        .map(|media| (media.payload_type, media.rtx_payload_type))
        .collect();
    let expected = [
        (111, None),
        (112, None),
        (96, Some(97)),
        (101, Some(102)),
        (113, Some(114)),
        (107, Some(108)),
        (115, Some(116)),
        (98, Some(99)),
        (117, Some(118)),
        (96, Some(97)),
    ];
    assert_eq!(numbers, expected);
}

#[test]
fn an_offer_of_sound_and_picture_reads_as_clients_know_it() {
    let published = ExtensionMap::EMPTY.with(Extension::AudioLevel, 7).with(Extension::VideoOrientation, 3);
    let mut sections = offered(&[(Codec::Opus, "useinbandfec=1"), (Codec::Vp8, "")]);
    for section in &mut sections {
        let media = section.media.as_mut().unwrap();
        media.extensions = offered_extensions(media.codec, &published, &Policy::DEFAULT);
    }
    let text = write(&sections);
    let audio = section_lines(&text, 0);
    assert_eq!(audio[0], "m=audio 9 UDP/TLS/RTP/SAVPF 111");
    for line in [
        "a=sendonly",
        "a=mid:0",
        "a=setup:actpass",
        "a=fmtp:111 useinbandfec=1",
        "a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level",
        "a=extmap:4 urn:ietf:params:rtp-hdrext:sdes:mid",
        "a=msid:parlor parlor0",
        "a=ssrc:1000 cname:parlor",
    ] {
        assert!(audio.contains(&line), "{line}");
    }
    let video = section_lines(&text, 1);
    assert_eq!(video[0], "m=video 9 UDP/TLS/RTP/SAVPF 96 97");
    assert!(video.contains(&"a=extmap:13 urn:3gpp:video-orientation"));
    assert!(video.contains(&"a=ssrc-group:FID 1002 1003") && video.contains(&"a=fmtp:97 apt=96"));
    assert!(text.starts_with("v=0\r\no=- 77 1 IN IP4 192.0.2.7\r\n") && text.contains("a=ice-lite\r\n"));
}

#[test]
fn a_name_from_outside_cannot_add_lines() {
    let mut sections = offered(&[(Codec::Opus, "")]);
    sections[0].media.as_mut().unwrap().stream_name = "x\r\na=recvonly y";
    let text = write(&sections);
    assert!(text.contains("a=msid:x__a_recvonly_y x__a_recvonly_y0\r\n"));
}

#[test]
fn chrome_answers_what_it_can_decode() {
    let answer = Description::parse(CHROME_ANSWER).unwrap();
    let answered = read_answer(&answer, &many()).unwrap();
    let accepted: Vec<_> = answered.iter().map(|section| section.accepted).collect();
    // It has neither H.264 High nor H.265.
    assert_eq!(accepted, [true, true, true, true, true, true, false, true, false, true, true]);
    assert_eq!((answered[4].payload_type, answered[4].rtx_payload_type), (113, Some(114)));
    assert_eq!(answered[2].extensions.id(Extension::TransportSequence), Some(3));
    assert!(answered[2].feedback.nack && answered[2].feedback.pli && answered[0].feedback.transport_cc);
    let remote = answer.transport(Side::Answer).unwrap();
    assert_eq!((remote.role, remote.reduced_rtcp), (Role::Server, true));
}

#[test]
fn an_answer_to_something_else_is_refused() {
    let answer = Description::parse(CHROME_ANSWER).unwrap();
    let refused = |sections: &[OfferedSection<'_>]| read_answer(&answer, sections).unwrap_err().cause;
    let mut sections = many();
    sections.swap(1, 2);
    assert_eq!(refused(&sections), Cause::NotAnAnswer);
    sections.swap(1, 2);
    assert_eq!(refused(&sections[..10]), Cause::NotAnAnswer);
    sections.push(sections[10]);
    assert_eq!(refused(&sections), Cause::NotAnAnswer);
}

#[test]
fn what_an_answer_leaves_out_is_not_used() {
    let sections = offered(&[(Codec::Vp8, ""), (Codec::Vp8, "")]);
    let text = "v=0\no=- 1 1 IN IP4 0.0.0.0\ns=-\nt=0 0\n\
                m=video 9 UDP/TLS/RTP/SAVPF 120\na=mid:0\na=recvonly\na=rtpmap:120 VP8/90000\n\
                a=rtcp-fb:* nack pli\na=extmap:9 urn:ietf:params:rtp-hdrext:sdes:mid\n\
                a=extmap:8 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\n\
                m=video 9 UDP/TLS/RTP/SAVPF 96\na=mid:1\na=inactive\na=rtpmap:96 VP8/90000\n";
    let answered = read_answer(&Description::parse(text).unwrap(), &sections).unwrap();
    assert!(answered[0].accepted && !answered[1].accepted);
    assert_eq!((answered[0].payload_type, answered[0].rtx_payload_type), (120, None));
    assert!(answered[0].feedback.pli && !answered[0].feedback.nack);
    let mid = ExtensionMap::EMPTY.with(Extension::Mid, 9);
    assert_eq!(answered[0].extensions, mid, "by the answer's id, and nothing that was not offered");
}
