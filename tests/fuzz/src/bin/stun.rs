//! Binding requests, as they come and with a header that is right.
#![no_main]

use libfuzzer_sys::fuzz_target;
use parlor_core::wire::stun::{Integrity, Request};

fuzz_target!(|bytes: &[u8]| {
    read(bytes);
    let mut bytes = bytes.to_vec();
    if let Some(body) = bytes.len().checked_sub(20) {
        bytes[..2].copy_from_slice(&[0, 1]);
        bytes[2..4].copy_from_slice(&(body as u16).to_be_bytes());
        bytes[4..8].copy_from_slice(&[0x21, 0x12, 0xa4, 0x42]);
        read(&bytes);
    }
});

/// What was read and is written again is read the same.
fn read(bytes: &[u8]) {
    let Some(request) = Request::new(bytes) else { return };
    let integrity = Integrity::new(b"password").unwrap();
    assert!(request.has_integrity || !request.is_authentic(&integrity));
    request.fragments();
    let mut buffer = [0; 8192];
    let len = request.write(&mut buffer, Some(&integrity)).unwrap();
    let again = Request::new(&buffer[..len]).unwrap();
    assert!(again.is_authentic(&integrity));
    assert_eq!((again.username, again.priority, again.role), (request.username, request.priority, request.role));
}
