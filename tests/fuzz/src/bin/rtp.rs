//! RTP packets and their header extensions, as they come and with a header that is likely.
#![no_main]

use libfuzzer_sys::fuzz_target;
use parlor_core::wire::packet_kind;
use parlor_core::wire::rtp::{Header, View};

fuzz_target!(|bytes: &[u8]| {
    packet_kind(bytes);
    read(bytes);
    let mut bytes = bytes.to_vec();
    if bytes.len() > 16 {
        bytes[0] = 0x90;
        let profile = if bytes[1] & 1 == 0 { [0xbe, 0xde] } else { [0x10, 0x00] };
        bytes[12..14].copy_from_slice(&profile);
        bytes[14] = 0;
        read(&bytes);
    }
});

/// All ranges lie within the packet, and a written copy is read the same.
fn read(bytes: &[u8]) {
    let protected = View::protected(bytes);
    let Some(view) = View::new(bytes) else { return };
    assert_eq!(protected.unwrap().header_len(), view.header_len());
    assert!(view.payload().len() + view.header_len() <= bytes.len());
    for element in view.elements() {
        assert_eq!(&bytes[element.range.clone()], element.data);
        assert!(element.range.end <= view.header_len());
    }
    let header = Header {
        padding: false,
        marker: view.marker(),
        payload_type: view.payload_type(),
        sequence: view.sequence(),
        timestamp: view.timestamp(),
        ssrc: view.ssrc(),
    };
    let mut buffer = [0; 8192];
    let len = header.write(&mut buffer, view.elements().map(|element| (element.id, element.data))).unwrap();
    let again = View::new(&buffer[..len]).unwrap();
    assert!(again.elements().map(|element| element.data).eq(view.elements().map(|element| element.data)));
}
