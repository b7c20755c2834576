//! Janus' file format of recordings (MJR, version 2): a JSON object that says what it is, then RTP packets, each with
//! the milliseconds since the first. Data has messages instead, each after its time.
//!
//! ```text
//! "MJR00002"  bytes of the object (16 bits)  object
//! "MEET"  milliseconds (32 bits)  bytes of the packet (16 bits)  packet      once for each packet
//! ```

use std::fmt::Write;
use std::io::{self, Read};

use parlor_core::control::RecordingRequest;
use parlor_core::sdp::uri;
use parlor_core::wire::{Codec, Extension, Kind};

/// What a file's name ends with.
pub(super) const ENDING: &str = "mjr";

/// What every file begins with.
const MAGIC: &[u8; 8] = b"MJR00002";

/// What every packet begins with.
const FRAME_MAGIC: &[u8; 4] = b"MEET";

/// Bytes ahead of a packet.
pub(super) const FRAME_HEADER_BYTES: usize = 10;

/// The JSON object of a recording that was asked for, but for its end: when the first packet comes is known then.
pub(super) fn description(request: &RecordingRequest<'_>, asked_unix_us: u64) -> String {
    let kind = match request.codec.map(Codec::kind) {
        Some(Kind::Audio) => "a",
        Some(Kind::Video) => "v",
        None => "d",
    };
    let mut object = format!("{{\"t\": \"{kind}\", \"c\": \"{}\"", request.codec_name);
    let tells_parameters = matches!(request.codec, Some(Codec::H264 | Codec::Vp9 | Codec::MultiOpus));
    if tells_parameters && !request.parameters.is_empty() {
        let _ = write!(object, ", \"f\": \"{}\"", escaped(request.parameters));
    }
    let ids = Extension::ALL.into_iter().filter_map(|extension| Some((request.extensions.id(extension)?, extension)));
    let extensions: Vec<_> = ids.map(|(id, extension)| format!("\"{id}\": \"{}\"", uri(extension))).collect();
    if !extensions.is_empty() {
        let _ = write!(object, ", \"x\": {{{}}}", extensions.join(", "));
    }
    let _ = write!(object, ", \"s\": {asked_unix_us}");
    if request.is_end_to_end {
        object.push_str(", \"e\": true");
    }
    object
}

/// The beginning of a file whose first packet came at this time.
pub(super) fn header(description: &str, first_unix_us: u64) -> Vec<u8> {
    let object = format!("{description}, \"u\": {first_unix_us}}}");
    // A description is bounded by the longest request of SDP parameters, far below 2^16.
    let mut bytes = MAGIC.to_vec();
    bytes.extend((object.len() as u16).to_be_bytes());
    bytes.extend(object.as_bytes());
    bytes
}

/// The longest message that a frame of data holds: its time takes some of what the length can say.
pub(super) const MESSAGE_BYTES: usize = u16::MAX as usize - MESSAGE_TIME_BYTES;

/// Microseconds of Unix time, ahead of a message.
const MESSAGE_TIME_BYTES: usize = 8;

/// What a frame of data holds: when the message came, and what it says.
pub(super) fn message(unix_us: u64, payload: &[u8]) -> Vec<u8> {
    [&unix_us.to_be_bytes(), payload].concat()
}

/// What stands ahead of a packet of `len` bytes that came `since_ms` after the first.
pub(super) fn frame_header(since_ms: u32, len: usize) -> [u8; FRAME_HEADER_BYTES] {
    let mut bytes = [0; FRAME_HEADER_BYTES];
    bytes[..4].copy_from_slice(FRAME_MAGIC);
    bytes[4..8].copy_from_slice(&since_ms.to_be_bytes());
    bytes[8..].copy_from_slice(&(len as u16).to_be_bytes());
    bytes
}

/// What a file holds, as far as it is whole.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Content {
    /// The JSON object.
    pub(super) description: String,
    /// Whole packets.
    pub(super) packets: u64,
    /// Milliseconds from the first to the last of these.
    pub(super) duration_ms: u32,
    /// Where the last whole packet ends.
    pub(super) whole_bytes: u64,
}

/// Reads a file as far as it is whole. Nothing where it does not begin as one.
pub(super) fn read(file: &mut impl Read) -> Option<Content> {
    let mut magic = [0; MAGIC.len()];
    file.read_exact(&mut magic).ok()?;
    if magic != *MAGIC {
        return None;
    }
    let mut len = [0; 2];
    if file.read_exact(&mut len).is_err() {
        // A recording of Janus' that got no packet.
        return Some(Content { whole_bytes: MAGIC.len() as u64, ..Content::default() });
    }
    let mut object = vec![0; usize::from(u16::from_be_bytes(len))];
    file.read_exact(&mut object).ok()?;
    let whole_bytes = (MAGIC.len() + len.len() + object.len()) as u64;
    let mut content = Content { description: String::from_utf8(object).ok()?, whole_bytes, ..Content::default() };
    while let Some((since_ms, bytes)) = read_frame(file) {
        content.packets += 1;
        content.duration_ms = content.duration_ms.max(since_ms);
        content.whole_bytes += bytes;
    }
    Some(content)
}

/// When the next packet came, and how many bytes it takes here; nothing if it is not whole.
fn read_frame(file: &mut impl Read) -> Option<(u32, u64)> {
    let mut header = [0; FRAME_HEADER_BYTES];
    file.read_exact(&mut header).ok()?;
    let [m, e, f, t, a, b, c, d, high, low] = header;
    let len = u64::from(u16::from_be_bytes([high, low]));
    let is_whole = [m, e, f, t] == *FRAME_MAGIC && io::copy(&mut file.take(len), &mut io::sink()).ok()? == len;
    is_whole.then_some((u32::from_be_bytes([a, b, c, d]), FRAME_HEADER_BYTES as u64 + len))
}

fn escaped(text: &str) -> String {
    text.chars()
        .filter(|it| !it.is_control())
        .flat_map(|it| matches!(it, '"' | '\\').then_some('\\').into_iter().chain([it]))
        .collect()
}

#[cfg(test)]
mod tests {
    use parlor_core::id::RelayId;
    use parlor_core::room::Name;
    use parlor_core::wire::ExtensionMap;

    use super::*;

    fn request<'a>(codec: Codec, codec_name: &'static str, parameters: &'a str) -> RecordingRequest<'a> {
        RecordingRequest {
            shard: 0,
            relay: RelayId::new(0, 0),
            film: None,
            room: Name::Number(1),
            folder: None,
            file: "a",
            codec: Some(codec),
            codec_name,
            parameters,
            extensions: ExtensionMap::EMPTY,
            is_end_to_end: false,
        }
    }

    #[test]
    fn a_file_begins_as_those_of_janus_do() {
        let description = description(&request(Codec::Opus, "opus", "useinbandfec=1"), 1_795_763_053_401_995);
        let expected = b"MJR00002\0E{\"t\": \"a\", \"c\": \"opus\", \"s\": 1795763053401995, \"u\": 1795763053407978}";
        assert_eq!(header(&description, 1_795_763_053_407_978), expected);
        assert_eq!(frame_header(1, 60), *b"MEET\0\0\0\x01\0\x3c");
    }

    #[test]
    fn what_a_player_must_know_is_told() {
        let extensions = ExtensionMap::EMPTY.with(Extension::VideoOrientation, 4);
        let wanted = request(Codec::H264, "h264", "profile-level-id=42e01f;x=\"\\");
        let told = description(&RecordingRequest { extensions, is_end_to_end: true, ..wanted }, 7);
        let expected = r#"{"t": "v", "c": "h264", "f": "profile-level-id=42e01f;x=\"\\", "x": {"4": "urn:3gpp:video-orientation"}, "s": 7, "e": true"#;
        assert_eq!(told, expected);
    }

    #[test]
    fn a_file_is_whole_up_to_its_last_whole_packet_wherever_it_was_cut() {
        let mut file = header("{\"t\": \"v\"", 9);
        let begin = file.len();
        for (since_ms, len) in [(0, 5), (20, 1200), (40, 0)] {
            file.extend(frame_header(since_ms, len));
            file.extend(vec![0x80; len]);
        }
        let ends = [begin, begin + 15, begin + 15 + 1210, file.len()];
        assert_eq!(ends[3], begin + 15 + 1210 + 10);
        for cut in 0..=file.len() {
            let content = read(&mut &file[..cut]);
            // The length of the object, and the object, are both whole or not there.
            if cut < MAGIC.len() || (MAGIC.len() + 2 <= cut && cut < begin) {
                assert_eq!(content, None, "{cut}");
                continue;
            }
            let whole = ends.iter().rposition(|end| *end <= cut);
            let Content { packets, whole_bytes, .. } = content.unwrap();
            assert_eq!(whole_bytes, whole.map_or(MAGIC.len(), |whole| ends[whole]) as u64, "{cut}");
            assert_eq!(packets, whole.unwrap_or(0) as u64, "{cut}");
        }
        assert_eq!(read(&mut &file[..]).unwrap().duration_ms, 40);
    }
}
