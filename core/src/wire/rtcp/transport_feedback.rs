//! When the packets of a transport arrived.

use super::{TRANSPORT_FEEDBACK, Writer, u16_at, u32_at, write as write_packet};
use crate::wire::bytes::{u8_at, u24_at};

mod chunk;

use chunk::{LARGE, LOST, Packer, SMALL, Symbols};

/// Transport-wide feedback (draft-holmer-rmcat-transport-wide-cc-extensions-01 section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TransportFeedback<'a> {
    /// Who received.
    pub sender_ssrc: u32,
    /// One of the sources that were received.
    pub media_ssrc: u32,
    /// The transport-wide number of the first packet that it tells of.
    pub base_sequence: u16,
    /// How many packets it tells of.
    pub status_count: u16,
    /// Where the arrival times begin, in 64 ms of the receiver's clock; 24 bits, wrapping.
    pub reference_64ms: i32,
    /// Counts the feedback packets, wrapping.
    pub feedback_count: u8,
    chunks: &'a [u8],
    deltas: &'a [u8],
}

/// A packet that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Its transport-wide number.
    pub sequence: u16,
    /// When, by the receiver's clock.
    pub arrival_us: u64,
}

/// What was written: a packet of `len` bytes that tells of the first `count` arrivals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// Length of the packet.
    pub len: usize,
    /// Arrivals taken.
    pub count: usize,
}

/// Writes feedback about as many of `arrivals` as one packet tells and `buffer` has room for; what remains goes into
/// the next. They are in the order of their numbers (wrapping); a missing number is told as lost, a repeated one is
/// passed over. `None` if there are none, or no room for one.
pub fn write(
    buffer: &mut [u8],
    sender_ssrc: u32,
    media_ssrc: u32,
    feedback_count: u8,
    arrivals: &[Arrival],
) -> Option<Written> {
    let first = arrivals.first()?;
    let count = fitting(arrivals, buffer.len());
    let arrivals = arrivals.get(..count).filter(|_| count > 0)?;
    let reference = ticks(first) / TICKS_IN_REFERENCE;
    let len = write_packet(buffer, TRANSPORT_FEEDBACK, FORMAT, |writer| {
        writer.u32(sender_ssrc)?;
        writer.u32(media_ssrc)?;
        writer.u16(first.sequence)?;
        writer.u16(arrivals[count - 1].sequence.wrapping_sub(first.sequence).wrapping_add(1))?;
        writer.u24(reference as u32)?;
        writer.u8(feedback_count)?;
        let mut packer = Packer::default();
        for step in steps(arrivals) {
            for symbol in step.symbols() {
                packer.push(symbol).map_or(Some(()), |chunk| writer.u16(chunk))?;
            }
        }
        packer.finish().map_or(Some(()), |chunk| writer.u16(chunk))?;
        steps(arrivals).try_for_each(|step| step.write_delta(writer))
    })?;
    Some(Written { len, count })
}

impl<'a> TransportFeedback<'a> {
    pub(super) fn new(body: &'a [u8]) -> Option<Self> {
        let status_count = u16_at(body, 10)?;
        let rest = body.get(16..)?;
        let (chunk_bytes, delta_bytes) = chunk::measure(rest, status_count)?;
        Some(Self {
            sender_ssrc: u32_at(body, 0)?,
            media_ssrc: u32_at(body, 4)?,
            base_sequence: u16_at(body, 8)?,
            status_count,
            reference_64ms: (u24_at(body, 12)? << 8) as i32 >> 8,
            feedback_count: u8_at(body, 15)?,
            chunks: rest.get(..chunk_bytes)?,
            deltas: rest.get(chunk_bytes..chunk_bytes + delta_bytes)?,
        })
    }

    /// Each packet's number and, if it arrived, the time since the one that arrived before it (since the reference
    /// for the first), in 250 us.
    pub fn statuses(&self) -> impl Iterator<Item = (u16, Option<i16>)> + use<'a> {
        let (mut sequence, mut deltas) = (self.base_sequence, self.deltas);
        Symbols::new(self.chunks, self.status_count).map(move |symbol| {
            let (delta, len) = match symbol {
                SMALL => (u8_at(deltas, 0).map(i16::from), 1),
                LARGE => (u16_at(deltas, 0).map(|delta| delta as i16), 2),
                _ => (None, 0),
            };
            deltas = deltas.get(len..).unwrap_or_default();
            let status = (sequence, delta);
            sequence = sequence.wrapping_add(1);
            status
        })
    }
}

pub(super) const FORMAT: u8 = 15;

const HEADER_BYTES: usize = 20;
const TICK_US: u64 = 250;
const TICKS_IN_REFERENCE: u64 = 256;

fn ticks(arrival: &Arrival) -> u64 {
    arrival.arrival_us / TICK_US
}

/// One arrival as it is told: after how many lost packets, and how long after the one before.
struct Step {
    lost: u16,
    /// `None` for a repeated number, which is not told.
    delta: Option<i64>,
}

impl Step {
    fn symbol(&self) -> Option<u8> {
        self.delta.map(|delta| if (0..256).contains(&delta) { SMALL } else { LARGE })
    }

    fn symbols(&self) -> impl Iterator<Item = u8> + use<> {
        core::iter::repeat_n(LOST, usize::from(self.lost)).chain(self.symbol())
    }

    /// Whether one packet can tell it.
    fn fits(&self) -> bool {
        self.delta.is_none_or(|delta| i16::try_from(delta).is_ok()) && self.lost < MAX_GAP
    }

    fn write_delta(&self, writer: &mut Writer<'_>) -> Option<()> {
        match (self.symbol(), self.delta) {
            (Some(SMALL), Some(delta)) => writer.u8(delta as u8),
            (_, Some(delta)) => writer.u16(delta as i16 as u16),
            (_, None) => Some(()),
        }
    }
}

/// A larger jump between two numbers begins a new packet; numbers out of order look like one.
const MAX_GAP: u16 = 0x2000;

fn steps(arrivals: &[Arrival]) -> impl Iterator<Item = Step> {
    let first = arrivals.first();
    let mut last_ticks = first.map_or(0, |first| ticks(first) / TICKS_IN_REFERENCE * TICKS_IN_REFERENCE);
    let mut expected = first.map_or(0, |first| first.sequence);
    arrivals.iter().map(move |arrival| {
        if arrival.sequence == expected.wrapping_sub(1) {
            return Step { lost: 0, delta: None };
        }
        let lost = arrival.sequence.wrapping_sub(expected);
        let delta = ticks(arrival) as i64 - last_ticks as i64;
        expected = arrival.sequence.wrapping_add(1);
        last_ticks = ticks(arrival);
        Step { lost, delta: Some(delta) }
    })
}

/// How many of `arrivals` one packet of at most `room` bytes can tell.
fn fitting(arrivals: &[Arrival], room: usize) -> usize {
    let (mut packer, mut chunks, mut delta_bytes, mut statuses) = (Packer::default(), 0, 0, 0_u32);
    for (index, step) in steps(arrivals).enumerate() {
        statuses += u32::from(step.lost) + u32::from(step.delta.is_some());
        if !step.fits() || statuses > u32::from(u16::MAX) {
            return index;
        }
        chunks += step.symbols().filter_map(|symbol| packer.push(symbol)).count();
        delta_bytes += step.symbol().map_or(0, usize::from);
        if (HEADER_BYTES + 2 * (chunks + 1) + delta_bytes).next_multiple_of(4) > room {
            return index;
        }
    }
    arrivals.len()
}
