//! Films among other recordings: what goes into them, and how they end.

use parlor_core::control::Film;

use super::*;

/// 20 ms of sound.
fn sound(sequence: u16, len: usize) -> CopiedPacket {
    let mut packet = vec![0x80, 111];
    packet.extend(sequence.to_be_bytes());
    packet.extend((u32::from(sequence) * 960).to_be_bytes());
    packet.extend([0, 0, 0, 1]);
    packet.resize(len, 0xfc);
    Tap { reader: TapReader::Recording(RELAY), extent: TapExtent::Whole }.copy(PacketWay::RtpOut, &packet)
}

/// The second m-line of a film.
const SECOND: RelayId = RelayId::new(2, 0);

fn film(relay: RelayId) -> RecordingRequest<'static> {
    RecordingRequest { relay, film: Some(Film { first: RELAY, tracks: 2 }), ..request(None, "film") }
}

#[test]
fn a_film_has_all_its_m_lines_and_goes_on_until_the_last_ends() {
    let folder = Folder::new("film");
    let (recordings, mut tap, _ends) = folder.start(0);
    recordings.begin(&film(RELAY));
    recordings.begin(&film(SECOND));
    (0..10).for_each(|sequence| tap.push(RELAY, sound(sequence, 60)));
    (0..10).for_each(|sequence| tap.push(SECOND, sound(sequence, 60)));
    folder.wait(|found| *found == [("film.webm.part".into(), State::Growing, 20)]);
    recordings.end(0, RELAY);
    (10..15).for_each(|sequence| tap.push(SECOND, sound(sequence, 60)));
    folder.wait(|found| *found == [("film.webm.part".into(), State::Growing, 25)]);
    recordings.end(0, SECOND);
    folder.wait(|found| *found == [("film.webm".into(), State::Whole, 25)]);
    recordings.close();
}

#[test]
fn what_ends_a_film_is_told_of_all_its_m_lines() {
    let folder = Folder::new("film-budget");
    let (recordings, mut tap, ends) = folder.start(1);
    recordings.begin(&film(RELAY));
    recordings.begin(&film(SECOND));
    for sequence in 0..2000 {
        tap.push(SECOND, sound(sequence, 1400));
        std::thread::sleep(Duration::from_micros(200));
    }
    let mut told = [next_end(&ends), next_end(&ends)];
    told.sort_by_key(|(_, relay, _)| relay.index);
    assert_eq!(told, [(0, RELAY, RecordingEnd::Budget), (0, SECOND, RecordingEnd::Budget)]);
    let found = folder.wait(|found| matches!(found, [(_, State::Whole, _)]));
    assert!(found[0].2 > 500, "{found:?}");
    recordings.close();
}

#[test]
fn a_film_that_a_track_is_missing_of_begins_without_it() {
    let folder = Folder::new("film-alone");
    let (recordings, mut tap, _ends) = folder.start(0);
    recordings.begin(&film(RELAY));
    folder.wait(|found| found.len() == 1);
    tap.push(RELAY, sound(1, 60));
    recordings.end(0, RELAY);
    folder.wait(|found| *found == [("film.webm".into(), State::Whole, 1)]);
    recordings.close();
}

#[test]
fn a_film_that_a_crash_left_is_closed() {
    let folder = Folder::new("film-repair");
    let (recordings, mut tap, _ends) = folder.start(0);
    recordings.begin(&film(RELAY));
    recordings.begin(&film(SECOND));
    (0..50).for_each(|sequence| tap.push(RELAY, sound(sequence, 100)));
    folder.wait(|found| found.iter().any(|(_, _, frames)| *frames == 50));
    let all = folder.0.join("all");
    let bytes = fs::read(all.join("film.webm.part")).unwrap();
    recordings.close();
    fs::write(all.join("crashed.webm.part"), [&bytes[..], &[0; 700]].concat()).unwrap();
    fs::write(all.join("renamed.webm"), &bytes).unwrap();
    fs::write(all.join("other.mkv"), "no film").unwrap();
    let states = |found: Vec<(String, State, u64)>| found.into_iter().map(|(_, state, _)| state).collect::<Vec<_>>();
    assert_eq!(states(folder.list()), [State::Unfinished, State::Whole, State::Unreadable, State::Torn]);
    for kept in list(&all).unwrap() {
        repair(&kept).unwrap();
    }
    let found = folder.list();
    assert_eq!(found[0], ("crashed.webm".into(), State::Whole, 50));
    assert_eq!(found[3], ("renamed.webm".into(), State::Whole, 50));
    assert_eq!(list(&all).unwrap()[0].duration_ms, 1000);
}
