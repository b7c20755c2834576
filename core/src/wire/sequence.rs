//! Arithmetic on numbers that wrap: RTP sequence numbers and timestamps.

/// The number that a 16-bit `sequence` stands for: the one nearest to `reference` (RFC 3711 section 3.3.1). Before
/// the first wrap there is nothing below zero, so a number that lies there is taken from the first round.
pub const fn extend(reference: u64, sequence: u16) -> u64 {
    let distance = sequence.wrapping_sub(reference as u16) as i16;
    match reference.checked_add_signed(distance as i64) {
        Some(extended) => extended,
        None => sequence as u64,
    }
}

/// The same for a 32-bit `timestamp`.
pub const fn extend_timestamp(reference: u64, timestamp: u32) -> u64 {
    let distance = timestamp.wrapping_sub(reference as u32) as i32;
    match reference.checked_add_signed(distance as i64) {
        Some(extended) => extended,
        None => timestamp as u64,
    }
}

/// Whether sequence number `a` comes after `b`. Of two that are exactly half a round apart the larger does.
pub const fn newer_than(a: u16, b: u16) -> bool {
    let distance = a.wrapping_sub(b);
    if distance == 0x8000 { a > b } else { distance != 0 && distance < 0x8000 }
}

/// Whether timestamp `a` comes after `b`. Of two that are exactly half a round apart the larger does.
pub const fn newer_timestamp(a: u32, b: u32) -> bool {
    let distance = a.wrapping_sub(b);
    if distance == 0x8000_0000 { a > b } else { distance != 0 && distance < 0x8000_0000 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn extension_goes_over_a_wrap_in_both_directions() {
        assert_eq!(extend(0xffff, 0), 0x1_0000);
        assert_eq!(extend(0x1_0000, 0xffff), 0xffff);
        assert_eq!(extend(0x1_7ffe, 0xfffd), 0x1_fffd);
        assert_eq!(extend(0x1_7ffe, 0xfffe), 0xfffe);
        assert_eq!(extend(0x1_8000, 0), 0x1_0000);
        assert_eq!(extend(0x1_8001, 0), 0x2_0000);
        assert_eq!(extend_timestamp(0xffff_fff0, 5), 0x1_0000_0005);
        assert_eq!(extend_timestamp(0x1_0000_0005, 0xffff_fff0), 0xffff_fff0);
    }

    #[test]
    fn nothing_lies_below_zero() {
        assert_eq!(extend(5, 0xffff), 0xffff);
        assert_eq!(extend_timestamp(5, 0xffff_ffff), 0xffff_ffff);
    }

    #[test]
    fn newer_holds_over_a_wrap() {
        assert!(newer_than(0, 0xffff));
        assert!(!newer_than(0xffff, 0));
        assert!(!newer_than(7, 7));
        assert!(newer_timestamp(3, 0xffff_fff0));
        assert!(!newer_timestamp(0xffff_fff0, 3));
    }

    proptest! {
        #[test]
        fn a_number_within_half_a_round_is_found_again(
            reference in 0x8000_u64..1 << 48,
            distance in -0x7fff_i64..=0x7fff,
        ) {
            let number = reference.checked_add_signed(distance).unwrap();
            prop_assert_eq!(extend(reference, number as u16), number);
        }

        #[test]
        fn a_timestamp_within_half_a_round_is_found_again(
            reference in 0x8000_0000_u64..1 << 60,
            distance in -0x7fff_ffff_i64..=0x7fff_ffff,
        ) {
            let number = reference.checked_add_signed(distance).unwrap();
            prop_assert_eq!(extend_timestamp(reference, number as u32), number);
        }

        #[test]
        fn an_extension_keeps_its_low_bits(reference: u64, sequence: u16, timestamp: u32) {
            prop_assert_eq!(extend(reference, sequence) as u16, sequence);
            prop_assert_eq!(extend_timestamp(reference, timestamp) as u32, timestamp);
        }

        #[test]
        fn of_two_different_numbers_one_is_newer(a: u16, b: u16, c: u32, d: u32) {
            prop_assert_eq!(newer_than(a, b) != newer_than(b, a), a != b);
            prop_assert_eq!(newer_timestamp(c, d) != newer_timestamp(d, c), c != d);
        }

        #[test]
        fn the_next_numbers_are_newer(a: u16, step in 1_u16..0x8000, c: u32, leap in 1_u32..0x8000_0000) {
            prop_assert!(newer_than(a.wrapping_add(step), a));
            prop_assert!(newer_timestamp(c.wrapping_add(leap), c));
        }
    }
}
