//! What a board is told while it starts: answers of DHCP and of time servers, the kernel's command line. None may stop
//! it, and what was understood is something that a board can use.
#![no_main]

use libfuzzer_sys::fuzz_target;
use parlor_boot::{Answer, CommandLine, Question, dhcp, sntp};

const HARDWARE: [u8; 6] = [2, 0, 0, 0, 0, 1];

fuzz_target!(|input: &[u8]| {
    let Some((first, rest)) = input.split_first() else { return };
    match first % 3 {
        0 => answer(rest),
        1 => time(rest),
        _ => command_line(&String::from_utf8_lossy(rest)),
    }
});

/// The words that every answer has are given, so that the rest is reached.
fn answer(options: &[u8]) {
    let wanted = (options.len() % 2 == 0).then_some(([192, 0, 2, 7].into(), [192, 0, 2, 1].into()));
    let question = Question { transaction: 7, hardware: HARDWARE, wanted };
    let mut bytes = question.bytes();
    bytes.truncate(240);
    bytes[0] = 2;
    bytes[16..20].copy_from_slice(&[192, 0, 2, 7]);
    bytes.extend(options);
    for bytes in [&bytes[..], options] {
        if let Answer::Lease(lease) = question.read(bytes) {
            assert!(!lease.address.is_unspecified() && lease.prefix <= 32);
        }
    }
    let _ = dhcp::parse_hardware(&String::from_utf8_lossy(options));
}

fn time(bytes: &[u8]) {
    let nonce = bytes.get(24..32).and_then(|nonce| nonce.try_into().ok()).unwrap_or([0; 8]);
    if let Some(time) = sntp::transmit_time(bytes, nonce) {
        // From 1968 to 2104.
        assert!(bytes.len() == sntp::MESSAGE_BYTES && time.as_secs() < 1 << 32);
    }
}

fn command_line(text: &str) {
    let read = CommandLine::read(text);
    assert!(read.options.iter().all(|option| !option.contains(char::is_whitespace)));
    if let Some((_, prefix)) = read.ip.and_then(|ip| ip.address) {
        assert!(prefix <= 32);
    }
}
