//! What Janus answers to offers at the edges, as recorded.

use super::*;
use crate::sdp::RidOrder;
use crate::wire::Codec;

const HEAD: &str = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\n";

/// An m-line with its number as mid, its transport, and `lines`.
fn section(mid: usize, line: &str, lines: &str) -> String {
    let fingerprint = "AB:".repeat(31);
    std::format!(
        "m={line}\r\nc=IN IP4 0.0.0.0\r\na=ice-ufrag:ab12\r\na=ice-pwd:0123456789abcdef01234567\r\n\
         a=fingerprint:sha-256 {fingerprint}CD\r\na=setup:actpass\r\na=mid:{mid}\r\na=rtcp-mux\r\n{lines}"
    )
}

fn opus(mid: usize) -> String {
    section(
        mid,
        "audio 9 UDP/TLS/RTP/SAVPF 111",
        "a=sendonly\r\na=rtpmap:111 opus/48000/2\r\na=fmtp:111 minptime=10;useinbandfec=1\r\n",
    )
}

fn pcmu(mid: usize) -> String {
    section(mid, "audio 9 UDP/TLS/RTP/SAVPF 0", "a=sendonly\r\n")
}

fn vp8(mid: usize) -> String {
    section(mid, "video 9 UDP/TLS/RTP/SAVPF 96", "a=sendonly\r\na=rtpmap:96 VP8/90000\r\n")
}

fn h264(mid: usize) -> String {
    section(mid, "video 9 UDP/TLS/RTP/SAVPF 102", "a=sendonly\r\na=rtpmap:102 H264/90000\r\n")
}

fn offer(sections: &[String]) -> String {
    [HEAD, &sections.concat()].concat()
}

#[test]
fn the_first_m_line_stays_and_later_ones_are_rejected_when_nothing_is_in_common() {
    let text = answer(&offer(&[pcmu(0), h264(1), vp8(2)]), &Policy::DEFAULT);
    assert!(text.contains("a=group:BUNDLE 0 2\r\n"));
    let first = section_lines(&text, 0);
    assert_eq!(first[0], "m=audio 9 UDP/TLS/RTP/SAVPF 0");
    assert!(first.contains(&"a=inactive") && first.contains(&"a=setup:active"));
    assert!(first.contains(&"a=candidate:1 1 udp 2130706431 192.0.2.7 7000 typ host"));
    assert!(first.contains(&"a=candidate:2 1 udp 2130706175 2001:db8::7 7000 typ host"));
    assert!(first.contains(&"a=end-of-candidates"));
    assert!(!first.iter().any(|line| line.starts_with("a=rtpmap")));
    let rejected = ["m=video 0 UDP/TLS/RTP/SAVPF 0", "c=IN IP4 0.0.0.0", "a=inactive", "a=mid:1"];
    assert_eq!(section_lines(&text, 1), rejected);
    let last = section_lines(&text, 2);
    assert_eq!(last[0], "m=video 9 UDP/TLS/RTP/SAVPF 96");
    assert!(last.contains(&"a=recvonly") && last.contains(&"a=end-of-candidates"));
}

#[test]
fn who_does_not_send_gets_an_inactive_m_line_with_its_format() {
    let text = answer(&offer(&[opus(0).replace("sendonly", "recvonly"), vp8(1)]), &Policy::DEFAULT);
    let lines = section_lines(&text, 0);
    assert!(lines.contains(&"a=inactive") && lines.contains(&"a=rtpmap:111 opus/48000/2"));
}

#[test]
fn the_room_says_which_codec_is_best() {
    let both = section(0, "audio 9 UDP/TLS/RTP/SAVPF 8 0", "a=sendonly\r\n");
    let policy = Policy { audio_codecs: &[Codec::Opus, Codec::Pcmu, Codec::Pcma], ..Policy::DEFAULT };
    let text = answer(&offer(&[both]), &policy);
    assert_eq!(section_lines(&text, 0)[0], "m=audio 9 UDP/TLS/RTP/SAVPF 0");
    assert!(text.contains("a=rtpmap:0 PCMU/8000\r\n"));
}

#[test]
fn opus_gets_what_both_sides_want() {
    let wish = |parameters: &str| offer(&[opus(0).replace("minptime=10;useinbandfec=1", parameters)]);
    let dtx = Policy { opus_dtx: true, ..Policy::DEFAULT };
    let no_fec = Policy { opus_fec: false, ..Policy::DEFAULT };
    let all = "useinbandfec=1;usedtx=1;stereo=1";
    assert!(answer(&wish(all), &dtx).contains("a=fmtp:111 useinbandfec=1;usedtx=1;stereo=1\r\n"));
    assert!(answer(&wish(all), &Policy::DEFAULT).contains("a=fmtp:111 useinbandfec=1;stereo=1\r\n"));
    assert!(answer(&wish("sprop-stereo=1"), &dtx).contains("a=fmtp:111 stereo=1\r\n"));
    assert!(!answer(&wish("useinbandfec=1"), &no_fec).contains("a=fmtp"));
}

#[test]
fn the_roles_and_the_protocol_of_the_offer_are_kept() {
    let active = offer(&[opus(0)]).replace("actpass", "active").replace("UDP/TLS/RTP/SAVPF", "RTP/AVP");
    let text = answer(&active, &Policy::DEFAULT);
    assert!(text.contains("a=setup:passive\r\n") && text.contains("m=audio 9 RTP/AVP 111\r\n"));
}

#[test]
fn an_m_line_of_another_kind_and_one_that_was_removed_stay_rejected() {
    let text = answer(
        &offer(&[vp8(0).replace("video 9", "video 0"), section(1, "text 9 RTP/AVP 98", ""), opus(2)]),
        &Policy::DEFAULT,
    );
    assert_eq!(section_lines(&text, 0)[0], "m=video 0 UDP/TLS/RTP/SAVPF 0");
    assert_eq!(section_lines(&text, 1)[0], "m=text 0 RTP/AVP 0");
    assert!(section_lines(&text, 2).contains(&"a=recvonly"));
    assert!(text.contains("a=group:BUNDLE 2\r\n"));
}

#[test]
fn data_channels_are_agreed_on_only_where_the_room_allows_them() {
    let data = section(1, "application 9 UDP/DTLS/SCTP webrtc-datachannel", "a=sctp-port:5000\r\n");
    let offer = offer(&[opus(0), data]);
    let text = answer(&offer, &Policy::DEFAULT);
    assert!(section_lines(&text, 1).contains(&"a=sendrecv") && section_lines(&text, 1).contains(&"a=sctp-port:5000"));
    let text = answer(&offer, &Policy { data_channels: false, ..Policy::DEFAULT });
    assert_eq!(section_lines(&text, 1)[0], "m=application 0 UDP/DTLS/SCTP webrtc-datachannel");
}

#[test]
fn simulcast_by_a_group_of_ssrcs_is_known_with_its_retransmissions() {
    let lines = "a=ssrc-group:FID 2 22\r\na=ssrc-group:SIM 1 2 3\r\na=ssrc:1 cname:x\r\n";
    let text = offer(&[vp8(0) + lines]);
    let offer = Description::parse(&text).unwrap();
    let video = &negotiate(&offer, &Policy::DEFAULT).unwrap()[0];
    let told: Vec<_> = video.encodings.iter().map(|encoding| (encoding.ssrc, encoding.rtx_ssrc)).collect();
    assert_eq!(told, [(Some(1), None), (Some(2), Some(22)), (Some(3), None)]);
    assert!(video.is_simulcast());
}

#[test]
fn rids_without_telling_names_go_from_the_highest_down() {
    let lines = "a=rid:a send\r\na=rid:b send\r\na=rid:c recv\r\na=simulcast:send a,x;~b\r\n";
    for (lines, expected) in [(lines, ["b", "a"]), ("a=rid:big send\r\na=rid:small send\r\n", ["small", "big"])] {
        let text = offer(&[vp8(0) + lines]);
        let offer = Description::parse(&text).unwrap();
        let video = &negotiate(&offer, &Policy::DEFAULT).unwrap()[0];
        let rids: Vec<_> = video.encodings.iter().filter_map(|encoding| encoding.rid.as_deref()).collect();
        assert_eq!(rids, expected);
    }
}

#[test]
fn the_order_of_rids_may_be_told() {
    let lines = "a=rid:h send\r\na=rid:l send\r\na=simulcast:send h;l\r\n";
    for (rid_order, expected) in [(RidOrder::LowestFirst, ["h", "l"]), (RidOrder::HighestFirst, ["l", "h"])] {
        let text = offer(&[vp8(0) + lines]);
        let offer = Description::parse(&text).unwrap();
        let video = &negotiate(&offer, &Policy { rid_order, ..Policy::DEFAULT }).unwrap()[0];
        let rids: Vec<_> = video.encodings.iter().filter_map(|encoding| encoding.rid.as_deref()).collect();
        assert_eq!(rids, expected);
    }
}

#[test]
fn extensions_are_agreed_on_as_the_room_allows() {
    let lines = "a=extmap:1 urn:ietf:params:rtp-hdrext:sdes:mid\r\na=extmap:1 urn:3gpp:video-orientation\r\n\
                 a=extmap:2/sendonly http://www.webrtc.org/experiments/rtp-hdrext/playout-delay\r\n\
                 a=extmap:9 http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01\r\n\
                 a=extmap:3 urn:example:unknown\r\n\
                 a=extmap:0 urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id\r\n";
    let agreed = |policy: &Policy<'_>| {
        let text = answer(&offer(&[vp8(0) + lines]), policy);
        let ids = text.lines().filter_map(|line| line.strip_prefix("a=extmap:")?.split(' ').next()?.parse().ok());
        ids.collect::<Vec<u8>>()
    };
    assert_eq!(agreed(&Policy::DEFAULT), [1, 2, 9]);
    let none = Policy { playout_delay: false, transport_wide_cc: false, ..Policy::DEFAULT };
    assert_eq!(agreed(&none), [1]);
}
