//! An administrator sees the counters of a call rise, and its packets, decrypted, in files that other programs read.

use crate::common::{AUDIO, AUDIO_LENGTH, PATIENCE, VIDEO, meet};
use parlor_core::wire::{rtcp, rtp};
use parlor_tests::{Result, Server, http, payload};
use serde_json::{Value, json};
use std::fs;
use std::time::Duration;

const FRAMES: u64 = 60;
const INTERVAL: Duration = Duration::from_millis(33);

/// Bytes ahead of all records of a pcap file.
const FILE: usize = 24;
/// Bytes ahead of each record.
const RECORD: usize = 16;
/// Bytes of the IPv4 and the UDP header in it.
const HEADERS: usize = 28;

#[test]
fn an_administrator_captures_what_flows() -> Result<()> {
    let server = Server::start(&["control.admin_secret=overlord", "capture.directory=captures"])?;
    let mut meeting = meet(&server, 1)?;
    let publisher = (meeting.publisher.signalling.session(), meeting.publisher.handle);
    let subscriber = (meeting.subscribers[0].signalling.session(), meeting.subscribers[0].handle);
    let ask = |(session, handle): (u64, u64), mut request: Value| -> Result<Value> {
        request["admin_secret"] = json!("overlord");
        request["transaction"] = json!("t");
        http::post(&server.admin, &format!("/admin/{session}/{handle}"), &request)
    };
    assert_eq!(ask(publisher, json!({ "janus": "start_pcap", "filename": "in.pcap" }))?["janus"], "success");
    let text = json!({ "janus": "start_text2pcap", "folder": "lines", "truncate": 12 });
    assert_eq!(ask(subscriber, text)?["janus"], "success");
    meeting.talk(FRAMES, INTERVAL)?;
    assert!(meeting.settle(1.0)?, "not everything arrived");

    let info = ask(publisher, json!({ "janus": "handle_info" }))?["info"].clone();
    let pcap = info["pcap-file"].as_str().ok_or("the file")?.to_owned();
    let lines = ask(subscriber, json!({ "janus": "handle_info" }))?["info"]["text2pcap-file"].clone();
    for (handle, request) in [(publisher, "stop_pcap"), (subscriber, "stop_text2pcap")] {
        assert_eq!(ask(handle, json!({ "janus": request }))?["janus"], "success");
    }
    let again = ask(publisher, json!({ "janus": "stop_pcap" }))?;
    assert_eq!(again["error"]["code"], 490, "{again}");

    check_pcap(&fs::read(pcap)?, meeting.publisher.tracks[VIDEO].sent + meeting.publisher.tracks[AUDIO].sent)?;
    check_lines(&fs::read_to_string(lines.as_str().ok_or("the file")?)?);
    // Shards tell what they count every five seconds.
    for _ in 0..PATIENCE.as_secs() {
        meeting.talk(FRAMES / 2, INTERVAL)?;
        let info = ask(publisher, json!({ "janus": "handle_info" }))?;
        let stream = &info["info"]["webrtc"]["media"][AUDIO.to_string()];
        if stream["stats"]["in"]["packets"].as_u64() >= Some(FRAMES) {
            return Ok(());
        }
    }
    Err("the counters do not rise".into())
}

/// Every packet that the publisher sent is there, byte for byte, and reports both ways.
fn check_pcap(bytes: &[u8], sent: u64) -> Result<()> {
    let (mut media, mut heard, mut reports) = (0, 0, [0, 0]);
    let mut at = FILE;
    while at < bytes.len() {
        let len = u32::from_le_bytes(bytes[at + 8..at + 12].try_into()?) as usize;
        let record = &bytes[at + RECORD..at + RECORD + len];
        let (is_ours, packet) = (record[15] == 1, &record[HEADERS..]);
        at += RECORD + len;
        if (200..=207).contains(&packet[1]) {
            assert!(rtcp::packets(packet).is_some(), "a report that cannot be read");
            reports[usize::from(is_ours)] += 1;
            continue;
        }
        assert!(!is_ours, "nobody sends media to a publisher");
        media += 1;
        let view = rtp::View::new(packet).ok_or("RTP")?;
        if view.payload().len() == AUDIO_LENGTH {
            let index = payload::read_opus_index(view.payload()).ok_or("audio")?;
            assert_eq!(view.payload(), payload::opus(index, AUDIO_LENGTH));
            heard += 1;
        }
    }
    assert_eq!((media, heard), (sent, FRAMES));
    assert!(reports.iter().all(|count| *count > 0), "reports by the peer and by us: {reports:?}");
    Ok(())
}

/// Twelve bytes of every packet that was sent to the subscriber, and of its reports.
fn check_lines(text: &str) {
    let sent = text.lines().filter(|line| line.starts_with("O ")).count() as u64;
    assert!(sent >= FRAMES * 5 && text.lines().any(|line| line.starts_with("I ")), "{sent} sent");
    let bytes: Vec<&str> = text.lines().filter(|line| line.starts_with("000000 ")).collect();
    assert!(bytes.iter().all(|line| line.split(' ').count() <= 13), "more than was asked for");
}
