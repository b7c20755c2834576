//! An encoder publishes by WHIP and a player watches by WHEP, byte for byte; what is wrong is refused, ICE begins anew
//! while media flows, and who deletes is gone at once.

use crate::common::{AUDIO, AUDIO_LENGTH, PATIENCE, VIDEO, VIDEO_LENGTH, index};
use parlor_tests::peer::{Options, Peer, drive};
use parlor_tests::{Publisher, Result, Server, Signalling, http, whip};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use str0m::media::MediaKind;

const FRAMES: u64 = 60;
const INTERVAL: Duration = Duration::from_millis(20);
/// Long enough for what is under way to arrive.
const SETTLED: Duration = Duration::from_millis(500);
const FEED: u64 = 77;
const PIN: &str = "cinema";
const KINDS: [MediaKind; 2] = [MediaKind::Audio, MediaKind::Video];

#[test]
fn an_encoder_publishes_by_one_post_and_a_player_watches() -> Result<()> {
    let server = Server::start(&[])?;
    let mut watcher = Signalling::connect(&server.websocket)?;
    let handle = watcher.attach()?;
    let create = json!({ "request": "create", "publishers": 1, "bitrate": 0, "pin": PIN });
    let room = watcher.message(handle, create, None)?.0["room"].as_u64().ok_or("a room")?;
    let join = json!({ "request": "join", "ptype": "publisher", "room": room, "pin": PIN });
    watcher.message(handle, join, None)?;

    let (offer, _, _) = Peer::new(Options::local())?.offer(&KINDS)?;
    let path = format!("/whip/{room}/{FEED}");
    let status = |path: &str, token: &str, offer: &str| -> Result<u16> {
        Ok(whip::post(&server.http, path, token, offer)?.map_or_else(|(status, _)| status, |_| 201))
    };
    assert_eq!(status(&path, "popcorn", &offer)?, 401);
    assert_eq!(status("/whip/99", PIN, &offer)?, 404);
    assert_eq!(status("/whip/lobby", PIN, &offer)?, 404);
    assert_eq!(status(&path, PIN, "nonsense")?, 400);
    assert_eq!(status(&path, PIN, &offer.replace("fingerprint", "x"))?, 400);
    assert_eq!(status(&format!("/whep/{room}"), PIN, &offer)?, 404, "nobody publishes");

    let mut publisher = Publisher::post(&server.http, &format!("{path}?display=Film"), PIN, Options::local(), &KINDS)?;
    let published = watcher.wait(PATIENCE, |event| event["plugindata"]["data"]["publishers"].is_array())?;
    let published = published.ok_or("the others hear nothing")?["plugindata"]["data"]["publishers"][0].clone();
    assert_eq!((&published["id"], &published["display"]), (&json!(FEED), &json!("Film")));
    assert_eq!(status(&path, PIN, &offer)?, 409, "the number is taken");
    assert_eq!(status(&format!("/whip/{room}"), PIN, &offer)?, 503, "the room takes one publisher");

    let mut player = Peer::new(Options::local())?;
    let (offer, pending) = player.offer_to_receive(&KINDS)?;
    let path = format!("/whep/{room}/{FEED}");
    assert_eq!(status(&path, "popcorn", &offer)?, 401);
    assert_eq!(status(&format!("/whep/{room}/5"), PIN, &offer)?, 404);
    assert_eq!(status(&path, PIN, &offer.replace("opus/", "opera/").replace("VP8/", "VP7/"))?, 406);
    let made = whip::post(&server.http, &path, PIN, &offer)?;
    let mut watching = made.map_err(|(status, why)| format!("{status}: {why}"))?;
    player.accept_answer(pending, &watching.answer)?;
    let up = drive(&mut [&mut player, &mut publisher.peer], PATIENCE, |peers| peers[0].is_connected())?;
    assert!(up, "the player did not connect");

    let first = begin(&mut publisher, &mut player)?;
    send(&mut publisher, &mut player)?;
    restart(&mut publisher.peer, &mut publisher.signalling)?;
    restart(&mut player, &mut watching)?;
    send(&mut publisher, &mut player)?;
    let all = publisher.tracks.iter().zip(first).map(|(track, first)| (track.sent - first) as usize).sum();
    drive(&mut [&mut player, &mut publisher.peer], PATIENCE, |peers| peers[0].received.len() >= all)?;
    for (track, first) in publisher.tracks.iter().zip(first) {
        let of_kind = player.received.iter().filter(|packet| player.kind(packet.mid) == Some(track.kind));
        let mut indices: Vec<u64> = of_kind.map(|packet| index(packet, track.kind)).collect();
        indices.sort_unstable();
        assert_eq!(indices, (first..track.sent).collect::<Vec<_>>(), "{:?}", track.kind);
    }

    let session = publisher.signalling;
    let began = Instant::now();
    assert_eq!(session.delete()?, 200);
    let is_leaving = |event: &Value| event["plugindata"]["data"]["leaving"] == FEED;
    assert!(watcher.wait(PATIENCE, is_leaving)?.is_some(), "the others do not hear that the encoder left");
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    assert_eq!(session.delete()?, 404);
    let closed = drive(&mut [&mut player], PATIENCE, |peers| peers[0].is_closed())?;
    assert!(closed, "the player is not told that what it watched is gone");
    Ok(())
}

#[test]
fn an_encoder_shows_what_a_client_of_the_api_would() -> Result<()> {
    let server = Server::start(&["control.api_secret=overture"])?;
    let (offer, pending, _) = Peer::new(Options::local())?.offer(&KINDS)?;
    drop(pending);
    assert_eq!(
        whip::post(&server.http, "/whip/1234", "popcorn", &offer)?.map_err(|(status, _)| status).err(),
        Some(401)
    );
    let session = whip::post(&server.http, "/whip/1234", "overture", &offer)?.map_err(|(_, why)| why)?;
    assert_eq!((session.delete()?, session.delete()?), (200, 404));

    let server = Server::start(&["control.token_auth=true", "control.admin_secret=overlord"])?;
    let add = json!({ "janus": "add_token", "token": "overture", "admin_secret": "overlord", "transaction": "t" });
    assert_eq!(http::post(&server.admin, "/admin", &add)?["janus"], "success");
    assert_eq!(
        whip::post(&server.http, "/whip/1234", "popcorn", &offer)?.map_err(|(status, _)| status).err(),
        Some(401)
    );
    whip::post(&server.http, "/whip/1234", "overture", &offer)?.map_err(|(_, why)| why)?;

    let server = Server::start(&["control.whip=false"])?;
    assert_eq!(whip::post(&server.http, "/whip/1234", "", &offer)?.map_err(|(status, _)| status).err(), Some(405));
    Ok(())
}

/// Goes on until the player gets sound and pictures; how many packets of each were sent by then.
fn begin(publisher: &mut Publisher<whip::Session>, player: &mut Peer) -> Result<[u64; 2]> {
    let since = Instant::now();
    while KINDS.iter().any(|kind| player.received.iter().all(|packet| player.kind(packet.mid) != Some(*kind))) {
        assert!(since.elapsed() < PATIENCE, "the player gets nothing");
        send(publisher, player)?;
    }
    drive(&mut [player, &mut publisher.peer], SETTLED, |_| false)?;
    player.received.clear();
    Ok([AUDIO, VIDEO].map(|track| publisher.tracks[track].sent))
}

fn send(publisher: &mut Publisher<whip::Session>, player: &mut Peer) -> Result<()> {
    for _ in 0..FRAMES {
        publisher.send_frame(VIDEO, 4, VIDEO_LENGTH)?;
        publisher.send_audio(AUDIO, AUDIO_LENGTH)?;
        drive(&mut [player, &mut publisher.peer], INTERVAL, |_| false)?;
    }
    Ok(())
}

/// Begins ICE anew: the peer takes the answer of before with what the fragment says.
fn restart(peer: &mut Peer, session: &mut whip::Session) -> Result<()> {
    let (offer, pending) = peer.offer_restart()?;
    let line = |text: &str, name: &str| text.lines().find(|line| line.starts_with(name)).unwrap_or("").to_owned();
    let [ufrag, password] = ["a=ice-ufrag:", "a=ice-pwd:"].map(|name| line(&offer, name));
    let fragment = format!("{ufrag}\r\n{password}\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n");
    let old_tag = session.tag.clone();
    assert_eq!(session.patch("\"nothing\"", &fragment)?.0, 412);
    let (status, ours) = session.patch("*", &fragment)?;
    assert_eq!(status, 200, "{ours}");
    assert_ne!(session.tag, old_tag);
    let mut answer = session.answer.clone();
    for name in ["a=ice-ufrag:", "a=ice-pwd:"] {
        assert_ne!(line(&answer, name), line(&ours, name));
        answer = answer.replace(&line(&answer, name), &line(&ours, name));
    }
    peer.accept_answer(pending, &answer)?;
    let (tag, candidate) = (session.tag.clone(), "m=audio 9 RTP/AVP 0\r\na=mid:0\r\na=end-of-candidates\r\n");
    assert_eq!(session.patch(&tag, candidate)?.0, 204);
    Ok(())
}
