use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;

const PLAIN: [u8; 16] = [0x80, 0xe0, 0x12, 0x34, 1, 2, 3, 4, 0xa, 0xb, 0xc, 0xd, 9, 8, 7, 6];

#[test]
fn fields_are_read_where_they_stand() {
    let view = View::new(&PLAIN).unwrap();
    assert!(view.marker() && !view.has_padding());
    assert_eq!((view.payload_type(), view.sequence()), (96, 0x1234));
    assert_eq!((view.timestamp(), view.ssrc()), (0x0102_0304, 0x0a0b_0c0d));
    assert_eq!((view.csrc_count(), view.header_len(), view.extension_profile()), (0, 12, None));
    assert_eq!(view.payload(), [9, 8, 7, 6]);
    assert_eq!(view.elements().count(), 0);
}

#[test]
fn contributing_sources_and_extension_count_to_the_header() {
    let mut bytes = vec![0x91, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1];
    bytes.extend([0xbe, 0xde, 0, 3]);
    bytes.extend([0x10, 0x85, 0x32, 1, 2, 3, 0x00, 0x00, 0x50, 7, 0x00, 0x00]);
    bytes.extend([0x42; 3]);
    let view = View::new(&bytes).unwrap();
    assert_eq!((view.csrc_count(), view.header_len()), (1, 32));
    assert_eq!(view.extension_profile(), Some(0xbede));
    let elements: Vec<_> = view.elements().map(|element| (element.id, element.range, element.data)).collect();
    assert_eq!(elements, [(1, 21..22, &[0x85][..]), (3, 23..26, &[1, 2, 3]), (5, 29..30, &[7])]);
    assert_eq!(view.element(3), Some(&[1, 2, 3][..]));
    assert_eq!(view.element(4), None);
    assert_eq!(view.payload_range(), 32..35);
}

#[test]
fn two_byte_elements_may_be_empty_or_long() {
    let mut bytes = vec![0x90, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
    bytes.extend([0x10, 0x05, 0, 2, 200, 0, 0, 7, 3, 1, 2, 3]);
    let view = View::new(&bytes).unwrap();
    let elements: Vec<_> = view.elements().map(|element| (element.id, element.data)).collect();
    assert_eq!(elements, [(200, &[][..]), (7, &[1, 2, 3])]);
}

#[test]
fn id_fifteen_padding_with_a_length_and_overrun_end_the_elements() {
    for end in [0xf0, 0x03, 0x5f] {
        let mut bytes = vec![0x90, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0];
        bytes.extend([0xbe, 0xde, 0, 2, 0x10, 1, end, 1, 0x20, 2, 0x20, 2]);
        let view = View::new(&bytes).unwrap();
        assert_eq!(view.elements().map(|element| element.id).collect::<Vec<_>>(), [1], "{end:#x}");
    }
}

#[test]
fn an_extension_of_another_form_has_no_elements() {
    let bytes = [0x90, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0x12, 0x34, 0, 1, 0x10, 1, 0, 0];
    let view = View::new(&bytes).unwrap();
    assert_eq!((view.extension_profile(), view.elements().count()), (Some(0x1234), 0));
}

#[test]
fn a_header_that_runs_out_is_refused() {
    assert_eq!(View::new(&PLAIN[..11]), None);
    assert_eq!(View::new(&[0x40; 16]), None, "version 1");
    assert_eq!(View::new(&[0x82, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1]), None, "sources");
    let extension = [0x90, 96, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0xbe, 0xde, 0, 2, 0, 0, 0, 0];
    assert_eq!(View::new(&extension), None);
    assert_eq!(View::new(&extension[..14]), None);
}

#[test]
fn padding_is_cut_off_only_where_it_can_be_read() {
    let mut bytes = PLAIN;
    bytes[0] |= 0x20;
    for (last, payload) in [(0, None), (1, Some(3)), (4, Some(0)), (5, None)] {
        bytes[15] = last;
        assert_eq!(View::new(&bytes).map(|view| view.payload().len()), payload, "{last}");
        assert_eq!(View::protected(&bytes).unwrap().payload_range(), 12..16);
    }
}

#[test]
fn setters_touch_their_field_alone() {
    let mut bytes = PLAIN;
    set_sequence(&mut bytes, 0xffff);
    set_timestamp(&mut bytes, 0x1111_1111);
    set_ssrc(&mut bytes, 0x2222_2222);
    set_payload_type(&mut bytes, 111);
    let view = View::new(&bytes).unwrap();
    assert!(view.marker());
    assert_eq!((view.payload_type(), view.sequence()), (111, 0xffff));
    assert_eq!((view.timestamp(), view.ssrc()), (0x1111_1111, 0x2222_2222));
    set_marker(&mut bytes, false);
    assert_eq!(bytes[..2], [0x80, 111]);
    set_ssrc(&mut bytes[..11], 0);
    assert_eq!(ssrc(&bytes), Some(0x2222_2222));
}

#[test]
fn the_one_byte_form_is_taken_where_all_elements_fit() {
    let header = Header { marker: true, payload_type: 96, sequence: 1, timestamp: 2, ssrc: 3, padding: false };
    let mut buffer = [0xff; 64];
    assert_eq!(header.write(&mut buffer, []), Some(12));
    assert_eq!(buffer[..12], [0x80, 0xe0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3]);
    assert_eq!(header.write(&mut buffer, [(1, &[5][..]), (14, &[1, 2])]), Some(24));
    assert_eq!(buffer[12..24], [0xbe, 0xde, 0, 2, 0x10, 5, 0xe1, 1, 2, 0, 0, 0]);
    assert_eq!(header.write(&mut buffer, [(1, &[5][..]), (15, &[1])]), Some(24));
    assert_eq!(buffer[12..24], [0x10, 0x00, 0, 2, 1, 1, 5, 15, 1, 1, 0, 0]);
    assert_eq!(header.write(&mut buffer, [(1, &[][..])]), Some(20));
    assert_eq!(header.write(&mut buffer, [(0, &[1][..])]), None);
    assert_eq!(header.write(&mut [0; 256 + 20], [(1, &[0; 256][..])]), None);
    assert_eq!(header.write(&mut buffer[..23], [(1, &[5][..]), (14, &[1, 2])]), None);
}

proptest! {
    #[test]
    fn any_bytes_are_read_without_a_panic(mut bytes: Vec<u8>, first in 0x80..=0xbf_u8) {
        for pass in 0..2 {
            for view in [View::new(&bytes), View::protected(&bytes)].into_iter().flatten() {
                let (header_len, payload) = (view.header_len(), view.payload_range());
                prop_assert!(payload.start == header_len && payload.end <= bytes.len());
                for element in view.elements() {
                    prop_assert!(element.range.end <= header_len);
                    prop_assert_eq!(&bytes[element.range], element.data);
                }
            }
            if pass == 0 && bytes.len() > 16 {
                bytes[0] = first;
                let at = 12 + 4 * usize::from(first & 15);
                if bytes.len() > at + 4 {
                    bytes[at..at + 3].copy_from_slice(&[0xbe, 0xde, 0]);
                }
            }
        }
    }

    #[test]
    fn a_header_is_read_as_it_was_written(
        marker: bool,
        payload_type in 0..128_u8,
        sequence: u16,
        timestamp: u32,
        ssrc: u32,
        elements in proptest::collection::vec((1..=255_u8, proptest::collection::vec(any::<u8>(), 0..40)), 0..6),
        payload: Vec<u8>,
    ) {
        let header = Header { marker, payload_type, sequence, timestamp, ssrc, padding: false };
        let mut buffer = vec![0xee; 2048];
        let len = header.write(&mut buffer, elements.iter().map(|(id, data)| (*id, &data[..]))).unwrap();
        buffer[len..len + payload.len()].copy_from_slice(&payload);
        let view = View::new(&buffer[..len + payload.len()]).unwrap();
        prop_assert_eq!(view.header_len(), len);
        prop_assert_eq!(view.payload(), &payload[..]);
        prop_assert_eq!((view.marker(), view.payload_type(), view.sequence()), (marker, payload_type, sequence));
        prop_assert_eq!((view.timestamp(), view.ssrc()), (timestamp, ssrc));
        let read: Vec<_> = view.elements().map(|element| (element.id, element.data.to_vec())).collect();
        prop_assert_eq!(read, elements);
    }
}
