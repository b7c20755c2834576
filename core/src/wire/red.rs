//! Redundant audio (RFC 2198): a payload that carries earlier ones again before its own.

use heapless::Vec;

use super::bytes::{Writer, u8_at, u16_at};

/// The most payloads within one that are read; senders put in two or three.
pub const BLOCKS: usize = 8;

/// The longest earlier payload that can be carried, in bytes (10 bits).
pub const BLOCK_BYTES_MAX: usize = 0x3ff;

/// How far back an earlier payload may lie, in ticks of the timestamp (14 bits).
pub const OFFSET_MAX: u32 = 0x3fff;

/// One of the payloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block<'a> {
    /// Its format.
    pub payload_type: u8,
    /// By how many ticks its timestamp lies before the packet's; 0 of the last one.
    pub timestamp_offset: u16,
    /// What that format says.
    pub data: &'a [u8],
}

/// The payloads in the order of the packet, at least one: the last is the packet's own. `None` if lengths are wrong or
/// there are more than [`BLOCKS`].
pub fn read(payload: &[u8]) -> Option<Vec<Block<'_>, BLOCKS>> {
    let mut blocks = Vec::new();
    let mut at = 0;
    let mut earlier_bytes = 0;
    loop {
        let first = u8_at(payload, at)?;
        let payload_type = first & 0x7f;
        if first & FOLLOWED == 0 {
            at += 1;
            blocks.push(Block { payload_type, timestamp_offset: 0, data: &[] }).ok()?;
            break;
        }
        let timestamp_offset = u16_at(payload, at + 1)? >> 2;
        let len = usize::from(u16_at(payload, at + 2)?) & BLOCK_BYTES_MAX;
        earlier_bytes += len;
        // The length is known before the place is.
        let data = payload.get(..len)?;
        blocks.push(Block { payload_type, timestamp_offset, data }).ok()?;
        at += HEADER_BYTES;
    }
    let own = payload.get(at + earlier_bytes..)?;
    let (last, earlier) = blocks.split_last_mut()?;
    for block in earlier {
        let end = at + block.data.len();
        block.data = payload.get(at..end)?;
        at = end;
    }
    last.data = own;
    Some(blocks)
}

/// Writes the `earlier` payloads, the oldest first, and the packet's own. `None` if it does not fit into `buffer` or a
/// header cannot say it.
pub fn write(buffer: &mut [u8], earlier: &[Block<'_>], own: &Block<'_>) -> Option<usize> {
    let mut writer = Writer::new(buffer);
    for block in earlier {
        if block.data.len() > BLOCK_BYTES_MAX || u32::from(block.timestamp_offset) > OFFSET_MAX {
            return None;
        }
        let place = u32::from(block.timestamp_offset) << 10 | block.data.len() as u32;
        let [_, high, middle, low] = place.to_be_bytes();
        writer.u8(FOLLOWED | block.payload_type & 0x7f)?;
        writer.bytes(&[high, middle, low])?;
    }
    writer.u8(own.payload_type & 0x7f)?;
    earlier.iter().chain([own]).try_for_each(|block| writer.bytes(block.data))?;
    Some(writer.len())
}

/// The first bit of a header behind which another one stands.
const FOLLOWED: u8 = 0x80;

/// The header of an earlier payload.
const HEADER_BYTES: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn two_payloads_are_read_as_the_format_says() {
        // Opus (111) of 20 ms before, 3 bytes; then its own.
        let payload = [0xef, 0x0f, 0x00, 0x03, 0x6f, 1, 2, 3, 9, 8];
        let blocks = read(&payload).unwrap();
        let earlier = Block { payload_type: 111, timestamp_offset: 960, data: &[1, 2, 3] };
        let own = Block { payload_type: 111, timestamp_offset: 0, data: &[9, 8] };
        assert_eq!(blocks, [earlier, own]);
        let mut written = [0; 10];
        assert_eq!(write(&mut written, &[earlier], &own), Some(10));
        assert_eq!(written, payload);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert_eq!(read(&[]), None);
        assert_eq!(read(&[0xef, 0x0f]), None, "no whole header");
        assert_eq!(read(&[0xef, 0x0f, 0x00, 0x03]), None, "no own payload");
        assert_eq!(read(&[0xef, 0x0f, 0x00, 0x03, 0x6f, 1, 2]), None, "too short");
        assert_eq!(read(&[0xef, 0, 0, 0].repeat(9)), None, "too many");
        let long = [0; BLOCK_BYTES_MAX + 1];
        let block = |timestamp_offset, data| Block { payload_type: 1, timestamp_offset, data };
        let buffer = &mut [0; 2000];
        assert_eq!(write(buffer, &[block(1, &long)], &block(0, &[])), None);
        assert_eq!(write(buffer, &[block(0x4000, &[])], &block(0, &[])), None);
        assert_eq!(write(&mut buffer[..5], &[block(1, &[1])], &block(0, &[2])), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            earlier in proptest::collection::vec(
                (0_u8..128, 0_u16..0x4000, proptest::collection::vec(any::<u8>(), 0..1024)), 0..BLOCKS),
            own in (0_u8..128, proptest::collection::vec(any::<u8>(), 0..1500)),
        ) {
            let block = |(payload_type, timestamp_offset, data)| Block { payload_type, timestamp_offset, data };
            let earlier = earlier.iter().map(|(number, at, data)| block((*number, *at, data)));
            let earlier: std::vec::Vec<_> = earlier.collect();
            let own = block((own.0, 0, &own.1[..]));
            let mut buffer = [0; 12_000];
            let len = write(&mut buffer, &earlier, &own).unwrap();
            let read = read(&buffer[..len]).unwrap();
            prop_assert_eq!(read.split_last().unwrap(), (&own, &earlier[..]));
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(payload: std::vec::Vec<u8>) {
            if let Some(blocks) = read(&payload) {
                let bytes: usize = blocks.iter().map(|block| block.data.len()).sum();
                prop_assert_eq!(bytes + HEADER_BYTES * (blocks.len() - 1) + 1, payload.len());
            }
        }
    }
}
