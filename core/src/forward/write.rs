//! A kept packet as one subscriber gets it: header, extensions and picture ids of its own, the same payload.

use heapless::Vec;

use crate::forward::{Changes, Splice};
use crate::stream::{Elements, Facts};
use crate::time::Instant;
use crate::wire::extension::PlayoutDelay;
use crate::wire::{Extension, ExtensionMap, red, rtp};

/// How a packet goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sending {
    /// For the first time.
    First,
    /// Again as RTX (RFC 4588), which is a new packet around the old payload.
    Rtx,
    /// Nothing but so many bytes of padding (RFC 3550 section 5.1), as a packet of the retransmissions' stream.
    Padding {
        /// How many; at least one.
        bytes: u8,
    },
    /// Again byte for byte as before: anything else under the same sequence number would use a nonce twice.
    Repeat {
        /// Its transport-wide number then.
        transport_sequence: u16,
    },
}

/// What all packets of one outgoing stream have in common.
#[derive(Clone, Copy, Debug)]
pub struct Framing<'a> {
    /// Its SSRC.
    pub ssrc: u32,
    /// Its payload type.
    pub payload_type: u8,
    /// Its `a=mid`.
    pub mid: &'a str,
    /// The header extensions that are written.
    pub extensions: &'a ExtensionMap,
    /// Bounds of the playout delay that stand in place of the publisher's.
    pub playout_delay: Option<PlayoutDelay>,
    /// Its retransmissions' stream (RFC 4588), where there is one.
    pub rtx: Option<RtxFraming>,
}

/// What all retransmissions of one outgoing stream have in common.
#[derive(Clone, Copy, Debug)]
pub struct RtxFraming {
    /// Their SSRC.
    pub ssrc: u32,
    /// Their payload type.
    pub payload_type: u8,
    /// The extended sequence number of the next.
    pub index: u64,
}

/// Earlier payloads that a packet carries again (RFC 2198).
#[derive(Clone, Copy, Debug)]
pub struct Redundant<'a> {
    /// The payload type that says so.
    pub payload_type: u8,
    /// The earlier payloads, the oldest first.
    pub earlier: &'a [red::Block<'a>],
}

/// What is known only when a packet leaves.
#[derive(Clone, Copy, Debug)]
pub struct Leaving<'a> {
    /// How.
    pub sending: Sending,
    /// Its extended sequence number in the subscriber's stream.
    pub index: u64,
    /// What else is changed in it.
    pub changes: Changes,
    /// Its transport-wide sequence number.
    pub transport_sequence: u16,
    /// What it carries again.
    pub redundant: Option<Redundant<'a>>,
    /// Now.
    pub now: Instant,
}

/// A packet in clear, written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Its length.
    pub len: usize,
    /// The length of its header.
    pub header_len: usize,
    /// The extended sequence number of the SSRC it was written for: the SRTP packet index.
    pub index: u64,
}

/// Writes `packet` into `buffer`. `None` if it does not fit, or as a retransmission where there is no RTX.
pub fn write(
    (packet, facts): (&[u8], &Facts),
    framing: &Framing<'_>,
    splice: &Splice,
    leaving: Leaving<'_>,
    buffer: &mut [u8],
) -> Option<Written> {
    let mut header = rtp::Header {
        padding: false,
        marker: leaving.changes.marker,
        payload_type: leaving.redundant.map_or(framing.payload_type, |redundant| redundant.payload_type),
        sequence: leaving.index as u16,
        timestamp: splice.timestamp(facts.timestamp),
        ssrc: framing.ssrc,
    };
    let mut index = leaving.index;
    let original = (leaving.index as u16).to_be_bytes();
    let mut prefix: &[u8] = &[];
    if matches!(leaving.sending, Sending::Rtx | Sending::Padding { .. }) {
        let rtx = framing.rtx?;
        (header.ssrc, header.payload_type, index) = (rtx.ssrc, rtx.payload_type, rtx.index);
        header.sequence = index as u16;
        prefix = &original;
    }
    let transport = leaving.transport_sequence.to_be_bytes();
    // A repetition must have the bytes of the first time, so without RTX the time is the packet's own.
    let sent_at = if framing.rtx.is_some() { leaving.now } else { facts.arrived };
    let send_time = absolute_send_time(sent_at);
    let delay = framing.playout_delay.map(PlayoutDelay::write);
    let own: [(Extension, Option<&[u8]>); OWN_ELEMENTS] = [
        (Extension::Mid, Some(framing.mid.as_bytes())),
        (Extension::TransportSequence, Some(&transport)),
        (Extension::AbsoluteSendTime, Some(&send_time)),
        (Extension::PlayoutDelay, delay.as_ref().map(|data| &data[..])),
    ];
    if let Sending::Padding { bytes } = leaving.sending {
        (header.marker, header.padding) = (false, true);
        let elements = elements(&[], &Elements::default(), framing.extensions, own);
        let header_len = header.write(buffer, elements.iter().copied())?;
        let padding = buffer.get_mut(header_len..header_len + usize::from(bytes))?;
        padding.fill(0);
        *padding.last_mut()? = bytes;
        return Some(Written { len: header_len + usize::from(bytes), header_len, index });
    }
    let elements = elements(packet, &facts.elements, framing.extensions, own);
    let header_len = header.write(buffer, elements.iter().copied())?;
    let payload = if leaving.changes.is_empty { &[] } else { packet.get(usize::from(facts.payload_start)..)? };
    if let Some(Redundant { earlier, .. }) = leaving.redundant {
        let own = red::Block { payload_type: framing.payload_type, timestamp_offset: 0, data: payload };
        let len = header_len + red::write(buffer.get_mut(header_len..)?, earlier, &own)?;
        return Some(Written { len, header_len, index });
    }
    let payload_at = header_len + prefix.len();
    buffer.get_mut(header_len..payload_at)?.copy_from_slice(prefix);
    let room = buffer.get_mut(payload_at..payload_at + payload.len())?;
    room.copy_from_slice(payload);
    let picture = &facts.picture;
    let tl0_picture_index = splice.tl0_picture_index(picture.tl0_picture_index);
    picture.renumber(room, facts.payload_start, leaving.changes.picture, tl0_picture_index);
    Some(Written { len: payload_at + payload.len(), header_len, index })
}

/// The header extensions of the packet on its way out: ours, and of the publisher's those that ours do not replace.
fn elements<'a>(
    packet: &'a [u8],
    found: &Elements,
    map: &ExtensionMap,
    own: [(Extension, Option<&'a [u8]>); OWN_ELEMENTS],
) -> Vec<(u8, &'a [u8]), ELEMENTS> {
    let mut elements = Vec::new();
    let is_replaced = |extension| own.iter().any(|(ours, data)| *ours == extension && data.is_some());
    let forwarded = found.iter().filter(|element| !is_replaced(element.extension)).filter_map(|element| {
        let start = usize::from(element.start);
        Some((element.extension, packet.get(start..start + usize::from(element.len))?))
    });
    let ours = own.into_iter().filter_map(|(extension, data)| Some((extension, data?)));
    for (extension, data) in ours.chain(forwarded) {
        if let Some(id) = map.id(extension) {
            // Room for all: ours and those of a packet's facts.
            let _ = elements.push((id, data));
        }
    }
    elements
}

/// `abs-send-time`: seconds modulo 64, in 6.18 fixed point.
fn absolute_send_time(now: Instant) -> [u8; 3] {
    let ticks = ((now.us % 64_000_000) << 18) / 1_000_000;
    let [.., a, b, c] = (ticks as u32).to_be_bytes();
    [a, b, c]
}

/// The elements that we can write.
const OWN_ELEMENTS: usize = 4;

/// Elements of ours and of the publisher in one packet.
const ELEMENTS: usize = 8;
