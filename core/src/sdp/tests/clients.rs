//! Offers of real clients.

use super::*;
use crate::link::Role;
use crate::media::EncodingParameters;
use crate::wire::{Codec, Extension};

const CHROME: &str = include_str!("descriptions/chrome-simulcast.sdp");
const FIREFOX: &str = include_str!("descriptions/firefox.sdp");
const SAFARI: &str = include_str!("descriptions/safari.sdp");
const AIORTC: &str = include_str!("descriptions/aiortc.sdp");
const GSTREAMER: &str = include_str!("descriptions/gstreamer.sdp");

/// All of them; the base of other tests.
pub(super) const ALL: [&str; 5] = [CHROME, FIREFOX, SAFARI, AIORTC, GSTREAMER];

const POLICY: Policy<'static> =
    Policy { video_codecs: &[Codec::Vp8, Codec::H264], scalable_video: true, ..Policy::DEFAULT };

fn rids(section: &PublishedSection<'_>) -> Vec<String> {
    let name = |encoding: &EncodingParameters| String::from(encoding.rid.as_deref().unwrap_or("-"));
    section.encodings.iter().map(name).collect()
}

#[test]
fn chrome_publishes_sound_three_layers_and_data() {
    let offer = Description::parse(CHROME).unwrap();
    let sections = negotiate(&offer, &POLICY).unwrap();
    let [audio, video, data] = sections.as_slice() else { panic!("three m-lines") };
    assert_eq!((audio.codec, audio.payload_type, audio.mid), (Some(Codec::Opus), 111, "0"));
    assert!(audio.has_flag("useinbandfec") && !audio.has_flag("usedtx") && !audio.has_flag("stereo"));
    assert_eq!(audio.extensions.id(Extension::AudioLevel), Some(1));
    assert_eq!(audio.extensions.id(Extension::TransportSequence), None);
    assert_eq!(audio.encodings[0].ssrc, Some(1_466_050_442));
    assert_eq!((video.codec, video.payload_type, video.rtx_payload_type), (Some(Codec::Vp8), 96, Some(97)));
    assert_eq!(rids(video), ["l", "m", "h"]);
    assert_eq!(video.extensions.id(Extension::DependencyDescriptor), Some(12));
    assert_eq!(video.extensions.id(Extension::AbsoluteSendTime), None);
    assert!(video.feedback.nack && video.feedback.pli && video.feedback.remb && video.feedback.transport_cc);
    assert_eq!((data.kind(), data.state), (MediaKind::Application, PublishedState::Active));
    let remote = offer.transport(Side::Offer).unwrap();
    assert_eq!((remote.ufrag.as_str(), remote.role, remote.reduced_rtcp), ("fNss", Role::Client, true));
    let text = answer(CHROME, &POLICY);
    assert!(text.contains("a=simulcast:recv h;m;l\r\n"));
    assert!(text.contains("a=group:BUNDLE 0 1 2\r\n"));
}

#[test]
fn chrome_publishes_every_codec_it_has() {
    let offer = Description::parse(CHROME).unwrap();
    for (codec, payload_type, rtx, parameters) in [
        (Codec::Vp8, 96, 97, ""),
        (Codec::Vp9, 98, 99, "profile-id=0"),
        (Codec::Av1, 45, 46, "level-idx=5;profile=0;tier=0"),
        (Codec::H264, 102, 103, "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001f"),
    ] {
        let policy = Policy { video_codecs: &[codec], ..POLICY };
        let video = &negotiate(&offer, &policy).unwrap()[1];
        assert_eq!((video.codec, video.payload_type, video.rtx_payload_type), (Some(codec), payload_type, Some(rtx)));
        assert_eq!(video.parameters, parameters);
    }
    for (codec, payload_type) in [(Codec::G722, 9), (Codec::Pcmu, 0), (Codec::Pcma, 8)] {
        let policy = Policy { audio_codecs: &[codec], ..POLICY };
        let audio = &negotiate(&offer, &policy).unwrap()[0];
        assert_eq!((audio.codec, audio.payload_type), (Some(codec), payload_type));
        assert!(!audio.has_flag("useinbandfec"));
    }
}

#[test]
fn firefox_lists_formats_and_layers_its_own_way() {
    let offer = Description::parse(FIREFOX).unwrap();
    let sections = negotiate(&offer, &POLICY).unwrap();
    let [audio, video] = sections.as_slice() else { panic!("two m-lines") };
    assert_eq!((audio.codec, audio.payload_type), (Some(Codec::Opus), 109));
    assert_eq!(audio.parameters, "useinbandfec=1;stereo=1");
    assert_eq!((video.payload_type, video.rtx_payload_type), (120, Some(124)));
    assert_eq!(rids(video), ["q", "h", "f"]);
    assert_eq!(video.extensions.id(Extension::PlayoutDelay), None, "it only wants to receive that");
    assert_eq!(video.extensions.id(Extension::Rid), Some(8));
    assert!(answer(FIREFOX, &POLICY).contains("a=simulcast:recv q;h;f\r\n"));
    let remote = offer.transport(Side::Offer).unwrap();
    assert_eq!((remote.ufrag.as_str(), remote.fingerprint.sha256[0]), ("6b2f1c9e", 0x7b));
}

#[test]
fn safari_publishes_its_preferred_h264_unless_the_room_prefers_another() {
    let offer = Description::parse(SAFARI).unwrap();
    let chosen = |h264_profile, codecs| {
        let policy = Policy { video_codecs: codecs, h264_profile, ..POLICY };
        negotiate(&offer, &policy).unwrap()[1].payload_type
    };
    assert_eq!(chosen(None, &[Codec::H264]), 96);
    assert_eq!(chosen(Some("42E01F"), &[Codec::H264]), 98);
    assert_eq!(chosen(Some("f4001f"), &[Codec::H264]), 96);
    assert_eq!(chosen(None, &[Codec::H265, Codec::H264]), 100);
    let video = &negotiate(&offer, &POLICY).unwrap()[1];
    let expected = EncodingParameters { rid: None, ssrc: Some(2_271_560_481), rtx_ssrc: Some(3_735_928_559) };
    assert_eq!(video.encodings.as_slice(), [expected]);
}

#[test]
fn aiortc_numbers_its_formats_over_all_m_lines() {
    let offer = Description::parse(AIORTC).unwrap();
    let sections = negotiate(&offer, &POLICY).unwrap();
    assert_eq!((sections[0].payload_type, sections[1].payload_type), (96, 97));
    assert_eq!(sections[1].rtx_payload_type, Some(98));
    assert!(!sections[1].feedback.transport_cc && sections[1].feedback.nack);
    assert!(answer(AIORTC, &POLICY).contains("m=video 9 UDP/TLS/RTP/SAVPF 97 98\r\n"));
}

#[test]
fn gstreamer_bundles_with_port_zero() {
    let offer = Description::parse(GSTREAMER).unwrap();
    let sections = negotiate(&offer, &POLICY).unwrap();
    let [video, audio] = sections.as_slice() else { panic!("two m-lines") };
    assert_eq!((video.codec, video.state), (Some(Codec::H264), PublishedState::Active));
    assert_eq!(video.parameters, "packetization-mode=1;profile-level-id=42c01f");
    assert_eq!((audio.codec, audio.state, audio.mid), (Some(Codec::Opus), PublishedState::Active, "audio1"));
    assert_eq!(audio.parameters, "");
    assert!(answer(GSTREAMER, &POLICY).contains("a=group:BUNDLE video0 audio1\r\n"));
}
