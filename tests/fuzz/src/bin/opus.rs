//! Opus payloads.
#![no_main]

use libfuzzer_sys::fuzz_target;
use parlor_core::wire::opus::Facts;

fuzz_target!(|payload: &[u8]| {
    let Some(facts) = Facts::new(payload) else { return };
    assert!((120..=5760).contains(&facts.duration));
});
