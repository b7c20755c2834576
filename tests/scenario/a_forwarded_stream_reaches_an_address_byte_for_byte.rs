//! What is published arrives at a plain UDP socket too, and that socket's request for a keyframe at the publisher.

use crate::common::{AUDIO, AUDIO_LENGTH, PATIENCE, VIDEO, VIDEO_LENGTH, meet};
use parlor_core::wire::{rtcp, rtp};
use parlor_tests::{Result, Server, payload};
use serde_json::{Value, json};
use std::net::UdpSocket;
use std::time::{Duration, Instant};

const ROUNDS: u64 = 6;
const FRAMES: u64 = 60;
const INTERVAL: Duration = Duration::from_millis(33);

#[test]
fn a_forwarded_stream_reaches_an_address_byte_for_byte() -> Result<()> {
    let server = Server::start(&[])?;
    let mut meeting = meet(&server, 1)?;
    let [audio, video, reports] = [socket()?, socket()?, socket()?];
    let (room, id, handle) = (meeting.room, meeting.publisher.id, meeting.publisher.handle);
    let request = |streams: Value| json!({ "request": "rtp_forward", "room": room, "publisher_id": id, "host": "127.0.0.1", "streams": streams });
    let mids: Vec<String> = meeting.publisher.tracks.iter().map(|track| track.mid.to_string()).collect();
    let streams = json!([
        { "mid": mids[AUDIO], "port": port(&audio)?, "ssrc": 7, "pt": 100 },
        { "mid": mids[VIDEO], "port": port(&video)?, "rtcp_port": port(&reports)?, "ssrc": 8 },
    ]);
    let signalling = &mut meeting.publisher.signalling;
    let (made, _) = signalling.message(handle, request(streams), None)?;
    let ours = made["forwarders"][1]["local_rtcp_port"].as_u64().ok_or("a port for reports")?;
    let elsewhere = json!([{ "mid": mids[VIDEO], "port": 9, "host": "192.0.2.1" }]);
    let refused = signalling.message(handle, request(elsewhere), None).unwrap_err().to_string();
    assert!(refused.contains("433"), "{refused}");

    let (mut heard, mut seen) = (Vec::new(), Vec::new());
    // A little at a time: a socket's buffer is small.
    for _ in 0..ROUNDS {
        meeting.talk(FRAMES / ROUNDS, INTERVAL)?;
        heard.extend(packets(&audio));
        seen.extend(packets(&video));
    }
    assert_eq!(heard.len() as u64, FRAMES);
    for (expected, packet) in heard.iter().enumerate() {
        let view = rtp::View::new(packet).ok_or("RTP")?;
        assert_eq!((view.ssrc(), view.payload_type()), (7, 100));
        assert_eq!(payload::read_opus_index(view.payload()), Some(expected as u64));
        assert_eq!(view.payload(), payload::opus(expected as u64, AUDIO_LENGTH));
    }
    assert_eq!(seen.len() as u64, FRAMES * 4);
    let mut last = None;
    for packet in &seen {
        let view = rtp::View::new(packet).ok_or("RTP")?;
        let (index, stamp) = payload::read_stamp(view.payload()).ok_or("a stamp")?;
        let (picture, keyframe) = (0x7ff0 + (index / 4) as u16, view.payload()[4] & 1 == 0);
        let sent = payload::vp8(index, stamp, picture, index % 4 == 0, keyframe, VIDEO_LENGTH);
        assert!(view.ssrc() == 8 && view.payload() == sent, "packet {index} changed on its way");
        assert_eq!(view.sequence(), last.map_or(view.sequence(), |last: u16| last.wrapping_add(1)));
        last = Some(view.sequence());
    }
    let told = packets(&reports);
    let has_report = |packet: &Vec<u8>| {
        rtcp::packets(packet)
            .into_iter()
            .flatten()
            .any(|it| matches!(it, rtcp::Packet::SenderReport(it) if it.ssrc == 8))
    };
    assert!(told.iter().any(has_report), "no sender report among {}", told.len());

    let before = meeting.publisher.peer.counts.keyframe_requests;
    let mut bytes = [0; 64];
    let len = rtcp::pli::write(&mut bytes, 1, 8).ok_or("a PLI")?;
    reports.send_to(&bytes[..len], ("127.0.0.1", ours as u16))?;
    let asked = meeting.drive(PATIENCE, |peers| peers[1].counts.keyframe_requests > before)?;
    assert!(asked, "the request did not reach the publisher");

    let stream_id = &made["forwarders"][0]["stream_id"];
    let stop = json!({ "request": "stop_rtp_forward", "room": room, "publisher_id": id, "stream_id": stream_id });
    meeting.publisher.signalling.message(handle, stop, None)?;
    packets(&audio);
    meeting.talk(5, INTERVAL)?;
    assert_eq!(packets(&audio).len(), 0, "a forwarder that was stopped goes on");
    Ok(())
}

fn socket() -> Result<UdpSocket> {
    let socket = UdpSocket::bind("127.0.0.1:0")?;
    socket.set_read_timeout(Some(Duration::from_millis(200)))?;
    Ok(socket)
}

fn port(socket: &UdpSocket) -> Result<u16> {
    Ok(socket.local_addr()?.port())
}

/// All that waits at `socket`.
fn packets(socket: &UdpSocket) -> Vec<Vec<u8>> {
    let start = Instant::now();
    let mut bytes = [0; 2000];
    let mut packets = Vec::new();
    while start.elapsed() < PATIENCE {
        match socket.recv(&mut bytes) {
            Ok(len) => packets.push(bytes[..len].to_vec()),
            Err(_) => break,
        }
    }
    packets
}
