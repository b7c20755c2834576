//! RTP packets (RFC 3550 section 5.1) and their header extensions (RFC 8285).

use core::ops::Range;

use super::bytes::{Writer, u16_at, u32_at};

/// The shortest header.
pub const HEADER_BYTES: usize = 12;

/// A packet whose header lies within its bytes. Fields are read where they stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View<'a> {
    bytes: &'a [u8],
    fixed: &'a [u8; HEADER_BYTES],
    extension: Option<ExtensionBlock<'a>>,
    header_len: usize,
    payload_end: usize,
}

impl<'a> View<'a> {
    /// A view of a packet in clear: version 2, the header and the padding within `bytes`.
    pub fn new(bytes: &'a [u8]) -> Option<Self> {
        let mut view = Self::protected(bytes)?;
        if view.has_padding() {
            let padding = usize::from(*bytes.last()?);
            view.payload_end = bytes.len().checked_sub(padding)?;
            if padding == 0 || view.payload_end < view.header_len {
                return None;
            }
        }
        Some(view)
    }

    /// A view of a packet whose payload is still encrypted: its padding cannot be read, so [`Self::payload_range`]
    /// goes to the end.
    pub fn protected(bytes: &'a [u8]) -> Option<Self> {
        let fixed = bytes.first_chunk()?;
        if fixed[0] >> 6 != 2 {
            return None;
        }
        let mut header_len = HEADER_BYTES + 4 * usize::from(fixed[0] & 0x0f);
        let mut extension = None;
        if fixed[0] & EXTENSION_BIT != 0 {
            let profile = u16_at(bytes, header_len)?;
            let start = header_len + 4;
            header_len = start + 4 * usize::from(u16_at(bytes, header_len + 2)?);
            extension = Some(ExtensionBlock { profile, start, data: bytes.get(start..header_len)? });
        }
        if header_len > bytes.len() {
            return None;
        }
        Some(Self { bytes, fixed, extension, header_len, payload_end: bytes.len() })
    }

    /// The whole packet.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Whether the padding bit is set.
    pub fn has_padding(&self) -> bool {
        self.fixed[0] & PADDING_BIT != 0
    }

    /// How many contributing sources the header lists.
    pub fn csrc_count(&self) -> usize {
        usize::from(self.fixed[0] & 0x0f)
    }

    /// The marker bit.
    pub fn marker(&self) -> bool {
        self.fixed[1] & MARKER_BIT != 0
    }

    /// The payload type.
    pub fn payload_type(&self) -> u8 {
        self.fixed[1] & 0x7f
    }

    /// The sequence number.
    pub fn sequence(&self) -> u16 {
        u16::from_be_bytes([self.fixed[2], self.fixed[3]])
    }

    /// The timestamp.
    pub fn timestamp(&self) -> u32 {
        u32::from_be_bytes([self.fixed[4], self.fixed[5], self.fixed[6], self.fixed[7]])
    }

    /// The source.
    pub fn ssrc(&self) -> u32 {
        u32::from_be_bytes([self.fixed[8], self.fixed[9], self.fixed[10], self.fixed[11]])
    }

    /// Bytes before the payload: fixed header, contributing sources, extension.
    pub fn header_len(&self) -> usize {
        self.header_len
    }

    /// The number that tells the form of the extension, if there is one.
    pub fn extension_profile(&self) -> Option<u16> {
        self.extension.map(|extension| extension.profile)
    }

    /// The elements of the header extension; none if it has another form than RFC 8285 gives.
    pub fn elements(&self) -> Elements<'a> {
        self.extension.map_or(Elements::NONE, Elements::new)
    }

    /// The data of the first element that has the number `id`.
    pub fn element(&self, id: u8) -> Option<&'a [u8]> {
        self.elements().find(|element| element.id == id).map(|element| element.data)
    }

    /// Where the payload stands, without padding.
    pub fn payload_range(&self) -> Range<usize> {
        self.header_len..self.payload_end
    }

    /// The payload, without padding.
    pub fn payload(&self) -> &'a [u8] {
        &self.bytes[self.payload_range()]
    }
}

/// One element of a header extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element<'a> {
    /// Its number: 1 to 14 in the one-byte form, 1 to 255 in the two-byte form.
    pub id: u8,
    /// Where its data stands in the packet.
    pub range: Range<usize>,
    /// Its data.
    pub data: &'a [u8],
}

/// The elements of a header extension, in their order. One that does not fit ends it.
#[derive(Clone, Debug)]
pub struct Elements<'a> {
    form: Form,
    start: usize,
    data: &'a [u8],
    at: usize,
}

impl<'a> Elements<'a> {
    const NONE: Self = Self { form: Form::OneByte, start: 0, data: &[], at: 0 };

    fn new(extension: ExtensionBlock<'a>) -> Self {
        let form = match extension.profile {
            ONE_BYTE_PROFILE => Form::OneByte,
            profile if profile & 0xfff0 == TWO_BYTE_PROFILE => Form::TwoByte,
            _ => return Self::NONE,
        };
        Self { form, start: extension.start, data: extension.data, at: 0 }
    }

    /// Number, length, and bytes of the element header at the current place; number 0 is a byte of padding.
    fn head(&self) -> Option<(u8, usize, usize)> {
        let first = *self.data.get(self.at)?;
        match self.form {
            Form::OneByte if first == 0 => Some((0, 0, 1)),
            // Sections 4.2 of RFC 8285: 15, and 0 with a length, end everything.
            Form::OneByte if first >> 4 == 0 || first >> 4 == 15 => None,
            Form::OneByte => Some((first >> 4, usize::from(first & 0x0f) + 1, 1)),
            Form::TwoByte if first == 0 => Some((0, 0, 1)),
            Form::TwoByte => Some((first, usize::from(*self.data.get(self.at + 1)?), 2)),
        }
    }
}

impl<'a> Iterator for Elements<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        loop {
            let (id, len, head) = self.head()?;
            let begin = self.at + head;
            let Some(data) = self.data.get(begin..begin + len) else {
                self.at = self.data.len();
                return None;
            };
            self.at = begin + len;
            if id != 0 {
                return Some(Element { id, range: self.start + begin..self.start + begin + len, data });
            }
        }
    }
}

/// A header to be written: no contributing sources, any number of extension elements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Header {
    /// The padding bit; the padding itself is the caller's.
    pub padding: bool,
    /// The marker bit.
    pub marker: bool,
    /// The payload type, below 128.
    pub payload_type: u8,
    /// The sequence number.
    pub sequence: u16,
    /// The timestamp.
    pub timestamp: u32,
    /// The source.
    pub ssrc: u32,
}

impl Header {
    /// Writes the header with `elements` of (number, data), in the one-byte form if all of them fit it, else in the
    /// two-byte form, padded to 32 bits. Returns its length; `None` if `buffer` is too short or an element fits
    /// neither form (number 0, or more than 255 bytes).
    pub fn write<'e>(
        &self,
        buffer: &mut [u8],
        elements: impl IntoIterator<Item = (u8, &'e [u8]), IntoIter: Clone>,
    ) -> Option<usize> {
        let elements = elements.into_iter();
        let (mut count, mut form) = (0_usize, Form::OneByte);
        for (id, data) in elements.clone() {
            count += 1;
            if !matches!((id, data.len()), (1..=14, 1..=16)) {
                form = Form::TwoByte;
            }
        }
        let extension_bit = if count > 0 { EXTENSION_BIT } else { 0 };
        let fixed: &mut [u8; HEADER_BYTES] = buffer.first_chunk_mut()?;
        fixed[0] = 0x80 | extension_bit | if self.padding { PADDING_BIT } else { 0 };
        fixed[1] = (self.payload_type & 0x7f) | if self.marker { MARKER_BIT } else { 0 };
        fixed[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        fixed[4..8].copy_from_slice(&self.timestamp.to_be_bytes());
        fixed[8..].copy_from_slice(&self.ssrc.to_be_bytes());
        if count == 0 {
            return Some(HEADER_BYTES);
        }
        Some(HEADER_BYTES + write_extension(&mut buffer[HEADER_BYTES..], form, elements)?)
    }
}

/// Writes the sequence number of a packet; nothing if it is shorter than a header.
pub fn set_sequence(packet: &mut [u8], sequence: u16) {
    set(packet, 2, sequence.to_be_bytes());
}

/// Writes the timestamp of a packet; nothing if it is shorter than a header.
pub fn set_timestamp(packet: &mut [u8], timestamp: u32) {
    set(packet, 4, timestamp.to_be_bytes());
}

/// Writes the source of a packet; nothing if it is shorter than a header.
pub fn set_ssrc(packet: &mut [u8], ssrc: u32) {
    set(packet, 8, ssrc.to_be_bytes());
}

/// Writes the payload type (below 128) of a packet; nothing if it is shorter than a header.
pub fn set_payload_type(packet: &mut [u8], payload_type: u8) {
    if let Some(byte) = packet.get_mut(1) {
        *byte = (*byte & MARKER_BIT) | (payload_type & 0x7f);
    }
}

/// Writes the padding bit of a packet; nothing if it is empty.
pub fn set_padding(packet: &mut [u8], padding: bool) {
    if let Some(byte) = packet.first_mut() {
        *byte = (*byte & !PADDING_BIT) | if padding { PADDING_BIT } else { 0 };
    }
}

/// Writes the marker bit of a packet; nothing if it is shorter than a header.
pub fn set_marker(packet: &mut [u8], marker: bool) {
    if let Some(byte) = packet.get_mut(1) {
        *byte = (*byte & 0x7f) | if marker { MARKER_BIT } else { 0 };
    }
}

/// The source of a packet that may be protected, if it is long enough to have one.
pub fn ssrc(packet: &[u8]) -> Option<u32> {
    u32_at(packet, 8)
}

const PADDING_BIT: u8 = 0x20;
const EXTENSION_BIT: u8 = 0x10;
const MARKER_BIT: u8 = 0x80;
const ONE_BYTE_PROFILE: u16 = 0xbede;
const TWO_BYTE_PROFILE: u16 = 0x1000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ExtensionBlock<'a> {
    profile: u16,
    start: usize,
    data: &'a [u8],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    OneByte,
    TwoByte,
}

fn write_extension<'e>(buffer: &mut [u8], form: Form, elements: impl Iterator<Item = (u8, &'e [u8])>) -> Option<usize> {
    let mut writer = Writer::new(buffer);
    writer.u16(if form == Form::OneByte { ONE_BYTE_PROFILE } else { TWO_BYTE_PROFILE })?;
    writer.u16(0)?;
    for (id, data) in elements {
        let len = u8::try_from(data.len()).ok().filter(|_| id != 0)?;
        match form {
            Form::OneByte => writer.u8(id << 4 | (len - 1))?,
            Form::TwoByte => writer.bytes(&[id, len])?,
        }
        writer.bytes(data)?;
    }
    writer.pad()?;
    let words = u16::try_from(writer.len() / 4 - 1).ok()?;
    writer.written()[2..4].copy_from_slice(&words.to_be_bytes());
    Some(writer.len())
}

fn set<const N: usize>(packet: &mut [u8], at: usize, value: [u8; N]) {
    if let Some(bytes) = packet.get_mut(at..at + N) {
        bytes.copy_from_slice(&value);
    }
}

#[cfg(test)]
mod tests;
