//! Somebody whose pictures arrive late, and whose every second begins with a flash and a beep, is recorded into a film:
//! ffmpeg decodes all of it, it is as long as it was, and flash and beep come together. What a killed server leaves
//! plays as it is, and after a repair one can jump in it.

use crate::films::{beeps, check, decode, duration, film, flashes, run, send};
use parlor_tests::peer::Options;
use parlor_tests::{Publisher, Result, Server, Signalling};
use serde_json::json;
use str0m::media::MediaKind;

/// When the sound's first sender report has come: it says its clock every five seconds.
const CLOCKS_KNOWN_S: f64 = 5.5;

#[test]
fn a_film_plays_as_it_was_made() -> Result<()> {
    let server = Server::start(&["recording.format=webm"])?;
    let mut publisher = publish(&server, "")?;
    send(&mut publisher, 11)?;
    publisher.signalling.message(publisher.handle, json!({ "request": "unpublish" }), None)?;
    let film = film(&server, "whole")?;
    check(&film, 11.0)?;
    let (flashes, beeps) = (flashes(&film)?, beeps(&film)?);
    let later = |moments: &[f64]| moments.iter().copied().filter(|at| *at > CLOCKS_KNOWN_S).collect::<Vec<_>>();
    let (seen, heard) = (later(&flashes), later(&beeps));
    assert!(seen.len() >= 4 && seen.len() == heard.len(), "{flashes:?} {beeps:?}");
    for (seen, heard) in seen.iter().zip(&heard) {
        assert!((seen - heard).abs() < 0.08, "a flash at {seen}, its beep at {heard}");
    }
    println!("flashes {flashes:?}, beeps {beeps:?}");
    Ok(())
}

#[test]
fn a_film_of_a_killed_server_plays_and_is_repaired() -> Result<()> {
    let server = Server::start(&[])?;
    let mut publisher = publish(&server, r#""webm""#)?;
    send(&mut publisher, 4)?;
    server.signal("KILL")?;
    let torn = film(&server, "unfinished")?;
    assert!(torn.extension().is_some_and(|ending| ending == "part"), "{}", torn.display());
    decode(&torn)?;
    assert!(server.call(&["recordings", "--repair"])?.lines().any(|line| line.starts_with("whole ")));
    let film = film(&server, "whole")?;
    // What came in the last second was in memory.
    let seconds = duration(&film)?;
    assert!((2.8..4.1).contains(&seconds), "{seconds} s are left");
    decode(&film)?;
    let jumped = run("ffmpeg", &["-v", "error", "-ss", "2.1", "-i"], &film, &["-map", "0:v", "-f", "framecrc", "-"])?;
    let left = String::from_utf8_lossy(&jumped).lines().filter(|line| !line.starts_with('#')).count();
    assert!((5..60).contains(&left), "{left} pictures from there on");
    Ok(())
}

/// Somebody whose media flow in a recorded room, whose recordings have this format.
fn publish(server: &Server, format: &str) -> Result<Publisher> {
    let mut signalling = Signalling::connect(&server.websocket)?;
    let handle = signalling.attach()?;
    let mut create = json!({ "request": "create", "record": true, "videocodec": "vp8" });
    if !format.is_empty() {
        create["record_format"] = serde_json::from_str(format)?;
    }
    let room = signalling.message(handle, create, None)?.0["room"].as_u64().ok_or("a room without a number")?;
    Publisher::join(&server.websocket, room, Options::local(), &[MediaKind::Audio, MediaKind::Video])
}
