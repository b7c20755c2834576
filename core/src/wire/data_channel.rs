//! The messages that open a data channel (DCEP, RFC 8832).

use super::bytes::{Writer, u8_at, u16_at, u32_at};

/// How a channel delivers (RFC 8832 section 5.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Delivery {
    /// Whether messages may pass each other.
    pub is_unordered: bool,
    /// When a message that was lost is given up.
    pub bound: DeliveryBound,
}

/// When a message that was lost is given up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum DeliveryBound {
    /// Never.
    #[default]
    Reliable,
    /// After so many repetitions.
    Repetitions(u32),
    /// After so many milliseconds.
    Lifetime(u32),
}

/// What opens a channel (DATA_CHANNEL_OPEN, RFC 8832 section 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Open<'a> {
    /// How it delivers.
    pub delivery: Delivery,
    /// How important it is; a browser's "normal" is 256.
    pub priority: u16,
    /// What its application calls it.
    pub label: &'a str,
    /// The protocol that its application speaks.
    pub protocol: &'a str,
}

/// A message about a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Control<'a> {
    /// It is opened.
    Open(Open<'a>),
    /// That was heard (DATA_CHANNEL_ACK, RFC 8832 section 5.2).
    Acknowledged,
}

/// The whole of DATA_CHANNEL_ACK.
pub const ACKNOWLEDGED: [u8; 1] = [TYPE_ACKNOWLEDGED];

/// Bytes of DATA_CHANNEL_OPEN before label and protocol.
pub const OPEN_HEADER_BYTES: usize = 12;

const TYPE_OPEN: u8 = 3;
const TYPE_ACKNOWLEDGED: u8 = 2;

/// The bit of a channel's type that lets messages pass each other.
const UNORDERED: u8 = 0x80;

/// Reads a message; nothing if it is malformed, or of a type that has no meaning.
pub fn read(message: &[u8]) -> Option<Control<'_>> {
    match u8_at(message, 0)? {
        TYPE_ACKNOWLEDGED => Some(Control::Acknowledged),
        TYPE_OPEN => read_open(message).map(Control::Open),
        _ => None,
    }
}

fn read_open(message: &[u8]) -> Option<Open<'_>> {
    let kind = u8_at(message, 1)?;
    let parameter = u32_at(message, 4)?;
    let bound = match kind & !UNORDERED {
        0 => DeliveryBound::Reliable,
        1 => DeliveryBound::Repetitions(parameter),
        2 => DeliveryBound::Lifetime(parameter),
        _ => return None,
    };
    let (label_bytes, protocol_bytes) = (u16_at(message, 8)?.into(), usize::from(u16_at(message, 10)?));
    let (label, rest) = message.get(OPEN_HEADER_BYTES..)?.split_at_checked(label_bytes)?;
    let protocol = rest.get(..protocol_bytes)?;
    Some(Open {
        delivery: Delivery { is_unordered: kind & UNORDERED != 0, bound },
        priority: u16_at(message, 2)?,
        label: str::from_utf8(label).ok()?,
        protocol: str::from_utf8(protocol).ok()?,
    })
}

/// Writes a DATA_CHANNEL_OPEN and says how long it is; nothing if it does not fit into `buffer`.
pub fn write_open(buffer: &mut [u8], open: &Open<'_>) -> Option<usize> {
    let (kind, parameter) = match open.delivery.bound {
        DeliveryBound::Reliable => (0, 0),
        DeliveryBound::Repetitions(most) => (1, most),
        DeliveryBound::Lifetime(most_ms) => (2, most_ms),
    };
    let mut writer = Writer::new(buffer);
    writer.u8(TYPE_OPEN)?;
    writer.u8(kind | if open.delivery.is_unordered { UNORDERED } else { 0 })?;
    writer.u16(open.priority)?;
    writer.u32(parameter)?;
    writer.u16(open.label.len().try_into().ok()?)?;
    writer.u16(open.protocol.len().try_into().ok()?)?;
    writer.bytes(open.label.as_bytes())?;
    writer.bytes(open.protocol.as_bytes())?;
    Some(writer.len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::string::String;
    use std::vec::Vec;

    #[test]
    fn a_channel_is_read_as_the_format_says() {
        // Unordered, three repetitions, "chat" of the protocol "p", as a browser writes it.
        let message = [&[3, 0x81, 1, 0, 0, 0, 0, 3, 0, 4, 0, 1][..], b"chatp"].concat();
        let delivery = Delivery { is_unordered: true, bound: DeliveryBound::Repetitions(3) };
        let open = Open { delivery, priority: 256, label: "chat", protocol: "p" };
        assert_eq!(read(&message), Some(Control::Open(open)));
        assert_eq!(read(&[2]), Some(Control::Acknowledged));
        let mut written = [0; 17];
        assert_eq!(write_open(&mut written, &open), Some(17));
        assert_eq!(written[..], message[..]);
        assert_eq!(write_open(&mut written[..16], &open), None);
    }

    #[test]
    fn what_is_malformed_is_nothing() {
        let whole = [&[3, 0, 1, 0, 0, 0, 0, 0, 0, 2, 0, 2][..], b"abcd"].concat();
        assert!(read(&whole).is_some());
        assert!((0..whole.len()).all(|len| read(&whole[..len]).is_none()));
        let with = |at: usize, byte| {
            let mut message = whole.clone();
            message[at] = byte;
            message
        };
        assert_eq!(read(&with(0, 1)), None, "another type of message");
        assert_eq!(read(&with(1, 3)), None, "another type of channel");
        assert_eq!(read(&with(9, 5)), None, "a label longer than the message");
        assert_eq!(read(&with(12, 0xff)), None, "a label that is no text");
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            is_unordered: bool, kind in 0..3, most: u32, priority: u16, label: String, protocol: String,
        ) {
            let bound = match kind {
                0 => DeliveryBound::Reliable,
                1 => DeliveryBound::Repetitions(most),
                _ => DeliveryBound::Lifetime(most),
            };
            let delivery = Delivery { is_unordered, bound };
            let open = Open { delivery, priority, label: &label, protocol: &protocol };
            let mut buffer = std::vec![0; OPEN_HEADER_BYTES + label.len() + protocol.len()];
            prop_assert_eq!(write_open(&mut buffer, &open), Some(buffer.len()));
            prop_assert_eq!(read(&buffer), Some(Control::Open(open)));
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(message: Vec<u8>) {
            if let Some(Control::Open(open)) = read(&message) {
                prop_assert!(open.label.len() + open.protocol.len() + OPEN_HEADER_BYTES <= message.len());
            }
        }
    }
}
