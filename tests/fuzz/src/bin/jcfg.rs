//! Janus' configuration files: whatever stands in one, it is read or refused, and what is refused says where.
#![no_main]

use libfuzzer_sys::fuzz_target;

// The platform crate brings sockets and DTLS with it; the reader needs none of that.
#[path = "../../../../platform-linux/src/janus_config/reader.rs"]
#[allow(dead_code, reason = "what is read is only walked through")]
mod reader;

#[path = "../../../../platform-linux/src/config/refusal.rs"]
#[allow(dead_code, reason = "the reader needs a part of it")]
mod refusal;

mod config {
    pub use crate::refusal::{Place, Refusal};
}

fuzz_target!(|input: &[u8]| {
    let text = String::from_utf8_lossy(input);
    // Each file that it includes is itself.
    let mut include = |_: &str| Ok(text.clone().into_owned());
    match reader::read("janus.jcfg", &text, &mut include) {
        Ok(settings) => settings.iter().for_each(walk),
        Err(why) => assert!(why.to_string().contains("janus.jcfg"), "{why}"),
    }
});

/// Goes through all that was read.
fn walk(setting: &reader::Setting) {
    assert!(!setting.name.is_empty());
    if let reader::Value::Group(settings) = &setting.value {
        settings.iter().for_each(walk);
    }
}
