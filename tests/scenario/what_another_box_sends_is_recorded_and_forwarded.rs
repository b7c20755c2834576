//! Somebody who publishes at one box is recorded at another and forwarded from there: the film is as it was made, and
//! ffmpeg decodes what arrives at an address.

use crate::boxes::{Boxes, FAR};
use crate::common::VIDEO;
use crate::films::{check, film, send};
use parlor_tests::{Result, Server};
use serde_json::json;
use std::net::UdpSocket;
use std::process::{Command, Stdio};
use std::{env, fs};

const PICTURES: usize = 40;

#[test]
fn what_another_box_sends_is_recorded_and_forwarded() -> Result<()> {
    let (origin, target) = (Server::start(&[])?, Server::start(&["recording.format=webm"])?);
    let nothing = json!({});
    let (mut boxes, added) = Boxes::announce(&origin, &target, &nothing)?;
    boxes.publish(&added, &nothing)?;
    boxes.target.ask("enable_recording", json!({ "record": true }))?;

    let port = UdpSocket::bind("127.0.0.1:0")?.local_addr()?.port();
    let place = env::temp_dir().join(format!("parlor-test-{}.sdp", port));
    fs::write(&place, format!("v=0\nc=IN IP4 127.0.0.1\nm=video {port} RTP/AVP 96\na=rtpmap:96 VP8/90000\n"))?;
    let receiver = Command::new("ffmpeg")
        .args(["-v", "error", "-protocol_whitelist", "file,udp,rtp", "-i"])
        .arg(&place)
        .args(["-frames:v", &PICTURES.to_string(), "-f", "framecrc", "-"])
        .stdout(Stdio::piped())
        .spawn()?;
    let mid = boxes.publisher.tracks[VIDEO].mid.to_string();
    let streams = json!([{ "mid": mid, "port": port, "pt": 96 }]);
    boxes.target.ask("rtp_forward", json!({ "publisher_id": FAR, "host": "127.0.0.1", "streams": streams }))?;

    send(&mut boxes.publisher, 5)?;
    let received = receiver.wait_with_output()?;
    fs::remove_file(&place)?;
    let lines = String::from_utf8_lossy(&received.stdout).lines().filter(|line| !line.starts_with('#')).count();
    assert_eq!((received.status.success(), lines), (true, PICTURES), "pictures decoded at the address");
    boxes.target.ask("enable_recording", json!({ "record": false }))?;
    check(&film(&target, "whole")?, 5.0)
}
