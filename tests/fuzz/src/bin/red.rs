//! Redundant audio: what was read is written again byte for byte.
#![no_main]

use libfuzzer_sys::fuzz_target;
use parlor_core::wire::red;

fuzz_target!(|payload: &[u8]| {
    let Some(blocks) = red::read(payload) else { return };
    let (own, earlier) = blocks.split_last().unwrap();
    let mut written = vec![0; payload.len()];
    assert_eq!(red::write(&mut written, earlier, own), Some(payload.len()));
    assert_eq!(written, payload);
});
