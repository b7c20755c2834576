//! Ten people in a room hear each other. With three places, what is sent is what three cost and not what ten cost; the
//! streams of those who are heard go on without a hole, at their own time; whoever begins to speak is heard at once.

use crate::memory_room::{CONVERSATION, MemoryRoom, Opened, PAYLOAD_TYPE};
use parlor_core::limits::Limits;
use parlor_core::link::SrtpProfile;
use parlor_core::media::{Command, ConversationSettings};
use parlor_core::wire::{Codec, rtp};

const PEOPLE: usize = 10;
const SILENCE: u8 = 127;

/// People who send a frame each 20 ms, and hear all others.
struct Meeting {
    room: MemoryRoom,
    frame: u64,
}

/// What everybody got.
#[derive(Default)]
struct Heard {
    packets: u64,
    /// Packets of each speaker, as the first listener who is not that speaker got them: number and timestamp.
    of: Vec<Vec<(u64, u32)>>,
}

impl Meeting {
    fn new(loudest: u8) -> Self {
        let mut room = MemoryRoom::new(Limits::DEFAULT, SrtpProfile::AeadAes128Gcm);
        let settings = Some(ConversationSettings { loudest, ..ConversationSettings::default() });
        room.media.command(room.now, Command::Converse { conversation: CONVERSATION, settings });
        let people: Vec<usize> = (0..PEOPLE).map(|_| room.connect()).collect();
        let streams: Vec<_> = people.iter().map(|peer| room.publish(*peer, Codec::Opus, ssrc(*peer))).collect();
        for listener in &people {
            for speaker in people.iter().filter(|speaker| *speaker != listener) {
                room.subscribe(*listener, streams[*speaker], heard_ssrc(*listener, *speaker), false);
            }
        }
        room.pass(1);
        room.forget();
        Self { room, frame: 0 }
    }

    /// `frames` frames of everybody, each with the level of its sender.
    fn talk(&mut self, frames: u64, levels: [u8; PEOPLE], heard: &mut Heard) {
        heard.of.resize(PEOPLE, Vec::new());
        for _ in 0..frames {
            for (speaker, level) in levels.into_iter().enumerate() {
                let timestamp = (self.frame * 960) as u32;
                let header =
                    rtp::Header { payload_type: PAYLOAD_TYPE, ssrc: ssrc(speaker), timestamp, ..Default::default() };
                self.room.send_sound(speaker, header, 65_500 + self.frame, level, &[0x78, 1, 2, 3]);
            }
            self.frame += 1;
            self.room.pass(20);
            self.room.consent();
            self.room.collect(|listener, opened| {
                let Opened::Rtp(view, index) = opened else { return };
                heard.packets += 1;
                let speaker = (0..PEOPLE).find(|speaker| heard_ssrc(listener, *speaker) == view.ssrc()).unwrap();
                if listener == usize::from(speaker == 0) {
                    heard.of[speaker].push((index, view.timestamp()));
                }
            });
        }
    }
}

#[test]
fn the_loudest_of_many_are_forwarded() {
    let mut everybody = Heard::default();
    Meeting::new(0).talk(200, [30; PEOPLE], &mut everybody);
    assert_eq!(everybody.packets, 200 * 10 * 9);

    let mut meeting = Meeting::new(3);
    let mut heard = Heard::default();
    meeting.talk(200, [30; PEOPLE], &mut heard);
    // Three speakers to nine listeners each; nothing of the frame that only begins speech.
    assert_eq!(heard.packets, 199 * 3 * 9);
}

#[test]
fn who_is_heard_again_goes_on_where_they_were() {
    let mut meeting = Meeting::new(1);
    let mut heard = Heard::default();
    let only = |speaker: usize| std::array::from_fn(|at| if at == speaker { 30 } else { SILENCE });
    for speaker in [0, 1, 0, 1, 2, 0] {
        let before = heard.of.get(speaker).map_or(0, Vec::len);
        meeting.talk(150, only(speaker), &mut heard);
        let heard_frames = heard.of[speaker].len() - before;
        assert!(heard_frames >= 75, "speaker {speaker} was heard {heard_frames} frames of 150");
    }
    for of in &heard.of[..3] {
        let mut jumps = 0;
        for pair in of.windows(2) {
            assert_eq!(pair[1].0, pair[0].0 + 1, "a hole");
            let ticks = pair[1].1.wrapping_sub(pair[0].1);
            assert!(ticks.is_multiple_of(960) && (960..960 * 600).contains(&ticks), "{ticks}");
            jumps += u32::from(ticks > 960);
        }
        assert!(jumps <= 2, "only where somebody else was heard");
    }
    assert!(heard.of[3..].iter().all(Vec::is_empty), "silence takes no place");
}

#[test]
fn the_floor_passes_on_in_a_pause() {
    let mut meeting = Meeting::new(0);
    let mut heard = Heard::default();
    let of = |pairs: &[(usize, u8)]| {
        let mut levels = [SILENCE; PEOPLE];
        pairs.iter().for_each(|(at, level)| levels[*at] = *level);
        levels
    };
    let mut dominant = |meeting: &mut Meeting, frames, levels| {
        meeting.talk(frames, levels, &mut heard);
        meeting.room.dominant.map(|stream| stream.index)
    };
    assert_eq!(dominant(&mut meeting, 50, of(&[])), None);
    assert_eq!(dominant(&mut meeting, 50, of(&[(4, 40)])), Some(4));
    assert_eq!(dominant(&mut meeting, 100, of(&[(4, 40), (7, 20)])), Some(4), "a louder one interrupts");
    assert_eq!(dominant(&mut meeting, 30, of(&[(7, 20)])), Some(7), "and goes on");
    assert_eq!(dominant(&mut meeting, 100, of(&[])), Some(7), "whoever spoke last keeps the floor in silence");
    assert_eq!(dominant(&mut meeting, 4, of(&[(2, 20)])), Some(7), "a cough");
}

fn ssrc(peer: usize) -> u32 {
    100 * (1 + peer as u32)
}

fn heard_ssrc(listener: usize, speaker: usize) -> u32 {
    10_000 + (listener * PEOPLE + speaker) as u32 * 10
}
