//! Pictures and sound that flash and beep together, and what ffmpeg finds of them in a film.

use parlor_tests::peer::drive;
use parlor_tests::{Publisher, Result, Server};
use ropus::{Application, Channels, Encoder};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

const STEP: Duration = Duration::from_millis(20);
/// How much later than sound pictures are sent.
const LATE_STEPS: u32 = 15;
/// A picture every two steps.
const PICTURE_TICKS: u32 = 3600;

/// So many seconds of sound, and pictures that come later.
pub(crate) fn send(publisher: &mut Publisher, seconds: u32) -> Result<()> {
    let pictures = pictures(seconds)?;
    let mut encoder = Encoder::builder(48_000, Channels::Mono, Application::Audio).build()?;
    let (start, steps) = (Instant::now(), seconds * 50);
    for step in 0..steps + LATE_STEPS {
        if step < steps {
            let loud = if step % 50 < 5 { 16_000.0 } else { 0.0 };
            let tone = |sample: u16| (f32::from(sample) * std::f32::consts::TAU * 1000.0 / 48_000.0).sin();
            let samples: Vec<i16> = (0..960).map(|sample| (tone(sample) * loud) as i16).collect();
            let mut packet = [0; 1200];
            let len = encoder.encode(&samples, &mut packet)?;
            publisher.send_sound(0, packet[..len].to_vec())?;
        }
        let made = step.wrapping_sub(LATE_STEPS);
        if made < steps && made.is_multiple_of(2) {
            publisher.send_picture(1, &pictures[made as usize / 2], start + STEP * made, PICTURE_TICKS)?;
        }
        let rest = (STEP * (step + 1)).saturating_sub(start.elapsed());
        drive(&mut [&mut publisher.peer], rest, |_| false)?;
    }
    Ok(())
}

/// VP8 frames, 25 a second: black, and white for the first tenth of each second.
fn pictures(seconds: u32) -> Result<Vec<Vec<u8>>> {
    let scene = "color=black:size=320x240:rate=25,drawbox=color=white:thickness=fill:enable='lt(mod(t,1),0.1)'";
    let (length, quality) =
        (seconds.to_string(), ["-c:v", "libvpx", "-deadline", "realtime", "-b:v", "500k", "-g", "25"]);
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "error", "-f", "lavfi", "-i", scene, "-t", &length]).args(quality).args(["-f", "ivf", "-"]);
    let ivf = output(command)?;
    let (mut rest, mut frames) = (ivf.get(32..).ok_or("no IVF")?, Vec::new());
    while let Some((header, after)) = rest.split_first_chunk::<12>() {
        let length = u32::from_le_bytes([header[0], header[1], header[2], header[3]]) as usize;
        let frame;
        (frame, rest) = after.split_at(length);
        frames.push(frame.to_vec());
    }
    assert_eq!(frames.len(), seconds as usize * 25);
    Ok(frames)
}

/// The one recording, as soon as it is in this state.
pub(crate) fn film(server: &Server, state: &str) -> Result<PathBuf> {
    let start = Instant::now();
    loop {
        let list = server.call(&["recordings"])?;
        if let Some(line) = list.lines().skip(1).find(|line| line.starts_with(state)) {
            assert_eq!(list.lines().count(), 2, "one file of both: {list}");
            return Ok(server.recordings()?.join(line.split_whitespace().last().unwrap_or_default()));
        }
        if start.elapsed() > Duration::from_secs(5) {
            return Err(format!("no recording is {state}: {list}").into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Both tracks are there, as long as they were, and decodable.
pub(crate) fn check(film: &Path, seconds: f64) -> Result<()> {
    let found = duration(film)?;
    assert!((found - seconds).abs() < 0.1, "{found} s, not {seconds}");
    let entries = ["-v", "error", "-show_entries", "stream=codec_name,width,height", "-of", "csv=p=0"];
    let streams = String::from_utf8(run("ffprobe", &entries, film, &[])?)?;
    assert_eq!(streams.lines().map(|line| line.trim_end_matches(',')).collect::<Vec<_>>(), ["opus", "vp8,320,240"]);
    decode(film)
}

/// How long it says that it is, in seconds.
pub(crate) fn duration(film: &Path) -> Result<f64> {
    let entries = ["-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0"];
    Ok(String::from_utf8(run("ffprobe", &entries, film, &[])?)?.trim().parse()?)
}

/// Decodes all of it; an error or a complaint fails.
pub(crate) fn decode(film: &Path) -> Result<()> {
    run("ffmpeg", &["-v", "error", "-xerror", "-i"], film, &["-enc_time_base", "-1", "-f", "null", "-"]).map(drop)
}

/// When pictures become white.
pub(crate) fn flashes(film: &Path) -> Result<Vec<f64>> {
    let entries = ["-v", "error", "-select_streams", "v", "-show_entries", "packet=pts_time", "-of", "csv=p=0"];
    let times = String::from_utf8(run("ffprobe", &entries, film, &[])?)?;
    let times: Vec<f64> = times.lines().filter_map(|line| line.trim_end_matches(',').parse().ok()).collect();
    let shrink = ["-map", "0:v", "-vf", "scale=1:1,format=gray", "-vsync", "passthrough", "-enc_time_base", "-1"];
    let shrunk = [&shrink[..], &["-f", "rawvideo", "-"]].concat();
    let shades = run("ffmpeg", &["-v", "error", "-i"], film, &shrunk)?;
    assert_eq!(shades.len(), times.len(), "every frame is decoded");
    let is_white: Vec<bool> = shades.iter().map(|shade| *shade > 128).collect();
    let begins = (0..is_white.len()).filter(|place| is_white[*place] && (*place == 0 || !is_white[*place - 1]));
    Ok(begins.map(|place| times[place]).collect())
}

/// When sound begins after silence.
pub(crate) fn beeps(film: &Path) -> Result<Vec<f64>> {
    const RATE: usize = 8000;
    const WINDOW: usize = RATE / 200;
    let plain = ["-map", "0:a", "-af", "aresample=async=1:first_pts=0", "-ac", "1", "-ar", "8000", "-f", "s16le", "-"];
    let bytes = run("ffmpeg", &["-v", "error", "-i"], film, &plain)?;
    let samples: Vec<i64> = bytes.chunks_exact(2).map(|pair| i16::from_le_bytes([pair[0], pair[1]]).into()).collect();
    let is_loud: Vec<bool> = samples.chunks(WINDOW).map(|all| all.iter().any(|sample| sample.abs() > 2000)).collect();
    let begins = |place: &usize| is_loud[*place] && !is_loud[place.saturating_sub(20)..*place].contains(&true);
    Ok((0..is_loud.len()).filter(begins).map(|place| (place * WINDOW) as f64 / RATE as f64).collect())
}

/// What a program prints that is called with a film.
pub(crate) fn run(program: &str, before: &[&str], film: &Path, after: &[&str]) -> Result<Vec<u8>> {
    let mut command = Command::new(program);
    command.args(before).arg(film).args(after);
    output(command)
}

/// What a program prints; an error where it complains.
fn output(mut command: Command) -> Result<Vec<u8>> {
    let output = command.output()?;
    match output.status.success() && output.stderr.is_empty() {
        true => Ok(output.stdout),
        false => Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)).into()),
    }
}
