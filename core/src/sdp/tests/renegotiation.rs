//! Descriptions that follow others in one PeerConnection.

use super::subscribers::offered;
use super::*;
use crate::wire::Codec;

#[test]
fn removed_m_lines_keep_their_place_and_the_version_counts() {
    let mut sections = offered(&[(Codec::Opus, ""), (Codec::Vp8, ""), (Codec::Vp8, "")]);
    sections[0].state = OfferedState::Removed;
    sections[1].state = OfferedState::Inactive;
    let mut text = String::new();
    with_local(2, |local| write_offer(&mut text, &sections, local)).unwrap();
    assert!(text.contains("o=- 77 2 IN") && text.contains("a=group:BUNDLE 1 2\r\n"));
    let removed = ["m=audio 0 UDP/TLS/RTP/SAVPF 0", "c=IN IP4 0.0.0.0", "a=inactive", "a=mid:0"];
    assert_eq!(section_lines(&text, 0), removed);
    let inactive = section_lines(&text, 1);
    assert!(inactive.contains(&"a=inactive") && inactive.contains(&"a=rtpmap:96 VP8/90000"));
    assert!(inactive.contains(&"a=end-of-candidates"), "the transport moves to the first that is left");
    assert!(!inactive.iter().any(|line| line.starts_with("a=ssrc") || line.starts_with("a=msid")));
    assert!(section_lines(&text, 2).contains(&"a=sendonly"));
}

#[test]
fn an_ice_restart_is_a_changed_fragment() {
    let [chrome, ..] = clients::ALL;
    let restarted = chrome.replace("ice-ufrag:fNss", "ice-ufrag:gOtt").replace("ice-pwd:qk", "ice-pwd:rl");
    let transport = |text: &str| Description::parse(text).unwrap().transport(Side::Offer).unwrap();
    let (before, after) = (transport(chrome), transport(&restarted));
    assert_ne!(before.ufrag, after.ufrag);
    assert_eq!((before.fingerprint, before.role), (after.fingerprint, after.role));
}

#[test]
fn a_publisher_that_stops_an_m_line_has_it_rejected_in_place() {
    let [chrome, ..] = clients::ALL;
    let stopped = chrome.replace("m=video 9", "m=video 0");
    let text = answer(&stopped, &Policy::DEFAULT);
    assert_eq!(section_lines(&text, 1)[0], "m=video 0 UDP/TLS/RTP/SAVPF 0");
    assert!(text.contains("a=group:BUNDLE 0 2\r\n"));
}
