//! `[[room]]`: the VideoRoom's settings of a room under the names that Janus gives them.

use parlor_core::room::RoomSettings;
use parlor_core::stream::LOUDEST;
use parlor_core::wire::Kind;

use super::entry::Entry;
use super::field::Field::{Codecs, Flag, Name, Number, Short, Word};
use super::refusal::Refusal;
use super::{Key, apply as apply_key};

pub(super) const KEYS: &[Key<RoomSettings>] = &[
    Key { name: "room", field: |r| Name(&mut r.room) },
    Key { name: "description", field: |r| Short(&mut r.description) },
    Key { name: "secret", field: |r| Short(&mut r.secret) },
    Key { name: "pin", field: |r| Short(&mut r.pin) },
    Key { name: "is_private", field: |r| Flag(&mut r.is_private) },
    Key { name: "require_pvtid", field: |r| Flag(&mut r.require_pvtid) },
    Key { name: "signed_tokens", field: |r| Flag(&mut r.signed_tokens) },
    Key { name: "require_e2ee", field: |r| Flag(&mut r.require_e2ee) },
    Key { name: "publishers", field: |r| Number(&mut r.publishers, 1..=16_000) },
    Key { name: "bitrate", field: |r| Number(&mut r.bitrate, 0..=u64::from(u32::MAX)) },
    Key { name: "bitrate_cap", field: |r| Flag(&mut r.bitrate_cap) },
    Key { name: "fir_freq", field: |r| Number(&mut r.fir_freq, 0..=65_535) },
    Key { name: "audiocodec", field: |r| Codecs(&mut r.audiocodec, Kind::Audio) },
    Key { name: "videocodec", field: |r| Codecs(&mut r.videocodec, Kind::Video) },
    Key { name: "vp9_profile", field: |r| Short(&mut r.vp9_profile) },
    Key { name: "h264_profile", field: |r| Short(&mut r.h264_profile) },
    Key { name: "opus_fec", field: |r| Flag(&mut r.opus_fec) },
    Key { name: "opus_dtx", field: |r| Flag(&mut r.opus_dtx) },
    Key { name: "video_svc", field: |r| Flag(&mut r.video_svc) },
    Key { name: "audiolevel_ext", field: |r| Flag(&mut r.audiolevel_ext) },
    Key { name: "audiolevel_event", field: |r| Flag(&mut r.audiolevel_event) },
    Key { name: "audio_active_packets", field: |r| Number(&mut r.audio_active_packets, 1..=100_000) },
    Key { name: "audio_level_average", field: |r| Number(&mut r.audio_level_average, 0..=127) },
    Key { name: "dominant_speaker_event", field: |r| Flag(&mut r.dominant_speaker_event) },
    Key { name: "audio_spectrum_event", field: |r| Flag(&mut r.audio_spectrum_event) },
    Key { name: "audio_loudest", field: |r| Number(&mut r.audio_loudest, 0..=LOUDEST as u64) },
    Key { name: "audio_red", field: |r| Flag(&mut r.audio_red) },
    Key { name: "audio_nack", field: |r| Flag(&mut r.audio_nack) },
    Key { name: "videoorient_ext", field: |r| Flag(&mut r.videoorient_ext) },
    Key { name: "playoutdelay_ext", field: |r| Flag(&mut r.playoutdelay_ext) },
    Key { name: "transport_wide_cc_ext", field: |r| Flag(&mut r.transport_wide_cc_ext) },
    Key { name: "follow_need", field: |r| Flag(&mut r.follow_need) },
    Key { name: "record", field: |r| Flag(&mut r.record) },
    Key { name: "record_format", field: |r| Word(&mut r.record_format) },
    Key { name: "rec_dir", field: |r| Short(&mut r.rec_dir) },
    Key { name: "lock_record", field: |r| Flag(&mut r.lock_record) },
    Key { name: "notify_joining", field: |r| Flag(&mut r.notify_joining) },
    Key { name: "dummy_publisher", field: |r| Flag(&mut r.dummy_publisher) },
];

/// Sets what `entry` names by the last part of its key.
pub(super) fn apply(room: &mut RoomSettings, entry: &Entry) -> Result<(), Refusal> {
    let name = entry.key.rsplit('.').next().unwrap_or_default();
    apply_key(room, KEYS, name, entry)
}

/// The same for a template, which names no room.
pub(super) fn apply_to_template(room: &mut RoomSettings, entry: &Entry) -> Result<(), Refusal> {
    let name = entry.key.rsplit('.').next().unwrap_or_default();
    apply_key(room, template_keys(), name, entry)
}

/// What a template has.
pub(super) fn template_keys() -> &'static [Key<RoomSettings>] {
    // The first is the room's name.
    &KEYS[1..]
}

/// Whether a room has what `entry` names by the last part of its key.
pub(super) fn knows(entry: &Entry) -> bool {
    KEYS.iter().any(|key| entry.key.rsplit('.').next() == Some(key.name))
}
