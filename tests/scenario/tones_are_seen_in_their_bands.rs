//! A publisher hums tones; everybody in a room that wants to know sees each in its band, ten times a second, and nobody
//! elsewhere hears of it.

use parlor_linux::spectrum::EDGES_HZ;
use parlor_tests::peer::{Options, drive};
use parlor_tests::{Publisher, Result, Server, Signalling};
use ropus::{Application, Channels, Encoder};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use str0m::media::MediaKind;

const FRAME: Duration = Duration::from_millis(20);

#[test]
fn tones_are_seen_in_their_bands() -> Result<()> {
    let server = Server::start(&[])?;
    for wants in [true, false] {
        let mut owner = Signalling::connect(&server.websocket)?;
        let handle = owner.attach()?;
        let create = json!({ "request": "create", "audio_spectrum_event": wants });
        let room = owner.message(handle, create, None)?.0["room"].as_u64().ok_or("a room without a number")?;
        owner.message(handle, json!({ "request": "join", "ptype": "publisher", "room": room }), None)?;
        let mut publisher = Publisher::join(&server.websocket, room, Options::local(), &[MediaKind::Audio])?;
        for frequency_hz in [200.0, 500.0, 1500.0, 3000.0] {
            hum(&mut publisher, frequency_hz)?;
            let spectra = spectra(&mut owner)?;
            if !wants {
                assert!(spectra.is_empty(), "nobody asked");
                continue;
            }
            // The first ones may still have the tone before in them.
            assert!((8..=12).contains(&spectra.len()), "{} in a second", spectra.len());
            for event in &spectra[3..] {
                assert_eq!((event["id"].as_u64(), event["mid"].is_string()), (Some(publisher.id), true), "{event}");
                let levels: Vec<i64> =
                    event["bands-dBov"].as_array().into_iter().flatten().filter_map(Value::as_i64).collect();
                let loudest = (0..levels.len()).max_by_key(|band| levels[*band]).ok_or("no bands")?;
                let edges = f32::from(EDGES_HZ[loudest])..f32::from(EDGES_HZ[loudest + 1]);
                assert!(levels.len() == 16 && edges.contains(&frequency_hz), "{frequency_hz} Hz: {levels:?}");
                assert!((-16..=-4).contains(&levels[loudest]), "{frequency_hz} Hz: {levels:?}");
            }
        }
    }
    Ok(())
}

/// A second of a tone of half the largest amplitude.
fn hum(publisher: &mut Publisher, frequency_hz: f32) -> Result<()> {
    let mut encoder = Encoder::builder(48_000, Channels::Mono, Application::Voip).build()?;
    let step = std::f32::consts::TAU * frequency_hz / 48_000.0;
    let start = Instant::now();
    for frame in 0..50 {
        let at = |sample: u16| f32::from(frame * 960 + sample) * step;
        let samples: Vec<i16> = (0..960).map(|sample| (at(sample).sin() * 16_000.0) as i16).collect();
        let mut packet = [0; 1200];
        let len = encoder.encode(&samples, &mut packet)?;
        publisher.send_sound(0, packet[..len].to_vec())?;
        let rest = (FRAME * (u32::from(frame) + 1)).saturating_sub(start.elapsed());
        drive(&mut [&mut publisher.peer], rest, |_| false)?;
    }
    Ok(())
}

/// All spectra that somebody was told by now.
fn spectra(owner: &mut Signalling) -> Result<Vec<Value>> {
    let mut found = Vec::new();
    let is_spectrum = |event: &Value| event["plugindata"]["data"]["videoroom"] == "spectrum";
    while let Some(event) = owner.wait(Duration::from_millis(50), is_spectrum)? {
        found.push(event["plugindata"]["data"].clone());
    }
    Ok(found)
}
