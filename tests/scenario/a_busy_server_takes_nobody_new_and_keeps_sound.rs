//! A server that is busier than it is told to be refuses who is new, says so to whom probes it, sends pictures in their
//! lowest layers, and loses no sound.

use crate::common::{AUDIO, AUDIO_LENGTH, VIDEO, VIDEO_LENGTH, meet, received};
use parlor_tests::peer::Options;
use parlor_tests::{Result, Server, Subscriber, http};
use std::fs;
use std::time::{Duration, Instant};
use str0m::media::MediaKind;

/// Longer than load takes to count, and than it takes to be told.
const WITHIN: Duration = Duration::from_secs(20);

#[test]
fn a_busy_server_takes_nobody_new_and_keeps_sound() -> Result<()> {
    let file = std::env::temp_dir().join(format!("parlor-busy-{}.toml", std::process::id()));
    fs::write(&file, "[shedding]\nrefuse_busy = 0\nlowest_busy = 0\n")?;
    let server = Server::start_with(&file, &[])?;
    let mut meeting = meet(&server, 4)?;
    // Everybody is in. One percent is what a trickle of media takes.
    fs::write(&file, "[shedding]\nrefuse_busy = 1\nlowest_busy = 1\n")?;
    server.signal("HUP")?;
    let start = Instant::now();
    loop {
        meeting.publisher.send_frame(VIDEO, 4, VIDEO_LENGTH)?;
        meeting.publisher.send_audio(AUDIO, AUDIO_LENGTH)?;
        meeting.drive(Duration::from_millis(2), |_| false)?;
        if !http::text(&server.http, "/readyz")?.0.contains("200") {
            break;
        }
        assert!(start.elapsed() < WITHIN, "it takes on whatever comes");
    }
    let feeds = [meeting.publisher.id];
    let refused = Subscriber::join(&server.websocket, meeting.room, Options::local(), &feeds);
    let why = refused.err().ok_or("somebody new came in")?.to_string();
    assert!(why.contains("too busy"), "{why}");
    let told: serde_json::Value = serde_json::from_str(&server.call(&["status", "--json"])?)?;
    assert_eq!(told["server"]["shards"][0]["shedding"], "layers", "{told}");
    // Until the last packets came.
    meeting.drive(Duration::from_secs(1), |_| false)?;
    let sent = meeting.publisher.tracks[AUDIO].sent as usize;
    for subscriber in &meeting.subscribers {
        assert_eq!(received(subscriber, MediaKind::Audio).len(), sent, "sound was lost");
    }
    fs::remove_file(&file)?;
    Ok(())
}
