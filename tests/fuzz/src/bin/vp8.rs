//! VP8 payloads.
#![no_main]

use libfuzzer_sys::fuzz_target;
use parlor_core::wire::vp8::Facts;

fuzz_target!(|payload: &[u8]| {
    let Some(facts) = Facts::new(payload) else { return };
    assert!(facts.descriptor_len < payload.len());
    let mut payload = payload.to_vec();
    if let Some(number) = facts.picture_id {
        number.write(&mut payload, !number.value);
        let written = Facts::new(&payload).unwrap().picture_id.unwrap();
        assert_eq!(written.value, !number.value & if number.is_long { 0x7fff } else { 0x7f });
    }
    if let Some(number) = facts.tl0_pic_idx {
        assert_eq!(payload[number.at], number.value);
    }
});
