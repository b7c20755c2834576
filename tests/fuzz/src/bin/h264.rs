//! H.264 payloads.
#![no_main]

use libfuzzer_sys::fuzz_target;
use parlor_core::wire::h264::Facts;

fuzz_target!(|payload: &[u8]| {
    let Some(facts) = Facts::new(payload) else { return };
    assert!(facts.is_frame_start || !facts.is_keyframe_start);
});
