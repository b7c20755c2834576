//! Payloads that look like their codec to a server and that a test can tell apart byte by byte.

/// The bytes at the front of a VP8 payload that a server may read: descriptor and frame header.
const VP8_FRONT: usize = 4 + 10;

/// Shortest payload that [`vp8`] can make.
pub const VP8_MINIMUM: usize = VP8_FRONT + 16;

/// A VP8 payload (RFC 7741) of `length` bytes: one whole frame or, where not `start`, a later part of one.
///
/// `index` and `stamp` can be read back with [`read_stamp`]; the rest follows from `index`.
pub fn vp8(index: u64, stamp: u64, picture: u16, start: bool, keyframe: bool, length: usize) -> Vec<u8> {
    let mut payload = Vec::with_capacity(length.max(VP8_MINIMUM));
    let picture = 0x8000 | (picture & 0x7fff);
    // X and S bits, then I: a 15-bit picture id follows.
    payload.extend([0x80 | if start { 0x10 } else { 0 }, 0x80]);
    payload.extend(picture.to_be_bytes());
    // Frame tag (RFC 6386, section 9.1): the low bit is 0 for a keyframe; then start code, 640 x 360.
    let front: [u8; 10] = match (start, keyframe) {
        (true, true) => [0x10, 0x02, 0x00, 0x9d, 0x01, 0x2a, 0x80, 0x02, 0x68, 0x01],
        _ => [0x11, 0x02, 0x00, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa, 0xaa],
    };
    payload.extend(front);
    payload.extend(index.to_be_bytes());
    payload.extend(stamp.to_be_bytes());
    fill(&mut payload, index, length);
    payload
}

/// An Opus payload (RFC 6716) of `length` bytes: a 20 ms fullband frame in name, with `index` at its end.
pub fn opus(index: u64, length: usize) -> Vec<u8> {
    let mut payload = vec![0xfc];
    payload.extend(index.to_be_bytes());
    fill(&mut payload, index, length);
    payload
}

/// The index and the stamp in a payload made by [`vp8`].
pub fn read_stamp(payload: &[u8]) -> Option<(u64, u64)> {
    let index = payload.get(VP8_FRONT..VP8_FRONT + 8)?;
    let stamp = payload.get(VP8_FRONT + 8..VP8_FRONT + 16)?;
    Some((u64::from_be_bytes(index.try_into().ok()?), u64::from_be_bytes(stamp.try_into().ok()?)))
}

/// The index in a payload made by [`opus`].
pub fn read_opus_index(payload: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(payload.get(1..9)?.try_into().ok()?))
}

fn fill(payload: &mut Vec<u8>, index: u64, length: usize) {
    let mut state = index.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    while payload.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        payload.push(state as u8);
    }
}
