//! While media flows, the same numbers stand in `/metrics`, in `parlor status`, and in the statistics of a handle by
//! WebRTC's identifiers.

use crate::common::{AUDIO, VIDEO, meet};
use parlor_tests::{Result, Server, http};
use prometheus_parse::{Scrape, Value as Sample};
use serde_json::{Value, json};
use std::time::Duration;

/// Frames, and the time from frame to frame: more than two seconds, after which shards tell what they count.
const FRAMES: u64 = 150;
const INTERVAL: Duration = Duration::from_millis(30);
const SECRET: &str = "control.admin_secret=overlord";

#[test]
fn an_operator_sees_what_flows() -> Result<()> {
    let server = Server::start(&[SECRET])?;
    let mut meeting = meet(&server, 2)?;
    meeting.talk(FRAMES, INTERVAL)?;
    assert!(meeting.settle(1.0)?, "not everything arrived");
    let sent: u64 = meeting.publisher.tracks.iter().map(|track| track.sent).sum();
    // Until all of it was told.
    meeting.drive(Duration::from_secs(4), |_| false)?;

    check_metrics(&server, sent)?;
    let told: Value = serde_json::from_str(&server.call(&["status", "--json", "--set", SECRET])?)?;
    let people = told["people"].as_array().ok_or("people")?;
    let publisher = people.iter().find(|person| person["role"] == "publisher").ok_or("a publisher")?;
    let video = &publisher["streams"][VIDEO];
    assert_eq!(video["packets"].as_u64(), Some(meeting.publisher.tracks[VIDEO].sent), "{publisher}");
    assert_eq!((&video["watchers"], &video["codec"]), (&json!(2), &json!("vp8")));
    let watching: Vec<&Value> = people.iter().filter(|person| person["role"] == "subscriber").collect();
    assert_eq!(watching.len(), 2);
    for person in watching {
        let all: u64 =
            person["streams"].as_array().ok_or("m-lines")?.iter().filter_map(|it| it["packets"].as_u64()).sum();
        assert_eq!(all, sent, "{person}");
        assert_eq!(person["streams"][VIDEO]["limited_by"], "none", "{person}");
    }
    let screen = server.call(&["status", "--set", SECRET])?;
    for words in ["1 of 3 publish, 2 watch", "a viewer", "opus", "vp8", "2 watch", "subscriptions"] {
        assert!(screen.contains(words), "{words} is missing in\n{screen}");
    }

    let publisher = (meeting.publisher.signalling.session(), meeting.publisher.handle);
    let inbound = statistics(&server, publisher, "inbound-rtp")?;
    assert_eq!(inbound.len(), 2);
    assert_eq!(inbound[AUDIO]["packetsReceived"].as_u64(), Some(meeting.publisher.tracks[AUDIO].sent));
    let subscriber = (meeting.subscribers[0].signalling.session(), meeting.subscribers[0].handle);
    let outbound = statistics(&server, subscriber, "outbound-rtp")?;
    assert_eq!(outbound.iter().filter_map(|it| it["packetsSent"].as_u64()).sum::<u64>(), sent);
    let remote = statistics(&server, subscriber, "remote-inbound-rtp")?;
    assert!(remote.iter().zip(&outbound).all(|(remote, ours)| remote["localId"] == ours["id"]), "{remote:?}");
    assert!(remote.iter().all(|remote| remote["packetsLost"] == 0), "{remote:?}");
    let pair = statistics(&server, subscriber, "candidate-pair")?;
    assert_eq!((pair.len(), &pair[0]["state"]), (1, &json!("succeeded")));
    Ok(())
}

/// What Prometheus would see.
fn check_metrics(server: &Server, sent: u64) -> Result<()> {
    for path in ["/healthz", "/readyz"] {
        let (status, _) = http::text(&server.http, path)?;
        assert!(status.contains("200"), "{path}: {status}");
    }
    let (_, text) = http::text(&server.admin, "/metrics")?;
    let scrape = Scrape::parse(text.lines().map(|line| Ok(line.to_owned())))?;
    let sum = |name: &str, label: (&str, &str)| -> f64 {
        let samples = scrape.samples.iter().filter(|sample| sample.metric == name);
        let ours = samples.filter(|sample| label.0.is_empty() || sample.labels.get(label.0) == Some(label.1));
        let value = |value: &Sample| match value {
            Sample::Counter(value) | Sample::Gauge(value) | Sample::Untyped(value) => *value,
            _ => f64::NAN,
        };
        ours.map(|sample| value(&sample.value)).sum()
    };
    assert_eq!(sum("parlor_rtp_received_packets_total", ("", "")), sent as f64);
    assert_eq!(sum("parlor_rtp_sent_packets_total", ("", "")), 2.0 * sent as f64);
    for (table, used) in [("publishers", 1.0), ("subscribers", 2.0), ("streams", 2.0), ("subscriptions", 4.0)] {
        assert_eq!(sum("parlor_table_used", ("table", table)), used, "{table}");
    }
    assert!(
        sum("parlor_udp_sent_bytes_total", ("", "")) > 2.0 * sum("parlor_udp_received_bytes_total", ("", "")) * 0.9
    );
    Ok(())
}

/// The entries of one kind about a handle.
fn statistics(server: &Server, (session, handle): (u64, u64), kind: &str) -> Result<Vec<Value>> {
    let request = json!({ "janus": "handle_statistics", "admin_secret": "overlord", "transaction": "t" });
    let answer = http::post(&server.admin, &format!("/admin/{session}/{handle}"), &request)?;
    let all = answer["statistics"].as_array().ok_or_else(|| format!("no statistics in {answer}"))?;
    Ok(all.iter().filter(|entry| entry["type"] == kind).cloned().collect())
}
