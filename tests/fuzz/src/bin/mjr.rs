//! Janus' format of recordings, as `parlor recordings` reads and repairs it.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(dead_code)] // what writes it
#[path = "../../../../platform-linux/src/recording/mjr.rs"]
mod mjr;

fuzz_target!(|bytes: &[u8]| {
    let Some(content) = mjr::read(&mut &*bytes) else { return };
    // A repaired file ends there, and is whole.
    let whole = &bytes[..content.whole_bytes as usize];
    assert_eq!(mjr::read(&mut &*whole), Some(content));
});
