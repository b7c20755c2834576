//! Two cameras and a way that carries one: the picture of whoever has the floor is sent, and passes on with the floor.

use crate::memory_room::{CONVERSATION, MemoryRoom, Opened, PAYLOAD_TYPE};
use parlor_core::limits::Limits;
use parlor_core::link::SrtpProfile;
use parlor_core::media::{Command, ConversationSettings};
use parlor_core::wire::{Codec, rtcp, rtp};

/// SSRCs of the cameras and of the microphones of both publishers.
const CAMERAS: [u32; 2] = [100, 200];
const MICROPHONES: [u32; 2] = [300, 400];
/// A frame each 40 ms: 200 kbit/s of each camera.
const FRAME_BYTES: usize = 1000;

#[test]
fn who_has_the_floor_is_seen_first() {
    let mut room = MemoryRoom::new(Limits::DEFAULT, SrtpProfile::AeadAes128Gcm);
    let settings = Some(ConversationSettings::default());
    room.media.command(room.now, Command::Converse { conversation: CONVERSATION, settings });
    let publishers = [room.connect(), room.connect()];
    let subscriber = room.connect();
    for (at, publisher) in publishers.into_iter().enumerate() {
        let camera = room.publish(publisher, Codec::Vp8, CAMERAS[at]);
        room.publish(publisher, Codec::Opus, MICROPHONES[at]);
        room.subscribe(subscriber, camera, 5000 + 10 * at as u32, true);
    }
    room.pass(1);
    room.forget();
    let mut step = 0_u64;
    for speaker in [0, 1, 0] {
        let mut seen = [0; 2];
        for frame in 0..150 {
            for (at, publisher) in publishers.into_iter().enumerate() {
                let timestamp = step as u32 * 3600;
                let header = |ssrc| rtp::Header { payload_type: PAYLOAD_TYPE, ssrc, timestamp, ..Default::default() };
                let mut picture = [0x10; FRAME_BYTES];
                // A keyframe each second, so that a picture that begins again need not ask.
                picture[1] = u8::from(!step.is_multiple_of(25));
                room.send(publisher, header(CAMERAS[at]), step, &picture);
                let level = if at == speaker { 30 } else { 127 };
                let sound = rtp::Header { timestamp: step as u32 * 1920, ..header(MICROPHONES[at]) };
                room.send_sound(publisher, sound, step, level, &[0x78, 1, 2]);
            }
            if frame % 5 == 0 {
                room.send_rtcp(subscriber, |buffer| rtcp::remb::write(buffer, 1, 300_000, &[5000, 5010]));
                room.consent();
            }
            step += 1;
            room.pass(40);
            room.collect(|peer, opened| {
                if let Opened::Rtp(view, _) = opened
                    && peer == subscriber
                    && frame >= 100
                    // Others are probes.
                    && matches!(view.ssrc(), 5000 | 5010)
                {
                    seen[usize::from(view.ssrc() == 5010)] += 1;
                }
            });
        }
        assert!(room.dominant.is_some());
        assert!(seen[speaker] >= 45, "{seen:?} of 50 frames while {speaker} speaks");
        assert!(seen[1 - speaker] <= 5, "{seen:?} of 50 frames while {speaker} speaks");
    }
}
