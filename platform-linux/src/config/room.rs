//! `[[room]]`: the VideoRoom's settings of a room under the names that Janus gives them.

use heapless::String;
use parlor_core::room::{CodecList, RoomSettings};
use parlor_core::wire::Kind;

use super::entry::Entry;
use super::refusal::Refusal;
use super::{Key, apply as apply_key, put};

const KEYS: &[Key<RoomSettings>] = &[
    Key { name: "room", set: |r, e| put(&mut r.room, e.integer(1..=(1 << 53) - 1)) },
    Key { name: "description", set: |r, e| put(&mut r.description, text(e).map(Some)) },
    Key { name: "secret", set: |r, e| put(&mut r.secret, text(e).map(Some)) },
    Key { name: "pin", set: |r, e| put(&mut r.pin, text(e).map(Some)) },
    Key { name: "is_private", set: |r, e| put(&mut r.is_private, e.boolean()) },
    Key { name: "require_pvtid", set: |r, e| put(&mut r.require_pvtid, e.boolean()) },
    Key { name: "require_e2ee", set: |r, e| put(&mut r.require_e2ee, e.boolean()) },
    Key { name: "publishers", set: |r, e| put(&mut r.publishers, e.integer(1..=16_000)) },
    Key { name: "bitrate", set: |r, e| put(&mut r.bitrate, e.integer(0..=u64::from(u32::MAX))) },
    Key { name: "bitrate_cap", set: |r, e| put(&mut r.bitrate_cap, e.boolean()) },
    Key { name: "fir_freq", set: |r, e| put(&mut r.fir_freq, e.integer(0..=65_535)) },
    Key { name: "audiocodec", set: |r, e| put(&mut r.audiocodec, codecs(e, Kind::Audio, AUDIO)) },
    Key { name: "videocodec", set: |r, e| put(&mut r.videocodec, codecs(e, Kind::Video, VIDEO)) },
    Key { name: "vp9_profile", set: |r, e| put(&mut r.vp9_profile, text(e).map(Some)) },
    Key { name: "h264_profile", set: |r, e| put(&mut r.h264_profile, text(e).map(Some)) },
    Key { name: "opus_fec", set: |r, e| put(&mut r.opus_fec, e.boolean()) },
    Key { name: "opus_dtx", set: |r, e| put(&mut r.opus_dtx, e.boolean()) },
    Key { name: "video_svc", set: |r, e| put(&mut r.video_svc, e.boolean()) },
    Key { name: "audiolevel_ext", set: |r, e| put(&mut r.audiolevel_ext, e.boolean()) },
    Key { name: "audiolevel_event", set: |r, e| put(&mut r.audiolevel_event, e.boolean()) },
    Key { name: "audio_active_packets", set: |r, e| put(&mut r.audio_active_packets, e.integer(1..=100_000)) },
    Key { name: "audio_level_average", set: |r, e| put(&mut r.audio_level_average, e.integer(0..=127)) },
    Key { name: "videoorient_ext", set: |r, e| put(&mut r.videoorient_ext, e.boolean()) },
    Key { name: "playoutdelay_ext", set: |r, e| put(&mut r.playoutdelay_ext, e.boolean()) },
    Key { name: "transport_wide_cc_ext", set: |r, e| put(&mut r.transport_wide_cc_ext, e.boolean()) },
    Key { name: "record", set: |r, e| put(&mut r.record, e.boolean()) },
    Key { name: "rec_dir", set: |r, e| put(&mut r.rec_dir, text(e).map(Some)) },
    Key { name: "lock_record", set: |r, e| put(&mut r.lock_record, e.boolean()) },
    Key { name: "notify_joining", set: |r, e| put(&mut r.notify_joining, e.boolean()) },
];

const AUDIO: &str = "a list of opus, pcma, pcmu, g722, the best first, such as \"opus,pcmu\"";
const VIDEO: &str = "a list of vp8, vp9, h264, av1, h265, the best first, such as \"vp8,h264\"";

/// Sets what `entry` names by the last part of its key.
pub(super) fn apply(room: &mut RoomSettings, entry: &Entry) -> Result<(), Refusal> {
    let name = entry.key.rsplit('.').next().unwrap_or_default();
    apply_key(room, KEYS, name, entry)
}

fn text<const N: usize>(entry: &Entry) -> Result<String<N>, Refusal> {
    let text = entry.short_text(N)?;
    Ok(text.chars().collect())
}

/// Codecs as Janus writes them, or as a list.
fn codecs(entry: &Entry, kind: Kind, allowed: &str) -> Result<CodecList, Refusal> {
    let names = entry.texts(allowed)?.join(",");
    CodecList::parse(&names).filter(|list| list.is_all(kind)).ok_or_else(|| entry.refuse(allowed))
}
