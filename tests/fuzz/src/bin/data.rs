//! Data channels being opened: what was read is written again and read as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use parlor_core::wire::data_channel::{Control, read, write_open};

fuzz_target!(|message: &[u8]| {
    let Some(Control::Open(open)) = read(message) else { return };
    let mut written = vec![0; message.len()];
    let len = write_open(&mut written, &open).unwrap();
    assert_eq!(read(&written[..len]), Some(Control::Open(open)));
});
