//! Redundant audio (RFC 2198): what rooms that have it agree on with publishers and offer to subscribers.

use super::*;
use crate::wire::Codec;

const CHROME_OFFER: &str = include_str!("descriptions/chrome-simulcast.sdp");

const RED: Policy<'static> = Policy { audio_red: true, audio_nack: true, ..Policy::DEFAULT };

#[test]
fn a_publisher_is_asked_for_it_by_putting_it_first() {
    let lines = |policy: &Policy<'_>| {
        let text = answer(CHROME_OFFER, policy);
        section_lines(&text, 0).into_iter().map(String::from).collect::<Vec<_>>()
    };
    let audio = lines(&RED);
    assert_eq!(audio[0], "m=audio 9 UDP/TLS/RTP/SAVPF 63 111");
    for line in ["a=rtpmap:111 opus/48000/2", "a=rtpmap:63 red/48000/2", "a=fmtp:63 111/111"] {
        assert!(audio.iter().any(|other| other == line), "{line} is missing in {audio:?}");
    }
    let plain = lines(&Policy::DEFAULT);
    assert_eq!(plain[0], "m=audio 9 UDP/TLS/RTP/SAVPF 111");
    assert!(!plain.iter().any(|line| line.contains("red/48000")));
    assert!(!audio.iter().any(|line| line.ends_with("nack")), "it was not offered");
}

#[test]
fn what_a_subscriber_takes_of_it_is_what_its_answer_says() {
    let sections =
        subscribers::offered_with(&[(Codec::Opus, "useinbandfec=1"), (Codec::Opus, ""), (Codec::Pcmu, "")], true);
    let numbers = |section: &OfferedSection<'_>| section.media.map(|it| (it.payload_type, it.red_payload_type));
    let numbers: Vec<_> = sections.iter().filter_map(numbers).collect();
    assert_eq!(numbers, [(111, Some(63)), (112, Some(113)), (0, None)]);
    let mut text = String::new();
    with_local(1, |local| write_offer(&mut text, &sections, local)).unwrap();
    let audio = section_lines(&text, 0);
    assert_eq!(audio[0], "m=audio 9 UDP/TLS/RTP/SAVPF 111 63");
    assert!(audio.contains(&"a=fmtp:63 111/111") && audio.contains(&"a=rtcp-fb:111 nack"));
    let answer = |first: &str| {
        let opus = |mid: u8, red: &str, number: u8| {
            std::format!(
                "m=audio 9 UDP/TLS/RTP/SAVPF {number}\na=mid:{mid}\na=recvonly\na=rtpmap:{number} opus/48000/2\n{red}"
            )
        };
        let pcmu = "m=audio 9 UDP/TLS/RTP/SAVPF 0\na=mid:2\na=recvonly\n";
        let head = "v=0\no=- 1 1 IN IP4 0.0.0.0\ns=-\nt=0 0\n";
        let text = [head, &opus(0, first, 111), &opus(1, "", 112), pcmu].concat();
        let answered = read_answer(&Description::parse(&text).unwrap(), &sections).unwrap();
        answered.iter().map(|section| (section.red_payload_type, section.feedback.nack)).collect::<Vec<_>>()
    };
    // The format list of the first m-line has no 63 in it, so its lines mean nothing.
    assert_eq!(answer("a=rtpmap:63 red/48000/2\na=fmtp:63 111/111\n"), [(None, false); 3]);
    let taken = "a=rtcp-fb:111 nack\n";
    assert_eq!(answer(taken), [(None, true), (None, false), (None, false)]);
    let text = [
        "v=0\no=- 1 1 IN IP4 0.0.0.0\ns=-\nt=0 0\nm=audio 9 UDP/TLS/RTP/SAVPF 111 63\na=mid:0\na=recvonly\n",
        "a=rtpmap:111 opus/48000/2\na=rtpmap:63 red/48000/2\na=fmtp:63 111/111\n",
    ]
    .concat();
    let one = |sections: &[OfferedSection<'_>]| {
        read_answer(&Description::parse(&text).unwrap(), sections).unwrap()[0].red_payload_type
    };
    assert_eq!(one(&sections[..1]), Some(63));
    let not_offered = subscribers::offered_with(&[(Codec::Opus, "useinbandfec=1")], false);
    assert_eq!(one(&not_offered), None);
}
