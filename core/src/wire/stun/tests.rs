use std::net::{Ipv4Addr, Ipv6Addr};
use std::vec::Vec as StdVec;

use proptest::prelude::*;

use super::*;

/// RFC 5769 section 2.1.
const SAMPLE_REQUEST: [u8; 108] = [
    0x00, 0x01, 0x00, 0x58, 0x21, 0x12, 0xa4, 0x42, 0xb7, 0xe7, 0xa7, 0x01, 0xbc, 0x34, 0xd6, 0x86, 0xfa, 0x87, 0xdf,
    0xae, 0x80, 0x22, 0x00, 0x10, 0x53, 0x54, 0x55, 0x4e, 0x20, 0x74, 0x65, 0x73, 0x74, 0x20, 0x63, 0x6c, 0x69, 0x65,
    0x6e, 0x74, 0x00, 0x24, 0x00, 0x04, 0x6e, 0x00, 0x01, 0xff, 0x80, 0x29, 0x00, 0x08, 0x93, 0x2f, 0xf9, 0xb1, 0x51,
    0x26, 0x3b, 0x36, 0x00, 0x06, 0x00, 0x09, 0x65, 0x76, 0x74, 0x6a, 0x3a, 0x68, 0x36, 0x76, 0x59, 0x20, 0x20, 0x20,
    0x00, 0x08, 0x00, 0x14, 0x9a, 0xea, 0xa7, 0x0c, 0xbf, 0xd8, 0xcb, 0x56, 0x78, 0x1e, 0xf2, 0xb5, 0xb2, 0xd3, 0xf2,
    0x49, 0xc1, 0xb5, 0x71, 0xa2, 0x80, 0x28, 0x00, 0x04, 0xe5, 0x7a, 0x3b, 0xcf,
];
const SAMPLE_PASSWORD: &[u8] = b"VOkJxbRl1RmTxUk/WvJxBt";

fn integrity() -> Integrity {
    Integrity::new(SAMPLE_PASSWORD).unwrap()
}

#[test]
fn the_sample_request_of_rfc_5769_is_understood() {
    let request = Request::new(&SAMPLE_REQUEST).unwrap();
    assert_eq!(request.transaction[..4], [0xb7, 0xe7, 0xa7, 0x01]);
    assert_eq!(request.username, Some(&b"evtj:h6vY"[..]));
    assert_eq!(request.fragments(), Some((&b"evtj"[..], &b"h6vY"[..])));
    assert_eq!(request.priority, Some(0x6e00_01ff));
    assert_eq!(request.role, Some(IceRole::Controlled(0x932f_f9b1_5126_3b36)));
    assert!(!request.use_candidate && request.unknown.is_empty());
    assert!(request.has_integrity && request.has_fingerprint);
    assert!(request.is_authentic(&integrity()));
    assert!(!request.is_authentic(&Integrity::new(b"wrong").unwrap()));
}

#[test]
fn every_changed_byte_of_a_request_is_noticed() {
    for at in 0..SAMPLE_REQUEST.len() {
        let mut bytes = SAMPLE_REQUEST;
        bytes[at] ^= 1;
        let read = Request::new(&bytes);
        assert!(read.is_none_or(|request| !request.has_fingerprint), "{at}");
    }
    for len in 0..SAMPLE_REQUEST.len() {
        assert_eq!(Request::new(&SAMPLE_REQUEST[..len]), None, "{len}");
    }
}

/// RFC 5769 sections 2.2 and 2.3, without the SOFTWARE attribute, which we do not send.
#[test]
fn a_response_tells_the_address() {
    let transaction = *SAMPLE_REQUEST[8..].first_chunk().unwrap();
    let mut buffer = [0xff; SUCCESS_BYTES];
    let v4 = SocketAddr::from((Ipv4Addr::new(192, 0, 2, 1), 32853));
    let len = write_success(&mut buffer, &transaction, v4, Some(&integrity())).unwrap();
    assert_eq!(len, 64);
    assert_eq!(buffer[..4], [0x01, 0x01, 0, 44]);
    assert_eq!(buffer[20..32], [0x00, 0x20, 0x00, 0x08, 0x00, 0x01, 0xa1, 0x47, 0xe1, 0x12, 0xa6, 0x43]);
    assert_eq!(buffer[32..36], [0x00, 0x08, 0x00, 0x14]);
    assert_eq!(buffer[56..60], [0x80, 0x28, 0x00, 0x04]);

    let address: Ipv6Addr = "2001:db8:1234:5678:11:2233:4455:6677".parse().unwrap();
    let len = write_success(&mut buffer, &transaction, SocketAddr::from((address, 32853)), Some(&integrity())).unwrap();
    assert_eq!(len, SUCCESS_BYTES);
    assert_eq!(
        buffer[20..44],
        [
            0x00, 0x20, 0x00, 0x14, 0x00, 0x02, 0xa1, 0x47, 0x01, 0x13, 0xa9, 0xfa, 0xa5, 0xd3, 0xf1, 0x79, 0xbc, 0x25,
            0xf4, 0xb5, 0xbe, 0xd2, 0xb9, 0xd9
        ]
    );

    let mapped = SocketAddr::from((Ipv4Addr::new(192, 0, 2, 1).to_ipv6_mapped(), 32853));
    let len = write_success(&mut buffer, &transaction, mapped, None).unwrap();
    assert_eq!(len, 40, "an IPv4 address of a two-family socket is told as IPv4");
}

#[test]
fn an_error_names_its_code_and_what_was_not_understood() {
    let mut buffer = [0xff; 96];
    let mut unknown = UnknownAttributes::new();
    unknown.extend([0x0003, 0x0027, 0x7777]);
    let len = write_error(&mut buffer, &[7; 12], ErrorCode::UnknownAttribute, &unknown, None).unwrap();
    assert_eq!(buffer[..4], [0x01, 0x11, 0, len as u8 - 20]);
    assert_eq!(buffer[20..28], [0x00, 0x09, 0, 21, 0, 0, 4, 20]);
    assert_eq!(&buffer[28..48], b"Unknown Attribute\0\0\0");
    assert_eq!(buffer[48..60], [0x00, 0x0a, 0, 6, 0, 3, 0, 0x27, 0x77, 0x77, 0, 0]);
    assert_eq!(buffer[60..64], [0x80, 0x28, 0, 4]);
    assert_eq!(len, 68);

    let none = UnknownAttributes::new();
    let len = write_error(&mut buffer, &[7; 12], ErrorCode::RoleConflict, &none, Some(&integrity())).unwrap();
    assert_eq!(buffer[24..28], [0, 0, 4, 87]);
    assert_eq!(len, 20 + 4 + 4 + 16 + 24 + 8);
}

#[test]
fn what_must_be_understood_is_listed_and_the_rest_is_passed_over() {
    let mut buffer = [0; 64];
    let mut message = begin(&mut buffer, BINDING_REQUEST, &[1; 12]).unwrap();
    for (kind, value) in [(0x0003, &[0; 4][..]), (0xc057, &[1, 2, 3]), (0x7fff, &[])] {
        attribute(&mut message, kind, value).unwrap();
    }
    let len = finish(message, None).unwrap();
    let request = Request::new(&buffer[..len]).unwrap();
    assert_eq!(request.unknown, [0x0003, 0x7fff]);
    assert!(!request.has_integrity && !request.is_authentic(&integrity()));
}

#[test]
fn what_follows_the_integrity_is_ignored() {
    let mut buffer = [0; 96];
    let mut message = begin(&mut buffer, BINDING_REQUEST, &[1; 12]).unwrap();
    attribute(&mut message, MESSAGE_INTEGRITY, &[0; 20]).unwrap();
    attribute(&mut message, USERNAME, b"forged").unwrap();
    let len = finish(message, None).unwrap();
    assert_eq!(Request::new(&buffer[..len]).unwrap().username, None);
}

#[test]
fn a_short_buffer_is_refused() {
    let mut buffer = [0; SUCCESS_BYTES];
    let v6 = SocketAddr::from((Ipv6Addr::LOCALHOST, 1));
    for len in 0..SUCCESS_BYTES {
        assert_eq!(write_success(&mut buffer[..len], &[0; 12], v6, Some(&integrity())), None, "{len}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(mut bytes: StdVec<u8>) {
        let _ = Request::new(&bytes);
        if bytes.len() >= HEADER_BYTES {
            let body_len = (bytes.len() - HEADER_BYTES) as u16;
            bytes[..2].copy_from_slice(&BINDING_REQUEST.to_be_bytes());
            bytes[2..4].copy_from_slice(&body_len.to_be_bytes());
            bytes[4..8].copy_from_slice(&COOKIE.to_be_bytes());
            if let Some(request) = Request::new(&bytes) {
                request.is_authentic(&integrity());
            }
        }
    }

    #[test]
    fn a_request_is_read_as_it_was_written(
        transaction: [u8; 12],
        username in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..80)),
        priority: Option<u32>,
        use_candidate: bool,
        role: Option<(bool, u64)>,
        signed: bool,
    ) {
        let role = role.map(|(controlling, tie)| {
            if controlling { IceRole::Controlling(tie) } else { IceRole::Controlled(tie) }
        });
        let request = Request {
            transaction, username: username.as_deref(), priority, use_candidate, role, ..Request::default()
        };
        let mut buffer = [0; 256];
        let len = request.write(&mut buffer, signed.then(integrity).as_ref()).unwrap();
        let read = Request::new(&buffer[..len]).unwrap();
        prop_assert_eq!(read.is_authentic(&integrity()), signed);
        prop_assert_eq!(read.has_integrity, signed);
        let plain = Request { has_integrity: false, has_fingerprint: false, signed: None, ..read };
        prop_assert_eq!(plain, request);
    }
}
