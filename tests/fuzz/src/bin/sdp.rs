//! Session descriptions: what is read of one, and what is answered to it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use parlor_core::id::LinkId;
use parlor_core::link::{Credentials, Fingerprint};
use parlor_core::sdp::{
    Description, LocalTransport, Policy, PublishedState, SECTIONS, Side, negotiate, read_answer, write_answer,
};
use parlor_core::wire::Codec;

const HEAD: &str = "v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n\
                    a=ice-ufrag:abcd\r\na=fingerprint:sha-256 \
                    00:01:02:03:04:05:06:07:08:09:0A:0B:0C:0D:0E:0F:\
                    10:11:12:13:14:15:16:17:18:19:1A:1B:1C:1D:1E:1F\r\n";

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    read(text);
    read(&[HEAD, text].concat());
});

/// Every m-line is decided about, and the answer is a description that says what was decided.
fn read(text: &str) {
    let Ok(offer) = Description::parse(text) else { return };
    let policy = Policy {
        video_codecs: &[Codec::Vp8, Codec::Vp9, Codec::H264, Codec::Av1, Codec::H265],
        h264_profile: Some("42e01f"),
        scalable_video: true,
        ..Policy::DEFAULT
    };
    let _ = read_answer(&offer, &[]);
    let sections = negotiate(&offer, &policy).unwrap();
    assert!(sections.len() <= SECTIONS && sections.len() == offer.sections().count());
    let Ok(remote) = offer.transport(Side::Offer) else { return };
    let local = LocalTransport {
        most_message_bytes: 65_536,
        session_id: 1,
        version: 1,
        credentials: &Credentials::new(LinkId::new(0, 1), [1; 25]),
        fingerprint: Fingerprint { sha256: [2; 32] },
        candidates: &["192.0.2.1:7000".parse().unwrap()],
    };
    let mut answer = String::new();
    write_answer(&mut answer, &offer, &sections, &local, remote.role).unwrap();
    let answer = Description::parse(&answer).unwrap();
    for (written, decided) in answer.sections().zip(&sections) {
        assert_eq!(written.is_rejected(), decided.state == PublishedState::Rejected);
        assert_eq!(written.mid().unwrap_or(""), decided.mid);
    }
}
